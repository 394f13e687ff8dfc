//! What each kind of answer is said to be.

use super::*;
use chrono::{DateTime, TimeDelta, Utc};
use quota_tray::presenter::Locale;
use quota_tray::presenter::format::clock_time;

const MIB: usize = 1024 * 1024;

/// The sentence about an account that gets this answer. It is asked for once and no more.
#[track_caller]
fn words(answer: impl Into<Response>) -> String {
    let scene = Scene::new();
    scene.claude("t", answer);
    let error = scene.error();
    assert_eq!(scene.server.requests().len(), 1, "{error}");
    error
}

#[track_caller]
fn says(answer: impl Into<Response>, part: &str) {
    let words = words(answer);
    assert!(words.contains(part), "{words}");
}

/// The lowest percentage of an account that gets this answer.
#[track_caller]
fn left(answer: impl Into<Response>) -> Value {
    let scene = Scene::new();
    scene.claude("t", answer);
    let done = scene.run(&["status", "--format", "json"]);
    assert_eq!(done.code, 0, "{done:?}");
    done.json()["accounts"][0]["lowest_remaining_percent"].take()
}

fn page(body: impl Into<Vec<u8>>) -> Response {
    Response::status(200).body(body)
}

#[test]
fn refused_token_shows_sign_in_again() {
    says(Response::status(401), "sign in again");
    says(Response::json(&json!({"error": {"type": "permission_error"}})).with_status(403), "sign in again");
}

#[test]
fn other_error_status_is_shown_with_its_number() {
    for status in [400, 404, 500, 503, 529] {
        says(Response::status(status), &status.to_string());
        // A body that would do changes nothing.
        says(Response::json(&good()).with_status(status), &status.to_string());
    }
}

/// Whether the account is said to be limited for so long from now. A `Retry-After` counts from the
/// answer, which came some time during the run.
#[track_caller]
fn limited(retry_after: Option<&str>, wait: TimeDelta) {
    let answer = Response::status(429);
    let before = Utc::now();
    let words = words(retry_after.map_or(answer.clone(), |value| answer.header("Retry-After", value)));
    let after = Utc::now();
    let told =
        [before, after].map(|now| format!("rate limited until {}", clock_time(now + wait, now, Locale::UTC)));
    assert!(told.contains(&words), "{retry_after:?}: {words}, not {told:?}");
}

#[test]
fn rate_limited_account_shows_the_end_of_the_limit() {
    limited(Some("600"), TimeDelta::minutes(10));
    limited(Some("3037"), TimeDelta::seconds(3037));
    for none in [None, Some("0"), Some(""), Some("soon"), Some("-1"), Some("Thu, 17 Sep 2020 15:10:00 GMT")] {
        limited(none, TimeDelta::minutes(5));
    }
}

#[test]
fn retry_after_with_a_date_is_the_end_of_the_limit() {
    let at: DateTime<Utc> = Utc::now() + TimeDelta::minutes(90);
    let date = at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let until = format!("rate limited until {}", clock_time(at, Utc::now(), Locale::UTC));
    assert_eq!(words(Response::status(429).header("Retry-After", &date)), until);
}

#[test]
fn redirect_is_not_followed() {
    let elsewhere = TestServer::start();
    elsewhere.respond("t", good());
    for status in [301, 302, 303, 307, 308] {
        says(
            Response::redirect(&elsewhere.url("/")).with_status(status),
            &format!("unexpected response: it is a redirect ({status})"),
        );
    }
    assert!(elsewhere.requests().is_empty(), "the token went along");
}

#[test]
fn response_without_usage_is_invalid_and_says_why() {
    says(page("<!DOCTYPE html><title>Welcome</title>"), "unexpected response: it is a web page");
    says(page(""), "unexpected response: it is empty");
    says(page(" \n"), "it is empty");
    says(page("{\"five_hour\":"), "unexpected response: it is not JSON");
    says(page("[]"), "unexpected response");
    says(page("null"), "unexpected response");
    says(json!({}), "the response has no quota window");
    says(json!({"five_hour": null}), "the response has no quota window");
    says(json!({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}), "no quota window");
}

#[test]
fn response_that_breaks_off_is_connection_lost() {
    for dropped in
        [Response::json(&good()).cut_after(10), Response::json(&good()).cut_after(0), Response::hang_up()]
    {
        // It depends on the timing whether headers have arrived.
        let words = words(dropped);
        assert!(words.contains(" lost; trying again later") || words.contains("is incomplete"), "{words}");
    }
}

#[test]
fn closed_port_cannot_be_reached() {
    let scene = Scene::new();
    scene.claude("t", good());
    let nowhere =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    scene
        .file("config/quota-tray/config.toml", &format!("[endpoints]\nclaude_usage = \"http://{nowhere}/\""));
    let error = scene.error();
    assert!(error.starts_with("could not reach 127.0.0.1") && error.contains("network"), "{error}");
}

#[test]
fn response_of_1_mib_is_read_and_a_longer_one_is_not() {
    let padded = |length: usize| page(format!("{}{}", good(), " ".repeat(length - good().to_string().len())));
    assert_eq!(left(padded(MIB)), 42.0);
    says(padded(MIB + 1), "longer than 1 MiB");
}

#[test]
fn compressed_response_is_decompressed_up_to_the_same_limit() {
    let gzip = |packed: Vec<u8>| page(packed).header("Content-Encoding", "gzip");
    assert_eq!(left(gzip(stored(good().to_string().as_bytes()))), 42.0);
    says(gzip(repeated(2 * MIB)), "longer than 1 MiB");
    says(gzip(b"no gzip at all".to_vec()), "could not be decoded");
}

const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// A gzip file of a single block that is not packed (RFC 1951, 3.2.4).
fn stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short");
    let crc = data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    });
    let sizes = [length.to_le_bytes(), (!length).to_le_bytes()].concat();
    [&GZIP[..], &[1], &sizes, data, &(!crc).to_le_bytes(), &u32::from(length).to_le_bytes()].concat()
}

/// A gzip file that becomes at least so many blanks: a blank, and then over and over "258 more like
/// it", in the fixed codes of RFC 1951, 3.2.6. It has no end.
fn repeated(length: usize) -> Vec<u8> {
    // The last block, fixed codes; the blank is 0x30 + 0x20.
    let mut bits = String::from("110") + "01010000";
    // 285 is 258 bytes, and five bits of nought are "one back".
    bits.extend(std::iter::repeat_n("1100010100000", length / 258 + 1));
    let bytes =
        bits.as_bytes().chunks(8).map(|byte| byte.iter().rev().fold(0, |b, bit| b << 1 | (bit - b'0')));
    GZIP.into_iter().chain(bytes).collect()
}
