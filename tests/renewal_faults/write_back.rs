//! CLIProxyAPI keeps a login in memory and writes it back after each request, until it has detected that
//! the file has changed. Then it writes a spent token.

use crate::common::{Response, SingleLogin};
use chrono::TimeDelta;

const USED_UP: &str = "token expired: the refresh token in the credential file was already used; restart CLIProxyAPI, \
                       or sign in again with it";

#[test]
fn tray_repairs_a_written_back_token_twice() {
    let fixture = SingleLogin::claude();
    let spent = fixture.text();
    let tray = fixture.tray();
    fixture.host.menu_until(|menu| menu.shows("42% left"));
    assert!(fixture.holds(2));
    fixture.write_now(&spent);
    fixture.wait_until("the first repair", |fixture| fixture.holds(2));
    fixture.write_now(spent.replace("\"priority\":3", "\"priority\":5"));
    fixture.wait_until("the second repair", |fixture| fixture.holds(2));
    assert_eq!(fixture.held("priority"), 5, "the repair took away what the other program had to say");
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
    fixture.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    fixture.end(tray);
}

#[test]
fn next_start_repairs_a_written_back_token() {
    let fixture = SingleLogin::codex();
    let spent = fixture.text();
    fixture.assert_usage_with_tokens(2);
    for _ in 0..3 {
        // Later than the last check, since no program was running.
        fixture.pass(50);
        fixture.write_now(&spent);
        fixture.assert_usage_with_tokens(2);
    }
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
}

/// A login that is put back an hour later is not good for an hour longer.
#[test]
fn late_repair_keeps_the_expiry_of_the_tokens() {
    let fixture = SingleLogin::claude();
    let spent = fixture.text();
    fixture.assert_usage_with_tokens(2);
    let moments = || ["expired", "last_refresh"].map(|key| fixture.time(key));
    let [expired, renewed] = moments();
    fixture.pass(3600);
    fixture.write_now(&spent);
    fixture.assert_usage_with_tokens(2);
    let hour = TimeDelta::hours(1);
    for (late, first) in moments().into_iter().zip([expired, renewed]) {
        let off = (late - (first - hour)).num_seconds().abs();
        assert!(off <= 1, "{late} for what was {first} an hour ago");
    }
}

#[test]
fn spent_token_with_a_future_expiry_is_repaired() {
    let fixture = SingleLogin::claude();
    fixture.assert_usage_with_tokens(2);
    fixture.write_now(fixture.content(1, TimeDelta::hours(3)));
    fixture.assert_usage_with_tokens(2);
    assert_eq!(fixture.ledger.token_requests().len(), 1);
}

#[test]
fn older_spent_token_is_repaired_and_never_sent() {
    let fixture = SingleLogin::claude();
    fixture.ledger.set_token_lifetime(0);
    let spent: Vec<_> = (1..4).map(|number| fixture.content(number, TimeDelta::hours(-1))).collect();
    for number in 2..5 {
        fixture.assert_usage_with_tokens(number);
        fixture.pass(61);
    }
    // The last renewal is recent again, and its journal still has the response.
    fixture.ledger.set_token_lifetime(3600);
    fixture.assert_usage_with_tokens(5);
    for older in &spent {
        fixture.write_now(older);
        fixture.assert_usage_with_tokens(5);
    }
    let sent: Vec<_> = (1..5).map(|number| fixture.tokens.refresh(number)).collect();
    assert_eq!(fixture.ledger.token_requests(), sent, "each token once, in its turn");
}

#[test]
fn quick_renewals_survive_a_write_back() {
    let fixture = SingleLogin::codex();
    fixture.ledger.set_token_lifetime(0);
    for number in 2..6 {
        fixture.assert_usage_with_tokens(number);
    }
    fixture.ledger.set_token_lifetime(3600);
    fixture.assert_usage_with_tokens(6);
    for older in [1, 3, 5] {
        fixture.write_now(fixture.content(older, TimeDelta::hours(-1)));
        fixture.assert_usage_with_tokens(6);
    }
    assert_eq!(fixture.ledger.token_requests().len(), 5);
    fixture.pass(61);
    fixture.assert_usage_with_tokens(6);
    fixture.search().not_in("the journal", std::fs::read(fixture.journal()).expect("a journal"));
}

