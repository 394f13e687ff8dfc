//! The tokens in a response, whole or broken off.

use crate::platform::secret::Secret;
use crate::providers::json::{number, wipe};
use serde_json::Value;
use std::io::Read;
use zeroize::Zeroizing;

/// The lifetime of an access token, in seconds, where the response does not say.
const DEFAULT_LIFETIME: f64 = 3600.0;

/// The most that a compressed response is decompressed to, in bytes.
const MAX_DECOMPRESSED_BYTES: usize = 1024 * 1024;

/// Tokens issued for a refresh token.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    /// The new access token. `None`: the response has none, or broke off after the refresh token.
    pub access: Option<Secret>,
    /// The new refresh token. `None`: the old one stays valid.
    pub refresh: Option<Secret>,
    /// A new identity token.
    pub id: Option<Secret>,
    /// The lifetime of the access token, in seconds.
    pub expires_in: f64,
}

/// Reads a successful response, or the part of it that arrived. `None`: it has no token. Compression (gzip) is detected
/// by content: a wrong `Content-Encoding` must not cost a login.
pub fn parse(body: &[u8]) -> Option<Tokens> {
    if body.starts_with(&[0x1f, 0x8b]) {
        return parse_plain(&decompress(body));
    }
    parse_plain(body)
}

/// As much as can be decompressed, up to 1 MiB.
fn decompress(body: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(MAX_DECOMPRESSED_BYTES));
    let decoder = flate2::read::GzDecoder::new(body);
    // What was decompressed before an error is kept.
    let _ = decoder.take(MAX_DECOMPRESSED_BYTES as u64).read_to_end(&mut plain);
    plain
}

fn parse_plain(body: &[u8]) -> Option<Tokens> {
    let Ok(mut document) = serde_json::from_slice::<Value>(body) else { return salvage(body) };
    let tokens = take_tokens(&mut document).or_else(|| {
        // Other token servers wrap them: {"data": {…}}, {"tokens": {…}}.
        let members = document.as_object_mut()?.values_mut();
        members.filter(|value| value.is_object()).find_map(take_tokens)
    });
    wipe(&mut document);
    tokens
}

fn take_tokens(document: &mut Value) -> Option<Tokens> {
    let mut take = |key: &str| match document.get_mut(key).map(Value::take) {
        Some(Value::String(text)) if is_token(&text) => Some(Secret::new(text)),
        _ => None,
    };
    let mut either = |one: &str, other: &str| take(one).or_else(|| take(other));
    let access = either("access_token", "accessToken");
    let refresh = either("refresh_token", "refreshToken");
    let id = either("id_token", "idToken");
    let expires_in = document.get("expires_in").and_then(number).filter(|seconds| *seconds >= 0.0);
    let expires_in = expires_in.unwrap_or(DEFAULT_LIFETIME);
    (access.is_some() || refresh.is_some()).then_some(Tokens { access, refresh, id, expires_in })
}

/// The same tokens in the usual form of a response.
pub fn to_json(tokens: &Tokens) -> Zeroizing<Vec<u8>> {
    let text = |secret: &Secret| Value::from(secret.expose());
    let mut object = serde_json::Map::new();
    let members =
        [("access_token", &tokens.access), ("refresh_token", &tokens.refresh), ("id_token", &tokens.id)];
    for (key, token) in members {
        object.extend(token.as_ref().map(|token| (key.to_owned(), text(token))));
    }
    object.insert("expires_in".to_owned(), tokens.expires_in.into());
    let mut document = Value::Object(object);
    let json = Zeroizing::new(document.to_string().into_bytes());
    wipe(&mut document);
    json
}

/// The refresh token in a response that broke off: it is enough for the login. The access token is left out, since the
/// refresh token gets another.
fn salvage(body: &[u8]) -> Option<Tokens> {
    let text =
        std::str::from_utf8(body).or_else(|error| std::str::from_utf8(&body[..error.valid_up_to()])).ok()?;
    let (_, rest) = text.split_once("\"refresh_token\"")?;
    let quoted = rest.trim_start().strip_prefix(':')?.trim_start();
    let end = quoted.strip_prefix('"')?.find('"')? + 2;
    let token: String = serde_json::from_str(&quoted[..end]).ok()?;
    let refresh = is_token(&token).then(|| Secret::new(token))?;
    Some(Tokens { access: None, refresh: Some(refresh), id: None, expires_in: 0.0 })
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.into())
    }

    #[test]
    fn tokens_are_read_from_complete_and_broken_off_responses() {
        let tokens = |access: Option<&str>, refresh: Option<&str>, expires_in| {
            Some(Tokens { access: access.map(secret), refresh: refresh.map(secret), id: None, expires_in })
        };
        for (body, expected) in [
            (
                r#"{"access_token":"a","refresh_token":"r","expires_in":60}"#,
                tokens(Some("a"), Some("r"), 60.0),
            ),
            (r#"{"access_token":"a"}"#, tokens(Some("a"), None, 3600.0)),
            (r#"{"access_token":"a","refresh_token":null,"expires_in":-1}"#, tokens(Some("a"), None, 3600.0)),
            (r#"{"access_token":"","refresh_token":"r"}"#, tokens(None, Some("r"), 3600.0)),
            (r#"{"refresh_token": "r", "access_token":"a"#, tokens(None, Some("r"), 0.0)),
            (r#"{"access_token":"a","refresh_token":"r"#, None),
            (r#"{"error":"x"}"#, None),
            ("<html>", None),
            ("", None),
            (r#"{"access_token":"a b\n"}"#, None),
        ] {
            assert_eq!(parse(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn wrapped_and_renamed_tokens_are_read() {
        let expected = Tokens {
            access: Some(secret("a")),
            refresh: Some(secret("r")),
            id: None,
            expires_in: DEFAULT_LIFETIME,
        };
        for body in [
            r#"{"data":{"access_token":"a","refresh_token":"r"}}"#,
            r#"{"ok":true,"tokens":{"accessToken":"a","refreshToken":"r"}}"#,
        ] {
            assert_eq!(parse(body.as_bytes()), Some(expected.clone()), "{body}");
        }
        assert_eq!(parse(&to_json(&expected)), Some(expected));
    }
}
