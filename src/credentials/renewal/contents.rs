//! What a credential file holds, as far as a renewal cares: which token, and the same text with others.

use crate::credentials::file::{self, Contents};
use crate::credentials::journal::Header;
use crate::credentials::renewal::Refusal;
use crate::credentials::rewrite::splice;
use crate::credentials::store::{self, Entry, Login};
use crate::platform::secret::Secret;
use crate::providers::REGISTRY;
use crate::providers::token_response::Tokens;
use crate::quota::Provider;
use chrono::{DateTime, Local, SecondsFormat, TimeDelta};
use std::path::Path;
use zeroize::Zeroizing;

/// Whether the file holds a token that was spent for the journal's answer, or before it.
pub fn holds_spent(header: &Header, held: Option<&str>) -> bool {
    held.is_some_and(|held| header.spent == held || header.earlier.iter().any(|earlier| earlier == held))
}

/// Whether the file still holds, byte for byte, what was read from it.
pub fn unchanged(target: &Path, contents: &Contents) -> bool {
    file::read_once(target).is_ok_and(|now| now.bytes == contents.bytes)
}

/// The login in a file.
pub fn read_login(login: &Login, contents: &Contents) -> Option<Login> {
    match store::read_login(&login.account.id, &login.path, &contents.document, None) {
        Some(Entry::Login(current)) => Some(current),
        _ => None,
    }
}

/// The refresh token in a file.
pub fn refresh_token(contents: &Contents) -> Option<Secret> {
    contents.document.text("refresh_token").map(|token| Secret::new(token.to_owned()))
}

/// The credential's text with new tokens in it, and all else as it was.
pub fn with_tokens(
    contents: &Contents,
    tokens: &Tokens,
    now: DateTime<Local>,
) -> Result<Zeroizing<String>, Refusal> {
    let text = std::str::from_utf8(&contents.bytes).map_err(|_| Refusal::because("its file is not UTF-8"))?;
    let stamp = |at: DateTime<Local>| at.to_rfc3339_opts(SecondsFormat::Secs, false);
    // A server's idea of for ever must not leave the calendar.
    let life = TimeDelta::seconds(tokens.expires_in.min(3.2e9) as i64);
    let (expired, renewed) = (stamp(now + life), stamp(now));
    let mut changes = Vec::new();
    if let Some(refresh) = &tokens.refresh {
        changes.push(("refresh_token", refresh.expose()));
    }
    if let Some(access) = &tokens.access {
        changes.push(("access_token", access.expose()));
        // A moment that other programs read under another name must not go stale.
        let key = Some(contents.document.key_of("expired"));
        let key = key.filter(|key| contents.document.text(key).is_some()).unwrap_or("expired");
        changes.push((key, expired.as_str()));
        changes.push(("last_refresh", renewed.as_str()));
    }
    let codex =
        contents.document.text("type").and_then(|key| REGISTRY.provider(key)) == Some(Provider::CODEX);
    if let Some(id) = tokens.id.as_ref().filter(|_| codex) {
        changes.push(("id_token", id.expose()));
    }
    Ok(splice(text, &changes)?)
}
