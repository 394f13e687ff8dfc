//! What a response of a token endpoint means.

mod tokens;

pub use tokens::{Tokens, parse, to_json};

use serde_json::Value;

/// Error codes that mean an invalid refresh token, and nothing else.
const INVALID_TOKEN_ERRORS: [&str; 5] = [
    "invalid_grant",
    "refresh_token_reused",
    "refresh_token_expired",
    "refresh_token_revoked",
    "refresh_token_invalidated",
];

/// The outcome of a token request with a complete response.
#[derive(Debug, PartialEq)]
pub enum TokenOutcome {
    /// New tokens.
    Tokens(Tokens),
    /// The refresh token is invalid: it was used, revoked, or has expired.
    InvalidToken,
    /// A success in an unknown form. It may hold the new tokens, so it must be kept, and the token must not be sent
    /// again.
    Unrecognized,
    /// No response to the request: an empty body, a web page, half a document.
    Incomplete,
    /// The server has not accepted the request; the token is still valid.
    NotAccepted,
}

/// Classifies a response. 429, 403 and server errors never mean an invalid token.
pub fn classify(status: u16, body: &[u8]) -> TokenOutcome {
    if !(200..300).contains(&status) {
        return if is_invalid_token(status, body) {
            TokenOutcome::InvalidToken
        } else {
            TokenOutcome::NotAccepted
        };
    }
    if let Some(tokens) = parse(body) {
        return TokenOutcome::Tokens(tokens);
    }
    let text = body.trim_ascii_start();
    match serde_json::from_slice::<Value>(body) {
        _ if status == 204 => TokenOutcome::NotAccepted,
        // An error with a success status: the server has issued nothing.
        Ok(document) if document.get("error").is_some_and(|error| !error.is_null()) => {
            TokenOutcome::NotAccepted
        }
        Err(error) if text.is_empty() || text.starts_with(b"<") || error.is_eof() => TokenOutcome::Incomplete,
        _ => TokenOutcome::Unrecognized,
    }
}

fn is_invalid_token(status: u16, body: &[u8]) -> bool {
    if !matches!(status, 400 | 401) {
        return false;
    }
    let Ok(document) = serde_json::from_slice::<Value>(body) else { return false };
    let is_invalid = |value: &Value| value.as_str().is_some_and(|code| INVALID_TOKEN_ERRORS.contains(&code));
    let error = document.get("error");
    let places =
        [error, document.get("code"), error.and_then(|e| e.get("code")), error.and_then(|e| e.get("type"))];
    places.into_iter().flatten().any(is_invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_without_known_tokens_is_unrecognized_unless_it_can_hold_none() {
        for (status, body, expected) in [
            (200, "", TokenOutcome::Incomplete),
            (200, " <html>sign in</html>", TokenOutcome::Incomplete),
            (200, r#"{"access_token":"a"#, TokenOutcome::Incomplete),
            (200, "{}", TokenOutcome::Unrecognized),
            (200, "null", TokenOutcome::Unrecognized),
            (200, r#"{"grant":{"session":{"secret":"x"}}}"#, TokenOutcome::Unrecognized),
            (200, "refresh=abc&access=def", TokenOutcome::Unrecognized),
            (201, r#"{"refresh_token":7}"#, TokenOutcome::Unrecognized),
            (200, r#"{"error":"server_error"}"#, TokenOutcome::NotAccepted),
            (204, "{}", TokenOutcome::NotAccepted),
            (302, "", TokenOutcome::NotAccepted),
            (503, r#"{"access_token":"a"}"#, TokenOutcome::NotAccepted),
        ] {
            assert_eq!(classify(status, body.as_bytes()), expected, "{status} {body}");
        }
        for status in [200, 201, 202, 203] {
            let tokens = classify(status, br#"{"access_token":"a","refresh_token":"r"}"#);
            assert!(matches!(tokens, TokenOutcome::Tokens(_)), "{status}");
        }
    }

    #[test]
    fn refresh_token_is_invalid_only_with_the_errors_that_say_so() {
        for (status, body, expected) in [
            (
                400,
                r#"{"error":"invalid_grant","error_description":"Refresh token not found or invalid"}"#,
                true,
            ),
            (401, r#"{"error":{"code":"refresh_token_reused"}}"#, true),
            (401, r#"{"error":{"type":"invalid_grant"}}"#, true),
            (400, r#"{"code":"refresh_token_expired"}"#, true),
            (400, r#"{"error":"refresh_token_revoked"}"#, true),
            (401, r#"{"error":{"code":"refresh_token_invalidated"}}"#, true),
            (400, r#"{"error":"invalid_request"}"#, false),
            (400, "invalid_grant", false),
            (403, r#"{"error":"invalid_grant"}"#, false),
            (429, r#"{"error":"invalid_grant"}"#, false),
            (500, r#"{"error":"invalid_grant"}"#, false),
            (401, "", false),
        ] {
            assert_eq!(is_invalid_token(status, body.as_bytes()), expected, "{status} {body}");
        }
    }
}
