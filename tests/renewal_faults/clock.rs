//! Clocks jump: a battery dies, a time server corrects, a file says nonsense.

use super::ledger::Kind;
use super::stage::Stage;
use crate::common::Answer;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// The file with another `expired`.
fn expires(stage: &Stage, expired: &Value) {
    let mut content: Value = serde_json::from_str(&stage.text()).expect("JSON");
    content["expired"] = expired.clone();
    stage.write(content.to_string());
}

const YEAR: i64 = 365 * 24 * 3600;

#[test]
fn a_file_from_the_future_is_renewed() {
    for age in [-5, -90, -YEAR, -40 * YEAR] {
        let stage = Stage::claude();
        stage.age_file(age);
        stage.shows_usage_with(2);
    }
}

#[test]
fn each_way_to_say_that_a_token_has_run_out_is_understood() {
    let now = Utc::now().timestamp();
    for expired in [
        json!("1970-01-01T00:00:00Z"),
        json!("0001-01-01T00:00:00Z"),
        json!(0),
        json!(-1),
        json!(now - 60),
        json!((now - 60) * 1000),
        json!((now - 60).to_string()),
        json!(now as f64 - 0.5),
        json!("2026-01-02 03:04"),
        json!("2026-01-02T03:04:05.123456789+08:00"),
        // Within the minute of tolerance.
        json!(now + 40),
    ] {
        let stage = Stage::new(Kind::Codex);
        expires(&stage, &expired);
        let row = stage.status();
        assert_eq!((row.words.as_str(), row.left), ("", Some(42.0)), "{expired}: {row:?}");
        assert!(stage.holds(2), "{expired} was not taken for expired");
    }
}

#[test]
fn a_token_that_is_good_for_ever_or_says_nothing_is_used_until_it_is_refused() {
    for expired in [
        json!("9999-12-31T23:59:59Z"),
        json!("+99999-01-01T00:00:00Z"),
        json!(99_999_999_999_999_i64),
        json!(1e300),
        json!(u64::MAX),
        json!(Utc::now().timestamp_millis() + 3_600_000),
        json!("soon"),
        json!(""),
        json!(null),
        json!([]),
    ] {
        let stage = Stage::claude();
        expires(&stage, &expired);
        let before = stage.text();
        let row = stage.status();
        assert_eq!((row.words.as_str(), row.left), ("", Some(42.0)), "{expired}: {row:?}");
        assert_eq!((stage.text(), stage.ledger.posts().len()), (before, 0), "{expired}");
    }
}

/// The clock was a year ahead when the journal was written.
fn set_the_clock_back(stage: &Stage) {
    stage.change_header(|header| {
        let at: DateTime<Utc> = header["at"].as_str().expect("a moment").parse().expect("RFC 3339");
        header["at"] = (at + chrono::TimeDelta::seconds(YEAR)).to_rfc3339().into();
    });
}

/// The moment in the header, which from now on counts by the clock as it is.
#[track_caller]
fn counts_from_now(stage: &Stage) {
    let header = stage.header();
    let at: DateTime<Utc> = header["at"].as_str().expect("a moment").parse().expect("RFC 3339");
    assert!(at <= Utc::now(), "the program waits for the year {}", at.format("%Y"));
}

#[test]
fn a_clock_that_was_put_back_does_not_keep_tokens_in_the_journal_for_a_year() {
    let stage = Stage::claude();
    stage.shows_usage_with(2);
    set_the_clock_back(&stage);
    stage.shows_usage_with(2);
    counts_from_now(&stage);
    stage.pass(61);
    stage.shows_usage_with(2);
    stage.search().not_in("the journal", std::fs::read(stage.journal()).expect("a journal"));
}

#[test]
fn a_clock_that_was_put_back_does_not_put_off_the_later_try_for_a_year() {
    let mut stage = Stage::claude();
    stage.may_lose_an_answer();
    stage.ledger.after(|_| Answer::hang_up());
    stage.says("token expired: the token server's response was lost; trying again in a minute");
    set_the_clock_back(&stage);
    stage.status();
    counts_from_now(&stage);
    stage.pass(61);
    stage.status();
    assert_eq!(stage.ledger.posts().len(), 2);
}

#[test]
fn a_clock_that_was_put_back_does_not_hide_a_dead_login_for_a_year() {
    let stage = Stage::claude();
    stage.ledger.end();
    stage.status();
    set_the_clock_back(&stage);
    stage.status();
    counts_from_now(&stage);
    stage.pass(130);
    stage.says("sign in again with CLIProxyAPI: the login is no longer accepted");
    assert_eq!(stage.ledger.posts().len(), 1);
}

#[test]
fn a_clock_that_was_put_forward_loses_nothing() {
    let stage = Stage::claude();
    stage.shows_usage_with(2);
    stage.pass(10 * YEAR);
    stage.shows_usage_with(2);
}
