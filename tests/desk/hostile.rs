//! Names and responses with control characters and markup, in the menu, tooltip, notifications, hooks and log.

use super::*;
use serde_json::json;
use std::fs;

/// As in tests/status/hostile.rs.
const HOSTILE: &str = "\u{1b}[31m\u{7}\u{9b}2J\u{202e}\u{2066}\u{200f}\u{61c}\u{200b}\u{2060}\u{feff}\u{ad}";

#[track_caller]
fn is_plain(what: &str, text: &str) {
    let hostile = |letter: &char| {
        !matches!(letter, '\n') && (letter.is_control() || (HOSTILE.contains(*letter) && !letter.is_ascii()))
    };
    if let Some(letter) = text.chars().find(hostile) {
        panic!("{what}: U+{:04X} in {text:?}", u32::from(letter));
    }
}

#[test]
fn hostile_names_never_reach_the_desktop_a_hook_or_the_log() {
    let fixture = Fixture::new();
    let hook = super::hooks::script(
        &fixture,
        "hook",
        "{ printf '%s\\n' \"$@\"; cat; env | grep ^QUOTA_TRAY_ | grep -v ^QUOTA_TRAY_ID=; echo done; } > $OUT/made.$1; mv $OUT/made.$1 $OUT/$1.out",
    );
    let command = |kind: &str| format!("[\"{hook}\", \"{kind}\", \"{{account}} {{title}} {{text}}\"]");
    fixture.set_config(&format!("[hooks]\non_low = {}\non_error = {}", command("low"), command("error")));
    let file = fixture.auth_dir().join(format!("claude-{HOSTILE}.json"));
    let credential = |token: &str| json!({"type": "claude", "access_token": token, "email": format!("<b>{HOSTILE}a&b@x.org")});
    fs::write(&file, credential("one").to_string()).expect("written");
    let used = |percent: f64| {
        json!({"limits": [{"kind": "weekly_scoped", "percent": percent, "resets_at": null,
            "scope": {"model": {"display_name": format!("{HOSTILE}R&D <i>")}}}]})
    };
    fixture.server.respond("one", used(50.0));
    fs::write(fixture.auth_dir().join(format!("codex-broken{HOSTILE}.json")), "{").expect("written");
    let program = fixture.spawn(&["-vvv"]);
    fixture.host.menu_until(showing("<b> [31m 2Ja&b@x.org — 50% left"));
    fixture.server.respond("one", used(99.5));
    let menu = refresh(&fixture, "under 1% left");
    is_plain("menu", &menu.to_string());
    assert!(menu.shows(r"codex-broken\u{1b}[31m"), "{menu}");
    let icon = fixture.host.icon_until(|icon| icon.tooltip.text.contains("under 1%"));
    is_plain("tooltip", &icon.tooltip.text);
    // Some tray hosts read the tooltip as markup, Plasma as HTML with pictures, others as plain text.
    assert!(
        icon.tooltip.text.contains("‹b›") && icon.tooltip.text.contains("R＆D ‹i›"),
        "{}",
        icon.tooltip.text
    );
    let shown = fixture.notifications.wait_for(1);
    is_plain("notification", &format!("{}\n{}", shown[0].summary, shown[0].body));
    for kind in ["low", "error"] {
        let told = super::hooks::output(&fixture, &format!("{kind}.out"));
        is_plain(kind, &told);
        let event = told.lines().find(|line| line.starts_with('{')).expect("JSON");
        let event: serde_json::Value = serde_json::from_str(event).expect("JSON");
        assert!(event["id"].as_str().expect("a name").contains(HOSTILE), "{event}");
    }
    program.terminate();
    let done = program.finish();
    is_plain("stdout", &done.stdout);
    is_plain("stderr", &done.stderr);
}
