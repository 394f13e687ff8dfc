//! The server has rotated, and the answer does not come, or not whole.

use super::stage::Stage;
use crate::common::Answer;
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
fn cut_behind(answer: &Value, end: &str) -> Answer {
    let body = answer.to_string();
    let at = body.find(end).unwrap_or_else(|| panic!("no {end:?} in {body}")) + end.len();
    Answer::json(answer).cut_after(at)
}

#[test]
fn an_answer_cut_off_in_front_of_the_refresh_token_is_lost_and_tried_once_more_at_most() {
    for end in
        ["{", "\"access_token\":\"sk-ant", "\"expires_in\"", "\"refresh_token\":", "\"refresh_token\":\"sk-a"]
    {
        let mut stage = Stage::claude();
        stage.may_lose_an_answer();
        let before = stage.text();
        stage.ledger.after(move |answer| cut_behind(&answer, end));
        stage.says(LOST);
        stage.says(LOST);
        assert_eq!(stage.ledger.posts().len(), 1, "{end}: it was sent again at once");
        stage.pass(61);
        // To the ledger the second one is a token used twice; a kinder server gives the answer again.
        let row = stage.status();
        assert!(row.words.contains("looking for a new one in its file"), "{row:?}");
        stage.pass(3600);
        stage.says(SIGN_IN);
        assert_eq!(stage.ledger.posts().len(), 2, "{end}");
        assert_eq!((stage.text(), stage.beside()), (before, Vec::new()), "{end}");
    }
}

#[test]
fn an_answer_cut_off_behind_the_refresh_token_is_a_login_all_the_same() {
    for end in ["REFRESH\"", "REFRESH\",", "REFRESH\",\"scope\":\"user"] {
        let stage = Stage::claude();
        let new = stage.kind.refresh(2);
        let end = end.replace("REFRESH", &new);
        stage.ledger.after(move |mut answer| {
            // As the real server orders them: the access token in front.
            let refresh = answer["refresh_token"].take();
            answer.as_object_mut().expect("an object").shift_remove("refresh_token");
            let scope = answer.as_object_mut().expect("an object").shift_remove("scope");
            (answer["refresh_token"], answer["scope"]) = (refresh, scope.unwrap_or_default());
            cut_behind(&answer, &end)
        });
        stage.says(HALF);
        assert_eq!(stage.held("refresh_token"), new);
        stage.nothing_is_lost();
        stage.ledger.is_sound();
        stage.pass(61);
        stage.shows_usage_with(3);
        assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1), new]);
    }
}

/// Hung up in place of the 30 seconds after which the program gives up by itself: the same branch.
#[test]
fn a_connection_that_ends_after_the_rotation_is_tried_once_more_after_a_minute() {
    let mut stage = Stage::codex();
    stage.may_lose_an_answer();
    let before = stage.text();
    stage.ledger.after(|_| Answer::hang_up());
    stage.says(LOST);
    stage.says(LOST);
    stage.pass(55);
    stage.says(LOST);
    assert_eq!((stage.ledger.posts().len(), stage.text()), (1, before));
    // The request never reached the server behind the one that hung up.
    stage.ledger.undo_rotation();
    stage.ledger.is_sound();
    stage.pass(6);
    stage.shows_usage_with(2);
    assert_eq!(stage.ledger.posts().len(), 2);
}

/// After the one later try the waits double. A server that has had the token says so the next time it is
/// heard, and then it is never sent again.
#[test]
fn an_answer_that_is_lost_again_and_again_is_asked_for_ever_more_seldom() {
    let mut stage = Stage::claude();
    stage.may_lose_an_answer();
    let before = stage.text();
    stage.ledger.instead(Answer::hang_up());
    stage.says(LOST);
    for (minutes, sent) in [(1, 2), (1, 2), (1, 3), (2, 3), (1, 3), (1, 4)] {
        stage.pass(60 * minutes + 1);
        let row = stage.status();
        assert!(row.words.starts_with("token expired: the token server's response was lost "), "{row:?}");
        assert!(row.words.ends_with(", or sign in again with CLIProxyAPI"), "{row:?}");
        assert_eq!(stage.ledger.posts().len(), sent, "{row:?}");
    }
    stage.ledger.is_sound();
    stage.ledger.end();
    stage.pass(13 * 3600);
    stage.status();
    stage.pass(130);
    stage.says(SIGN_IN);
    assert_eq!((stage.text(), stage.ledger.posts().len()), (before, 5));
}

#[test]
fn response_that_cannot_hold_a_token_is_lost_and_requested_again() {
    for body in ["", "<html>sign in</html>"] {
        let mut stage = Stage::claude();
        stage.may_lose_an_answer();
        let before = stage.text();
        stage.ledger.after(move |_| Answer::status(200).body(body));
        stage.says(LOST);
        assert_eq!((stage.text(), stage.beside()), (before, Vec::new()), "{body}");
    }
}

