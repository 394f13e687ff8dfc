//! The answer of a token endpoint, whole or broken off.
//! Starts from `fuzz/seeds/token`, see `fuzz/run`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quota_tray::platform::secret::Secret;
use quota_tray::providers::REGISTRY;
use quota_tray::providers::token_response::{self, TokenOutcome, Tokens};

fuzz_target!(|body: &[u8]| {
    if let Some(tokens) = token_response::parse(body) {
        sound(&tokens);
        says_the_same_when_broken_off(body, &tokens);
    }
    for status in [200, 201, 204, 403, 404, 429, 500, 502, 503] {
        assert_ne!(token_response::classify(status, body), TokenOutcome::InvalidToken, "{status} never means an invalid token");
    }
    assert_eq!(token_response::classify(400, body), token_response::classify(401, body));
    let has_tokens = token_response::parse(body).is_some();
    assert_eq!(matches!(token_response::classify(200, body), TokenOutcome::Tokens(_)), has_tokens);
    if let Ok(text) = std::str::from_utf8(body) {
        arrives_as_it_was_sent(text);
    }
});

fn sound(tokens: &Tokens) {
    let all = [&tokens.access, &tokens.refresh, &tokens.id];
    for token in all.into_iter().flatten() {
        assert!(!token.expose().is_empty() && token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
    }
    assert!(tokens.access.is_some() || tokens.refresh.is_some());
    assert!(tokens.expires_in.is_finite() && tokens.expires_in >= 0.0);
    let printed = format!("{tokens:?}");
    // Short tokens stand in the names of the fields by chance.
    assert!(!all.into_iter().flatten().any(|t| t.expose().len() > 12 && printed.contains(t.expose())));
}

/// However much of an answer came: its refresh token, or none, but never another.
fn says_the_same_when_broken_off(body: &[u8], whole: &Tokens) {
    let is_whole = serde_json::from_slice::<serde_json::Value>(body).is_ok();
    let names = body.windows(13).filter(|word| word == b"refresh_token").count();
    // With the name in two places, or with escapes, there are other answers within the answer.
    if !is_whole || names != 1 || body.contains(&b'\\') || body.len() > 600 {
        return;
    }
    for end in 0..body.len() {
        let part = token_response::parse(&body[..end]);
        let told = part.as_ref().and_then(|tokens| tokens.refresh.as_ref());
        assert!(told.is_none() || told == whole.refresh.as_ref() || whole.refresh.is_none());
    }
}

/// A refresh token with anything in it arrives at the server as it is.
fn arrives_as_it_was_sent(text: &str) {
    for renewal in REGISTRY.specs().filter_map(|spec| spec.renewal.as_ref()) {
        let form = renewal.form(&Secret::new(text.to_owned()));
        let fields: Vec<_> = url::form_urlencoded::parse(&form.body).collect();
        let sent: Vec<_> = fields.iter().filter(|(key, _)| key == "refresh_token").collect();
        assert!(matches!(sent[..], [(_, value)] if value == text), "{fields:?}");
        assert_eq!(fields.iter().filter(|(key, _)| key == "client_id").count(), 1);
    }
}
