//! Checks renewed files. CLIProxyAPI writes its own copy of a login back until it has noticed ours, and a process can be
//! killed at any moment. So a renewed file is checked several times, and what an earlier run has left unfinished is
//! completed at the start.

use crate::config::TokenRenewal;
use crate::credentials::file::{self, Unreadable};
use crate::credentials::journal::Journal;
use crate::credentials::renewal::checkpoint::Checkpoint;
use crate::credentials::renewal::credential::refresh_token;
use crate::credentials::renewal::credential_files::CredentialFiles;
use crate::credentials::renewal::next_step::{FileState, Goal, JournalState, NextStep, Situation, next_step};
use crate::credentials::renewal::open_journal::OpenJournal;
use crate::credentials::renewal::renewer::Renewer;
use crate::credentials::{lock, temporary_file};
use crate::platform::clock;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// When a renewed file is checked, in seconds after the renewal.
const CHECK_AFTER: [u64; 3] = [2, 10, 60];

/// The checks begin again after a repair, so often at most.
const MAX_ROUNDS: u32 = 10;

/// When a file that is gone is checked for the last time.
const CHECK_MISSING_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What a check has come to.
#[derive(Debug, PartialEq, Eq)]
enum CheckOutcome {
    /// The file was repaired: it had a used token again, or was partially written.
    Repaired,
    /// No more checks are needed.
    Over,
    /// More checks are needed.
    Open,
}

impl Renewer {
    /// Completes what an earlier run has left unfinished. To be called at the start.
    pub async fn recover(self: &Arc<Self>) {
        let Ok(listing) = std::fs::read_dir(&self.dir) else { return };
        lock::remove_abandoned(&self.dir);
        lock::remove_abandoned(&self.tokens_dir);
        for path in listing.flatten().map(|entry| entry.path()) {
            if path.extension().is_none_or(|extension| extension != "journal") {
                continue;
            }
            match Journal::peek(&path) {
                Some(header) if header.may_hold_login() => {
                    if self.reconcile(&header.credential).await != CheckOutcome::Over {
                        self.reconcile_later(header.credential);
                    }
                }
                Some(_) => {}
                None => self.set_aside(&path),
            }
        }
        self.update_copies().await;
    }

    /// Sets aside a journal that can't be read, unless another process is writing it at the moment.
    fn set_aside(&self, path: &Path) {
        let key = path.file_stem().unwrap_or_default().to_string_lossy();
        if let Ok(Some(_lock)) = lock::try_path(&self.dir, &key)
            && let Err(error) = Journal::open(path)
        {
            log::warn!("{error}");
        }
    }

    /// Checks a renewed file several times, in the background.
    pub(crate) fn reconcile_later(self: &Arc<Self>, target: PathBuf) {
        let renewer = self.clone();
        tokio::spawn(async move {
            for _ in 0..MAX_ROUNDS {
                let start = Instant::now();
                let mut is_repaired = false;
                for seconds in CHECK_AFTER {
                    sleep_until(start + Duration::from_secs(seconds)).await;
                    match renewer.reconcile(&target).await {
                        CheckOutcome::Over => return,
                        outcome => is_repaired |= outcome == CheckOutcome::Repaired,
                    }
                }
                if !is_repaired {
                    break;
                }
            }
            if !target.exists() {
                sleep(CHECK_MISSING_AFTER).await;
                renewer.reconcile(&target).await;
            }
        });
    }

    /// Repairs a renewed file that has a used token again, and finishes its journal once it is stable.
    async fn reconcile(self: &Arc<Self>, target: &Path) -> CheckOutcome {
        let files = CredentialFiles::of(&self.dir, target.to_owned());
        // The holder of the lock takes care of the file, which can take as long as a token server does.
        let Ok(Some(_path_lock)) = lock::try_path(&self.dir, &files.key) else { return CheckOutcome::Open };
        let mut file = None;
        let mut journal: Option<Option<OpenJournal>> = None;
        let mut locks = Vec::new();
        loop {
            let step = next_step(&situation(file.clone(), journal.as_ref()));
            match (&step, journal.as_mut().and_then(Option::as_mut)) {
                (NextStep::OpenJournal, _) => {
                    journal = Some(Journal::open(&files.journal).ok().flatten().map(OpenJournal::new));
                }
                (NextStep::ReadFile, _) => {
                    // A renewal that was killed may have left a temporary file with tokens, which the journal has, too.
                    temporary_file::remove_abandoned(target);
                    match lock::try_credential(target) {
                        Ok(Some(lock)) => locks.push(lock),
                        Ok(None) => return CheckOutcome::Open,
                        // The file is gone.
                        Err(_) => {}
                    }
                    file = Some(match file::read(target).await {
                        Ok(contents) => {
                            FileState::Login { token: refresh_token(&contents).map(|token| token.hash()) }
                        }
                        Err(Unreadable::Broken(_)) if files.read().await.is_ok() => {
                            return CheckOutcome::Repaired;
                        }
                        Err(Unreadable::Gone) => FileState::Gone,
                        Err(error) => FileState::Unreadable(error.to_string()),
                    });
                }
                (NextStep::ReadResponse, Some(open)) => {
                    if let Err(error) = open.read_response() {
                        return could_not_read(&files, &error);
                    }
                }
                (NextStep::ReadPreviousResponse, Some(open)) => {
                    if let Err(error) = open.read_previous_response() {
                        return could_not_read(&files, &error);
                    }
                }
                (NextStep::ConfirmResponse, Some(open)) => self.confirm_response(open),
                (NextStep::WriteResponse | NextStep::WritePreviousResponse, Some(open)) => {
                    return match self.write_response(open, &step, &files).await {
                        Ok(()) => CheckOutcome::Repaired,
                        Err(refusal) => {
                            log::warn!("{}: {refusal}", target.display());
                            CheckOutcome::Open
                        }
                    };
                }
                (NextStep::WipePreviousResponse, Some(OpenJournal { journal, .. })) => {
                    if let Err(error) = journal.wipe_previous() {
                        log::warn!("could not wipe {}: {error}", files.journal.display());
                    }
                    return if journal.header.may_hold_login() {
                        CheckOutcome::Open
                    } else {
                        CheckOutcome::Over
                    };
                }
                (NextStep::FinishJournal, Some(OpenJournal { journal, .. })) => {
                    match journal.finish(clock::now()) {
                        Ok(()) => self.reach(Checkpoint::Finished),
                        Err(error) => log::warn!("could not wipe {}: {error}", files.journal.display()),
                    }
                    return CheckOutcome::Over;
                }
                (NextStep::Nothing, _) => return CheckOutcome::Over,
                _ => return CheckOutcome::Open,
            }
        }
    }
}

fn situation(file: Option<FileState>, journal: Option<&Option<OpenJournal>>) -> Situation<'_> {
    Situation {
        goal: Goal::Reconcile,
        now: clock::now(),
        file,
        journal: journal.map(|open| open.as_ref().map_or(JournalState::Missing, OpenJournal::state)),
        history: None,
        is_renewable: false,
        mode: TokenRenewal::Never,
        cli_proxy_api: None,
        attributes: None,
    }
}

fn could_not_read(files: &CredentialFiles, error: &io::Error) -> CheckOutcome {
    log::warn!("could not read {}: {error}", files.journal.display());
    CheckOutcome::Open
}
