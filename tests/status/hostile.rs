//! Names, file names and answers that try to steer a terminal, a bar or a collector.

use super::*;

/// What a terminal obeys, and what reorders or hides text: control characters, marks and overrides of the direction,
/// zero-width and other format characters.
const HOSTILE: &str = "\u{1b}[31m\u{7}\u{8}\u{9b}2J\u{202e}\u{2066}\u{200f}\u{61c}\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}\u{fff9}\u{e0041}\u{2028}\u{3164}";

/// The same for a file's name. Windows takes no control character there.
#[cfg(not(windows))]
const HOSTILE_NAME: &str = HOSTILE;
#[cfg(windows)]
const HOSTILE_NAME: &str = "[31m\u{9b}2J\u{202e}\u{2066}\u{200f}\u{61c}\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}\u{fff9}\u{e0041}\u{2028}\u{3164}";

/// Every character that may not come out. A line feed ends a line of ours.
fn is_hostile(letter: char) -> bool {
    letter != '\n' && (letter.is_control() || (HOSTILE.contains(letter) && !letter.is_ascii()))
}

#[track_caller]
fn is_plain(what: &str, text: &str) {
    if let Some(letter) = text.chars().find(|letter| is_hostile(*letter)) {
        panic!("{what}: U+{:04X} in {text:?}", u32::from(letter));
    }
}

/// Accounts whose address, file name, windows, plan and notes are all hostile.
fn hostile() -> Scene {
    let scene = Scene::new();
    let email = |name: &str| json!({"email": format!("{HOSTILE}{name}{HOSTILE}@x&<b>.org")});
    scene.account(&format!("claude-{HOSTILE_NAME}.json"), &claude("one", email("one")));
    scene.server.respond(
        "one",
        json!({
            "five_hour": {"utilization": 99.5, "resets_at": null},
            format!("nimbus{HOSTILE}"): {"utilization": 5.0, "resets_at": null},
            "limits": [{"kind": "weekly_scoped", "percent": 99.9, "resets_at": null,
                "scope": {"model": {"display_name": format!("{HOSTILE}R&D <i>")}}}],
            "extra_usage": {"is_enabled": true, "used_credits": 320.0, "currency": HOSTILE},
        }),
    );
    scene.account(&format!("codex-{HOSTILE_NAME}.json"), &codex("two", email("two")));
    scene.server.respond(
        "two",
        json!({
            "plan_type": format!("{HOSTILE}plan{HOSTILE}"),
            "rate_limit": null,
            "additional_rate_limits": [{"limit_name": format!("{HOSTILE}R&D <i>"),
                "rate_limit": {"primary_window": {"used_percent": 99.95, "reset_at": null}}}],
        }),
    );
    // A file that names nobody, and one that can't be used.
    scene.account(
        &format!("claude-x{HOSTILE_NAME}.json"),
        &json!({"type": "claude", "access_token": "three"}),
    );
    scene.server.respond("three", json!({"error": {"type": HOSTILE, "message": HOSTILE}}));
    scene.file(&format!("home/.cli-proxy-api/claude-broken{HOSTILE_NAME}.json"), "{");
    scene
}

#[test]
fn hostile_names_are_escaped_in_every_format() {
    let scene = hostile();
    for format in ["text", "json", "waybar", "i3blocks", "openmetrics"] {
        for flags in [&["-vvv"][..], &["--cached"], &["--config", "hidden.toml"]] {
            let settings =
                std::fs::read_to_string(scene.path("config/quota-tray/config.toml")).expect("read");
            scene.file("hidden.toml", &format!("hide_email = true\n{settings}"));
            let arguments = [&["status", "--format", format], flags].concat();
            let done = scene.run(&arguments);
            is_plain(&format!("{arguments:?}, stdout"), &done.stdout);
            is_plain(&format!("{arguments:?}, stderr"), &done.stderr);
            assert!(!done.stdout.is_empty(), "{arguments:?}: {done:?}");
        }
    }
    let doctor = scene.run(&["doctor", "--show-accounts"]);
    is_plain("doctor", &doctor.stdout);
    assert!(doctor.stdout.contains("account 4"), "{doctor:?}");
}

#[test]
fn hostile_file_name_is_still_the_id_of_the_json() {
    let done = hostile().run(&["status", "--format", "json"]);
    let report = done.json();
    let ids: Vec<_> =
        report["accounts"].as_array().expect("accounts").iter().map(|each| &each["id"]).collect();
    assert!(ids.contains(&&json!(format!("claude-{HOSTILE_NAME}.json"))), "{ids:?}");
    let accounts = report["accounts"].as_array().expect("accounts");
    let is_broken = |id: &Value| id.as_str().is_some_and(|id| id.contains("broken"));
    let broken = accounts.iter().find(|each| is_broken(&each["id"])).expect("the broken one");
    let error = broken["error"].as_str().expect("a sentence");
    let escape = if cfg!(windows) { "" } else { r"\u{1b}" };
    assert!(error.contains(&format!("claude-broken{escape}[31m")) && error.contains(r"\u{202e}"), "{error}");
}

#[test]
fn hostile_folder_and_settings_file_names_are_escaped() {
    let scene = Scene::new();
    let folder = format!("folder{HOSTILE_NAME}");
    scene.file(&folder, "");
    scene.file(&format!("wrong{HOSTILE_NAME}.toml"), "refresh_minutes = 0");
    for arguments in [
        vec!["status", "--auth-dir", &folder],
        vec!["status", "--format", "json", "--auth-dir", &folder],
        vec!["status", "--auth-dir", &format!("none{HOSTILE}")],
        vec!["status", "--config", &format!("wrong{HOSTILE_NAME}.toml")],
        vec!["status", "--config", &format!("none{HOSTILE}.toml")],
        vec!["doctor", "--auth-dir", &folder],
        // Not in the registry of the machine.
        #[cfg(not(windows))]
        vec!["autostart", "on", "--auth-dir", &folder],
        vec!["autostart", "status"],
        vec![HOSTILE],
        vec!["status", "--format", HOSTILE],
    ] {
        let done = scene.run(&arguments);
        is_plain(&format!("{arguments:?}, stdout"), &done.stdout);
        is_plain(&format!("{arguments:?}, stderr"), &done.stderr);
    }
}

/// Waybar takes text and tooltip for Pango markup, and i3blocks its text where it is told so: both show nothing where
/// it is broken ("Failed to set text").
#[test]
fn text_for_bars_is_valid_markup() {
    let scene = hostile();
    let waybar = scene.run(&["status", "--format", "waybar"]).json();
    for field in ["text", "tooltip"] {
        let text = waybar[field].as_str().expect("text");
        let unescaped =
            ["&amp;", "&lt;", "&gt;"].iter().fold(text.to_owned(), |text, entity| text.replace(entity, ""));
        assert!(!unescaped.contains(['<', '>', '&']), "{field}: {text}");
    }
    assert_eq!(waybar["text"], "under 1%");
    assert!(waybar["tooltip"].as_str().expect("text").contains("R&amp;D &lt;i&gt;"), "{waybar}");
    // The same with and without `markup=pango`.
    let i3blocks = scene.run(&["status", "--format", "i3blocks"]).stdout;
    let lines: Vec<_> = i3blocks.lines().collect();
    assert_eq!(lines, ["Codex [31m 2J R+D ‹i› (5-hour) under 1% left", "under 1%", "#D2690C"]);
}
