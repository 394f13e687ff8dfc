//! The next step of a renewal, as a pure function of what is known: the journal's header, the credential file, the time,
//! and the facts that decide whether its token may be sent.
//!
//! A fact that is not known yet is `None`, and the function returns the step that finds it out. So the order in which
//! files are read, locks taken and addresses probed is decided here, too. The callers ([`attempt`] for a renewal,
//! [`reconcile`] for the check of a renewed file) carry out the step, add what it found to the situation, and call again.
//!
//! `next_step/table.rs` shows the steps as tables. `next_step/invariants.rs` asserts over all combinations: a token that is known to be used is never sent,
//! and a response in the journal is neither overwritten nor wiped before its token is in the file.
//!
//! [`attempt`]: crate::credentials::renewal::attempt
//! [`reconcile`]: crate::credentials::renewal::reconcile

#[cfg(test)]
mod invariants;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod table;

use crate::config::TokenRenewal;
use crate::credentials::journal::{Header, RenewalPhase};
use crate::credentials::renewal::cli_proxy_api::Detection;
use crate::credentials::renewal::refusal::Reason;
use crate::credentials::renewal::send_rules::reason_not_to_send;
use crate::credentials::renewal::token_history::TokenHistory;
use crate::platform::secret::Secret;
use crate::providers::token_response::Tokens;
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// A file that another program wrote within this time is left alone: the program may not be done.
const UNCHANGED_FOR: Duration = Duration::from_secs(60);

/// A renewed file counts as stable after this: CLIProxyAPI has not written its own copy of the login back.
const STABLE_AFTER: TimeDelta = TimeDelta::seconds(59);

/// A file that is gone may come back with the used token in it, from a backup for example. The login that is kept for it
/// is wiped after this.
const KEPT_FOR_MISSING_FILE: TimeDelta = TimeDelta::days(1);

/// What the steps lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// A login with a valid access token.
    Renew,
    /// A file that has the token of the journal's response, and a journal without tokens.
    Reconcile,
}

/// All that decides the next step.
#[derive(Clone)]
pub(crate) struct Situation<'a> {
    pub goal: Goal,
    pub now: DateTime<Utc>,
    /// `None`: not read yet.
    pub file: Option<FileState>,
    /// `None`: not opened yet.
    pub journal: Option<JournalState<'a>>,
    /// What the journals of other files contain about the file's token. `None`: not looked up yet.
    pub history: Option<&'a TokenHistory>,
    /// Whether the tokens of the login's provider can be renewed at all.
    pub is_renewable: bool,
    /// Who renews, by the settings.
    pub mode: TokenRenewal,
    /// `None`: not looked for yet.
    pub cli_proxy_api: Option<&'a Detection>,
    /// `None`: not looked at yet.
    pub attributes: Option<FileAttributes>,
}

/// The credential file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileState {
    Gone,
    /// With the error.
    Unreadable(String),
    /// It is no login of this account's provider any more.
    OtherContent,
    /// It has another access token than the renewal was started for, which has not expired.
    Renewed,
    /// It is a login.
    Login {
        /// The hash of its refresh token. `None`: it has none.
        token: Option<String>,
    },
}

/// The owner and the age of the credential file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileAttributes {
    /// Whether it belongs to this user.
    pub is_own: bool,
    /// How long ago it was changed. `None`: not known, or in the future, as after a clock was set back.
    pub unchanged_for: Option<Duration>,
}

/// The journal of the credential.
#[derive(Clone, Copy)]
pub(crate) enum JournalState<'a> {
    Missing,
    Open {
        header: &'a Header,
        /// When its phase had begun as it was opened: the header changes when a response is confirmed.
        opened_phase_since: DateTime<Utc>,
        response: &'a StoredResponse,
        previous_response: &'a StoredResponse,
    },
}

