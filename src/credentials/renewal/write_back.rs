//! Writes tokens into the credential file, where it still has one that they replace, and confirms them in the journal.

use crate::credentials::file;
use crate::credentials::journal::{Header, Journal, RenewalPhase};
use crate::credentials::renewal::checkpoint::Checkpoint;
use crate::credentials::renewal::credential::{refresh_token, with_tokens};
use crate::credentials::renewal::credential_files::CredentialFiles;
use crate::credentials::renewal::next_step::{NextStep, StoredResponse, is_replaced_by_previous};
use crate::credentials::renewal::open_journal::OpenJournal;
use crate::credentials::renewal::refusal::{Refusal, obstacle_clause};
use crate::credentials::renewal::renewer::Renewer;
use crate::credentials::replace_method::Obstacle;
use crate::credentials::replacement::Replacement;
use crate::credentials::used_tokens;
use crate::platform::clock;
use crate::platform::secret::Secret;
use crate::providers::token_response::Tokens;
use chrono::{DateTime, Local, Utc};
use std::io;

/// A file that changes this often while it is replaced is left for the next check.
const MAX_CHANGES: u32 = 50;

impl Renewer {
    /// Carries out [`NextStep::WriteResponse`] and [`NextStep::WritePreviousResponse`].
    ///
    /// # Errors
    /// The file can't be written.
    pub(crate) async fn write_response(
        &self,
        open: &mut OpenJournal,
        step: &NextStep,
        files: &CredentialFiles,
    ) -> Result<(), Refusal> {
        let OpenJournal { journal, response, previous_response, .. } = open;
        match (step, response, previous_response) {
            (NextStep::WriteResponse, StoredResponse::Tokens(tokens), _) => {
                log::info!("{}: writing the renewed login from the journal", files.target.display());
                self.write_tokens(journal, tokens, files, None).await
            }
            (NextStep::WritePreviousResponse, _, StoredResponse::Tokens(tokens)) => {
                log::info!("{}: restoring the renewed login from the journal", files.target.display());
                let header = &journal.header;
                let received_at = header.previous_received_at.unwrap_or(header.phase_since);
                let is_replaced = |token: &str| is_replaced_by_previous(header, token);
                self.replace(tokens, received_at, files, is_replaced, None).await
            }
            _ => Err(Refusal::internal()),
        }
    }

    /// Carries out [`NextStep::ConfirmResponse`].
    pub(crate) fn confirm_response(&self, open: &mut OpenJournal) {
        if let StoredResponse::Tokens(tokens) = &open.response {
            self.confirm(&mut open.journal, tokens);
        }
    }

    /// Writes the tokens of the journal's response into the credential file, if it still has one that they replace.
    ///
    /// # Errors
    /// The file can't be written.
    pub(crate) async fn write_tokens(
        &self,
        journal: &mut Journal,
        tokens: &Tokens,
        files: &CredentialFiles,
        replacement: Option<Replacement>,
    ) -> Result<(), Refusal> {
        let header = &journal.header;
        let received_at = header.received_at.unwrap_or_else(clock::now);
        self.replace(tokens, received_at, files, |token| header.is_replaced(token), replacement).await?;
        self.confirm(journal, tokens);
        Ok(())
    }

    /// Replaces the file by the same with `tokens`, as long as it has a refresh token for which `is_replaced` returns
    /// true. A file with another token is left alone: the user has signed in again, or another program has renewed it.
    async fn replace(
        &self,
        tokens: &Tokens,
        received_at: DateTime<Utc>,
        files: &CredentialFiles,
        is_replaced: impl Fn(&str) -> bool,
        mut replacement: Option<Replacement>,
    ) -> Result<(), Refusal> {
        let target = &files.target;
        let not_written = |why: &str| {
            Refusal::because(format!(
                "renewed, but could not write the credential file: {why}; the new login is kept and will be written \
                 later"
            ))
        };
        let obstacle = |obstacle: Obstacle| not_written(&obstacle_clause(&obstacle, files.folder()));
        let disk = |error: io::Error| obstacle(error.into());
        for _ in 0..MAX_CHANGES {
            let fingerprint = file::fingerprint(target).map_err(|_| Refusal::file_gone())?;
            let contents = files.read().await?;
            let token = refresh_token(&contents).map(|token| token.hash());
            if !token.is_some_and(|hash| is_replaced(&hash)) {
                return Ok(());
            }
            let text = with_tokens(&contents, tokens, received_at.with_timezone(&Local))?;
            let mut prepared = match replacement.take() {
                Some(replacement) => replacement,
                None => {
                    let metadata = std::fs::metadata(target).map_err(|_| Refusal::file_gone())?;
                    Replacement::prepare(target, &metadata, &files.copy).map_err(obstacle)?
                }
            };
            prepared.fill(text.as_bytes()).map_err(disk)?;
            self.reach(Checkpoint::ReplacementWritten);
            // The last check before the one step that can't be undone.
            if file::fingerprint(target).map_err(|_| Refusal::file_gone())? != fingerprint {
                replacement = Some(prepared);
                continue;
            }
            if !prepared.is_in_place() {
                // Another program has removed it, as cleaners do; another one is made.
                continue;
            }
            prepared.take_place().map_err(disk)?;
            self.reach(Checkpoint::Replaced);
            return Ok(());
        }
        Err(not_written("another program keeps changing it"))
    }

    /// Notes in the journal which token was issued: from now on it is known that the one that was sent is used.
    fn confirm(&self, journal: &mut Journal, tokens: &Tokens) {
        let new = tokens.refresh.as_ref().map_or_else(|| journal.header.token.clone(), Secret::hash);
        journal.header.new_token = Some(new);
        // The list outlives the journal: a used token must not be sent again when the journal is damaged or lost.
        let Header { family, token, .. } = &journal.header;
        if journal.header.has_used(token)
            && let Err(error) = used_tokens::record(&self.dir, family, std::iter::once(token))
        {
            log::warn!("could not write the list of used tokens: {error}");
        }
        enter_phase(journal, RenewalPhase::Received, clock::now());
        self.reach(Checkpoint::Confirmed);
    }
}

/// Writes a phase into the journal. Returns whether that was possible. If not, the next check finds it out: the response
/// itself is there.
pub(crate) fn enter_phase(journal: &mut Journal, phase: RenewalPhase, at: DateTime<Utc>) -> bool {
    journal
        .enter(phase, at)
        .inspect_err(|error| log::warn!("could not write the renewal journal: {error}"))
        .is_ok()
}
