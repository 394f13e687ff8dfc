//! What the journals of other files contain about a refresh token.
//!
//! "claude-a (copy).json", a hard link, a renamed file, one that a sync service has restored, the same file in two folders:
//! each is a separate file with its own journal, and all have the same login. A token that was used for one is used
//! for all.

use crate::credentials::journal::{Header, Journal, RenewalPhase};
use crate::credentials::renewal::credential::refresh_token;
use crate::credentials::{file, used_tokens};
use crate::platform::clock;
use crate::platform::secret::Secret;
use crate::providers::token_response::{self, Tokens};
use chrono::{DateTime, Utc};
use std::path::Path;

/// What is known about a refresh token.
pub(crate) enum TokenHistory {
    /// It is in no other file's journal.
    Unknown,
    /// It was used.
    Replaced {
        /// The login's newest tokens.
        tokens: Tokens,
        /// When they were issued.
        received_at: DateTime<Utc>,
    },
    /// It was used, and no journal or credential file has the new tokens.
    Used,
    /// It was sent for another file, and the result is not known, or was an error.
    Unfinished(Box<Header>),
}

/// The headers of all journals in `dir`, with their keys.
pub(crate) fn headers(dir: &Path) -> Vec<(String, Header)> {
    let Ok(listing) = std::fs::read_dir(dir) else { return Vec::new() };
    let journals = listing
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "journal"));
    let with_header = |path: std::path::PathBuf| {
        let key = path.file_stem()?.to_str()?.to_owned();
        Some((key, Journal::peek(&path)?))
    };
    journals.filter_map(with_header).collect()
}

/// Looks up a token, given by its hash, for the file whose journal has the key `own`. The caller holds the token's lock, so
/// that no other process sends it meanwhile.
pub(crate) fn look_up(dir: &Path, own: &str, hash: &str) -> TokenHistory {
    let headers = headers(dir);
    let listed = used_tokens::find(dir, hash);
    let mut history = match listed {
        Some(_) => TokenHistory::Used,
        None => TokenHistory::Unknown,
    };
    for (key, header) in &headers {
        if header.has_used(hash) || listed.as_ref() == Some(&header.family) {
            // The file's own journal was checked before.
            let response = Some(key).filter(|key| *key != own).and_then(|_| response(dir, key, header));
            let newest =
                response.or_else(|| header.live_token().and_then(|token| login_with(&headers, token)));
            if let Some((tokens, received_at)) = newest {
                return TokenHistory::Replaced { tokens, received_at };
            }
            history = TokenHistory::Used;
        }
    }
    for (key, header) in headers.iter().filter(|(key, header)| key != own && header.token == hash) {
        if header.has_used(hash) || header.phase == RenewalPhase::Done {
            continue;
        }
        if let Some((tokens, received_at)) = response(dir, key, header) {
            return TokenHistory::Replaced { tokens, received_at };
        }
        let is_later = |other: &Header| other.phase_since < header.phase_since;
        match &history {
            TokenHistory::Unknown => history = TokenHistory::Unfinished(Box::new(header.clone())),
            TokenHistory::Unfinished(other) if is_later(other) => {
                history = TokenHistory::Unfinished(Box::new(header.clone()));
            }
            _ => {}
        }
    }
    history
}

/// The newest tokens in a journal, and when they were issued. `None`: it was wiped, or has none yet.
fn response(dir: &Path, key: &str, header: &Header) -> Option<(Tokens, DateTime<Utc>)> {
    let [current, previous] = Journal::peek_responses(&dir.join(format!("{key}.journal")), header)?;
    let newest = match header.phase {
        RenewalPhase::Sent | RenewalPhase::Received => {
            let tokens = token_response::parse(&current).filter(|tokens| header.matches(tokens));
            tokens.map(|tokens| (tokens, header.received_at))
        }
        _ => None,
    };
    let (tokens, received_at) =
        newest.or_else(|| Some((token_response::parse(&previous)?, header.previous_received_at)))?;
    // A server that issues no new refresh token leaves the old one valid.
    tokens.refresh.as_ref()?;
    Some((tokens, received_at.unwrap_or(header.phase_since)))
}

/// The login with this refresh token, from any of the journals' credential files. `None`: none has it.
fn login_with(headers: &[(String, Header)], refresh: &str) -> Option<(Tokens, DateTime<Utc>)> {
    let now = clock::now();
    headers.iter().find_map(|(_, header)| {
        let contents = file::read_once(&header.credential).ok()?;
        let token = refresh_token(&contents).filter(|token| token.hash() == refresh)?;
        let secret = |key: &str| Some(Secret::new(contents.document.text(key)?.to_owned()));
        let lifetime = contents.document.expires_at().map_or(0.0, |at| (at - now).as_seconds_f64().max(0.0));
        let tokens = Tokens {
            access: secret("access_token"),
            refresh: Some(token),
            id: secret("id_token"),
            expires_in: lifetime,
        };
        Some((tokens, now))
    })
}
