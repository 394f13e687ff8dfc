//! `hide_email`: no address comes out, be it through the name of a file. The `id` of the JSON is the exception that the
//! documentation names.

use super::*;

/// Files that are named by the address, as CLIProxyAPI names them, in each state that has words of its own.
fn people() -> Scene {
    let scene = Scene::new();
    let file = |provider: &str, name: &str| format!("{provider}-{name}@example.com.json");
    let email = |name: &str| json!({"email": format!("{name}@example.com")});
    scene.account(&file("claude", "alice"), &claude("alice", email("alice")));
    scene.server.respond("alice", good());
    // The same hidden name twice: file names told these two apart.
    scene.account(&file("claude", "adele"), &claude("adele", email("adele")));
    scene.server.respond("adele", good());
    scene.account(&file("claude", "refused"), &claude("refused", email("refused")));
    scene.server.respond("refused", Response::status(401));
    scene.account(&file("codex", "gone"), &codex("gone", json!({"email": "gone@example.com", "expired": 1})));
    scene.file(&format!("home/.cli-proxy-api/{}", file("claude", "broken")), "{");
    scene.account(&file("codex", "tokenless"), &json!({"type": "codex", "email": "tokenless@example.com"}));
    // On Windows only an administrator can make a link.
    #[cfg(unix)]
    std::os::unix::fs::symlink(
        "nowhere",
        scene.path(&format!("home/.cli-proxy-api/{}", file("claude", "link"))),
    )
    .expect("linked");
    scene.settings("hide_email = true");
    scene
}

#[test]
fn hidden_address_is_not_shown_by_file_names() {
    let scene = people();
    for format in ["text", "waybar", "i3blocks", "openmetrics", "json"] {
        let done = scene.run(&["status", "-vvv", "--format", format]);
        let mut shown = done.stdout.clone();
        if format == "json" {
            let mut report = done.json();
            for account in report["accounts"].as_array_mut().expect("accounts") {
                assert!(account["id"].as_str().expect("a name").contains("@example.com"), "{account}");
                account["id"] = Value::Null;
            }
            shown = report.to_string();
            assert!(shown.contains("could not use the credential file: "), "{shown}");
        }
        for text in [&shown, &done.stderr] {
            assert!(!text.contains("example.com"), "{format}: {text}");
        }
    }
}

#[test]
fn hidden_address_is_not_shown_by_folder_names() {
    let scene = people();
    scene.file("logins-of-alice@example.com", "");
    for folder in ["logins-of-alice@example.com", "none-of-alice@example.com"] {
        for format in ["text", "waybar", "json"] {
            let done = scene.run(&["status", "--format", format, "--auth-dir", folder]);
            let all = format!("{}{}", done.stdout, done.stderr);
            assert!(!all.contains("example.com"), "{folder}, {format}: {all}");
        }
    }
}

#[test]
fn equal_hidden_addresses_stay_two_series() {
    let done = people().run(&["status", "--format", "openmetrics"]);
    for name in ["a…e (1)", "a…e (2)"] {
        let series = format!("quota_tray_account_up{{provider=\"claude\",account=\"{name}\"}} 1");
        assert!(done.stdout.contains(&series), "{series} in {}", done.stdout);
    }
}