#[test]
fn response_of_unknown_shape_is_kept_in_the_journal_and_the_token_is_never_sent_again() {
    for body in
        ["null", "[]", "{}", "{\"access_token\":\"\"}", "{\"refresh_token\":7}", "{\"grant\":\"GRANT-1\"}"]
    {
        let mut stage = Stage::claude();
        stage.may_lose_an_answer();
        let before = stage.text();
        stage.ledger.after(move |_| Answer::status(200).body(body));
        stage.says(UNEXPECTED);
        stage.ledger.is_sound();
        for _ in 0..3 {
            stage.pass(24 * 3600);
            stage.says(UNEXPECTED);
        }
        assert_eq!((stage.text(), stage.ledger.posts().len()), (before, 1), "{body}");
        let journal = std::fs::read_to_string(stage.journal()).expect("a journal");
        assert!(journal.contains(body), "{body}");
        // Signing in anew ends it.
        stage.ledger.sign_in();
        stage.write_now(stage.content(3, chrono::TimeDelta::hours(8)));
        stage.shows_usage_with(3);
    }
}

#[test]
fn tokens_of_any_success_are_taken() {
    for status in [201, 202, 203] {
        let stage = Stage::codex();
        stage.ledger.after(move |answer| Answer::json(&answer).with_status(status));
        stage.shows_usage_with(2);
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
        let stage = Stage::claude();
        stage.ledger.after(move |answer| {
            let text = answer.to_string();
            let body = if compressed { gzip(&text) } else { text.into_bytes() };
            let answer = Answer::status(200).body(body);
            if header { answer.header("Content-Encoding", "gzip") } else { answer }
        });
        stage.shows_usage_with(2);
        assert_eq!(stage.ledger.posts().len(), 1, "{compressed} {header}");
    }
}

#[test]
fn large_response_is_read_to_its_end() {
    let stage = Stage::claude();
    stage.ledger.after(|answer| {
        let padding = "x".repeat(1_000_000);
        let members = answer.to_string();
        Answer::status(200).body(format!("{{\"padding\":\"{padding}\",{}", &members[1..]))
    });
    stage.shows_usage_with(2);
}

#[test]
fn response_without_end_is_kept_as_far_as_its_refresh_token() {
    let stage = Stage::claude();
    stage.ledger.after(|mut answer| {
        answer["zzz"] = "x".repeat(2_000_000).into();
        Answer::json(&answer)
    });
    stage.says(HALF);
    assert_eq!(stage.held("refresh_token"), stage.kind.refresh(2));
}

/// Each success starts the count anew, even where the token stays the same.
#[test]
fn a_server_that_keeps_its_refresh_tokens_is_trusted_as_long_as_it_answers() {
    let stage = Stage::claude();
    stage.ledger.keeps_refresh_tokens();
    stage.ledger.expires_in(0);
    for _ in 0..4 {
        assert_eq!(stage.status().left, Some(42.0));
        assert!(stage.holds(1));
        stage.pass(3600);
    }
    stage.ledger.after(|_| Answer::hang_up());
    stage.says(LOST);
    stage.pass(61);
    stage.ledger.is_sound();
    assert_eq!(stage.status().left, Some(42.0));
    assert_eq!(stage.ledger.posts().len(), 6);
}

#[test]
fn a_kept_refresh_token_can_be_used_again_within_the_minute() {
    let stage = Stage::claude();
    stage.ledger.keeps_refresh_tokens();
    stage.ledger.expires_in(0);
    for _ in 0..3 {
        let row = stage.status();
        assert_eq!((row.words.as_str(), row.left), ("", Some(42.0)), "{row:?}");
    }
}

/// While nothing has gone out nothing can be spent, so such a failure must not use up the tries: a
/// laptop behind a dead network would be told to sign in again.
#[test]
fn a_connection_that_never_comes_about_spends_nothing() {
    let stage = Stage::claude();
    let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = mute.local_addr().expect("an address");
    thread::spawn(move || {
        // Takes the handshake's first message and never answers.
        let (mut stream, _) = mute.accept()?;
        stream.read_to_end(&mut Vec::new())
    });
    let endpoints = format!(
        "[endpoints]\nclaude_token = \"https://{address}/\"\nclaude_usage = \"{}\"\ncli_proxy_api = []\n",
        stage.scene.usage.url("/claude/usage"),
    );
    stage.scene.set_config(&endpoints);
    let row = stage.status();
    assert!(row.words.starts_with("token expired: cannot renew: "), "{row:?}");
    let header = stage.header();
    assert_eq!((&header["phase"], &header["tries"]), (&"prepared".into(), &0.into()), "{header}");
    stage.scene.set_config("");
    stage.shows_usage_with(2);
}
