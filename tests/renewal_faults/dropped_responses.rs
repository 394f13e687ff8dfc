//! The server has rotated, and the answer does not come, or not whole.

use crate::common::{Response, SingleLogin};
use serde_json::Value;
use std::io::Read;
use std::net::TcpListener;
use std::thread;

const LOST: &str = "token expired: the token server's response was lost; trying again in a minute";
const HALF: &str = "token expired: the token server's response was incomplete; renewing again";
const UNEXPECTED: &str = "token expired: the token server sent an unexpected response, which is kept in the renewal \
                          journal; update Quota Tray, or sign in again with CLIProxyAPI";
const SIGN_IN: &str = "sign in again with CLIProxyAPI: the login is no longer accepted";

/// The answer's bytes up to and with `end`, and no more.
fn cut_behind(answer: &Value, end: &str) -> Response {
    let body = answer.to_string();
    let at = body.find(end).unwrap_or_else(|| panic!("no {end:?} in {body}")) + end.len();
    Response::json(answer).cut_after(at)
}

#[test]
fn response_cut_before_the_refresh_token_is_retried_once() {
    for end in
        ["{", "\"access_token\":\"sk-ant", "\"expires_in\"", "\"refresh_token\":", "\"refresh_token\":\"sk-a"]
    {
        let mut fixture = SingleLogin::claude();
        fixture.may_lose_a_response();
        let before = fixture.text();
        fixture.ledger.respond_with(move |answer| cut_behind(&answer, end));
        fixture.assert_error(LOST);
        fixture.assert_error(LOST);
        assert_eq!(fixture.ledger.token_requests().len(), 1, "{end}: it was sent again at once");
        fixture.pass(61);
        // To the ledger the second one is a token used twice; a kinder server gives the answer again.
        let row = fixture.status();
        assert!(row.error.contains("checking the credential file for a new one"), "{row:?}");
        fixture.pass(3600);
        fixture.assert_error(SIGN_IN);
        assert_eq!(fixture.ledger.token_requests().len(), 2, "{end}");
        assert_eq!((fixture.text(), fixture.beside()), (before, Vec::new()), "{end}");
    }
}

#[test]
fn response_cut_after_the_refresh_token_is_used() {
    for end in ["REFRESH\"", "REFRESH\",", "REFRESH\",\"scope\":\"user"] {
        let fixture = SingleLogin::claude();
        let new = fixture.tokens.refresh(2);
        let end = end.replace("REFRESH", &new);
        fixture.ledger.respond_with(move |mut answer| {
            // As the real server orders them: the access token in front.
            let refresh = answer["refresh_token"].take();
            answer.as_object_mut().expect("an object").shift_remove("refresh_token");
            let scope = answer.as_object_mut().expect("an object").shift_remove("scope");
            (answer["refresh_token"], answer["scope"]) = (refresh, scope.unwrap_or_default());
            cut_behind(&answer, &end)
        });
        fixture.assert_error(HALF);
        assert_eq!(fixture.held("refresh_token"), new);
        fixture.assert_kept();
        fixture.ledger.respond_normally();
        fixture.pass(61);
        fixture.assert_usage_with_tokens(3);
        assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1), new]);
    }
}

/// Hung up in place of the 30 seconds after which the program gives up by itself: the same branch.
#[test]
fn connection_closed_after_the_rotation_is_retried_after_a_minute() {
    let mut fixture = SingleLogin::codex();
    fixture.may_lose_a_response();
    let before = fixture.text();
    fixture.ledger.respond_with(|_| Response::hang_up());
    fixture.assert_error(LOST);
    fixture.assert_error(LOST);
    fixture.pass(55);
    fixture.assert_error(LOST);
    assert_eq!((fixture.ledger.token_requests().len(), fixture.text()), (1, before));
    // The request never reached the server behind the one that hung up.
    fixture.undo_rotation();
    fixture.ledger.respond_normally();
    fixture.pass(6);
    fixture.assert_usage_with_tokens(2);
    assert_eq!(fixture.ledger.token_requests().len(), 2);
}

/// After the one later try the waits double. A server that has had the token says so the next time it is
/// heard, and then it is never sent again.
#[test]
fn repeatedly_dropped_response_is_retried_with_backoff() {
    let mut fixture = SingleLogin::claude();
    fixture.may_lose_a_response();
    let before = fixture.text();
    fixture.ledger.respond(Response::hang_up());
    fixture.assert_error(LOST);
    for (minutes, sent) in [(1, 2), (1, 2), (1, 3), (2, 3), (1, 3), (1, 4)] {
        fixture.pass(60 * minutes + 1);
        let row = fixture.status();
        assert!(row.error.starts_with("token expired: the token server's response was lost "), "{row:?}");
        assert!(row.error.ends_with(", or sign in again with CLIProxyAPI"), "{row:?}");
        assert_eq!(fixture.ledger.token_requests().len(), sent, "{row:?}");
    }
    fixture.ledger.respond_normally();
    fixture.ledger.revoke();
    fixture.pass(13 * 3600);
    fixture.status();
    fixture.pass(130);
    fixture.assert_error(SIGN_IN);
    assert_eq!((fixture.text(), fixture.ledger.token_requests().len()), (before, 5));
}

#[test]
fn response_without_json_counts_as_dropped() {
    for body in ["", "<html>sign in</html>"] {
        let mut fixture = SingleLogin::claude();
        fixture.may_lose_a_response();
        let before = fixture.text();
        fixture.ledger.respond_with(move |_| Response::status(200).body(body));
        fixture.assert_error(LOST);
        assert_eq!((fixture.text(), fixture.beside()), (before, Vec::new()), "{body}");
    }
}

