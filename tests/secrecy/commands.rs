//! Every command, with every kind of credential file.

use super::{RecordedTray, contains};
use crate::bus_recorder::BusRecorder;
use crate::common::Provider;
use crate::common::{EMAIL, SingleLogin, tokens::Search};
use chrono::TimeDelta;
use serde_json::json;
use std::fs;
use std::process::Command;

/// Adds a file of each kind, each with tokens in it.
fn add_every_kind_of_file(fixture: &SingleLogin) {
    let [access, refresh, id] = [fixture.tokens.access(0), fixture.tokens.refresh(0), fixture.tokens.id(0)];
    let token = access.as_str();
    let whole = |more: serde_json::Value| {
        let mut content = json!({"type": "claude", "access_token": access, "refresh_token": refresh,
            "id_token": id, "email": "bob@example.com", "expired": "2099-01-01T00:00:00Z"});
        content.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        content.to_string()
    };
    for (name, content) in [
        ("claude-whole.json", whole(json!({}))),
        ("codex-whole.json", whole(json!({"type": "codex", "account_id": "w"}))),
        ("claude-off.json", whole(json!({"disabled": true}))),
        ("claude-expired.json", whole(json!({"expired": "2020-01-01T00:00:00Z"}))),
        ("codex-expired.json", whole(json!({"type": "codex", "expired": 1}))),
        ("gemini-other.json", whole(json!({"type": "gemini"}))),
        ("claude-untyped.json", json!({"access_token": token, "refresh_token": refresh}).to_string()),
        ("claude-half.json", format!("{{\"type\":\"claude\",\"access_token\":\"{token}")),
        ("claude-text.json", token.to_owned()),
        ("claude-string.json", json!(token).to_string()),
        ("claude-list.json", whole(json!({"access_token": [token]}))),
        ("claude-odd.json", whole(json!({"access_token": format!("{token}\u{e9}")}))),
        ("claude-line.json", whole(json!({"access_token": format!("{token}\n{token}")}))),
        ("claude-moments.json", whole(json!({"expired": token, "last_refresh": refresh}))),
        ("claude-proxy.json", whole(json!({"proxy_url": token}))),
        (
            "claude-proxied.json",
            whole(json!({"proxy_url": format!("http://u:{}@127.0.0.1:9", &token[13..40])})),
        ),
        ("codex-id.json", whole(json!({"type": "codex", "account_id": format!("{token}\u{7f}")}))),
        (
            "claude-refresh.json",
            whole(json!({"expired": 1, "refresh_token": format!("{refresh} {refresh}\u{e9}")})),
        ),
    ] {
        fs::write(fixture.auth_dir().join(name), content).expect("written");
    }
}

/// Removes the added files, which the search for tokens would find.
fn remove_added_files(fixture: &SingleLogin) {
    for name in fixture.beside() {
        fs::remove_file(fixture.auth_dir().join(name)).expect("removed");
    }
}

#[test]
fn no_command_prints_a_token() {
    for provider in Provider::ALL {
        let fixture = SingleLogin::new(provider);
        add_every_kind_of_file(&fixture);
        let search = fixture.search();
        for arguments in [
            &["-vvv", "status"][..],
            &["-vvvvvv", "status", "--format", "json"],
            &["status", "--format", "waybar", "-vvv"],
            &["status", "--format", "i3blocks", "-vvv"],
            &["status", "--format", "openmetrics", "-vvv"],
            &["status", "--check", "99", "-vvv"],
            &["status", "--cached", "-vvv"],
            &["status", "--auth-dir", "elsewhere", "-vvv"],
            &["status", "--format", "wrong"],
            &["status", "--wrong"],
            &["doctor", "-vvv"],
            &["doctor", "--show-accounts", "--notify", "-vvv"],
            &["demo", "--once", "-vvv"],
            &["--help"],
            &["--version"],
        ] {
            let done = fixture.run(arguments);
            assert!(!done.stdout.is_empty() || !done.stderr.is_empty(), "{arguments:?}");
            search.not_in(&format!("stdout of {arguments:?}"), &done.stdout);
            search.not_in(&format!("stderr of {arguments:?}"), &done.stderr);
        }
        for settings in
            ["token_renewal = \"sometimes\"", "claude_token = 5", "[endpoints\n", "refresh_minutes = 0"]
        {
            fixture.set_raw_config(settings);
            let done = fixture.run(&["status", "-vvv"]);
            assert_eq!(done.status.code(), Some(2), "{settings}: {done:?}");
            search.not_in(settings, &done.stderr);
        }
        remove_added_files(&fixture);
    }
}

#[test]
fn tray_leaks_no_token_to_bus_log_or_disk() {
    for provider in Provider::ALL {
        let fixture = SingleLogin::new(provider);
        add_every_kind_of_file(&fixture);
        // With all visible text: title, tooltip and notification.
        fixture.set_config("show_title = true\nthresholds = [50]\nshow_disabled = true");
        let watched = RecordedTray::start(&fixture, fixture.command(), &["-vvv"]);
        let host = &fixture.host;
        host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
        assert!(fixture.notifications.wait_for(1)[0].says("42%"));
        host.icon_until(|icon| icon.tooltip.text.contains("42%"));
        host.click("Hide e-mail addresses");
        host.menu_until(|menu| menu.shows("a…e — 42% left"));
        host.click("Hide e-mail addresses");
        fixture.write_now(fixture.content(1, TimeDelta::hours(-1)));
        fixture.wait_until("the write-back is repaired", |fixture| fixture.holds(2));
        fixture.set_raw_config("wrong");
        host.menu_until(|menu| menu.shows("could not use the settings file"));
        for name in fixture.beside() {
            // They contain tokens as they should; the search below covers all files.
            fs::remove_file(fixture.auth_dir().join(name)).expect("removed");
        }
        host.menu_until(|menu| !menu.shows("bob@example.com"));
        watched.assert_no_token_leaks(|menu| menu.shows("42% left"));
    }
}

/// The search works: a token in a value that is shown is found on the bus, in the text and in the state.
#[test]
fn search_finds_a_token_in_the_bus_traffic() {
    let mut fixture = SingleLogin::claude().not_expired();
    let secret = fixture.tokens.access(7);
    fixture.write(fixture.text().replace(EMAIL, &format!("{secret}@example.com")));
    let search = Search::new([secret.clone()]);
    assert!(search.find(fixture.run(&["status"]).stdout.as_bytes()).is_some());
    let recorder = BusRecorder::start(&fixture);
    let mut command: Command = fixture.command();
    let tray = fixture.spawn_command(command.env("DBUS_SESSION_BUS_ADDRESS", recorder.address()));
    fixture.host.menu_until(|menu| menu.shows(&secret) && menu.shows("42% left"));
    assert!(contains(&recorder.bytes(), &secret), "the recorder hears nothing");
    assert!(search.find(&recorder.bytes()).is_some());
    drop(tray);
    let snapshot = fs::read(fixture.state_home().join("quota-tray/snapshot.json")).expect("a snapshot");
    assert!(search.find(&snapshot).is_some());
    fixture.may_lose_a_response();
}
