//! A response that neither the journal nor the credential file could take: it is in memory alone, and both are tried
//! again for as long as the process lives.

use crate::credentials::journal::{Journal, RenewalPhase};
use crate::credentials::lock::{self, Lock};
use crate::credentials::renewal::files::Files;
use crate::credentials::renewal::{OnItsWay, Refusal, Renewer};
use crate::providers::token_response::{self, Tokens};
use crate::text;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// The pauses between tries; the last one is repeated.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(30)];

/// Tokens that are not safe on disk.
pub(crate) struct Unsaved {
    pub files: Files,
    pub journal: Journal,
    pub tokens: Tokens,
    /// The credential file has them; only the journal does not know.
    pub in_file: bool,
    /// Held meanwhile: the file still holds the spent token, which nobody must send.
    pub locks: Vec<Lock>,
    /// While it is kept the program does not end, or not at once. `None`: nothing can be lost by that.
    pub on_its_way: Option<OnItsWay>,
}

impl Renewer {
    /// Keeps retrying to save tokens in the background. `path`: the login's file as its source names it. Returns the
    /// message to show meanwhile; `None` if only the journal is unwritten.
    pub(crate) fn save_later(self: &Arc<Self>, path: &Path, unsaved: Unsaved) -> Option<Refusal> {
        let refusal = Refusal::because(format!(
            "renewed, but neither its file nor the journal could be written: free disk space or fix the permissions of {} \
             and {}, and do not quit Quota Tray until this message is gone",
            text::path(unsaved.files.folder()),
            text::path(&self.dir)
        ));
        let in_file = unsaved.in_file;
        if !in_file {
            log::error!("{}: {}", unsaved.files.target.display(), refusal.words);
        }
        let renewer = self.clone();
        let task = tokio::spawn(async move { renewer.save(unsaved).await });
        if in_file {
            return None;
        }
        self.set_pending(path.to_owned(), task.abort_handle(), refusal.clone());
        Some(refusal)
    }

    async fn save(self: Arc<Self>, mut unsaved: Unsaved) {
        let mut pauses = PAUSES.iter().copied().chain(std::iter::repeat(PAUSES[PAUSES.len() - 1]));
        let mut tries = 0;
        loop {
            sleep(pauses.next().unwrap_or(PAUSES[0])).await;
            tries += 1;
            let in_journal = match self.store(&mut unsaved) {
                Ok(()) => true,
                Err(error) => {
                    log::debug!("could not write {}: {error}", unsaved.files.journal.display());
                    false
                }
            };
            if !unsaved.in_file {
                let Unsaved { files, journal, tokens, .. } = &mut unsaved;
                unsaved.in_file = self.keep(journal, tokens, files, None).await.is_ok();
            }
            // What is in the journal is written by the looks that follow, or at the next start.
            if in_journal || (unsaved.in_file && tries >= PAUSES.len()) {
                log::info!("{}: the renewed login is saved", unsaved.files.target.display());
                break;
            }
        }
        let Unsaved { files, locks, on_its_way, .. } = unsaved;
        drop(locks);
        self.look_again(files.target);
        drop(on_its_way);
    }

    /// Writes the tokens into the journal; into a new one where the state directory was deleted meanwhile.
    fn store(&self, unsaved: &mut Unsaved) -> io::Result<()> {
        let Unsaved { files, journal, tokens, .. } = unsaved;
        lock::create_dir(&self.dir)?;
        if !journal.is_at(&files.journal) {
            *journal = Journal::prepare(&files.journal, journal.header.clone())?;
        }
        journal.store_answer(&token_response::to_json(tokens))?;
        journal.enter(RenewalPhase::Answered, crate::platform::clock::now())
    }
}
