//! The content of a credential file: its login, its refresh token, and its text with new tokens.

use crate::credentials::file::{self, Contents};
use crate::credentials::renewal::refusal::Refusal;
use crate::credentials::rewrite::splice;
use crate::credentials::store::{self, Entry, Login};
use crate::platform::secret::Secret;
use crate::providers::REGISTRY;
use crate::providers::token_response::Tokens;
use chrono::{DateTime, Local, SecondsFormat, TimeDelta};
use std::path::Path;
use zeroize::Zeroizing;

/// Whether the file still has, byte for byte, the content that was read from it.
pub fn is_unchanged(target: &Path, contents: &Contents) -> bool {
    file::read_once(target).is_ok_and(|now| now.bytes == contents.bytes)
}

/// The login in a file. `None`: it is not a login that can be used.
pub fn read_login(login: &Login, contents: &Contents) -> Option<Login> {
    match store::read_login(&REGISTRY, &login.account.id, &login.path, &contents.document, None) {
        Some(Entry::Login(current)) => Some(current),
        _ => None,
    }
}

/// The refresh token in a file. `None`: it has none.
pub fn refresh_token(contents: &Contents) -> Option<Secret> {
    contents.document.text("refresh_token").map(|token| Secret::new(token.to_owned()))
}

/// The credential's text with new tokens, which were issued at a moment; everything else is unchanged.
///
/// # Errors
/// It is not a JSON object in UTF-8.
pub fn with_tokens(
    contents: &Contents,
    tokens: &Tokens,
    issued_at: DateTime<Local>,
) -> Result<Zeroizing<String>, Refusal> {
    let text = std::str::from_utf8(&contents.bytes)
        .map_err(|_| Refusal::because("the credential file is not UTF-8"))?;
    let rfc3339 = |at: DateTime<Local>| at.to_rfc3339_opts(SecondsFormat::Secs, false);
    // Clamped to 100 years: larger numbers would leave the calendar.
    let lifetime = TimeDelta::seconds(tokens.expires_in.min(3.2e9) as i64);
    let (expires_at, renewed_at) = (rfc3339(issued_at + lifetime), rfc3339(issued_at));
    let mut changes = Vec::new();
    if let Some(refresh) = &tokens.refresh {
        changes.push(("refresh_token", refresh.expose()));
    }
    if let Some(access) = &tokens.access {
        changes.push(("access_token", access.expose()));
        // Some programs read the expiry under another name; that one is updated where it is there.
        let key = Some(contents.document.key_of("expired"));
        let key = key.filter(|key| contents.document.text(key).is_some()).unwrap_or("expired");
        changes.push((key, expires_at.as_str()));
        changes.push(("last_refresh", renewed_at.as_str()));
    }
    let spec = contents.document.text("type").and_then(|key| REGISTRY.find(key));
    let has_id_token = spec.is_some_and(|spec| spec.credential.id_token.is_some());
    if let Some(id) = tokens.id.as_ref().filter(|_| has_id_token) {
        changes.push(("id_token", id.expose()));
    }
    Ok(splice(text, &changes)?)
}