/// A response in the journal.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum StoredResponse {
    #[default]
    NotRead,
    /// There is none, or no token can be found in it.
    NoTokens,
    Tokens(Tokens),
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// Lock the credential file and read it.
    ReadFile,
    OpenJournal,
    ReadResponse,
    ReadPreviousResponse,
    /// Lock the file's refresh token and look it up in the journals of other files.
    LookUpToken,
    DetectCliProxyApi,
    InspectFile,
    /// The file has, or has again, a token that the journal's response replaces: write the response into the file, and
    /// start again.
    WriteResponse,
    /// The same with the previous response.
    WritePreviousResponse,
    /// The file has moved on already: note in the journal which token was issued.
    ConfirmResponse,
    /// Write the tokens that were issued for a copy of the login into the file, and start again.
    AdoptTokens,
    /// Send the file's refresh token to the token server.
    SendToken,
    /// The file's login is valid: return it.
    UseFile,
    /// End the renewal.
    Refuse(Reason),
    WipePreviousResponse,
    /// Wipe the journal's responses: the file is stable.
    FinishJournal,
    /// Check the file again later.
    CheckLater,
    /// There is nothing to do for this journal.
    Nothing,
}

/// The next step.
pub(crate) fn next_step(situation: &Situation) -> NextStep {
    match situation.goal {
        Goal::Renew => renew(situation),
        Goal::Reconcile => reconcile(situation),
    }
}

fn renew(situation: &Situation) -> NextStep {
    let Situation { now, .. } = *situation;
    let token = match &situation.file {
        None => return NextStep::ReadFile,
        Some(FileState::Gone) => return NextStep::Refuse(Reason::FileGone),
        Some(FileState::Unreadable(error)) => return NextStep::Refuse(Reason::FileUnreadable(error.clone())),
        Some(FileState::OtherContent) => return NextStep::Refuse(Reason::FileChanged),
        Some(FileState::Renewed) => return NextStep::UseFile,
        Some(FileState::Login { token }) => token.as_deref(),
    };
    let own = match &situation.journal {
        None => return NextStep::OpenJournal,
        Some(JournalState::Missing) => None,
        Some(JournalState::Open { header, response, previous_response, .. }) => {
            if let Some(step) = write_back(header, response, previous_response, token) {
                return step;
            }
            Some(*header)
        }
    };
    if !situation.is_renewable {
        return NextStep::Refuse(Reason::NotRenewable);
    }
    let Some(token) = token else { return NextStep::Refuse(Reason::NoRefreshToken) };
    let other = match situation.history {
        None => return NextStep::LookUpToken,
        Some(TokenHistory::Replaced { .. }) => return NextStep::AdoptTokens,
        Some(TokenHistory::Used) => return NextStep::Refuse(Reason::TokenUsed),
        Some(TokenHistory::Unfinished(header)) => Some(&**header),
        Some(TokenHistory::Unknown) => None,
    };
    let reason = own.into_iter().chain(other).find_map(|header| reason_not_to_send(header, token, now));
    if let Some(reason) = reason {
        return NextStep::Refuse(reason);
    }
    match (situation.mode, situation.cli_proxy_api) {
        (TokenRenewal::Never, _) => return NextStep::Refuse(Reason::RenewalDisabled),
        (TokenRenewal::Auto, None) => return NextStep::DetectCliProxyApi,
        (TokenRenewal::Auto, Some(Detection::Running(_))) => {
            return NextStep::Refuse(Reason::CliProxyApiRunning);
        }
        (TokenRenewal::Auto, Some(Detection::Unresponsive(address))) => {
            return NextStep::Refuse(Reason::CliProxyApiUnresponsive(address.clone()));
        }
        (TokenRenewal::Auto, Some(Detection::NotFound)) | (TokenRenewal::Always, _) => {}
    }
    let Some(attributes) = situation.attributes else { return NextStep::InspectFile };
    if !attributes.is_own {
        return NextStep::Refuse(Reason::OtherOwner);
    }
    let has_written = own.is_some_and(|header| header.has_written(token));
    match attributes.unchanged_for.and_then(|age| UNCHANGED_FOR.checked_sub(age)) {
        Some(left) if !has_written && !left.is_zero() => {
            NextStep::Refuse(Reason::ChangedRecently { retry_at: now + left })
        }
        _ => NextStep::SendToken,
    }
}

