//! `doctor`: a line for each check, a remedy for each fault, and no account names.

use super::*;
use crate::common::{Finished, NotifyBehavior, unprivileged_command};
use insta::assert_snapshot;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The lines of one check.
fn lines<'a>(done: &'a Finished, what: &str) -> Vec<&'a str> {
    let is_about = |line: &&str| line.chars().skip(2).collect::<String>().starts_with(what);
    done.stdout.lines().filter(is_about).collect()
}

/// Asserts that a line of a check has this mark and text.
#[track_caller]
fn assert_line(done: &Finished, mark: &str, what: &str, words: &str) {
    let found = lines(done, what).into_iter().any(|line| line.starts_with(mark) && line.contains(words));
    assert!(found, "no {mark:?} {what:?} with {words:?} in:\n{}{}", done.stdout, done.stderr);
    let wrong = done.stdout.lines().any(|line| line.starts_with('✗'));
    assert_eq!(done.status.code(), Some(i32::from(wrong)), "{}", done.stdout);
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

/// A fixture with two accounts in valid files.
fn healthy_fixture() -> Fixture {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    [ALICE, BOB].iter().for_each(|email| set_mode(fixture.account(email).file(), 0o600));
    fixture
}

#[test]
fn healthy_setup_passes_each_check_without_names() {
    let fixture = healthy_fixture();
    let before = files(fixture.dir());
    let done = fixture.run(&["doctor"]);
    assert_eq!((done.status.code(), done.stderr.as_str()), (Some(0), ""), "{}", done.stdout);
    let text = done.stdout.replace(&fixture.server.url(""), "<server>");
    let text = text.replace(&fixture.dir().display().to_string(), "<fixture>");
    let masked = |line: &str| match line.split_once("valid until ") {
        Some((before, _)) => format!("{before}valid until <then>"),
        None if line.contains("versions") => "✓ versions: …".to_owned(),
        None => line.to_owned(),
    };
    assert_snapshot!(text.lines().map(masked).collect::<Vec<_>>().join("\n"), @r"
    ✓ versions: …
    ✓ settings file: <fixture>/config/quota-tray/config.toml
    ✓ credentials folder: ~/.cli-proxy-api, 2 accounts
    ✓ account 1 (Claude): mode 600, token valid until <then>
    ✓ account 2 (Codex): mode 600, token valid until <then>
    ✓ session bus: available
    ✓ tray host: available
    ✓ notifications: played 1 responds
    ✓ proxy: none in the environment
    ✓ network: <server> responds (404)
    ✓ CLIProxyAPI: no address configured; Quota Tray renews the tokens itself
    ✓ state folder: <fixture>/state/quota-tray will be created when needed
    ✓ tray: not running; start it with `quota-tray`
    ✓ start at login: off
    ");
    assert!(lines(&done, "versions")[0].contains(&format!("quota-tray {}, ", env!("CARGO_PKG_VERSION"))));
    assert_eq!(files(fixture.dir()), before, "a look changes nothing");
}

#[test]
fn connection_checks_send_no_token() {
    let fixture = healthy_fixture();
    fixture.run(&["doctor"]);
    let requests = fixture.server.requests();
    assert!(!requests.is_empty());
    for request in requests {
        assert_eq!((request.path.as_str(), request.token(), request.body.as_str()), ("/", None, ""));
    }
}

#[test]
fn accounts_are_named_only_with_the_option() {
    let fixture = healthy_fixture();
    let named = fixture.run(&["doctor", "--show-accounts"]);
    assert!(named.stdout.contains(ALICE) && named.stdout.contains("codex-bob@example.com.json"));
    fs::write(fixture.auth_dir().join("claude-carol@example.com.json"), "{").expect("written");
    fs::write(fixture.auth_dir().join("claude-dave.json"), "[]").expect("written");
    let done = fixture.run(&["doctor"]);
    assert_line(&done, "✗", "account 2 (Claude)", "could not use the credential file");
    assert_line(&done, "✗", "account 3 (Claude)", "could not use the credential file");
    let home = fixture.home().display().to_string();
    for word in ["alice", "bob", "carol", "dave", "access", "refresh-", &home] {
        assert!(!format!("{}{}", done.stdout, done.stderr).contains(word), "{word} in {}", done.stdout);
    }
}

#[test]
fn notification_is_sent_only_with_the_option() {
    let fixture = healthy_fixture();
    assert!(fixture.run(&["doctor"]).status.success());
    assert_eq!(fixture.notifications.all().len(), 0);
    let done = fixture.run(&["doctor", "--notify"]);
    assert_line(&done, "✓", "notifications", "test notification sent");
    assert!(fixture.notifications.wait_for(1)[0].says("Quota Tray"));
    fixture.notifications.set_behavior(NotifyBehavior::Refuse);
    assert_line(&fixture.run(&["doctor", "--notify"]), "✗", "notifications", "too many notifications");
}

#[test]
fn invalid_settings_are_a_finding_and_the_other_checks_use_the_defaults() {
    let fixture = healthy_fixture();
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number");
    fixture.set_raw_config("[hooks]\non_low = [\"curl\", \"secret-password\", \"{acount}\"]");
    // The defaults lead into the world; a proxy that is not there keeps the test at home.
    let mut command = fixture.command();
    command.arg("doctor").env("HTTPS_PROXY", format!("http://user:pass-word@{proxy}"));
    let done = fixture.spawn_command(&mut command).finish();
    assert_line(&done, "✗", "settings file", "line 2, hooks.on_low: expected one of {event}");
    assert_line(&done, "✓", "proxy", &format!("HTTPS_PROXY is {proxy}"));
    assert_line(&done, "✗", "network", "https://api.anthropic.com: could not reach");
    assert_line(&done, "✓", "account 2 (Codex)", "mode 600");
    assert!(!done.stdout.contains("password") && !done.stdout.contains("pass-word"), "{}", done.stdout);
}

#[test]
fn renamed_setting_is_named_with_its_new_name() {
    let fixture = healthy_fixture();
    let settings = fs::read_to_string(fixture.config_file()).expect("read");
    let former = settings.replace("requests_per_five_minutes", "asks_per_five_minutes");
    assert_ne!(former, settings);
    fixture.set_raw_config(&former);
    let words = "asks_per_five_minutes is now requests_per_five_minutes";
    assert_line(&fixture.run(&["doctor"]), "!", "settings file", words);
}

#[test]
fn icon_that_shows_no_account_is_a_finding_without_the_name() {
    let fixture = healthy_fixture();
    for (shows, is_wrong) in [
        ("lowest", false),
        ("claude", false),
        ("codex-bob@example.com.json", false),
        ("claude-carol.json", true),
    ] {
        fixture.set_config(&format!("[icon]\nshows = \"{shows}\"\n"));
        let done = fixture.run(&["doctor"]);
        assert_eq!(lines(&done, "icon").len(), usize::from(is_wrong), "{shows}: {}", done.stdout);
        assert!(!done.stdout.contains("carol"), "{}", done.stdout);
    }
    let named = fixture.run(&["doctor", "--show-accounts"]);
    assert_line(&named, "!", "icon", "no account matches the setting icon.shows, \"claude-carol.json\"");
}

#[test]
fn each_login_state_is_reported() {
    let fixture = healthy_fixture();
    let account = fixture.account(ALICE);
    set_mode(account.file(), 0o644);
    assert_line(&fixture.run(&["doctor"]), "!", "account 1", "chmod 600");
    set_mode(account.file(), 0o600);
    account.expire();
    assert_line(&fixture.run(&["doctor"]), "!", "account 1", "token expired 1 h ago — it will be renewed");
    account.set("refresh_token", "");
    assert_line(&fixture.run(&["doctor"]), "✗", "account 1", "sign in again");
    account.disable();
    assert_line(&fixture.run(&["doctor"]), "✓", "account 1", "disabled");
    account.set("disabled", false);
    account.set("access_token", "");
    assert_line(&fixture.run(&["doctor"]), "✗", "account 1", "no access token");
    for email in [ALICE, BOB] {
        fixture.account(email).delete();
    }
    assert_line(&fixture.run(&["doctor"]), "!", "credentials folder", "no Claude or Codex login");
    fs::remove_dir(fixture.auth_dir()).expect("empty");
    assert_line(&fixture.run(&["doctor"]), "!", "credentials folder", "~/.cli-proxy-api does not exist");
    fs::write(fixture.auth_dir(), "").expect("written");
    assert_line(&fixture.run(&["doctor"]), "✗", "credentials folder", "could not read");
}

#[test]
fn last_provider_response_is_reported() {
    let fixture = healthy_fixture();
    fixture.set_config("token_renewal = \"never\"");
    fixture.server.respond(fixture.account(ALICE).access_token(), common::Response::status(401));
    fixture.server.respond(fixture.account(BOB).access_token(), common::Response::status(503));
    fixture.run(&["status"]);
    let done = fixture.run(&["doctor"]);
    assert_line(&done, "✗", "account 1 (Claude)", "last refresh: sign in again");
    assert_line(&done, "!", "account 2 (Codex)", "server error 503");
    assert_line(&done, "!", "CLIProxyAPI", "no program renews the tokens");
}

#[test]
fn each_desktop_fault_is_reported() {
    let mut fixture = healthy_fixture();
    fixture.notifications.set_behavior(NotifyBehavior::Hang);
    fixture.host.stop();
    assert_line(&fixture.run(&["doctor"]), "✗", "tray host", "GNOME needs the AppIndicator extension");
    fixture.notifications.stop();
    assert_line(&fixture.run(&["doctor"]), "✗", "notifications", "start a notification server");
    fixture.bus.stop();
    assert_line(&fixture.run(&["doctor"]), "✗", "session bus", "dbus-run-session");
}

#[test]
fn each_network_fault_is_reported() {
    let fixture = healthy_fixture();
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number");
    fixture.account(ALICE).set("proxy_url", format!("http://user:pass-word@{gone}"));
    // Requests to http on this machine use no proxy.
    let done = fixture.run(&["doctor"]);
    assert!(done.status.success() && !done.stdout.contains("through the proxy"), "{}", done.stdout);
    let claude = format!("https://{gone}/");
    let codex = fixture.server.url("/");
    let behind_tls = format!(
        "[endpoints]\nclaude_usage = \"{claude}\"\nclaude_token = \"{claude}\"\ncodex_usage = \"{codex}\"\n\
         codex_token = \"{codex}\"\ncli_proxy_api = []\n"
    );
    fixture.set_raw_config(&behind_tls);
    let done = fixture.run(&["doctor"]);
    assert_line(&done, "✗", "network", &format!("through the proxy {gone} of an account: could not reach"));
    assert!(!done.stdout.contains("pass-word"), "{}", done.stdout);
    fixture.account(ALICE).set("proxy_url", "direct");
    assert_line(
        &fixture.run(&["doctor"]),
        "✗",
        "network",
        "without a proxy, as an account is configured: could not reach",
    );
    let endpoints = |claude: &str| {
        let rest = fixture.server.url("/");
        format!(
            "[endpoints]\nclaude_usage = \"{claude}\"\nclaude_token = \"{rest}\"\ncodex_usage = \"{rest}\"\n\
             codex_token = \"{rest}\"\ncli_proxy_api = [\"{rest}\"]\n"
        )
    };
    fixture.set_raw_config(&endpoints(&format!("http://{gone}/usage")));
    assert_line(
        &fixture.run(&["doctor"]),
        "✗",
        "network",
        &format!("http://{gone}: could not reach 127.0.0.1"),
    );
    // TLS to a server without it.
    fixture.set_raw_config(&endpoints(&fixture.server.url("/usage").replace("http:", "https:")));
    assert_eq!(fixture.run(&["doctor"]).status.code(), Some(1));
    fixture.server.respond_at("/", |_| common::Response::from(serde_json::json!("CLI Proxy API Server")));
    fixture.set_raw_config(&endpoints(&fixture.server.url("/")));
    assert_line(&fixture.run(&["doctor"]), "✓", "CLIProxyAPI", "running at");
    fixture.server.respond_at("/", |_| common::Response::silence());
    let place = fixture.server.url("").replace("http://", "");
    let silent = format!("a program at {place} accepts connections but does not respond");
    assert_line(&fixture.run(&["doctor"]), "!", "CLIProxyAPI", &silent);
}

#[test]
fn unwritable_state_directory_and_running_tray_are_reported() {
    let fixture = healthy_fixture();
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    let done = fixture.run(&["doctor"]);
    assert_line(&done, "✓", "tray:", "running");
    assert_line(&done, "✓", "state folder", "is writable");
    quit(&fixture, program);
    let dir = fixture.state_home().join("quota-tray");
    fs::remove_dir_all(&dir).expect("there");
    fs::write(&dir, "").expect("written");
    assert_line(&fixture.run(&["doctor"]), "✗", "state folder", "could not write to");
    fs::remove_file(&dir).expect("there");
    let mut doctor = unprivileged_command(&fixture);
    set_mode(&fixture.state_home(), 0o500);
    let done = fixture.spawn_command(doctor.arg("doctor")).finish();
    assert_line(&done, "✗", "state folder", "could not create");
    set_mode(&fixture.state_home(), 0o700);
}

/// Each file and folder below `dir` except sockets, with its content.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).expect("listed") {
        let path = entry.expect("listed").path();
        if path.is_dir() {
            all.extend(files(&path));
        }
        all.push((
            path.display().to_string(),
            if path.is_file() { fs::read(&path).expect("read") } else { Vec::new() },
        ));
    }
    all.sort();
    all
}

#[test]
fn settings_for_a_window_that_does_not_exist_are_mentioned() {
    let fixture = healthy_fixture();
    fixture.set_config("[windows.\"5-hour\"]\nignore = true\n[windows.Wekly]\nignore = true");
    let done = fixture.run(&["doctor"]);
    assert!(!done.stdout.contains("no window is called"), "no usage is known yet: {}", done.stdout);
    fixture.run(&["status"]);
    let done = fixture.run(&["doctor"]);
    assert_line(&done, "!", "settings file", "no window is called \"Wekly\" at the moment");
    assert_line(&done, "!", "settings file", "the windows are \"5-hour\", \"Weekly\"");
}
