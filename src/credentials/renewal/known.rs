//! What the journals of other files know of a refresh token.
//!
//! "claude-a (copy).json", a hard link, a file that was renamed, one that a sync service has brought back, the same file
//! in two folders: each is a file of its own, with a journal of its own, and the same login. A token that was spent for
//! one is spent for all.

use crate::credentials::journal::{Header, Journal, RenewalPhase};
use crate::credentials::renewal::contents::refresh_token;
use crate::credentials::renewal::keeping::brings;
use crate::credentials::{file, spent};
use crate::platform::secret::Secret;
use crate::providers::token_response::{self, Tokens};
use chrono::{DateTime, Utc};
use std::path::Path;

/// What is known of a refresh token.
pub(crate) enum Known {
    /// No other file's journal speaks of it.
    Nothing,
    /// It was spent; these tokens are the login's newest, and came then.
    Tokens(Tokens, DateTime<Utc>),
    /// It was spent, and no journal or credential file holds the new tokens.
    Spent,
    /// It was sent for another file, and the outcome is not known, or was a refusal.
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

/// Looks a token up, given by its hash, for the file whose journal has the key `own`. To be called with the token's lock
/// held, so that nobody sends it meanwhile.
pub(crate) fn find(dir: &Path, own: &str, hash: &str) -> Known {
    let headers = headers(dir);
    let listed = spent::find(dir, hash);
    let mut known = match listed {
        Some(_) => Known::Spent,
        None => Known::Nothing,
    };
    for (key, header) in &headers {
        if header.has_spent(hash) || listed.as_ref() == Some(&header.succession) {
            // The file's own journal has been looked into already.
            let response = Some(key).filter(|key| *key != own).and_then(|_| response(dir, key, header));
            let newest =
                response.or_else(|| header.current().and_then(|current| login_with(&headers, current)));
            if let Some((tokens, came)) = newest {
                return Known::Tokens(tokens, came);
            }
            known = Known::Spent;
        }
    }
    for (key, header) in headers.iter().filter(|(key, header)| key != own && header.spent == hash) {
        if header.has_spent(hash) || header.phase == RenewalPhase::Done {
            continue;
        }
        if let Some((tokens, came)) = response(dir, key, header) {
            return Known::Tokens(tokens, came);
        }
        let later = |other: &Header| other.at < header.at;
        match &known {
            Known::Nothing => known = Known::Unfinished(Box::new(header.clone())),
            Known::Unfinished(other) if later(other) => known = Known::Unfinished(Box::new(header.clone())),
            _ => {}
        }
    }
    known
}

/// The newest tokens that a journal holds, and when they came. `None`: it is wiped, or has not got them yet.
fn response(dir: &Path, key: &str, header: &Header) -> Option<(Tokens, DateTime<Utc>)> {
    let [answer, before] = Journal::peek_answers(&dir.join(format!("{key}.journal")), header)?;
    let due = match header.phase {
        RenewalPhase::Sent | RenewalPhase::Answered => {
            let tokens = token_response::parse(&answer).filter(|tokens| brings(header, tokens));
            tokens.map(|tokens| (tokens, header.came))
        }
        _ => None,
    };
    let (tokens, came) = due.or_else(|| Some((token_response::parse(&before)?, header.kept)))?;
    // A server that keeps its refresh tokens has spent nothing.
    tokens.refresh.as_ref()?;
    Some((tokens, came.unwrap_or(header.at)))
}

/// The login in whichever credential file holds this refresh token.
fn login_with(headers: &[(String, Header)], refresh: &str) -> Option<(Tokens, DateTime<Utc>)> {
    let now = crate::platform::clock::now();
    headers.iter().find_map(|(_, header)| {
        let contents = file::read_once(&header.credential).ok()?;
        let held = refresh_token(&contents).filter(|held| held.hash() == refresh)?;
        let secret = |key: &str| Some(Secret::new(contents.document.text(key)?.to_owned()));
        let life = contents.document.expires_at().map_or(0.0, |at| (at - now).as_seconds_f64().max(0.0));
        let tokens = Tokens {
            access: secret("access_token"),
            refresh: Some(held),
            id: secret("id_token"),
            expires_in: life,
        };
        Some((tokens, now))
    })
}
