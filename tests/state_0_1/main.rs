//! The state directory of version 0.1 is read by this version: last known values, sent alerts, rate limits, request
//! counts, refused and spent tokens, and unfinished renewals.
//!
//! `tests/fixtures/state-0.1` was written by the program of commit ed4d53d, see `create.rs`. Its times are absolute,
//! so a test moves them.
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;
mod create;
mod saved;

use crate::common::Provider;
use chrono::TimeDelta;
use common::RenewalFixture;
use saved::{ALICE, BOB, CAROL, DAVE, ERIN, FRANK, restore};

/// No time has passed since 0.1 ended.
fn now() -> RenewalFixture {
    restore(TimeDelta::zero())
}

#[test]
fn last_values_of_0_1_are_shown() {
    let fixture = now();
    let cached = fixture.run(&["status", "--cached", "--format", "json"]);
    let report = common::StatusReport::of(cached);
    for (provider, email) in [(Provider::Claude, ALICE), (Provider::Codex, BOB)] {
        let id = format!("{}-{email}.json", provider.key());
        assert_eq!(report.account(&id).lowest_remaining, Some(42.0), "{report:#?}");
    }
    assert_eq!(fixture.server.requests().len(), 0);
}

#[test]
fn alert_that_0_1_has_sent_is_not_sent_again() {
    // Long enough for every limit on requests to be over.
    let fixture = restore(TimeDelta::hours(1));
    let alice = fixture.account(ALICE);
    let _tray = fixture.spawn(&[]);
    fixture.ledger.wait_for(&alice.name, |login| login.usages > 0);
    fixture.host.menu_until(|menu| {
        menu.find("Refresh now").is_some_and(|item| item.enabled)
            && menu.shows("alice@example.com — 42% left")
            && menu.shows(", next ")
    });
    let about = |email: &str| fixture.notifications.all().into_iter().filter(|it| it.says(email)).count();
    assert_eq!((about(ALICE), about(BOB)), (0, 0), "{:#?}", fixture.notifications.all());
}

#[test]
fn rate_limit_and_request_counts_of_0_1_are_honoured() {
    let fixture = now();
    let report = fixture.status();
    let limited = report.error_of(&fixture.account(ERIN)).unwrap_or_default();
    assert!(limited.contains("rate limited until"), "{report:#?}");
    // Alice's five requests in five minutes are used up.
    let alice = report.account("claude-alice@example.com.json");
    assert_eq!(alice.lowest_remaining, Some(42.0), "{report:#?}");
    for email in [ERIN, ALICE] {
        assert_eq!(fixture.ledger.login(&fixture.account(email).name).usages, 0, "{email}");
    }
    let requests = fixture.server.requests();
    let accesses = [ERIN, ALICE].map(|email| fixture.account(email).read()["access_token"].clone());
    assert!(
        !requests.iter().any(|it| accesses.iter().any(|token| *token == *it.token().unwrap_or_default()))
    );
}

#[test]
fn response_in_a_journal_of_0_1_is_written_to_its_file() {
    let fixture = now();
    let dave = fixture.account(DAVE);
    let login = fixture.ledger.login(&dave.name);
    assert_ne!(dave.read()["refresh_token"], *login.refresh);
    let report = fixture.status();
    assert_eq!(report.error_of(&dave), None, "{report:#?}");
    assert_eq!(dave.read()["refresh_token"], *login.refresh);
    assert_eq!(dave.read()["access_token"], *login.access);
    assert_eq!(fixture.ledger.token_requests(), [""; 0]);
}

#[test]
fn token_of_an_unfinished_renewal_of_0_1_is_not_sent_again_at_once() {
    let fixture = now();
    let report = fixture.status();
    let error = report.error_of(&fixture.account(CAROL)).unwrap_or_default();
    assert!(error.contains("trying again in a minute"), "{report:#?}");
    assert_eq!(fixture.ledger.token_requests(), [""; 0]);
}

#[test]
fn spent_token_of_0_1_is_repaired_and_never_sent() {
    let fixture = restore(TimeDelta::hours(1));
    let alice = fixture.account(ALICE);
    let spent = common::tokens::TestTokens::of(&alice.name).refresh(1);
    alice.set("refresh_token", &*spent);
    alice.expire();
    alice.modified_earlier(std::time::Duration::from_secs(600));
    let report = fixture.status();
    // The journal of 0.1 has the live tokens, and the file gets them again.
    assert_eq!(report.error_of(&alice), None, "{report:#?}");
    assert_eq!(alice.read()["refresh_token"], *fixture.ledger.login(&alice.name).refresh);
    assert!(!fixture.ledger.token_requests().contains(&spent));
}

#[test]
fn access_token_that_was_refused_in_0_1_is_not_sent_again() {
    let fixture = now();
    let frank = fixture.account(FRANK);
    let report = fixture.status();
    assert!(report.error_of(&frank).is_some(), "{report:#?}");
    let token = frank.read()["access_token"].clone();
    let requests = fixture.server.requests();
    assert!(!requests.iter().any(|request| *request.token().unwrap_or_default() == token), "{requests:#?}");
}
