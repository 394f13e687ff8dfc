//! `status` in terminals of several widths and in a pipe.

use super::*;
use crate::common::Terminal;
use std::process::Command;
use unicode_width::UnicodeWidthStr;

/// The output of `status` in a terminal of `width` columns.
fn in_terminal(fixture: &Fixture, width: u16, change: impl Fn(&mut Command)) -> String {
    let mut command = fixture.command();
    command.arg("status").env("TERM", "xterm-256color");
    change(&mut command);
    Terminal::spawn_wide(&mut command, width).text()
}

fn without_codes(text: &str) -> String {
    let pieces = text.split('\x1b').enumerate();
    pieces.map(|(i, piece)| if i == 0 { piece } else { piece.split_once('m').expect("a colour").1 }).collect()
}

/// Replaces times, since a minute may pass between two runs.
fn without_times(text: &str) -> String {
    text.lines()
        .filter(|line| !line.contains("Updated"))
        .map(|line| line.split("resets in").next().unwrap_or_default().to_owned() + "\n")
        .collect()
}

#[test]
fn terminal_table_has_colour_and_fits_the_width() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 88.0), ("seven_day", 10.0)]);
    for width in [120, 60, 40] {
        let shown = in_terminal(&fixture, width, |_| {});
        assert!(shown.contains("\x1b[33m"), "{shown:?}");
        let plain = without_codes(&shown);
        assert!(plain.contains("! 5-hour"), "{plain}");
        for line in plain.lines() {
            assert!(line.width() <= usize::from(width), "{width}: {line}");
        }
        assert_eq!(plain.contains('█'), width > 40, "{width}: {plain}");
    }
}

#[test]
fn no_color_and_dumb_terminal_get_plain_text() {
    let fixture = Fixture::new().claude(ALICE);
    let coloured = in_terminal(&fixture, 100, |_| {});
    for (key, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let plain = in_terminal(&fixture, 100, |command| {
            command.env(key, value);
        });
        assert!(!plain.contains('\x1b') && plain.contains('█'), "{key}: {plain:?}");
        assert_eq!(without_times(&without_codes(&coloured)), without_times(&plain), "{key}");
    }
}

#[test]
fn piped_table_has_no_colour_and_is_not_truncated() {
    let long = "somebody.with.quite.a.long.name@department.example.com";
    let fixture = Fixture::new().claude(long);
    let mut command = fixture.command();
    command.arg("status").env("TERM", "xterm-256color").env("COLUMNS", "40");
    let done = fixture.spawn_command(&mut command).finish();
    assert!(done.stdout.contains(long) && !done.stdout.contains('\x1b'), "{}", done.stdout);
    let cut = in_terminal(&fixture, 40, |_| {});
    assert!(!cut.contains(long) && cut.contains('…'), "{cut}");
}

#[test]
fn watched_table_is_redrawn_in_a_terminal_only() {
    let mut fixture = Fixture::new().claude(ALICE);
    let mut terminal = Terminal::spawn_wide(fixture.command().args(["status", "--watch"]), 100);
    terminal.wait_for("\x1b[2J");
    terminal.wait_for("alice@example.com — 42% left");
    let piped = fixture.spawn(&["status", "--watch"]);
    piped.stdout_line("alice@example.com — 42% left");
    fixture.add_codex(BOB);
    terminal.wait_for("\x1b[2J");
    terminal.wait_for("bob@example.com — 70% left");
    piped.stdout_line("bob@example.com — 70% left");
    assert!(!piped.stdout().contains('\x1b'), "{}", piped.stdout());
    terminal.terminate();
    piped.terminate();
    assert_eq!(terminal.finish().code(), Some(143));
}
