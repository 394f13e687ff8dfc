//! Cached values, alerts and budgets belong to a login, not to the name of its file.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::state_dir::StateDir;
use super::*;
use crate::common::{Gate, Response, TestAccount, claude_usage, codex_usage};

const ONE: &str = "[limits]\nrequests_per_five_minutes = 1\n";

/// Another login in the same file, written at once: these fields change, the others stay.
#[track_caller]
fn sign_in(account: &TestAccount, changes: &Value) {
    let mut credential = account.read();
    for (field, value) in changes.as_object().expect("fields") {
        credential[field] = value.clone();
    }
    fs::write(account.file(), credential.to_string()).expect("written");
}

fn requests(fixture: &Fixture, token: &str) -> usize {
    fixture.server.requests_with(token).len()
}

#[test]
fn new_login_in_the_same_file_has_no_old_values_and_a_new_budget() {
    for (email, changes) in [
        (ALICE, json!({"organization_uuid": "another", "access_token": "other"})),
        (ALICE, json!({"account_uuid": "another", "access_token": "other"})),
        (ALICE, json!({"email": CAROL, "access_token": "other"})),
        (BOB, json!({"account_id": "another", "access_token": "other"})),
    ] {
        let fixture = Fixture::new().claude(ALICE).codex(BOB).config(ONE);
        let account = fixture.account(email);
        assert_eq!(status(&fixture).1, Some(0));
        sign_in(&account, &changes);
        fixture.server.respond("other", Response::status(503));
        let (report, _) = status(&fixture);
        let row = report.iter().find(|row| row["email"] != json!(if email == ALICE { BOB } else { ALICE }));
        let row = row.expect("its row");
        assert_eq!((&row["state"], &row["windows"]), (&json!("error"), &json!([])), "{changes}: {row:#}");
        assert_eq!(requests(&fixture, "other"), 1, "{changes}: a new login starts with a fresh budget");
    }
}

#[test]
fn renewed_login_keeps_its_numbers_and_its_budget() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB).config(ONE);
    assert_eq!(status(&fixture).1, Some(0));
    for email in [ALICE, BOB] {
        sign_in(
            &fixture.account(email),
            &json!({
                "access_token": "renewed", "refresh_token": "renewed too", "id_token": "eyJ.renewed",
                "expired": (Utc::now() + TimeDelta::days(60)).to_rfc3339(),
                "last_refresh": Utc::now().to_rfc3339(), "email": email.to_uppercase(), "priority": 3,
            }),
        );
    }
    let (report, code) = status(&fixture);
    assert_eq!(code, Some(0), "{report:#?}");
    let left: Vec<_> = report.iter().map(|row| (&row["state"], &row["lowest_remaining_percent"])).collect();
    assert_eq!(left, [(&json!("ok"), &json!(42.0)), (&json!("ok"), &json!(70.0))], "{report:#?}");
    assert_eq!(requests(&fixture, "renewed"), 0, "a renewal is no new login");
}

#[test]
fn login_under_another_file_name_keeps_its_numbers_and_its_budget() {
    let fixture = Fixture::new().claude(ALICE).config(ONE);
    assert_eq!(status(&fixture).1, Some(0));
    let renamed = fixture.auth_dir().join("renamed.json");
    fs::rename(fixture.account(ALICE).file(), &renamed).expect("renamed");
    let (report, code) = status(&fixture);
    assert_eq!((code, report.len()), (Some(0), 1), "{report:#?}");
    assert_eq!(
        (&report[0]["id"], &report[0]["state"], &report[0]["lowest_remaining_percent"]),
        (&json!("renamed.json"), &json!("ok"), &json!(42.0)),
    );
    assert_eq!(fixture.server.requests().len(), 1);
}

#[test]
fn rate_limit_stays_with_its_login() {
    let fixture = Fixture::new().claude(ALICE);
    let alice = fixture.account(ALICE);
    fixture.server.respond(alice.access_token(), Response::status(429).header("Retry-After", "3000"));
    assert_eq!(status(&fixture).1, Some(1));
    let first = alice.read();
    sign_in(&alice, &json!({"organization_uuid": "another", "access_token": "other"}));
    fixture.server.respond("other", claude_usage(&[("five_hour", 10.0)]));
    let (report, code) = status(&fixture);
    assert_eq!((code, &report[0]["lowest_remaining_percent"]), (Some(0), &json!(90.0)), "{report:#?}");

    fs::write(alice.file(), first.to_string()).expect("written");
    let (report, code) = status(&fixture);
    assert_eq!(code, Some(1), "{report:#?}");
    let error = report[0]["error"].as_str().expect("it is rate limited");
    assert!(error.starts_with("rate limited until "), "{error}");
    assert_eq!(requests(&fixture, alice.access_token()), 1);
}

#[test]
fn low_window_of_another_login_in_the_same_file_is_notified() {
    let fixture = Fixture::new().claude(ALICE);
    let alice = fixture.account(ALICE);
    fixture.claude_used(&alice, &[("five_hour", 85.0), ("seven_day", 10.0)]);
    let _program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("alice@example.com — 15% left"));
    fixture.notifications.wait_for(1);
    fixture.server.respond("renewed", claude_usage(&[("five_hour", 86.0), ("seven_day", 10.0)]));
    sign_in(&alice, &json!({"access_token": "renewed"}));
    fixture.host.menu_until(showing("alice@example.com — 14% left"));
    assert_eq!(fixture.notifications.all().len(), 1, "a renewal is no news");
    fixture.server.respond("other", claude_usage(&[("five_hour", 87.0), ("seven_day", 10.0)]));
    sign_in(&alice, &json!({"organization_uuid": "another", "access_token": "other"}));
    fixture.host.menu_until(showing("alice@example.com — 13% left"));
    fixture.notifications.wait_for(2);
}

