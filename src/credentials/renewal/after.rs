//! After a renewal: CLIProxyAPI writes its own copy of a login back until it has noticed ours, and a
//! process can be killed at any moment. So a renewed file is looked at again, and what an earlier run
//! has left is brought to its end.

use crate::credentials::journal::{Header, Journal, RenewalPhase};
use crate::credentials::renewal::files::Files;
use crate::credentials::renewal::{Renewer, Step};
use crate::credentials::{file, lock, replacement};
use chrono::TimeDelta;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// When a renewed file is looked at again, in seconds after the renewal.
const LOOKS: [u64; 3] = [2, 10, 60];

/// A file that was repaired is watched anew, so often at most.
const MOST_ROUNDS: u32 = 10;

/// When a file can be taken for stable after its renewal.
const STABLE: TimeDelta = TimeDelta::seconds(59);

/// A file that is gone may come back, from a backup say, with the spent token in it; after this long
/// the login that was kept for it is wiped.
const KEPT_FOR_A_FILE_THAT_IS_GONE: TimeDelta = TimeDelta::days(1);

/// What a look at a renewed file has found.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// It held the spent token again, and has been repaired.
    Repaired,
    /// Nothing to do, now or later.
    Over,
    /// Nothing to do yet.
    Open,
}

impl Renewer {
    /// Looks after the renewals that an earlier run has left unfinished. To be called at the start.
    pub async fn recover(self: &Arc<Self>) {
        let Ok(listing) = std::fs::read_dir(&self.dir) else { return };
        lock::remove_abandoned(&self.dir);
        lock::remove_abandoned(&self.tokens_dir);
        for path in listing.flatten().map(|entry| entry.path()) {
            if path.extension().is_none_or(|extension| extension != "journal") {
                continue;
            }
            match Journal::peek(&path) {
                Some(header) if is_open(&header) => {
                    if self.look(&header.credential).await != Found::Over {
                        self.look_again(header.credential);
                    }
                }
                Some(_) => {}
                None => self.set_aside(&path),
            }
        }
        self.update_copies().await;
    }

    /// A journal that can't be read is set aside, unless another process is just writing it.
    fn set_aside(&self, path: &Path) {
        let key = path.file_stem().unwrap_or_default().to_string_lossy();
        if let Ok(Some(_lock)) = lock::try_path(&self.dir, &key)
            && let Err(error) = Journal::open(path)
        {
            log::warn!("{error}");
        }
    }

    /// Looks at a renewed file some times over, in the background.
    pub(crate) fn look_again(self: &Arc<Self>, target: PathBuf) {
        let renewer = self.clone();
        tokio::spawn(async move {
            for _ in 0..MOST_ROUNDS {
                let began = Instant::now();
                let mut repaired = false;
                for seconds in LOOKS {
                    sleep_until(began + Duration::from_secs(seconds)).await;
                    match renewer.look(&target).await {
                        Found::Over => return,
                        found => repaired |= found == Found::Repaired,
                    }
                }
                if !repaired {
                    break;
                }
            }
            if !target.exists() {
                sleep(KEPT_FOR_A_FILE_THAT_IS_GONE.to_std().unwrap_or_default()).await;
                renewer.look(&target).await;
            }
        });
    }

    /// Repairs a renewed file that holds the spent token again; ends the renewal once it is stable.
    async fn look(self: &Arc<Self>, target: &Path) -> Found {
        let files = Files::of(&self.dir, target.to_owned());
        let path = &files.journal;
        // Whoever has the lock is at it, and that can take as long as a token server does.
        let Ok(Some(_path)) = lock::try_path(&self.dir, &files.key) else { return Found::Open };
        let Ok(Some(mut journal)) = Journal::open(path) else { return Found::Over };
        if !is_open(&journal.header) {
            return Found::Over;
        }
        // A renewal that was killed may have left one with tokens in it, and nothing needs it: the journal has them.
        replacement::remove_abandoned(target);
        // Gone where the file is.
        let credential = lock::try_credential(target);
        if matches!(credential, Ok(None)) {
            return Found::Open;
        }
        let age = crate::platform::clock::now() - journal.header.at;
        let over = match file::read(target).await {
            Err(file::Unreadable::Broken(_)) if files.read().await.is_ok() => return Found::Repaired,
            Ok(contents) => match self.resume(&mut journal, &files, &contents).await {
                Ok(true) => return Found::Repaired,
                Ok(false) if journal.header.phase == RenewalPhase::Answered => {
                    journal.header.new.is_some() && age >= STABLE
                }
                Ok(false) => return forget_before(&mut journal, path),
                Err(refusal) => {
                    log::warn!("{}: {}", target.display(), refusal.words);
                    false
                }
            },
            Err(file::Unreadable::Gone) => age >= KEPT_FOR_A_FILE_THAT_IS_GONE,
            Err(_) => false,
        };
        if !over {
            return Found::Open;
        }
        match journal.finish(crate::platform::clock::now()) {
            Ok(()) => self.told(Step::Finished),
            Err(error) => log::warn!("could not wipe {}: {error}", path.display()),
        }
        Found::Over
    }
}

/// Whether a renewal can hold a login that is nowhere else.
fn is_open(header: &Header) -> bool {
    matches!(header.phase, RenewalPhase::Sent | RenewalPhase::Answered) || header.kept.is_some()
}

/// A login that was there before an attempt that has brought nothing is kept until it is stable.
fn forget_before(journal: &mut Journal, path: &Path) -> Found {
    if journal.header.kept.is_some_and(|came| crate::platform::clock::now() - came >= STABLE)
        && let Err(error) = journal.forget_before()
    {
        log::warn!("could not wipe {}: {error}", path.display());
    }
    if is_open(&journal.header) { Found::Open } else { Found::Over }
}