#[test]
fn spent_token_written_back_after_the_journal_was_cleared_is_never_sent() {
    let mut fixture = SingleLogin::claude();
    let spent = fixture.content(1, TimeDelta::hours(-1));
    fixture.assert_usage_with_tokens(2);
    let renewed = fixture.text();
    fixture.pass(61);
    fixture.assert_usage_with_tokens(2);
    fixture.write(&spent);
    for _ in 0..3 {
        fixture.assert_error(USED_UP);
        fixture.pass(3600);
    }
    assert_eq!((fixture.text(), fixture.ledger.token_requests().len()), (spent, 1));
    // A restart of CLIProxyAPI, or the user's copy, brings the live one back.
    fixture.write(renewed);
    fixture.assert_usage_with_tokens(2);
    fixture.write(fixture.content(2, TimeDelta::hours(-1)));
    fixture.assert_usage_with_tokens(3);
    // And the oldest is known for as long.
    fixture.pass(61);
    fixture.assert_usage_with_tokens(3);
    fixture.write(fixture.content(1, TimeDelta::hours(-1)));
    fixture.assert_error(USED_UP);
    assert!(!fixture.is_revoked(), "a spent token was used again");
    fixture.may_lose_a_response();
}

/// The login that a journal keeps must outlive the next attempt, which may come within the minute: the
/// usage API refuses the new access token soon after it has accepted it, and the token server has no time.
#[test]
fn failed_attempt_keeps_the_previous_renewal() {
    for fault in [Response::status(500), Response::status(429), Response::hang_up()] {
        let fixture = SingleLogin::claude();
        let spent = fixture.text();
        fixture.assert_usage_with_tokens(2);
        fixture.ledger.refuse_access_tokens([2], 401);
        fixture.ledger.respond(fault);
        fixture.status();
        fixture.assert_kept();
        fixture.write_now(&spent);
        fixture.assert_kept();
        fixture.ledger.respond_normally();
        fixture.ledger.refuse_access_tokens([], 401);
        fixture.assert_usage_with_tokens(2);
        assert!(!fixture.is_revoked(), "a spent token was used again");
    }
}

/// A running program detects it by its checks, not only at the next start.
#[test]
fn tray_repairs_a_write_back_after_a_failed_attempt() {
    let fixture = SingleLogin::claude();
    let spent = fixture.text();
    fixture.assert_usage_with_tokens(2);
    fixture.ledger.refuse_access_tokens([2], 401);
    fixture.ledger.respond(Response::status(500));
    let tray = fixture.tray();
    fixture.host.menu_until(|menu| menu.shows("Token rejected"));
    fixture.write_now(&spent);
    fixture.wait_until("the repair", |fixture| fixture.holds(2));
    fixture.end(tray);
}

/// It is kept for a minute and no longer, whatever becomes of the attempt.
#[test]
fn failed_attempt_leaves_no_token_in_the_journal() {
    for fault in [
        Response::status(500),
        Response::status(429),
        Response::status(400).body(r#"{"error":"invalid_grant"}"#),
    ] {
        let fixture = SingleLogin::claude();
        fixture.assert_usage_with_tokens(2);
        fixture.ledger.refuse_access_tokens([2], 401);
        fixture.ledger.respond(fault);
        fixture.status();
        assert!(fixture.header()["kept"].is_string(), "{}", fixture.header());
        fixture.pass(61);
        fixture.ledger.refuse_access_tokens([2], 500);
        fixture.status();
        assert!(fixture.header()["kept"].is_null(), "{}", fixture.header());
        fixture.search().not_in("the journal", std::fs::read(fixture.journal()).expect("a journal"));
    }
}