#[test]
fn state_written_before_identities_is_adopted_once() {
    let fixture = Fixture::new().claude(ALICE);
    let alice = fixture.account(ALICE);
    let id = "claude-alice@example.com.json";
    let (now, later) = (Utc::now(), Utc::now() + TimeDelta::minutes(30));
    let state = StateDir::of(&fixture);
    let window = json!({
        "key": "five_hour", "title": "5-hour", "used_percent": 58.0, "resets_at": later, "reset_note": null,
        "length_seconds": 18000, "named": true,
    });
    let account = json!({"id": id, "provider": "claude", "email": ALICE});
    state.write(
        "snapshot.json",
        json!({
            "accounts": [{
                "account": account, "loading": false, "disabled": false,
                "reading": {"windows": [window], "plan": null, "extra_usage": null},
                "updated_at": now, "error": null, "held_until": null, "validity": null,
            }],
            "refreshing": false, "updated_at": now, "offline": false, "next_at": null, "problem": null,
        })
        .to_string(),
    );
    let pace = json!({
        "asked": [now], "cool_until": later, "refusals": 1, "pause_until": null, "failures": 0,
    });
    state.write("pacing.json", json!({"accounts": {id: pace}}).to_string());
    for _ in 0..2 {
        let (report, _) = status(&fixture);
        assert_eq!(
            (&report[0]["state"], &report[0]["lowest_remaining_percent"]),
            (&json!("stale"), &json!(42.0))
        );
        assert!(report[0]["error"].as_str().is_some_and(|error| error.starts_with("rate limited until ")));
    }
    assert_eq!(requests(&fixture, alice.access_token()), 0);
    // From then on it belongs to this login only.
    sign_in(&alice, &json!({"organization_uuid": "another", "access_token": "other"}));
    fixture.server.respond("other", Response::status(503));
    let (report, _) = status(&fixture);
    assert_eq!((&report[0]["state"], &report[0]["windows"]), (&json!("error"), &json!([])), "{report:#?}");
    assert_eq!(requests(&fixture, "other"), 1);
}

#[test]
fn two_members_of_one_workspace_have_budgets_of_their_own() {
    let mut fixture = Fixture::new().codex(BOB).config(ONE);
    let dave = fixture.add_codex("dave@example.com");
    for account in [&fixture.account(BOB), &dave] {
        sign_in(account, &json!({"account_id": "team"}));
    }
    let (report, code) = status(&fixture);
    assert_eq!((code, report.len()), (Some(0), 2), "{report:#?}");
    assert_eq!(fixture.server.requests().len(), 2);
}

#[test]
fn file_names_that_are_not_utf_8_have_ids_of_their_own() {
    let fixture = Fixture::new().codex(BOB);
    let mut credential = fixture.account(BOB).read();
    for (name, used) in
        [(&b"codex-\xfe.json"[..], 10), (b"codex-\xff.json", 20), (b"codex-\xef\xbf\xbd.json", 30)]
    {
        let token = format!("token-{used}");
        credential["access_token"] = json!(token);
        credential["email"] = json!(format!("{used}@example.com"));
        fixture.server.respond(&token, codex_usage(&[(18_000, used)]));
        fs::write(fixture.auth_dir().join(OsStr::from_bytes(name)), credential.to_string()).expect("written");
    }
    fixture.account(BOB).delete();
    let ids = || -> Vec<String> {
        let (report, code) = status(&fixture);
        assert_eq!(code, Some(0), "{report:#?}");
        let left: Vec<_> = report.iter().map(|row| row["lowest_remaining_percent"].clone()).collect();
        assert_eq!(left, [json!(90.0), json!(80.0), json!(70.0)], "{report:#?}");
        report.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    };
    let first = ids();
    assert_eq!(first, ids(), "ids are stable");
    let mut unique = first.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 3, "{first:?}");
    assert!(!first.iter().any(|id| id.chars().any(char::is_control)), "{first:?}");
    assert_eq!(first[2], "codex-\u{fffd}.json", "a name that is UTF-8 is the id");
}

/// A run of `status` that has fetched the old login fetches the new one as well.
#[test]
fn login_changed_during_a_request_is_the_one_shown() {
    let fixture = Fixture::new().claude(ALICE);
    let alice = fixture.account(ALICE);
    let gate = Gate::new();
    let held = Response::json(&claude_usage(&[("five_hour", 58.0)])).behind(&gate);
    fixture.server.respond(alice.access_token(), held);
    let program = fixture.spawn(&["status", "--format", "json"]);
    fixture.server.wait_for_requests(alice.access_token(), 1);
    sign_in(&alice, &json!({"organization_uuid": "another", "access_token": "other"}));
    fixture.server.respond("other", claude_usage(&[("five_hour", 10.0)]));
    gate.open();
    let done = program.finish();
    let report: Value = serde_json::from_str(&done.stdout).expect("a report");
    let row = &report["accounts"][0];
    assert_eq!((&row["state"], &row["lowest_remaining_percent"]), (&json!("ok"), &json!(90.0)), "{row}");
    assert_eq!(done.status.code(), Some(0));
}
