//! The token endpoints: a refresh token in, new tokens out.

use crate::config::{Endpoint, Endpoints};
use crate::platform::secret::Secret;
use crate::providers::json::{number, wipe};
use crate::quota::Provider;
use serde_json::Value;
use std::io::Read;
use zeroize::Zeroizing;

const CLAUDE_CLIENT: &str = "9d1c250a-e61b-44d9-88ed-5944d1962f5e";
const CODEX_CLIENT: &str = "app_EMoamEEZ73f0CkXaXp7hrann";

/// Seconds that an access token is good for where the answer does not say.
const DEFAULT_LIFE: f64 = 3600.0;

/// No response of a token server is longer, in bytes.
const MAX_DECOMPRESSED: usize = 1024 * 1024;

/// Errors that mean a refresh token is dead, and nothing but that.
const DEAD: [&str; 5] = [
    "invalid_grant",
    "refresh_token_reused",
    "refresh_token_expired",
    "refresh_token_revoked",
    "refresh_token_invalidated",
];

/// What came for a refresh token.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    /// The new access token. `None`: the answer broke off behind the refresh token, or had none.
    pub access: Option<Secret>,
    /// The new refresh token. `None`: the old one stays good.
    pub refresh: Option<Secret>,
    /// A new identity token.
    pub id: Option<Secret>,
    /// Seconds that the access token is good for.
    pub expires_in: f64,
}

/// Where a provider's tokens are renewed.
pub fn endpoint(provider: Provider, endpoints: &Endpoints) -> &Endpoint {
    match provider {
        Provider::Claude => &endpoints.claude_token,
        Provider::Codex => &endpoints.codex_token,
    }
}

/// The form that asks for new tokens. Wiped when dropped.
pub fn form(provider: Provider, refresh_token: &Secret) -> Zeroizing<Vec<u8>> {
    // Everything but letters, digits and -._~ is escaped.
    const ESCAPED: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let (client, scope) = match provider {
        Provider::Claude => (CLAUDE_CLIENT, ""),
        Provider::Codex => (CODEX_CLIENT, "&scope=openid%20profile%20email"),
    };
    let token = refresh_token.expose();
    // Room for the whole form at once: growing would leave copies of the token behind.
    let mut form = Zeroizing::new(Vec::with_capacity(256 + 3 * token.len()));
    form.extend_from_slice(b"client_id=");
    form.extend_from_slice(client.as_bytes());
    form.extend_from_slice(b"&grant_type=refresh_token&refresh_token=");
    for piece in percent_encoding::utf8_percent_encode(token, ESCAPED) {
        form.extend_from_slice(piece.as_bytes());
    }
    form.extend_from_slice(scope.as_bytes());
    form
}

/// What a whole response of a token endpoint means.
#[derive(Debug, PartialEq)]
pub enum Meaning {
    /// New tokens.
    Tokens(Tokens),
    /// The refresh token is dead.
    Dead,
    /// A success that this program does not know how to read. The new login may be in it, so it must be kept, and the
    /// token must not be sent again.
    Unknown,
    /// Nothing came that could be a response to the request: an empty body, a web page, half a document.
    Nothing,
    /// The server has not accepted the request; the token is as good as before.
    NotAccepted,
}

/// What a response means. 429, 403 and server errors never mean a dead token.
pub fn meaning(status: u16, body: &[u8]) -> Meaning {
    if !(200..300).contains(&status) {
        return if is_dead(status, body) { Meaning::Dead } else { Meaning::NotAccepted };
    }
    if let Some(tokens) = parse(body) {
        return Meaning::Tokens(tokens);
    }
    let text = body.trim_ascii_start();
    match serde_json::from_slice::<Value>(body) {
        _ if status == 204 => Meaning::NotAccepted,
        // An error in a success: the server has handed out nothing.
        Ok(document) if document.get("error").is_some_and(|error| !error.is_null()) => Meaning::NotAccepted,
        Err(error) if text.is_empty() || text.starts_with(b"<") || error.is_eof() => Meaning::Nothing,
        _ => Meaning::Unknown,
    }
}

/// Reads a good response, or as much of it as came. `None`: no token is in it. One that is compressed (gzip) is read
/// whether or not its headers say so: they are not trusted to name the encoding right.
pub fn parse(body: &[u8]) -> Option<Tokens> {
    if body.starts_with(&[0x1f, 0x8b]) {
        return parse_plain(&decompress(body));
    }
    parse_plain(body)
}

