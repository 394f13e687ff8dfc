//! An invalid settings file: the error names the line, the key and what is expected, but not the value. A hook's
//! command line or a proxy's address may hold a password.

use super::*;

/// A word of the value in each case.
const SECRET: &str = "hunter2";

/// What is wrong, the line of it, and what names the place.
const WRONG: [(&str, usize, &str); 20] = [
    ("[hooks]\non_low = \"curl -u me:hunter2 https://x\"", 2, "hooks.on_low"),
    ("[hooks]\non_low = [\"curl\", \"-u\", \"me:hunter2\", 5]", 2, "hooks.on_low"),
    ("[hooks]\non_low = [\"curl\", \"hunter2 {acount}\"]", 2, "hooks.on_low"),
    ("[hooks]\non_low = [\n  \"curl\",\n  \"token=hunter2\",\n  5,\n]", 5, "hooks.on_low"),
    ("[hooks]\non_low = [\"hunter2\\u0000\"]", 2, "hooks.on_low"),
    ("[hooks]\non_low = [\"\", \"hunter2\"]", 2, "hooks.on_low"),
    ("[hooks]\ntimeout_seconds = \"hunter2\"", 2, "hooks.timeout_seconds"),
    ("[hooks]\non_loww = [\"hunter2\"]", 2, "hooks.on_loww"),
    ("hooks.on_low = { user = \"hunter2\" }", 1, "hooks.on_low"),
    ("hooks = \"hunter2\"", 1, "hooks"),
    ("[endpoints]\nclaude_usage = \"http://u:hunter2@example.com\"", 2, "endpoints.claude_usage"),
    ("[endpoints]\nclaude_usage = \"https://u:hunter2@\"", 2, "endpoints.claude_usage"),
    ("[endpoints]\ncli_proxy_api = [\"hunter2\"]", 2, "endpoints.cli_proxy_api"),
    ("[endpoints]\nclaude_user_agent = \"hunter2\\u0007\"", 2, "endpoints.claude_user_agent"),
    ("token_renewal = \"hunter2\"", 1, "token_renewal"),
    ("token_renewal = { hunter2 = 1, b = 2 }", 1, "token_renewal"),
    ("refresh_minutes = \"hunter2, expected hunter2\"", 1, "refresh_minutes"),
    ("thresholds = [20, \"hunter2\"]", 1, "thresholds"),
    // No TOML.
    ("\nauth_dir = hunter2", 2, "auth_dir"),
    ("[hooks]\non_low = [\"curl\",\n\"token=hunter2]", 3, "line 3"),
];

#[test]
fn invalid_setting_is_named_by_line_and_key_without_its_value() {
    let scene = Scene::new();
    for (text, line, key) in WRONG {
        scene.file("config/quota-tray/config.toml", text);
        for arguments in [&["status"][..], &["-vvv", "status", "--format", "json"], &[], &["doctor"]] {
            // A proxy that is not there keeps `doctor` at home, where the defaults lead into the world.
            let done = run(scene.command(arguments).env("HTTPS_PROXY", "http://127.0.0.1:9"));
            let all = format!("{}{}", done.stdout, done.stderr);
            assert!(!all.contains(SECRET), "{text}: {all}");
            for part in [&*format!("line {line}"), key] {
                assert!(all.contains(part), "{text}: no {part:?} in {all}");
            }
            assert_eq!(done.code, if arguments == ["doctor"] { 1 } else { 2 }, "{text}: {all}");
        }
    }
}

#[cfg(unix)]
#[test]
fn settings_file_that_is_no_text_file_is_refused_with_a_hint_and_without_blocking() {
    let scene = Scene::new();
    let default = scene.path("config/quota-tray/config.toml");
    let named = scene.path("named");
    let make = |path: &Path, kind: &str| {
        std::fs::remove_file(path).ok();
        match kind {
            "pipe" => assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success()),
            "link" => std::os::unix::fs::symlink("/dev/null", path).expect("linked"),
            "large" => std::fs::write(path, " ".repeat((1 << 20) + 1)).expect("written"),
            "bytes" => std::fs::write(path, b"# \xff").expect("written"),
            kind => panic!("{kind}"),
        }
    };
    for (kind, why) in [
        ("pipe", "it is not a regular file"),
        ("link", "it is not a regular file"),
        ("large", "it is larger than 1 MiB"),
        ("bytes", "it is not text in UTF-8"),
    ] {
        for (path, options) in
            [(&default, vec![]), (&named, vec!["--config", named.to_str().expect("UTF-8")])]
        {
            make(path, kind);
            for command in [&["status"][..], &[], &["doctor"]] {
                let arguments: Vec<_> = options.iter().chain(command).copied().collect();
                let done = run(scene.command(&arguments).env("HTTPS_PROXY", "http://127.0.0.1:9"));
                let all = format!("{}{}", done.stdout, done.stderr);
                assert!(all.contains(why) && all.contains("use another one with --config"), "{kind}: {all}");
                assert!(!all.contains("leave out --config"), "{kind}: {all}");
                assert!(
                    command != ["doctor"] || all.contains(&format!("{why} — settings are")),
                    "{kind}: {all}"
                );
                assert_eq!(done.code, if command == ["doctor"] { 1 } else { 2 }, "{kind}: {all}");
            }
        }
        std::fs::remove_file(&default).expect("removed");
    }
}
