//! Hooks: real scripts, run by a real tray.

use super::*;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Creates a script for `sh` and returns its path. `$OUT` is the fixture's directory.
pub fn script(fixture: &Fixture, name: &str, lines: &str) -> String {
    let path = fixture.dir().join(name);
    fs::write(&path, format!("#!/bin/sh\nOUT='{}'\n{lines}\n", fixture.dir().display())).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
    path.display().to_string()
}

/// The content of the output file `name`, once it is complete: its last line is "done".
#[track_caller]
pub fn output(fixture: &Fixture, name: &str) -> String {
    let path = fixture.dir().join(name);
    until(name, || fs::read_to_string(&path).ok()?.strip_suffix("done\n").map(str::to_owned))
}

fn lower_alice(fixture: &Fixture) {
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 88.0), ("seven_day", 10.0)]);
    refresh(fixture, "alice@example.com — 12% left");
}

fn raise_alice(fixture: &Fixture) {
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 1.0), ("seven_day", 10.0)]);
    refresh(fixture, "alice@example.com — 99% left");
}

fn reject_alice(fixture: &Fixture) {
    fixture.server.respond(fixture.account(ALICE).access_token(), common::Response::status(401));
    refresh(fixture, "Sign in again");
}

/// A tray after a refresh without alerts.
fn start_idle(fixture: &Fixture) -> Program {
    let program = fixture.spawn(&["-v"]);
    fixture.host.menu_until(showing("42% left"));
    program
}

/// The child processes of the tray that it has not reaped yet.
fn children(program: &Program) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{}/task", program.id())).expect("it runs");
    let lists = tasks.map(|task| fs::read_to_string(task.expect("listed").path().join("children")));
    lists
        .flatten()
        .flat_map(|list| list.split_whitespace().map(|id| id.parse().expect("a number")).collect::<Vec<_>>())
        .collect()
}

/// Whether a process runs. A zombie counts as ended, since init may never reap it.
fn is_alive(id: &str) -> bool {
    fs::read_to_string(format!("/proc/{}/stat", id.trim())).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn low_window_runs_its_hook_with_arguments_json_and_environment() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let low = script(
        &fixture,
        "low",
        "{ printf '%s\\n' \"$@\"; cat; env | grep ^QUOTA_TRAY_ | sort; echo done; } > $OUT/made; mv $OUT/made $OUT/low.out",
    );
    fixture.set_config(&format!(
        "hide_email = false\n[hooks]\non_low = [\"{low}\", \"{{account}}: {{remaining}} %\", \"$HOME; `id` *\", \"{{{{window}}}}\"]"
    ));
    let program = start_idle(&fixture);
    lower_alice(&fixture);
    let out = output(&fixture, "low.out");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines[..3], ["alice@example.com: 12 %", "$HOME; `id` *", "{window}"]);
    let event: Value = serde_json::from_str(lines[3]).expect("JSON");
    for (key, value) in [
        ("event", "low"),
        ("provider", "claude"),
        ("account", ALICE),
        ("id", "claude-alice@example.com.json"),
        ("window_key", "five_hour"),
        ("title", "Claude 5-hour: 12% left"),
    ] {
        assert_eq!(event[key], value, "{event}");
        assert!(lines.contains(&&*format!("QUOTA_TRAY_{}={value}", key.to_uppercase())), "{key}: {out}");
    }
    assert_eq!((&event["remaining_percent"], &event["error"]), (&12.0.into(), &Value::Null));
    program.stderr_line("succeeded");
    assert!(children(&program).is_empty(), "a process that was not waited for");
    assert_eq!(fixture.notifications.wait_for(1).len(), 1, "the notification comes all the same");
    // Once, like the notification, and not for `status`.
    fs::remove_file(fixture.dir().join("low.out")).expect("there");
    refresh(&fixture, "12% left");
    assert!(fixture.run(&["status"]).status.success());
    quit(&fixture, program);
    assert!(!fixture.dir().join("low.out").exists());
}

