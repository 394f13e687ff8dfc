//! CLIProxyAPI keeps a login in memory and writes it back after each request, until it has noticed that
//! the file is another. What it writes then is a spent token.

use super::stage::Stage;
use crate::common::Answer;
use chrono::TimeDelta;

const USED_UP: &str = "token expired: its file has a refresh token that was already used; restart CLIProxyAPI, \
                       or sign in again with it";

#[test]
fn a_running_tray_repairs_the_file_within_two_seconds_and_again_within_ten() {
    let stage = Stage::claude();
    let spent = stage.text();
    let tray = stage.tray();
    stage.scene.host.menu_until(|menu| menu.shows("42% left"));
    assert!(stage.holds(2));
    stage.write_now(&spent);
    stage.until("the first repair", |stage| stage.holds(2));
    stage.write_now(spent.replace("\"priority\":3", "\"priority\":5"));
    stage.until("the second repair", |stage| stage.holds(2));
    assert_eq!(stage.held("priority"), 5, "the repair took away what the other program had to say");
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1)]);
    stage.scene.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    stage.end(tray);
}

#[test]
fn the_next_start_repairs_the_file() {
    let stage = Stage::codex();
    let spent = stage.text();
    stage.shows_usage_with(2);
    for _ in 0..3 {
        // Later than any look, for nobody was running then.
        stage.pass(50);
        stage.write_now(&spent);
        stage.shows_usage_with(2);
    }
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1)]);
}

/// A login that is put back an hour later is not good for an hour longer.
#[test]
fn a_late_repair_tells_when_the_tokens_run_out_by_when_they_came() {
    let stage = Stage::claude();
    let spent = stage.text();
    stage.shows_usage_with(2);
    let moments = || ["expired", "last_refresh"].map(|key| stage.moment(key));
    let [expired, renewed] = moments();
    stage.pass(3600);
    stage.write_now(&spent);
    stage.shows_usage_with(2);
    let hour = TimeDelta::hours(1);
    for (late, first) in moments().into_iter().zip([expired, renewed]) {
        let off = (late - (first - hour)).num_seconds().abs();
        assert!(off <= 1, "{late} for what was {first} an hour ago");
    }
}

#[test]
fn a_spent_token_in_a_file_that_has_not_expired_is_repaired_as_well() {
    let stage = Stage::claude();
    stage.shows_usage_with(2);
    stage.write_now(stage.content(1, TimeDelta::hours(3)));
    stage.shows_usage_with(2);
    assert_eq!(stage.ledger.posts().len(), 1);
}

#[test]
fn an_even_older_token_is_repaired_and_never_sent() {
    let stage = Stage::claude();
    stage.ledger.expires_in(0);
    let spent: Vec<_> = (1..4).map(|number| stage.content(number, TimeDelta::hours(-1))).collect();
    for number in 2..5 {
        stage.shows_usage_with(number);
        stage.pass(61);
    }
    // The last renewal is a moment old again, and its journal still has its answer.
    stage.ledger.expires_in(3600);
    stage.shows_usage_with(5);
    for older in &spent {
        stage.write_now(older);
        stage.shows_usage_with(5);
    }
    let sent: Vec<_> = (1..5).map(|number| stage.kind.refresh(number)).collect();
    assert_eq!(stage.ledger.posts(), sent, "each token once, in its turn");
}

#[test]
fn renewals_in_quick_succession_are_each_safe_from_a_write_back() {
    let stage = Stage::codex();
    stage.ledger.expires_in(0);
    for number in 2..6 {
        stage.shows_usage_with(number);
    }
    stage.ledger.expires_in(3600);
    stage.shows_usage_with(6);
    for older in [1, 3, 5] {
        stage.write_now(stage.content(older, TimeDelta::hours(-1)));
        stage.shows_usage_with(6);
    }
    assert_eq!(stage.ledger.posts().len(), 5);
    stage.pass(61);
    stage.shows_usage_with(6);
    stage.search().not_in("the journal", std::fs::read(stage.journal()).expect("a journal"));
}

#[test]
fn a_spent_token_that_comes_back_after_the_journal_was_wiped_is_never_sent() {
    let mut stage = Stage::claude();
    let spent = stage.content(1, TimeDelta::hours(-1));
    stage.shows_usage_with(2);
    let renewed = stage.text();
    stage.pass(61);
    stage.shows_usage_with(2);
    stage.write(&spent);
    for _ in 0..3 {
        stage.says(USED_UP);
        stage.pass(3600);
    }
    assert_eq!((stage.text(), stage.ledger.posts().len()), (spent, 1));
    // A restart of CLIProxyAPI, or the user's copy, brings the live one back.
    stage.write(renewed);
    stage.shows_usage_with(2);
    stage.write(stage.content(2, TimeDelta::hours(-1)));
    stage.shows_usage_with(3);
    // And the oldest is known for as long.
    stage.pass(61);
    stage.shows_usage_with(3);
    stage.write(stage.content(1, TimeDelta::hours(-1)));
    stage.says(USED_UP);
    assert!(!stage.ledger.has_ended(), "a spent token was used again");
    stage.may_lose_an_answer();
}

/// The login that a journal keeps must outlive the next attempt, which may come within the minute: the
/// usage API refuses the new access token soon after it has accepted it, and the token server has no time.
#[test]
fn an_attempt_that_fails_does_not_forget_the_renewal_before_it() {
    for fault in [Answer::status(500), Answer::status(429), Answer::hang_up()] {
        let stage = Stage::claude();
        let spent = stage.text();
        stage.shows_usage_with(2);
        stage.ledger.refuses([2], 401);
        stage.ledger.instead(fault);
        stage.status();
        stage.nothing_is_lost();
        stage.write_now(&spent);
        stage.nothing_is_lost();
        stage.ledger.is_sound();
        stage.ledger.refuses([], 401);
        stage.shows_usage_with(2);
        assert!(!stage.ledger.has_ended(), "a spent token was used again");
    }
}

/// The same, found by the look of a running program and not at the next start.
#[test]
fn the_looks_after_a_renewal_outlive_an_attempt_that_fails() {
    let stage = Stage::claude();
    let spent = stage.text();
    stage.shows_usage_with(2);
    stage.ledger.refuses([2], 401);
    stage.ledger.instead(Answer::status(500));
    let tray = stage.tray();
    stage.scene.host.menu_until(|menu| menu.shows("token rejected"));
    stage.write_now(&spent);
    stage.until("the repair", |stage| stage.holds(2));
    stage.end(tray);
}

/// It is kept for a minute and no longer, whatever becomes of the attempt.
#[test]
fn the_login_of_an_attempt_that_fails_does_not_stay_in_the_journal() {
    for fault in
        [Answer::status(500), Answer::status(429), Answer::status(400).body(r#"{"error":"invalid_grant"}"#)]
    {
        let stage = Stage::claude();
        stage.shows_usage_with(2);
        stage.ledger.refuses([2], 401);
        stage.ledger.instead(fault);
        stage.status();
        assert!(stage.header()["kept"].is_string(), "{}", stage.header());
        stage.pass(61);
        stage.ledger.refuses([2], 500);
        stage.status();
        assert!(stage.header()["kept"].is_null(), "{}", stage.header());
        stage.search().not_in("the journal", std::fs::read(stage.journal()).expect("a journal"));
    }
}
