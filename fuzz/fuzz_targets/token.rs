//! The response of a token endpoint, complete or truncated.
//! Starts from `fuzz/seeds/token`, see `fuzz/run`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quota_tray::platform::secret::Secret;
use quota_tray::providers::REGISTRY;
use quota_tray::providers::token_response::{self, TokenOutcome, Tokens};

fuzz_target!(|body: &[u8]| {
    if let Some(tokens) = token_response::parse(body) {
        assert_valid(&tokens);
        assert_truncated_response_has_no_other_token(body, &tokens);
    }
    for status in [200, 201, 204, 403, 404, 429, 500, 502, 503] {
        assert_ne!(token_response::classify(status, body), TokenOutcome::InvalidToken, "{status} never means an invalid token");
    }
    assert_eq!(token_response::classify(400, body), token_response::classify(401, body));
    let has_tokens = token_response::parse(body).is_some();
    assert_eq!(matches!(token_response::classify(200, body), TokenOutcome::Tokens(_)), has_tokens);
    if let Ok(text) = std::str::from_utf8(body) {
        assert_sent_unchanged(text);
    }
});

fn assert_valid(tokens: &Tokens) {
    let all = [&tokens.access, &tokens.refresh, &tokens.id];
    for token in all.into_iter().flatten() {
        assert!(!token.expose().is_empty() && token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
    }
    assert!(tokens.access.is_some() || tokens.refresh.is_some());
    assert!(tokens.expires_in.is_finite() && tokens.expires_in >= 0.0);
    let printed = format!("{tokens:?}");
    // Short tokens may be part of a field name.
    assert!(!all.into_iter().flatten().any(|t| t.expose().len() > 12 && printed.contains(t.expose())));
}

/// Asserts that a truncated response has its refresh token or none, but never another.
fn assert_truncated_response_has_no_other_token(body: &[u8], whole: &Tokens) {
    let is_whole = serde_json::from_slice::<serde_json::Value>(body).is_ok();
    let names = body.windows(13).filter(|word| word == b"refresh_token").count();
    // With a repeated name or with escapes, a truncated response may have another token.
    if !is_whole || names != 1 || body.contains(&b'\\') || body.len() > 600 {
        return;
    }
    for end in 0..body.len() {
        let part = token_response::parse(&body[..end]);
        let refresh = part.as_ref().and_then(|tokens| tokens.refresh.as_ref());
        assert!(refresh.is_none() || refresh == whole.refresh.as_ref() || whole.refresh.is_none());
    }
}

/// Asserts that any refresh token is sent unchanged.
fn assert_sent_unchanged(text: &str) {
    for renewal in REGISTRY.specs().filter_map(|spec| spec.renewal.as_ref()) {
        let form = renewal.form(&Secret::new(text.to_owned()));
        let fields: Vec<_> = url::form_urlencoded::parse(&form.body).collect();
        let sent: Vec<_> = fields.iter().filter(|(key, _)| key == "refresh_token").collect();
        assert!(matches!(sent[..], [(_, value)] if value == text), "{fields:?}");
        assert_eq!(fields.iter().filter(|(key, _)| key == "client_id").count(), 1);
    }
}
