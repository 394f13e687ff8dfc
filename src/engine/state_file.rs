//! What is remembered over restarts, and shared by the tray and `status`: the last snapshot, what was
//! said, how often the accounts were asked, and hashes of refused tokens. No tokens in any of it.

use crate::engine::budget::RequestBudget;
use crate::engine::refused_tokens::RefusedTokens;
use crate::platform::file_lock::{FileLock, PollInterval};
use crate::platform::files;
use crate::quota::Snapshot;
use crate::quota::alert::AlertHistory;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const SNAPSHOT: &str = "snapshot.json";
const ALERTS: &str = "alerts.json";
const PACING: &str = "pacing.json";
const REFUSED: &str = "refused.json";

/// How long another process may hold the lock; it writes one small file.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
const LOCK_POLL_INTERVAL: PollInterval =
    PollInterval { first: Duration::from_millis(5), longest: Duration::from_millis(5) };

/// The state directory.
#[derive(Debug, Clone)]
pub struct StateFile {
    dir: PathBuf,
    troubles: Arc<Mutex<Troubles>>,
}

/// What to do without where nothing can be kept.
#[derive(Debug, Default)]
struct Troubles {
    /// The pacing that could not be written: it holds in this run at least.
    pacing: Option<RequestBudget>,
    /// The same for refused tokens.
    refused: Option<RefusedTokens>,
    /// What was complained of, by what could not be done and why. Once is enough, or the log fills up; the
    /// words won't do, since they may name a temporary file, each time another one.
    told: BTreeSet<(String, ErrorKind)>,
}

impl StateFile {
    /// The state in `dir`, which is made when something is first kept there.
    pub fn new(dir: &Path) -> StateFile {
        StateFile { dir: dir.to_owned(), troubles: Arc::default() }
    }

