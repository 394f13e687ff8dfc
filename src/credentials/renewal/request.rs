//! Sending the refresh token, once, and what the response means for the journal.

use crate::credentials::journal::{Journal, MAX_RESPONSE_BYTES, RenewalPhase};
use crate::credentials::renewal::checkpoint::Checkpoint;
use crate::credentials::renewal::credential_files::CredentialFiles;
use crate::credentials::renewal::refusal::{Reason, Refusal};
use crate::credentials::renewal::renewer::{Policy, Renewer};
use crate::credentials::renewal::send_rules::{response_lost, token_rejected};
use crate::credentials::renewal::write_back::enter_phase;
use crate::credentials::store::Login;
use crate::platform::clock;
use crate::platform::secret::Secret;
use crate::providers::REGISTRY;
use crate::providers::retry_after::retry_at;
use crate::providers::token_request::{TokenRequestError, TokenResponse};
use crate::providers::token_response::{self, TokenOutcome, Tokens};
use chrono::{DateTime, TimeDelta, Utc};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The pause after a token server has not accepted a request. It doubles each time, ...
const FIRST_BACKOFF: TimeDelta = TimeDelta::minutes(1);
/// ... up to this.
const MAX_BACKOFF: TimeDelta = TimeDelta::minutes(30);

/// New tokens.
pub(crate) struct ReceivedTokens {
    pub tokens: Tokens,
    /// Whether the journal has them, too.
    pub is_in_journal: bool,
}

impl Renewer {
    /// Sends the refresh token, once. The response is written to the journal as it comes.
    ///
    /// # Errors
    /// Why there are no new tokens.
    pub(crate) async fn request(
        &self,
        policy: &Policy,
        login: &Login,
        token: &Secret,
        files: &CredentialFiles,
        journal: &mut Journal,
    ) -> Result<ReceivedTokens, Refusal> {
        let spec = REGISTRY.spec(login.account.provider).ok();
        let renewal =
            spec.and_then(|spec| Some((spec.token_endpoint(&policy.endpoints)?, spec.renewal.as_ref()?)));
        let Some((endpoint, renewal)) = renewal else {
            // `next_step` has refused it.
            return Err(Refusal::internal());
        };
        let form = renewal.form(token);
        let disk = |error: io::Error| Refusal::disk(&error, &self.dir);
        let mut writer = journal.response_writer().map_err(disk)?;
        journal.header.attempts += 1;
        journal.enter(RenewalPhase::Sent, clock::now()).map_err(disk)?;
        self.reach(Checkpoint::Sending);
        let observer = self.observer();
        let has_failed = Arc::new(AtomicBool::new(false));
        let store = {
            let has_failed = has_failed.clone();
            move |piece: &[u8]| {
                // The response is read to its end nevertheless: it exists in memory only then.
                if let Err(error) = writer.write_all(piece) {
                    log::warn!("could not write the renewal journal: {error}");
                    has_failed.store(true, Ordering::Relaxed);
                }
                observer(Checkpoint::PieceStored);
            }
        };
        let response = self.http.post_form(&endpoint, &login.proxy, form, store).await;
        let now = clock::now();
        let has_failed = has_failed.load(Ordering::Relaxed);
        match response {
            Ok(TokenResponse { status, retry_after, body }) => {
                match token_response::classify(status, &body) {
                    TokenOutcome::Tokens(tokens) => {
                        let header = &mut journal.header;
                        (header.received_at, header.declined_requests, header.declined_status) =
                            (Some(now), 0, None);
                        // Of a response that does not fit into its slot, the tokens alone are stored.
                        let is_stored = if has_failed || body.len() > MAX_RESPONSE_BYTES {
                            journal.store_response(&token_response::to_json(&tokens)).is_ok()
                        } else {
                            true
                        };
                        let is_in_journal = is_stored
                            && enter_phase(journal, RenewalPhase::Received, now)
                            && journal.is_at(&files.journal);
                        self.reach(Checkpoint::ResponseStored);
                        Ok(ReceivedTokens { tokens, is_in_journal })
                    }
                    TokenOutcome::Unrecognized => {
                        journal.header.received_at = Some(now);
                        enter_phase(journal, RenewalPhase::Received, now);
                        Err(Reason::UnknownResponse.into())
                    }
                    TokenOutcome::Incomplete => Err(response_lost(&journal.header, now).into()),
                    TokenOutcome::InvalidToken => {
                        enter_phase(journal, RenewalPhase::Rejected, now);
                        Err(token_rejected(now, now).into())
                    }
                    TokenOutcome::NotAccepted => {
                        Err(not_accepted(journal, status, retry_after.as_deref(), now).into())
                    }
                }
            }
            Err(TokenRequestError { failure, sent: false, .. }) => {
                enter_unsent(journal, now);
                Err(Refusal::unsent(failure))
            }
            Err(TokenRequestError { failure, sent: true, part }) => {
                log::warn!("{}: the token server's response was lost: {failure}", login.account.id);
                let tokens = part.and_then(|part| token_response::parse(&part));
                let is_in_journal = !has_failed && journal.is_at(&files.journal);
                let received = tokens.map(|tokens| ReceivedTokens { tokens, is_in_journal });
                received.ok_or_else(|| response_lost(&journal.header, now).into())
            }
        }
    }
}

/// The token server does not accept requests for now. The token is still valid.
fn not_accepted(journal: &mut Journal, status: u16, retry_after: Option<&str>, now: DateTime<Utc>) -> Reason {
    let header = &mut journal.header;
    let doubled = FIRST_BACKOFF * 2_i32.pow(header.declined_requests.min(8));
    let retry_at = match status {
        429 => retry_at(retry_after, now),
        _ => now + doubled.min(MAX_BACKOFF),
    };
    header.declined_requests = header.declined_requests.saturating_add(1);
    (header.declined_status, header.not_before) = (Some(status), Some(retry_at));
    enter_unsent(journal, now);
    Reason::RequestDeclined { status, retry_at }
}

/// The server has not used the token, so it is still valid.
fn enter_unsent(journal: &mut Journal, at: DateTime<Utc>) {
    journal.header.attempts = journal.header.attempts.saturating_sub(1);
    enter_phase(journal, RenewalPhase::Prepared, at);
}