/// As much as can be decompressed, at most 1 MiB.
fn decompress(body: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(MAX_DECOMPRESSED));
    let decoder = flate2::read::GzDecoder::new(body);
    // What was decompressed before an error is kept.
    let _ = decoder.take(MAX_DECOMPRESSED as u64).read_to_end(&mut plain);
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
    let expires_in = expires_in.unwrap_or(DEFAULT_LIFE);
    (access.is_some() || refresh.is_some()).then_some(Tokens { access, refresh, id, expires_in })
}

/// The same tokens as a response of the usual shape.
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

/// An answer that broke off can hold a whole refresh token all the same, and that is a login. The
/// access token is left out: with the refresh token there will be another.
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

fn is_dead(status: u16, body: &[u8]) -> bool {
    if !matches!(status, 400 | 401) {
        return false;
    }
    let Ok(document) = serde_json::from_slice::<Value>(body) else { return false };
    let names_death = |value: &Value| value.as_str().is_some_and(|code| DEAD.contains(&code));
    let error = document.get("error");
    let places =
        [error, document.get("code"), error.and_then(|e| e.get("code")), error.and_then(|e| e.get("type"))];
    places.into_iter().flatten().any(names_death)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.into())
    }

    #[test]
    fn the_form_is_escaped_as_the_server_expects() {
        let form = |provider| {
            String::from_utf8(form(provider, &secret("a-b._~c+d/e=f &g")).to_vec()).expect("ascii")
        };
        assert_eq!(
            form(Provider::Claude),
            "client_id=9d1c250a-e61b-44d9-88ed-5944d1962f5e&grant_type=refresh_token\
             &refresh_token=a-b._~c%2Bd%2Fe%3Df%20%26g"
        );
        assert_eq!(
            form(Provider::Codex),
            "client_id=app_EMoamEEZ73f0CkXaXp7hrann&grant_type=refresh_token\
             &refresh_token=a-b._~c%2Bd%2Fe%3Df%20%26g&scope=openid%20profile%20email"
        );
    }

    #[test]
    fn an_answer_is_read_as_far_as_it_goes() {
        let tokens = |access: Option<&str>, refresh: Option<&str>, expires_in| {
            Some(Tokens { access: access.map(secret), refresh: refresh.map(secret), id: None, expires_in })
        };
        for (body, read) in [
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
            assert_eq!(parse(body.as_bytes()), read, "{body}");
        }
    }

    #[test]
    fn wrapped_and_renamed_tokens_are_read() {
        let expected = Tokens {
            access: Some(secret("a")),
            refresh: Some(secret("r")),
            id: None,
            expires_in: DEFAULT_LIFE,
        };
        for body in [
            r#"{"data":{"access_token":"a","refresh_token":"r"}}"#,
            r#"{"ok":true,"tokens":{"accessToken":"a","refreshToken":"r"}}"#,
        ] {
            assert_eq!(parse(body.as_bytes()), Some(expected.clone()), "{body}");
        }
        assert_eq!(parse(&to_json(&expected)), Some(expected));
    }

    #[test]
    fn success_without_known_tokens_is_kept_unless_it_can_hold_none() {
        for (status, body, expected) in [
            (200, "", Meaning::Nothing),
            (200, " <html>sign in</html>", Meaning::Nothing),
            (200, r#"{"access_token":"a"#, Meaning::Nothing),
            (200, "{}", Meaning::Unknown),
            (200, "null", Meaning::Unknown),
            (200, r#"{"grant":{"session":{"secret":"x"}}}"#, Meaning::Unknown),
            (200, "refresh=abc&access=def", Meaning::Unknown),
            (201, r#"{"refresh_token":7}"#, Meaning::Unknown),
            (200, r#"{"error":"server_error"}"#, Meaning::NotAccepted),
            (204, "{}", Meaning::NotAccepted),
            (302, "", Meaning::NotAccepted),
            (503, r#"{"access_token":"a"}"#, Meaning::NotAccepted),
        ] {
            assert_eq!(meaning(status, body.as_bytes()), expected, "{status} {body}");
        }
        for status in [200, 201, 202, 203] {
            let tokens = meaning(status, br#"{"access_token":"a","refresh_token":"r"}"#);
            assert!(matches!(tokens, Meaning::Tokens(_)), "{status}");
        }
    }

    #[test]
    fn a_login_is_dead_only_when_the_server_says_just_that() {
        for (status, body, dead) in [
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
            assert_eq!(is_dead(status, body.as_bytes()), dead, "{status} {body}");
        }
    }
}