    /// What was known last. No refresh is under way in it, whatever was when it was kept.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot: Snapshot = self.read(SNAPSHOT);
        (snapshot.refreshing, snapshot.next_at) = (false, None);
        snapshot.accounts.iter_mut().for_each(|usage| usage.loading = false);
        snapshot
    }

    /// Keeps what is known now.
    pub fn keep_snapshot(&self, snapshot: &Snapshot) {
        self.write(SNAPSHOT, snapshot, files::write_atomic_unsynced);
    }

    /// What was said before.
    pub fn alerts(&self) -> AlertHistory {
        self.read(ALERTS)
    }

    /// Keeps what was said. On disk when this returns: nothing is to be said twice.
    pub fn keep_alerts(&self, memory: &AlertHistory) {
        self.write(ALERTS, memory, files::write_atomic);
    }

    /// Looks at the pacing and changes it, alone among all runs.
    pub fn pacing<T>(&self, change: impl FnOnce(&mut RequestBudget) -> T) -> T {
        self.change(PACING, |troubles| &mut troubles.pacing, files::write_atomic_unsynced, change)
    }

    /// The tokens that were refused for good.
    pub fn refused(&self) -> RefusedTokens {
        let unwritten = self.troubles().refused.clone();
        unwritten.unwrap_or_else(|| self.read(REFUSED))
    }

    /// Looks at the refused tokens and changes them, alone among all runs. On disk when this returns: a login must
    /// not be renewed in vain once more.
    pub fn change_refused<T>(&self, change: impl FnOnce(&mut RefusedTokens) -> T) -> T {
        self.change(REFUSED, |troubles| &mut troubles.refused, files::write_atomic, change)
    }

    /// `unwritten` is what stands for the file while it can't be written.
    fn change<K, T>(
        &self,
        name: &str,
        unwritten: fn(&mut Troubles) -> &mut Option<K>,
        replace: fn(&Path, &[u8]) -> io::Result<()>,
        change: impl FnOnce(&mut K) -> T,
    ) -> T
    where
        K: Clone + PartialEq + Default + Serialize + DeserializeOwned,
    {
        // Without the lock two runs may each ask once too often, which is better than not at all.
        let _lock = self.lock().inspect_err(|error| self.complain(name, error));
        let known = unwritten(&mut self.troubles()).take();
        let written = known.is_none();
        let mut kept = known.unwrap_or_else(|| self.read(name));
        let before = kept.clone();
        let result = change(&mut kept);
        if !((written && kept == before) || self.write(name, &kept, replace)) {
            *unwritten(&mut self.troubles()) = Some(kept);
        }
        result
    }

    fn troubles(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Not waited for long: a process that is stopped while it holds the lock would block this one for ever.
    fn lock(&self) -> io::Result<FileLock> {
        std::fs::create_dir_all(&self.dir)?;
        let path = self.dir.join("pacing.lock");
        let lock = LOCK_POLL_INTERVAL.wait_blocking(LOCK_TIMEOUT, || FileLock::try_create(&path))?;
        lock.ok_or_else(|| ErrorKind::WouldBlock.into())
    }

    /// What can't be read is what a new user has.
    fn read<T: DeserializeOwned + Default>(&self, name: &str) -> T {
        let path = self.dir.join(name);
        let mut text = Vec::new();
        match files::open_regular(&path).and_then(|mut file| file.read_to_end(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return T::default(),
            Err(error) => {
                self.tell(format!("could not read {}, starting anew", path.display()), &error);
                return T::default();
            }
        };
        serde_json::from_slice(&text).unwrap_or_else(|error| {
            self.tell(format!("could not understand {}, starting anew", path.display()), &error.into());
            T::default()
        })
    }

    /// Whether that went well.
    fn write(&self, name: &str, value: &impl Serialize, replace: fn(&Path, &[u8]) -> io::Result<()>) -> bool {
        let text = serde_json::to_vec(value).expect("plain data is always JSON");
        replace(&self.dir.join(name), &text).inspect_err(|error| self.complain(name, error)).is_ok()
    }

    fn complain(&self, name: &str, error: &io::Error) {
        self.tell(format!("could not write {}", self.dir.join(name).display()), error);
    }

    fn tell(&self, trouble: String, error: &io::Error) {
        let cause = (trouble, error.kind());
        if !self.troubles().told.contains(&cause) {
            log::warn!("{}: {error}", cause.0);
            self.troubles().told.insert(cause);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Account, AccountId, AccountUsage, Provider};

    #[test]
    fn what_is_kept_comes_back_at_rest() {
        let dir = tempfile::tempdir().expect("a folder");
        let state = StateFile::new(&dir.path().join("made"));
        assert_eq!(state.snapshot(), Snapshot::default());
        let account = Account {
            id: AccountId::file("a.json".into()),
            provider: Provider::CLAUDE,
            email: "a@x".into(),
            identity: None,
        };
        let mut usage = AccountUsage::unknown(account);
        usage.loading = true;
        let mut snapshot = Snapshot { accounts: vec![usage], refreshing: true, ..Snapshot::default() };
        state.keep_snapshot(&snapshot);
        snapshot.refreshing = false;
        snapshot.accounts[0].loading = false;
        assert_eq!(state.snapshot(), snapshot);
    }

    #[test]
    fn rubbish_is_no_more_than_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let state = StateFile::new(dir.path());
        for text in ["", "{", "[]", "{\"accounts\": 5}", "\u{0}"] {
            for name in [SNAPSHOT, ALERTS, PACING, REFUSED] {
                std::fs::write(dir.path().join(name), text).expect("written");
            }
            assert_eq!(state.snapshot(), Snapshot::default(), "{text}");
            assert_eq!(state.alerts(), AlertHistory::default(), "{text}");
            assert_eq!(state.refused(), RefusedTokens::default(), "{text}");
            state.pacing(|pacing| assert_eq!(*pacing, RequestBudget::default(), "{text}"));
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_same_trouble_is_told_once() {
        // A folder that is there, and where nobody can make a file.
        let state = StateFile::new(Path::new("/proc"));
        for _ in 0..10 {
            state.keep_snapshot(&Snapshot::default());
            state.keep_alerts(&AlertHistory::default());
        }
        let told = state.troubles().told.clone();
        assert_eq!(told.len(), 2, "{told:?}");
    }
}