#[test]
fn response_of_unknown_shape_is_kept_and_its_token_never_sent_again() {
    for body in
        ["null", "[]", "{}", "{\"access_token\":\"\"}", "{\"refresh_token\":7}", "{\"grant\":\"GRANT-1\"}"]
    {
        let mut fixture = SingleLogin::claude();
        fixture.may_lose_a_response();
        let before = fixture.text();
        fixture.ledger.respond_with(move |_| Response::status(200).body(body));
        fixture.assert_error(UNEXPECTED);
        fixture.ledger.respond_normally();
        for _ in 0..3 {
            fixture.pass(24 * 3600);
            fixture.assert_error(UNEXPECTED);
        }
        assert_eq!((fixture.text(), fixture.ledger.token_requests().len()), (before, 1), "{body}");
        let journal = std::fs::read_to_string(fixture.journal()).expect("a journal");
        assert!(journal.contains(body), "{body}");
        // Signing in anew ends it.
        fixture.sign_in();
        fixture.write_now(fixture.content(3, chrono::TimeDelta::hours(8)));
        fixture.assert_usage_with_tokens(3);
    }
}

#[test]
fn tokens_of_any_2xx_response_are_used() {
    for status in [201, 202, 203] {
        let fixture = SingleLogin::codex();
        fixture.ledger.respond_with(move |answer| Response::json(&answer).with_status(status));
        fixture.assert_usage_with_tokens(2);
    }
}

/// A gzip file of one stored block (RFC 1951, 3.2.4).
fn gzip(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("short");
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    file.extend(length.to_le_bytes());
    file.extend((!length).to_le_bytes());
    file.extend(text.as_bytes());
    // The checksum is wrong: the tokens come before it.
    file.extend([0; 8]);
    file
}

#[test]
fn response_is_read_whatever_its_headers_say_of_its_encoding() {
    for (compressed, header) in [(false, true), (true, true), (true, false)] {
        let fixture = SingleLogin::claude();
        fixture.ledger.respond_with(move |answer| {
            let text = answer.to_string();
            let body = if compressed { gzip(&text) } else { text.into_bytes() };
            let answer = Response::status(200).body(body);
            if header { answer.header("Content-Encoding", "gzip") } else { answer }
        });
        fixture.assert_usage_with_tokens(2);
        assert_eq!(fixture.ledger.token_requests().len(), 1, "{compressed} {header}");
    }
}

#[test]
fn large_response_is_read_to_its_end() {
    let fixture = SingleLogin::claude();
    fixture.ledger.respond_with(|answer| {
        let padding = "x".repeat(1_000_000);
        let members = answer.to_string();
        Response::status(200).body(format!("{{\"padding\":\"{padding}\",{}", &members[1..]))
    });
    fixture.assert_usage_with_tokens(2);
}

#[test]
fn response_without_end_is_kept_as_far_as_its_refresh_token() {
    let fixture = SingleLogin::claude();
    fixture.ledger.respond_with(|mut answer| {
        answer["zzz"] = "x".repeat(2_000_000).into();
        Response::json(&answer)
    });
    fixture.assert_error(HALF);
    assert_eq!(fixture.held("refresh_token"), fixture.tokens.refresh(2));
}

/// Each success starts the count anew, even where the token stays the same.
#[test]
fn refresh_token_that_does_not_rotate_is_used_again() {
    let fixture = SingleLogin::claude();
    fixture.ledger.keep_refresh_tokens();
    fixture.ledger.set_token_lifetime(0);
    for _ in 0..4 {
        assert_eq!(fixture.status().left, Some(42.0));
        assert!(fixture.holds(1));
        fixture.pass(3600);
    }
    fixture.ledger.respond_with(|_| Response::hang_up());
    fixture.assert_error(LOST);
    fixture.pass(61);
    fixture.ledger.respond_normally();
    assert_eq!(fixture.status().left, Some(42.0));
    assert_eq!(fixture.ledger.token_requests().len(), 6);
}

#[test]
fn refresh_token_that_does_not_rotate_is_used_again_within_a_minute() {
    let fixture = SingleLogin::claude();
    fixture.ledger.keep_refresh_tokens();
    fixture.ledger.set_token_lifetime(0);
    for _ in 0..3 {
        let row = fixture.status();
        assert_eq!((row.error.as_str(), row.left), ("", Some(42.0)), "{row:?}");
    }
}

/// While nothing has gone out nothing can be spent, so such a failure must not use up the tries: a
/// laptop behind a dead network would be told to sign in again.
#[test]
fn connection_without_a_handshake_spends_no_token() {
    let fixture = SingleLogin::claude();
    let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = mute.local_addr().expect("an address");
    thread::spawn(move || {
        // Takes the handshake's first message and never answers.
        let (mut stream, _) = mute.accept()?;
        stream.read_to_end(&mut Vec::new())
    });
    let endpoints = format!(
        "[endpoints]\nclaude_token = \"https://{address}/\"\nclaude_usage = \"{}\"\ncli_proxy_api = []\n",
        fixture.server.url("/claude/usage"),
    );
    fixture.set_config(&endpoints);
    let row = fixture.status();
    assert!(row.error.starts_with("token expired: could not renew it: "), "{row:?}");
    let header = fixture.header();
    assert_eq!((&header["phase"], &header["tries"]), (&"prepared".into(), &0.into()), "{header}");
    fixture.set_config("");
    fixture.assert_usage_with_tokens(2);
}
