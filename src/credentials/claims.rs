//! What the ID token of a Codex file says of the account. It is a JWT that nobody verifies here: its claims
//! only choose what is asked for, with an access token that the server verifies.

use crate::credentials::file::Document;
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use zeroize::Zeroizing;

/// The object with OpenAI's own claims.
const OPENAI: &str = "https://api.openai.com/auth";

/// JWTs have no padding; some programs write it all the same.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The claims that a request depends on.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The ChatGPT workspace (CLIProxyAPI#2532, #3497). `None`: not told.
    pub workspace: Option<String>,
    /// Whether it is a FedRAMP account: Codex sends `X-OpenAI-Fedramp` for these.
    pub is_fedramp: bool,
}

impl Claims {
    /// The claims of an ID token; none where it is no JWT.
    pub fn of(id_token: &str) -> Claims {
        Claims::read(id_token).unwrap_or_default()
    }

    fn read(id_token: &str) -> Option<Claims> {
        let body = Zeroizing::new(BASE64.decode(id_token.split('.').nth(1)?).ok()?);
        let document = Document::parse(&body).ok()?;
        let claims = document.get(OPENAI)?;
        let workspace = claims.get("chatgpt_account_id").and_then(Value::as_str);
        // Anything else could not stand in a header.
        let is_fit = |id: &&str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic());
        Some(Claims {
            workspace: workspace.filter(is_fit).map(str::to_owned),
            is_fedramp: claims.get("chatgpt_account_is_fedramp").and_then(Value::as_bool) == Some(true),
        })
    }
}
