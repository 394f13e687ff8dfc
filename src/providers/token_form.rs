//! The body of a token request (RFC 6749, section 6).

use crate::platform::secret::Secret;
use crate::providers::spec::{RenewalApi, TokenRequestEncoding};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// Escaped in a form: everything but letters, digits and `-._~`.
const FORM_ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A body and its type. It holds a refresh token, so it can't be printed, and is wiped when dropped.
pub struct TokenForm {
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Zeroizing<Vec<u8>>,
}

impl RenewalApi {
    /// The body that requests new tokens for `refresh_token`.
    pub fn form(&self, refresh_token: &Secret) -> TokenForm {
        let fields = [
            ("client_id", Some(self.client_id)),
            ("grant_type", Some("refresh_token")),
            ("refresh_token", Some(refresh_token.expose())),
            ("scope", self.scope),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
        // Large enough from the start: growing would leave copies of the token in freed memory. Each byte takes up to
        // six, as \u00XX in JSON.
        let mut body = Zeroizing::new(Vec::with_capacity(512 + 6 * refresh_token.expose().len()));
        let content_type = match self.encoding {
            TokenRequestEncoding::Form => {
                for (name, value) in fields {
                    let separator = if body.is_empty() { "" } else { "&" };
                    body.extend_from_slice(format!("{separator}{name}=").as_bytes());
                    utf8_percent_encode(value, FORM_ESCAPED)
                        .for_each(|piece| body.extend_from_slice(piece.as_bytes()));
                }
                "application/x-www-form-urlencoded"
            }
            TokenRequestEncoding::Json => {
                for (name, value) in fields {
                    let separator = if body.is_empty() { '{' } else { ',' };
                    body.extend_from_slice(format!("{separator}\"{name}\":").as_bytes());
                    // Writing a string to memory can't fail.
                    let _ = serde_json::to_writer(&mut *body, value);
                }
                body.push(b'}');
                "application/json"
            }
        };
        TokenForm { content_type, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::{claude, codex};

    const TOKEN: &str = "a-b._~c+d/e=f &g\"";

    fn text(renewal: &RenewalApi) -> String {
        let form = renewal.form(&Secret::new(TOKEN.into()));
        String::from_utf8(form.body.to_vec()).expect("UTF-8")
    }

    #[test]
    fn form_is_escaped_as_the_servers_expect() {
        assert_eq!(
            text(claude::SPEC.renewal.as_ref().expect("renewed")),
            "client_id=9d1c250a-e61b-44d9-88ed-5944d1962f5e&grant_type=refresh_token\
             &refresh_token=a-b._~c%2Bd%2Fe%3Df%20%26g%22"
        );
        assert_eq!(
            text(codex::SPEC.renewal.as_ref().expect("renewed")),
            "client_id=app_EMoamEEZ73f0CkXaXp7hrann&grant_type=refresh_token\
             &refresh_token=a-b._~c%2Bd%2Fe%3Df%20%26g%22&scope=openid%20profile%20email"
        );
    }

    #[test]
    fn json_body_has_the_same_fields() {
        let renewal = RenewalApi {
            url: "https://example.com/token",
            client_id: "id",
            scope: None,
            encoding: TokenRequestEncoding::Json,
        };
        let document: serde_json::Value = serde_json::from_str(&text(&renewal)).expect("JSON");
        let expected =
            serde_json::json!({"client_id": "id", "grant_type": "refresh_token", "refresh_token": TOKEN});
        assert_eq!(document, expected);
        assert_eq!(renewal.form(&Secret::new("x".into())).content_type, "application/json");
    }
}
