//! The claims in the ID token of a credential file. The JWT is not verified here: the claims only select what is
//! requested, with an access token that the server verifies.

use crate::credentials::file::Document;
use crate::providers::spec::IdTokenClaims;
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use zeroize::Zeroizing;

/// JWTs have no padding; some programs write it nevertheless.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The claims that a request depends on.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The workspace. `None`: the token does not say.
    pub workspace: Option<String>,
    /// Whether it is a FedRAMP account.
    pub is_fedramp: bool,
}

impl Claims {
    /// The claims of an ID token, by their `names`; the defaults if it is not a JWT.
    pub fn of(id_token: &str, names: &IdTokenClaims) -> Claims {
        Claims::read(id_token, names).unwrap_or_default()
    }

    fn read(id_token: &str, names: &IdTokenClaims) -> Option<Claims> {
        let body = Zeroizing::new(BASE64.decode(id_token.split('.').nth(1)?).ok()?);
        let document = Document::parse(&body).ok()?;
        let claims = document.get(names.object)?;
        let workspace = claims.get(names.workspace).and_then(Value::as_str);
        // Other characters can't be sent in a header.
        let is_valid = |id: &&str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic());
        Some(Claims {
            workspace: workspace.filter(is_valid).map(str::to_owned),
            is_fedramp: claims.get(names.is_fedramp).and_then(Value::as_bool) == Some(true),
        })
    }
}
