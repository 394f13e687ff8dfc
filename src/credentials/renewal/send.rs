//! Sends a refresh token and saves the response. Everything that can fail, or takes time, is done before the token is sent.

use crate::credentials::file;
use crate::credentials::journal::Header;
use crate::credentials::renewal::attempt::{Attempt, Ready};
use crate::credentials::renewal::checkpoint::Checkpoint;
use crate::credentials::renewal::credential::{is_unchanged, read_login};
use crate::credentials::renewal::refusal::Refusal;
use crate::credentials::renewal::response_backup::UnsavedResponse;
use crate::credentials::renewal::token_history::TokenHistory;
use crate::credentials::replacement::Replacement;
use crate::credentials::store::Login;
use crate::platform::clock;

impl Attempt<'_> {
    /// Sends the file's refresh token and writes the response into the file. `None`: the file has changed, and nothing was
    /// sent.
    pub(crate) async fn send(&mut self, ready: Ready) -> Result<Option<Login>, Refusal> {
        let Attempt { renewer, policy, login, files, .. } = *self;
        let target = &files.target;
        let Ready { contents, login: current, journal, history, token, mut token_lock, metadata } = ready;
        let before = journal.map(|open| open.journal.header);
        renewer.http.prepare(&current.proxy).map_err(Refusal::unsent)?;
        let replacement = Replacement::prepare(target, &metadata, &files.copy)
            .map_err(|obstacle| Refusal::obstacle(&obstacle, files.folder()))?;
        renewer.reach(Checkpoint::ReplacementMade);
        let mut header = Header::prepared(target, token.hash(), before.as_ref(), clock::now());
        if let TokenHistory::Unfinished(other) = &history {
            header.attempts = header.attempts.max(other.attempts);
            header.declined_requests = header.declined_requests.max(other.declined_requests);
        }
        let mut journal = files.prepare_journal(header, before.as_ref())?;
        renewer.reach(Checkpoint::JournalPrepared);
        if !is_unchanged(target, &contents) {
            return Ok(None);
        }

        if let Some(dir) = renewer.dir.to_str() {
            // Without the note, a process with another state directory does not find the response; that is no reason to wait.
            let _ = token_lock.set_note(dir);
        }
        self.locks.push(token_lock);
        let in_flight =
            renewer.in_flight.begin().ok_or_else(|| Refusal::because("Quota Tray is quitting"))?;
        let received = renewer.request(policy, &current, &token, files, &mut journal).await?;
        let written = renewer.write_tokens(&mut journal, &received.tokens, files, Some(replacement)).await;
        renewer.update_copies_later(&received.tokens);
        if received.is_in_journal {
            // Whatever prevented the write may be over by then.
            renewer.reconcile_later(target.clone());
        } else {
            let is_in_file = written.is_ok();
            let unsaved = UnsavedResponse {
                files: files.clone(),
                journal,
                tokens: received.tokens.clone(),
                is_in_file,
                locks: std::mem::take(&mut self.locks),
                in_flight: Some(in_flight).filter(|_| !is_in_file),
            };
            if let Some(refusal) = renewer.save_later(&login.path, unsaved) {
                return Err(refusal);
            }
        }
        written?;
        if received.tokens.access.is_none() {
            return Err(Refusal::until(
                "the token server's response was incomplete; renewing again",
                clock::now(),
            ));
        }
        let renewed = read_login(login, &file::read(target).await?);
        renewed.map(Some).ok_or_else(Refusal::file_changed)
    }
}
