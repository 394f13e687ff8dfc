//! Situations that the tests put together: tokens, journals, files, histories, settings.

use crate::config::TokenRenewal;
use crate::credentials::journal::{Header, RenewalPhase};
use crate::credentials::renewal::cli_proxy_api::Detection;
use crate::credentials::renewal::next_step::{
    FileAttributes, FileState, Goal, JournalState, Situation, StoredResponse,
};
use crate::credentials::renewal::token_history::TokenHistory;
use crate::platform::secret::Secret;
use crate::providers::token_response::Tokens;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

/// Ages of things, in seconds.
pub(super) const SECONDS: i64 = 10;
pub(super) const HOURS: i64 = 2 * 3600;
pub(super) const DAYS: i64 = 2 * 24 * 3600;

/// "token" is the one that the journal's renewal sends, "new" the one that is issued for it, "earlier" one that was used
/// before, "other" one that the journal does not list.
static HASHES: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
    let names = ["token", "new", "earlier", "other", "damaged"];
    names.into_iter().map(|name| (name, Secret::new(name.to_owned()).hash())).collect()
});

pub(super) fn hash(name: &str) -> String {
    HASHES[name].clone()
}

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a moment")
}

/// A moment so many seconds ago.
pub(super) fn ago(seconds: i64) -> DateTime<Utc> {
    now() - TimeDelta::seconds(seconds)
}

pub(super) fn response(refresh: Option<&str>) -> StoredResponse {
    let refresh = refresh.map(|token| Secret::new(token.to_owned()));
    let access = Some(Secret::new("access".to_owned()));
    StoredResponse::Tokens(Tokens { access, refresh, id: None, expires_in: 3600.0 })
}

pub(super) fn login(token: &str) -> FileState {
    FileState::Login { token: Some(hash(token)) }
}

/// A journal and what is in it.
#[derive(Clone)]
pub(super) struct JournalSample {
    pub header: Header,
    pub response: StoredResponse,
    pub previous_response: StoredResponse,
}

impl JournalSample {
    /// A journal in this phase since so many seconds.
    pub fn new(phase: RenewalPhase, seconds: i64) -> JournalSample {
        let mut header = Header::prepared(Path::new("/claude-a.json"), hash("token"), None, ago(seconds));
        header.phase = phase;
        header.earlier = vec![hash("earlier")];
        header.attempts = 1;
        JournalSample {
            header,
            response: StoredResponse::NoTokens,
            previous_response: StoredResponse::NoTokens,
        }
    }

    pub fn with_response(self, refresh: Option<&str>) -> JournalSample {
        JournalSample { response: response(refresh), ..self }
    }

    pub fn confirmed(mut self, new_token: &str) -> JournalSample {
        self.header.new_token = Some(hash(new_token));
        self
    }

    /// With the previous response, which came so many seconds ago and has "token" in it.
    pub fn with_previous(mut self, seconds: i64) -> JournalSample {
        self.header.previous_received_at = Some(ago(seconds));
        JournalSample { previous_response: response(Some("token")), ..self }
    }

    pub fn rate_limited(mut self) -> JournalSample {
        (self.header.declined_status, self.header.not_before) = (Some(429), Some(ago(-600)));
        self
    }

    pub fn state(&self) -> JournalState<'_> {
        JournalState::Open {
            header: &self.header,
            opened_phase_since: self.header.phase_since,
            response: &self.response,
            previous_response: &self.previous_response,
        }
    }
}

/// A situation in which the token may be sent.
pub(super) fn situation<'a>(
    goal: Goal,
    journal: Option<&'a JournalSample>,
    file: FileState,
) -> Situation<'a> {
    Situation {
        goal,
        now: now(),
        file: Some(file),
        journal: Some(journal.map_or(JournalState::Missing, JournalSample::state)),
        history: Some(&TokenHistory::Unknown),
        is_renewable: true,
        mode: TokenRenewal::Always,
        cli_proxy_api: Some(&Detection::NotFound),
        attributes: Some(FileAttributes { is_own: true, unchanged_for: Some(Duration::from_secs(3600)) }),
    }
}

pub(super) fn files() -> [(&'static str, FileState); 8] {
    [
        ("token", login("token")),
        ("earlier", login("earlier")),
        ("new", login("new")),
        ("other", login("other")),
        ("no token", FileState::Login { token: None }),
        ("gone", FileState::Gone),
        ("unreadable", FileState::Unreadable("no permission".to_owned())),
        ("other content", FileState::OtherContent),
    ]
}

pub(super) fn histories() -> Vec<(&'static str, TokenHistory)> {
    let StoredResponse::Tokens(tokens) = response(Some("new")) else { unreachable!("it has tokens") };
    let unfinished = |journal: JournalSample| TokenHistory::Unfinished(Box::new(journal.header));
    vec![
        ("unknown", TokenHistory::Unknown),
        ("replaced", TokenHistory::Replaced { tokens, received_at: ago(SECONDS) }),
        ("used", TokenHistory::Used),
        ("prepared for a copy", unfinished(JournalSample::new(RenewalPhase::Prepared, SECONDS))),
        (
            "prepared for a copy, rate limited",
            unfinished(JournalSample::new(RenewalPhase::Prepared, 0).rate_limited()),
        ),
        ("sent for a copy 10 s ago", unfinished(JournalSample::new(RenewalPhase::Sent, SECONDS))),
        ("sent for a copy 2 h ago", unfinished(JournalSample::new(RenewalPhase::Sent, HOURS))),
        (
            "received for a copy, no tokens found",
            unfinished(JournalSample::new(RenewalPhase::Received, HOURS)),
        ),
        ("rejected for a copy 10 s ago", unfinished(JournalSample::new(RenewalPhase::Rejected, SECONDS))),
        ("rejected for a copy 2 h ago", unfinished(JournalSample::new(RenewalPhase::Rejected, HOURS))),
    ]
}

/// Whose turn it is to renew: the setting, and what was found at the addresses of CLIProxyAPI.
pub(super) fn owners() -> Vec<(&'static str, TokenRenewal, Option<Detection>)> {
    let address = "127.0.0.1:8317".to_owned();
    vec![
        ("never", TokenRenewal::Never, None),
        ("always", TokenRenewal::Always, None),
        ("auto", TokenRenewal::Auto, None),
        ("auto, not found", TokenRenewal::Auto, Some(Detection::NotFound)),
        ("auto, running", TokenRenewal::Auto, Some(Detection::Running(address.clone()))),
        ("auto, unresponsive", TokenRenewal::Auto, Some(Detection::Unresponsive(address))),
    ]
}

pub(super) fn all_attributes() -> [(&'static str, Option<FileAttributes>); 6] {
    let file = |is_own, seconds: Option<u64>| {
        Some(FileAttributes { is_own, unchanged_for: seconds.map(Duration::from_secs) })
    };
    [
        ("not looked at", None),
        ("unchanged for 1 h", file(true, Some(3600))),
        ("unchanged for 1 min", file(true, Some(60))),
        ("changed 59 s ago", file(true, Some(59))),
        ("changed in the future", file(true, None)),
        ("of another user", file(false, Some(3600))),
    ]
}
