//! Arguments, settings, and the demo.

use super::*;

#[test]
fn invalid_arguments_exit_with_2_and_name_the_argument() {
    let scene = Scene::new();
    for (arguments, word) in [
        (vec!["--frobnicate"], "--frobnicate"),
        (vec!["status", "--frobnicate"], "--frobnicate"),
        (vec!["status", "--format", "yaml"], "yaml"),
        (vec!["status", "--format"], "--format"),
        (vec!["status", "more"], "more"),
        (vec!["demo", "--twice"], "--twice"),
        (vec!["doctor", "--loud"], "--loud"),
        (vec!["autostart"], "status"),
        (vec!["autostart", "maybe"], "maybe"),
        (vec!["--config"], "--config"),
        (vec!["staus"], "status"),
    ] {
        let done = scene.run(&arguments);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{arguments:?}: {done:?}");
        assert!(done.stderr.contains(word), "{arguments:?}: {done:?}");
    }
}

#[test]
fn help_and_version_exit_with_0() {
    let scene = Scene::new();
    let help = scene.run(&["--help"]);
    assert_eq!(help.code, 0);
    for word in ["status", "doctor", "autostart", "completions", "demo", "--config", "--auth-dir", "-v"] {
        assert!(help.stdout.contains(word), "{word}: {}", help.stdout);
    }
    assert_eq!(scene.run(&["--version"]).stdout, format!("quota-tray {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn invalid_settings_exit_with_2_and_name_file_line_and_key_before_any_request() {
    let scene = Scene::new();
    scene.claude("t", good());
    let file = scene.path("config/quota-tray/config.toml");
    let sound = std::fs::read_to_string(&file).expect("read");
    for (line, key) in [
        ("refresh_minutes = 0", "refresh_minutes"),
        ("refresh_minutes = 1441", "refresh_minutes"),
        ("refresh_minutes = \"5\"", "refresh_minutes"),
        ("refresh_minute = 5", "refresh_minute"),
        ("thresholds = [20, 120]", "thresholds"),
        ("thresholds = 20", "thresholds"),
        ("notify_on_reset = 1", "notify_on_reset"),
        ("hide_email = yes", "hide_email"),
        ("auth_dir = 5", "auth_dir"),
        ("show_title = []", "show_title"),
        ("limits.requests_per_five_minutes = -1", "requests_per_five_minutes"),
        ("limits.asks = 1", "asks"),
    ] {
        std::fs::write(&file, format!("# mine\n\n{line}\n{sound}")).expect("written");
        for command in [&[][..], &["status"], &["status", "--format", "json"]] {
            let done = scene.run(command);
            assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{line}: {done:?}");
            for part in [&file.display().to_string(), "line 3", key] {
                assert!(done.stderr.contains(part), "{line}: {part} in {}", done.stderr);
            }
        }
    }
    assert!(scene.server.requests().is_empty());
}

#[test]
fn endpoint_without_https_is_invalid_unless_it_is_loopback() {
    let scene = Scene::new();
    for key in ["claude_usage", "claude_token", "codex_usage", "codex_token"] {
        for address in
            ["http://example.com/", "http://127.0.0.1.example.com/", "ftp://127.0.0.1/", "example.com", ""]
        {
            scene.file("config/quota-tray/config.toml", &format!("[endpoints]\n{key} = \"{address}\""));
            let done = scene.run(&["status"]);
            assert_eq!(done.code, 2, "{key} = {address}: {done:?}");
            assert!(done.stderr.contains("line 2") && done.stderr.contains(key), "{address}: {done:?}");
        }
    }
}

#[test]
fn user_agent_that_no_header_can_hold_is_an_invalid_setting() {
    let scene = Scene::new();
    scene.claude("t", good());
    for agent in ["a\\u0007b", "a\\nb"] {
        let settings = format!("[endpoints]\nclaude_user_agent = \"{agent}\"");
        scene.file("config/quota-tray/config.toml", &settings);
        let done = scene.run(&["status", "--auth-dir", "nowhere"]);
        assert_eq!(done.code, 2, "{agent}: {done:?}");
        assert!(done.stderr.contains("line 2") && done.stderr.contains("claude_user_agent"), "{done:?}");
    }
}

#[test]
fn unreadable_settings_file_exits_with_2() {
    let scene = Scene::new();
    let done = scene.run(&["status", "--config", "home"]);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.stderr.contains("home"), "{done:?}");
}

#[test]
fn flags_before_and_after_the_command_override_the_settings() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("elsewhere")).expect("made");
    scene.file("elsewhere/claude-b.json", &claude("b", json!({})).to_string());
    scene.server.respond("b", good());
    let config = std::fs::read_to_string(scene.path("config/quota-tray/config.toml")).expect("read");
    scene.file("other.toml", &format!("hide_email = true\n{config}"));
    scene.file("config/quota-tray/config.toml", "refresh_minutes = 0");
    let flags = ["--config", "other.toml", "--auth-dir", "elsewhere"];
    for arguments in [[&flags[..], &["status"]].concat(), [&["status"], &flags[..]].concat()] {
        let done = scene.run(&arguments);
        assert_eq!((done.code, done.stdout.lines().next()), (0, Some("Claude · b… — 42% left")), "{done:?}");
    }
}

