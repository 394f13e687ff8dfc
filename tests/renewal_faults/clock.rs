//! Clocks jump: a battery dies, a time server corrects, a file says nonsense.

use crate::common::Provider;
use crate::common::{Response, SingleLogin};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// The file with another `expired`.
fn expires(fixture: &SingleLogin, expired: &Value) {
    let mut content: Value = serde_json::from_str(&fixture.text()).expect("JSON");
    content["expired"] = expired.clone();
    fixture.write(content.to_string());
}

const YEAR: i64 = 365 * 24 * 3600;

#[test]
fn file_with_a_future_modification_time_is_renewed() {
    for age in [-5, -90, -YEAR, -40 * YEAR] {
        let fixture = SingleLogin::claude();
        fixture.age_file(age);
        fixture.assert_usage_with_tokens(2);
    }
}

#[test]
fn expiry_in_each_form_is_recognised() {
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
        let fixture = SingleLogin::new(Provider::Codex);
        expires(&fixture, &expired);
        let row = fixture.status();
        assert_eq!((row.error.as_str(), row.left), ("", Some(42.0)), "{expired}: {row:?}");
        assert!(fixture.holds(2), "{expired} was not taken for expired");
    }
}

#[test]
fn token_without_a_usable_expiry_is_used_until_refused() {
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
        let fixture = SingleLogin::claude();
        expires(&fixture, &expired);
        let before = fixture.text();
        let row = fixture.status();
        assert_eq!((row.error.as_str(), row.left), ("", Some(42.0)), "{expired}: {row:?}");
        assert_eq!((fixture.text(), fixture.ledger.token_requests().len()), (before, 0), "{expired}");
    }
}

/// The clock was a year ahead when the journal was written.
fn set_clock_back(fixture: &SingleLogin) {
    fixture.change_header(|header| {
        let at: DateTime<Utc> = header["at"].as_str().expect("a moment").parse().expect("RFC 3339");
        header["at"] = (at + chrono::TimeDelta::seconds(YEAR)).to_rfc3339().into();
    });
}

/// The moment in the header, which from now on counts by the clock as it is.
#[track_caller]
fn assert_counts_from_now(fixture: &SingleLogin) {
    let header = fixture.header();
    let at: DateTime<Utc> = header["at"].as_str().expect("a moment").parse().expect("RFC 3339");
    assert!(at <= Utc::now(), "the program waits for the year {}", at.format("%Y"));
}

#[test]
fn clock_set_back_does_not_keep_tokens_in_the_journal() {
    let fixture = SingleLogin::claude();
    fixture.assert_usage_with_tokens(2);
    set_clock_back(&fixture);
    fixture.assert_usage_with_tokens(2);
    assert_counts_from_now(&fixture);
    fixture.pass(61);
    fixture.assert_usage_with_tokens(2);
    fixture.search().not_in("the journal", std::fs::read(fixture.journal()).expect("a journal"));
}

#[test]
fn clock_set_back_does_not_delay_the_next_attempt() {
    let mut fixture = SingleLogin::claude();
    fixture.may_lose_a_response();
    fixture.ledger.respond_with(|_| Response::hang_up());
    fixture.assert_error("token expired: the token server's response was lost; trying again in a minute");
    set_clock_back(&fixture);
    fixture.status();
    assert_counts_from_now(&fixture);
    fixture.pass(61);
    fixture.status();
    assert_eq!(fixture.ledger.token_requests().len(), 2);
}

#[test]
fn clock_set_back_does_not_hide_a_revoked_login() {
    let fixture = SingleLogin::claude();
    fixture.ledger.revoke();
    fixture.status();
    set_clock_back(&fixture);
    fixture.status();
    assert_counts_from_now(&fixture);
    fixture.pass(130);
    fixture.assert_error("sign in again with CLIProxyAPI: the login is no longer accepted");
    assert_eq!(fixture.ledger.token_requests().len(), 1);
}

#[test]
fn clock_set_forward_loses_no_login() {
    let fixture = SingleLogin::claude();
    fixture.assert_usage_with_tokens(2);
    fixture.pass(10 * YEAR);
    fixture.assert_usage_with_tokens(2);
}