#[test]
fn status_runs_no_hook() {
    let fixture = Fixture::new().claude(ALICE);
    let low = script(&fixture, "low", "touch $OUT/ran");
    fixture.set_config(&format!("thresholds = [99]\n[hooks]\non_low = [\"{low}\"]\non_error = [\"{low}\"]"));
    fixture.run(&["status"]);
    fixture.account(ALICE).delete();
    fixture.run(&["status"]);
    assert!(!fixture.dir().join("ran").exists());
}

#[test]
fn reset_runs_its_hook_with_notifications_off() {
    let fixture = Fixture::new().claude(ALICE);
    let hook =
        script(&fixture, "hook", "{ echo \"$1\"; echo done; } > $OUT/made; mv $OUT/made $OUT/reset.out");
    fixture.set_config(&format!("notify_on_reset = false\n[hooks]\non_reset = [\"{hook}\", \"{{title}}\"]"));
    let program = start_idle(&fixture);
    lower_alice(&fixture);
    // Two responses: without a reset that explains the rise, the lower of two counts.
    raise_alice(&fixture);
    fixture.host.click("Refresh now");
    assert_eq!(output(&fixture, "reset.out"), "Claude 5-hour has reset\n");
    quit(&fixture, program);
    assert_eq!(fixture.notifications.all().len(), 1, "the low one alone");
}

#[test]
fn account_needing_attention_runs_its_hook_once_until_fixed() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let hook = script(&fixture, "hook", "echo \"$1\" >> $OUT/errors");
    fixture.set_config(&format!(
        "hide_email = true\ntoken_renewal = \"never\"\n[hooks]\non_error = [\"{hook}\", \"{{account}}: {{error}}\"]"
    ));
    let count = || fs::read_to_string(fixture.dir().join("errors")).unwrap_or_default().lines().count();
    let program = start_idle(&fixture);
    fixture.server.respond(fixture.account(BOB).access_token(), common::Response::status(500));
    refresh(&fixture, "Server error 500");
    reject_alice(&fixture);
    until("the first hook", || (count() == 1).then_some(()));
    refresh(&fixture, "Sign in again");
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 49.0)]);
    refresh(&fixture, "51% left");
    reject_alice(&fixture);
    until("the second hook", || (count() == 2).then_some(()));
    quit(&fixture, program);
    let all = fs::read_to_string(fixture.dir().join("errors")).expect("there");
    assert_eq!(
        all.lines().next(),
        Some("a…e: sign in again with CLIProxyAPI: the login is no longer accepted")
    );
    assert_eq!(count(), 2, "{all}");
    // A restart does not repeat it.
    let again = fixture.spawn(&[]);
    fixture.host.menu_until(showing("Sign in again"));
    refresh(&fixture, "Sign in again");
    quit(&fixture, again);
    assert_eq!(count(), 2);
}

#[test]
fn hook_past_its_timeout_is_killed_with_its_children() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let hook =
        script(&fixture, "hook", "trap '' TERM; sleep 1000 & { echo $!; echo done; } > $OUT/pid; wait; wait");
    fixture.set_config(&format!("[hooks]\ntimeout_seconds = 1\non_low = [\"{hook}\"]"));
    let program = start_idle(&fixture);
    lower_alice(&fixture);
    let sleeper = output(&fixture, "pid");
    assert!(is_alive(&sleeper));
    program.stderr_line(&format!("hook on_low: {hook} timed out after 1 s"));
    until("the sleeper has ended", || (!is_alive(&sleeper)).then_some(()));
    assert!(children(&program).is_empty());
    refresh(&fixture, "12% left");
    quit(&fixture, program);
}

#[test]
fn running_hook_is_killed_with_the_tray() {
    let fixture = Fixture::new().claude(ALICE);
    let hook = script(&fixture, "hook", "sleep 1000 & { echo $!; echo done; } > $OUT/pid; wait");
    fixture.set_config(&format!("[hooks]\non_low = [\"{hook}\"]"));
    let program = start_idle(&fixture);
    lower_alice(&fixture);
    let sleeper = output(&fixture, "pid");
    quit(&fixture, program);
    until("the sleeper has ended", || (!is_alive(&sleeper)).then_some(()));
}