#[test]
fn auth_dir_with_a_leading_tilde_is_below_the_home_directory() {
    let scene = Scene::new();
    std::fs::rename(scene.path("home/.cli-proxy-api"), scene.path("home/logins")).expect("renamed");
    scene.file("home/logins/claude-b.json", &claude("b", json!({})).to_string());
    scene.server.respond("b", good());
    scene.settings("auth_dir = \"~/logins\"");
    let done = scene.run(&["status"]);
    assert!(done.stdout.starts_with("Claude · b@x.org — 42% left\n"), "{done:?}");
}

#[test]
fn status_changes_neither_settings_nor_credentials() {
    let scene = Scene::new();
    scene.claude("t", good());
    scene.account("claude-old.json", &claude("old", json!({"expired": 1})));
    scene.account("claude-broken.json", &json!([]));
    let settings = scene.path("config/quota-tray/config.toml");
    let contents = || (files(&scene.path("home")), std::fs::read(&settings).expect("read"));
    let before = contents();
    assert_eq!(scene.run(&["status"]).code, 1);
    assert_eq!(contents(), before);
}

#[test]
fn unknown_token_renewal_mode_is_an_invalid_setting() {
    let scene = Scene::new();
    scene.file("config/quota-tray/config.toml", "token_renewal = \"sometimes\"");
    let done = scene.run(&["status"]);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.stderr.contains("line 1") && done.stderr.contains("token_renewal"), "{done:?}");
}

#[test]
fn demo_runs_without_environment() {
    let temporary = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_quota-tray"));
    command.env_clear().args(["demo", "--once"]);
    if cfg!(windows) {
        // Without `TMP` temporary files go to a folder that only an administrator can write to.
        command.env("TMP", temporary.path()).envs(system_root());
    }
    let done = run(&mut command);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    let rows: Vec<_> =
        done.stdout.lines().filter(|row| row.contains(" · ") && row.starts_with('C')).collect();
    assert_eq!(rows.len(), 5, "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row.starts_with("Claude · ")).count(), 3, "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row.contains("sign in again")).count(), 1, "{rows:?}");
    assert!(rows.contains(&"Codex · team@example.com — 3% left"), "{rows:?}");
}

#[test]
fn demo_reads_no_real_file_and_leaves_none() {
    let scene = Scene::new();
    scene.claude("t", good());
    scene.file("config/quota-tray/config.toml", "refresh_minutes = 0");
    std::fs::create_dir(scene.path("tmp")).expect("made");
    let before = files(scene.dir.path());
    let temporary = if cfg!(windows) { "TMP" } else { "TMPDIR" };
    let done = run(scene.command(&["demo", "--once"]).env(temporary, scene.path("tmp")));
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(files(scene.dir.path()), before);
    assert!(!done.stdout.contains("t@x.org") && scene.server.requests().is_empty(), "{done:?}");
}
