//! A response that could be written neither to the journal nor to the credential file: it is in memory only, and both
//! writes are retried for as long as the process runs.

use crate::credentials::journal::{Journal, RenewalPhase};
use crate::credentials::lock::{self, Lock};
use crate::credentials::renewal::credential_files::CredentialFiles;
use crate::credentials::renewal::in_flight::InFlight;
use crate::credentials::renewal::refusal::Refusal;
use crate::credentials::renewal::renewer::Renewer;
use crate::platform::clock;
use crate::providers::token_response::{self, Tokens};
use crate::text;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// The pauses between retries; the last one is repeated.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(30)];

/// A response that is not on disk.
pub(crate) struct UnsavedResponse {
    pub files: CredentialFiles,
    pub journal: Journal,
    pub tokens: Tokens,
    /// Whether the credential file has the tokens, and only the journal has not.
    pub is_in_file: bool,
    /// Locks that are kept meanwhile: the file still has the used token, which no other process must send.
    pub locks: Vec<Lock>,
    /// Delays the end of the program. `None`: nothing would be lost by it.
    pub in_flight: Option<InFlight>,
}

impl Renewer {
    /// Retries to save a response, in the background. `path`: the login's file as its source names it. Returns what to show
    /// meanwhile; `None` if only the journal is missing.
    pub(crate) fn save_later(self: &Arc<Self>, path: &Path, unsaved: UnsavedResponse) -> Option<Refusal> {
        let refusal = Refusal::because(format!(
            "renewed, but could not write the credential file or the journal: free disk space or fix the permissions \
             of {} and {}, and do not quit Quota Tray until this message disappears",
            text::path(unsaved.files.folder()),
            text::path(&self.dir)
        ));
        let is_in_file = unsaved.is_in_file;
        if !is_in_file {
            log::error!("{}: {refusal}", unsaved.files.target.display());
        }
        let renewer = self.clone();
        let task = tokio::spawn(async move { renewer.save(unsaved).await });
        if is_in_file {
            return None;
        }
        self.add_background_task(path.to_owned(), task.abort_handle(), refusal.clone());
        Some(refusal)
    }

    async fn save(self: Arc<Self>, mut unsaved: UnsavedResponse) {
        let mut pauses = PAUSES.iter().copied().chain(std::iter::repeat(PAUSES[PAUSES.len() - 1]));
        let mut retries = 0;
        loop {
            sleep(pauses.next().unwrap_or(PAUSES[0])).await;
            retries += 1;
            let is_in_journal = match self.store(&mut unsaved) {
                Ok(()) => true,
                Err(error) => {
                    log::debug!("could not write {}: {error}", unsaved.files.journal.display());
                    false
                }
            };
            if !unsaved.is_in_file {
                let UnsavedResponse { files, journal, tokens, .. } = &mut unsaved;
                unsaved.is_in_file = self.write_tokens(journal, tokens, files, None).await.is_ok();
            }
            // What is in the journal is written to the file by the checks that follow, or at the next start.
            if is_in_journal || (unsaved.is_in_file && retries >= PAUSES.len()) {
                log::info!("{}: the renewed login is saved", unsaved.files.target.display());
                break;
            }
        }
        let UnsavedResponse { files, locks, in_flight, .. } = unsaved;
        drop(locks);
        self.reconcile_later(files.target);
        drop(in_flight);
    }

    /// Writes the tokens into the journal, or into a new one where the state directory was deleted meanwhile.
    fn store(&self, unsaved: &mut UnsavedResponse) -> io::Result<()> {
        let UnsavedResponse { files, journal, tokens, .. } = unsaved;
        lock::create_dir(&self.dir)?;
        if !journal.is_at(&files.journal) {
            *journal = Journal::prepare(&files.journal, journal.header.clone())?;
        }
        journal.store_response(&token_response::to_json(tokens))?;
        journal.enter(RenewalPhase::Received, clock::now())
    }
}