#[test]
fn failed_hook_is_logged_and_the_next_one_runs() {
    let fixture = Fixture::new().claude(ALICE);
    let folder = fixture.dir().display().to_string();
    let fails = script(&fixture, "fails", "exit 3");
    for (hook, said) in [
        (format!("{folder}/nowhere"), "could not run "),
        ("no-such-program-anywhere --with arguments".to_owned(), "not a shell command"),
        (folder.clone(), "could not run "),
        (fails, "exit status: 3"),
    ] {
        let never = "token_renewal = \"never\"";
        fixture.set_config(&format!("{never}\n[hooks]\non_low = [\"{hook}\"]"));
        fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 58.0)]);
        let program = start_idle(&fixture);
        lower_alice(&fixture);
        let line = program.stderr_line("hook on_low: ");
        assert!(line.contains(said), "{line}");
        let works = script(&fixture, "works", "echo done > $OUT/works.out");
        // Once the menu shows it, the new settings are in use.
        fixture.set_config(&format!("{never}\nhide_email = true\n[hooks]\non_error = [\"{works}\"]"));
        fixture.host.menu_until(showing("a…e — 12% left"));
        reject_alice(&fixture);
        output(&fixture, "works.out");
        quit(&fixture, program);
        fs::remove_file(fixture.dir().join("works.out")).expect("there");
        fs::remove_dir_all(fixture.state_home()).expect("there");
    }
}

#[test]
fn many_events_run_hooks_a_few_at_a_time() {
    const MANY: usize = 20;
    let mut fixture = Fixture::new();
    let hook = script(&fixture, "hook", "echo + >> $OUT/log; sleep 0.1; echo - >> $OUT/log");
    fixture.set_config(&format!("thresholds = [50]\n[hooks]\non_low = [\"{hook}\"]"));
    for i in 0..MANY {
        fixture.add_claude(&format!("person{i:02}@example.com"));
    }
    let program = fixture.spawn(&[]);
    let log = || fs::read_to_string(fixture.dir().join("log")).unwrap_or_default();
    let log = until("all have run", || Some(log()).filter(|log| log.matches('-').count() == MANY));
    let most = log.lines().scan(0, |running, line| {
        *running += if line == "+" { 1 } else { -1 };
        Some(*running)
    });
    assert_eq!(log.matches('+').count(), MANY);
    assert!((2..=4).contains(&most.max().expect("some")), "{log}");
    assert_eq!(fixture.notifications.wait_for(1).len(), 1, "one summary");
    // A click on a menu that is being replaced would hit another item.
    fixture.host.menu_until(showing("person19@example.com — 42% left"));
    quit(&fixture, program);
}

#[test]
fn unknown_placeholder_is_reported_with_its_line() {
    let fixture = Fixture::new();
    for (line, word) in [
        ("on_low = [\"x\", \"{acount}\"]", "hooks.on_low: expected one of {event}, "),
        (
            "on_error = [\"x\", \"{window}\"]",
            "hooks.on_error: expected one of {event}, {provider}, {account}, {error}, ",
        ),
        ("on_low = \"notify-send\"", "on_low"),
        ("on_low = [\"\"]", "empty"),
        ("timeout_seconds = 0", "1 to 3600"),
        ("on_loww = []", "on_loww"),
    ] {
        fixture.set_raw_config(&format!("[hooks]\n{line}"));
        let done = fixture.run(&["status"]);
        assert_eq!(done.status.code(), Some(2), "{line}: {done:?}");
        assert!(done.stderr.contains("line 2") && done.stderr.contains(word), "{line}: {}", done.stderr);
    }
}

#[test]
fn leading_tilde_in_a_hook_is_the_home_directory() {
    let fixture = Fixture::new().claude(ALICE);
    let hook = PathBuf::from(script(&fixture, "hook", "echo done > $OUT/home.out"));
    fs::rename(hook, fixture.home().join("hook")).expect("moved");
    fixture.set_config("[hooks]\non_low = [\"~/hook\"]");
    let program = start_idle(&fixture);
    lower_alice(&fixture);
    output(&fixture, "home.out");
    quit(&fixture, program);
}