fn reconcile(situation: &Situation) -> NextStep {
    let Situation { now, .. } = *situation;
    let (header, opened_phase_since, response, previous_response) = match situation.journal {
        None => return NextStep::OpenJournal,
        Some(JournalState::Missing) => return NextStep::Nothing,
        Some(JournalState::Open { header, .. }) if !header.may_hold_login() => return NextStep::Nothing,
        Some(JournalState::Open { header, opened_phase_since, response, previous_response }) => {
            (header, opened_phase_since, response, previous_response)
        }
    };
    let age = now - opened_phase_since;
    let token = match &situation.file {
        None => return NextStep::ReadFile,
        Some(FileState::Gone) if age >= KEPT_FOR_MISSING_FILE => return NextStep::FinishJournal,
        Some(FileState::Login { token }) => token.as_deref(),
        Some(_) => return NextStep::CheckLater,
    };
    if let Some(step) = write_back(header, response, previous_response, token) {
        return step;
    }
    if header.phase == RenewalPhase::Received {
        let is_stable = header.new_token.is_some() && age >= STABLE_AFTER;
        return if is_stable { NextStep::FinishJournal } else { NextStep::CheckLater };
    }
    // The attempt after the previous response has no result: that response is kept until its login is stable.
    match header.previous_received_at {
        Some(received_at) if now - received_at >= STABLE_AFTER => NextStep::WipePreviousResponse,
        _ => NextStep::CheckLater,
    }
}

/// What of the journal is missing in the file, which has this token. `None`: nothing.
fn write_back(
    header: &Header,
    response: &StoredResponse,
    previous_response: &StoredResponse,
    token: Option<&str>,
) -> Option<NextStep> {
    let is_replaced = token.is_some_and(|token| header.is_replaced(token));
    if header.keeps_token() || (header.new_token.is_some() && !is_replaced) {
        return None;
    }
    if matches!(header.phase, RenewalPhase::Sent | RenewalPhase::Received) {
        match response {
            StoredResponse::NotRead => return Some(NextStep::ReadResponse),
            // Otherwise the process was killed between the change of the file and its note in the journal, or the user has
            // signed in again.
            StoredResponse::Tokens(tokens) if header.matches(tokens) => {
                let step = if is_replaced { NextStep::WriteResponse } else { NextStep::ConfirmResponse };
                return Some(step);
            }
            _ => {}
        }
    }
    // An attempt has no result, or none yet, and meanwhile the file has got a token that was used before.
    let has_previous = header.previous_received_at.is_some() && header.phase != RenewalPhase::Rejected;
    if !has_previous || !token.is_some_and(|token| is_replaced_by_previous(header, token)) {
        return None;
    }
    match previous_response {
        StoredResponse::NotRead => Some(NextStep::ReadPreviousResponse),
        StoredResponse::Tokens(tokens) if has_refresh_token(tokens, &header.token) => {
            Some(NextStep::WritePreviousResponse)
        }
        _ => None,
    }
}

/// Whether the previous response in the journal replaces this token.
pub(crate) fn is_replaced_by_previous(header: &Header, token: &str) -> bool {
    header.earlier.iter().any(|earlier| earlier == token)
}

/// Whether a copy with this token is what the last renewal was writing into the file: a file that was half written when
/// the process was killed is completed from it.
pub(crate) fn is_expected_copy(header: &Header, responses: &[Option<Tokens>], token: &str) -> bool {
    responses.iter().flatten().any(|tokens| has_refresh_token(tokens, token)) || header.has_written(token)
}

fn has_refresh_token(tokens: &Tokens, hash: &str) -> bool {
    tokens.refresh.as_ref().is_some_and(|refresh| Secret::hash(refresh) == hash)
}
