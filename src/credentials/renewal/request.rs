//! Sending the refresh token, once, and what the response means for the journal.

use crate::credentials::journal::{Journal, MOST_ANSWER, RenewalPhase};
use crate::credentials::renewal::files::Files;
use crate::credentials::renewal::keeping::note;
use crate::credentials::renewal::refusal::{answer_lost, refused, unknown_response};
use crate::credentials::renewal::{Policy, Refusal, Renewer, Step};
use crate::credentials::store::Login;
use crate::platform::secret::Secret;
use crate::presenter::format::Zone;
use crate::providers::REGISTRY;
use crate::providers::retry_after::retry_at;
use crate::providers::token_request::{TokenRequestError, TokenResponse};
use crate::providers::token_response::{self, TokenOutcome, Tokens};
use chrono::{DateTime, TimeDelta, Utc};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// After a token server has refused a request it is left alone for this long, and for twice as long each time, ...
const FIRST_BACKOFF: TimeDelta = TimeDelta::minutes(1);
/// ... up to this.
const MAX_BACKOFF: TimeDelta = TimeDelta::minutes(30);

/// New tokens.
pub(crate) struct Received {
    pub tokens: Tokens,
    /// Whether they are in the journal, too.
    pub in_journal: bool,
}

impl Renewer {
    /// Sends the refresh token, once.
    pub(crate) async fn request(
        &self,
        policy: &Policy,
        login: &Login,
        spent: &Secret,
        files: &Files,
        journal: &mut Journal,
    ) -> Result<Received, Refusal> {
        let spec = REGISTRY.spec(login.account.provider).ok();
        let renewal =
            spec.and_then(|spec| Some((spec.token_endpoint(&policy.endpoints)?, spec.renewal.as_ref()?)));
        let Some((endpoint, renewal)) = renewal else {
            return Err(Refusal::because("Quota Tray does not renew the tokens of its provider"));
        };
        let form = renewal.form(spent);
        let cannot = |error: io::Error| Refusal::disk(&error, &self.dir);
        let mut writer = journal.answer_writer().map_err(cannot)?;
        journal.header.tries += 1;
        journal.enter(RenewalPhase::Sent, crate::platform::clock::now()).map_err(cannot)?;
        self.told(Step::Sending);
        let watcher = self.watcher;
        let failed = Arc::new(AtomicBool::new(false));
        let keep = {
            let failed = failed.clone();
            move |piece: &[u8]| {
                // Reading goes on: the response in memory is all there is then.
                if let Err(error) = writer.write_all(piece) {
                    log::warn!("could not write the renewal journal: {error}");
                    failed.store(true, Ordering::Relaxed);
                }
                watcher(Step::AnswerKept);
            }
        };
        let response = self.http.post_form(&endpoint, &login.proxy, form, keep).await;
        let now = crate::platform::clock::now();
        let failed = failed.load(Ordering::Relaxed);
        match response {
            Ok(TokenResponse { status, retry_after, body }) => {
                match token_response::classify(status, &body) {
                    TokenOutcome::Tokens(tokens) => {
                        let header = &mut journal.header;
                        (header.came, header.failures, header.status) = (Some(now), 0, None);
                        // Of a response that does not fit into its room, the tokens do.
                        let stored = if failed || body.len() > MOST_ANSWER {
                            journal.store_answer(&token_response::to_json(&tokens)).is_ok()
                        } else {
                            true
                        };
                        let in_journal = stored
                            && note(journal, RenewalPhase::Answered, now)
                            && journal.is_at(&files.journal);
                        self.told(Step::Answered);
                        Ok(Received { tokens, in_journal })
                    }
                    TokenOutcome::Unrecognized => {
                        journal.header.came = Some(now);
                        note(journal, RenewalPhase::Answered, now);
                        Err(unknown_response())
                    }
                    TokenOutcome::Incomplete => Err(answer_lost(&journal.header, now)),
                    TokenOutcome::InvalidToken => {
                        note(journal, RenewalPhase::Refused, now);
                        Err(refused(now, now))
                    }
                    TokenOutcome::NotAccepted => {
                        Err(not_accepted(journal, status, retry_after.as_deref(), now))
                    }
                }
            }
            Err(TokenRequestError { failure, sent: false, .. }) => {
                not_spent(journal, now);
                let words = failure.words(now, Zone::LOCAL);
                Err(Refusal::because(format!("cannot renew: {words}")))
            }
            Err(TokenRequestError { failure, sent: true, part }) => {
                log::warn!("{}: the token server's response was lost: {failure:?}", login.account.id);
                let tokens = part.and_then(|part| token_response::parse(&part));
                let in_journal = !failed && journal.is_at(&files.journal);
                let received = tokens.map(|tokens| Received { tokens, in_journal });
                received.ok_or_else(|| answer_lost(&journal.header, now))
            }
        }
    }
}

/// The token server refuses requests for now. The token is as good as before.
fn not_accepted(
    journal: &mut Journal,
    status: u16,
    retry_after: Option<&str>,
    now: DateTime<Utc>,
) -> Refusal {
    let header = &mut journal.header;
    let doubled = FIRST_BACKOFF * 2_i32.pow(header.failures.min(8));
    let until = match status {
        429 => retry_at(retry_after, now),
        _ => now + doubled.min(MAX_BACKOFF),
    };
    header.failures = header.failures.saturating_add(1);
    (header.status, header.not_before) = (Some(status), Some(until));
    not_spent(journal, now);
    Refusal::until(format!("cannot renew: the token server answered {status}; trying again later"), until)
}

/// The server has not taken the token, so it is as good as before.
fn not_spent(journal: &mut Journal, at: DateTime<Utc>) {
    journal.header.tries = journal.header.tries.saturating_sub(1);
    note(journal, RenewalPhase::Prepared, at);
}
