//! State that is kept over restarts and shared by the tray and `status`: the last snapshot, the alert history, the
//! request budget, and hashes of refused tokens. None of it holds a token.

use crate::engine::budget::RequestBudget;
use crate::engine::refused_tokens::RefusedTokens;
use crate::platform::file_lock::{FileLock, PollInterval};
use crate::platform::files;
use crate::quota::Snapshot;
use crate::quota::alert::AlertHistory;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const SNAPSHOT: &str = "snapshot.json";
const ALERTS: &str = "alerts.json";
/// The request budget, and its lock: the names are those of version 0.1.
const BUDGET: &str = "pacing.json";
const LOCK: &str = "pacing.lock";
const REFUSED: &str = "refused.json";

/// A longer file is not one of these, in bytes: a thousand accounts take one megabyte.
const MAX_BYTES: u64 = 16 << 20;

/// How long to wait for another process that holds the lock: it writes one small file.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
const LOCK_POLL_INTERVAL: PollInterval =
    PollInterval { first: Duration::from_millis(5), longest: Duration::from_millis(5) };

/// The state directory. Nothing in it is needed: what can't be read is as if it were new, what can't be written is
/// logged.
#[derive(Debug, Clone)]
pub struct StateDir {
    path: PathBuf,
    unwritten: Arc<Mutex<Unwritten>>,
}

/// What is kept in memory because it could not be written.
#[derive(Debug, Default)]
struct Unwritten {
    /// The request budget, which then applies to this process alone.
    budget: Option<RequestBudget>,
    /// The same for refused tokens.
    refused: Option<RefusedTokens>,
    /// The errors that were logged, so that the log does not fill up with them. The error's own text is left out: it may
    /// name a temporary file, each time another one.
    logged: BTreeSet<(String, ErrorKind)>,
}

impl StateDir {
    /// The state in the folder `path`, which is created with the first file.
    pub fn new(path: &Path) -> StateDir {
        StateDir { path: path.to_owned(), unwritten: Arc::default() }
    }

    /// The last saved snapshot. It shows no refresh in progress.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot: Snapshot = self.read(SNAPSHOT);
        (snapshot.refreshing, snapshot.next_at) = (false, None);
        snapshot.accounts.iter_mut().for_each(|usage| usage.loading = false);
        snapshot
    }

    /// Saves a snapshot.
    pub fn save_snapshot(&self, snapshot: &Snapshot) {
        self.write(SNAPSHOT, snapshot, files::write_atomic_unsynced);
    }

    /// The alert history.
    pub fn alerts(&self) -> AlertHistory {
        self.read(ALERTS)
    }

    /// Saves the alert history. It is on disk when this returns, so that no notification is shown twice.
    pub fn save_alerts(&self, alerts: &AlertHistory) {
        self.write(ALERTS, alerts, files::write_atomic);
    }

    /// Reads and changes the request budget while no other process does.
    pub fn budget<T>(&self, change: impl FnOnce(&mut RequestBudget) -> T) -> T {
        self.change(BUDGET, |unwritten| &mut unwritten.budget, files::write_atomic_unsynced, change)
    }

    /// The refused tokens.
    pub fn refused(&self) -> RefusedTokens {
        let unwritten = self.unwritten().refused.clone();
        unwritten.unwrap_or_else(|| self.read(REFUSED))
    }

    /// Reads and changes the refused tokens while no other process does. They are on disk when this returns, so that no
    /// login is renewed again for nothing.
    pub fn change_refused<T>(&self, change: impl FnOnce(&mut RefusedTokens) -> T) -> T {
        self.change(REFUSED, |unwritten| &mut unwritten.refused, files::write_atomic, change)
    }

    /// `unwritten` is used in place of the file while the file can't be written.
    fn change<K, T>(
        &self,
        name: &str,
        unwritten: fn(&mut Unwritten) -> &mut Option<K>,
        write: fn(&Path, &[u8]) -> io::Result<()>,
        change: impl FnOnce(&mut K) -> T,
    ) -> T
    where
        K: Clone + PartialEq + Default + Serialize + DeserializeOwned,
    {
        // Without the lock two processes may send one request too many each, which is better than none at all.
        let _lock = self.lock().inspect_err(|error| self.log_write_error(name, error));
        let in_memory = unwritten(&mut self.unwritten()).take();
        let is_on_disk = in_memory.is_none();
        let mut value = in_memory.unwrap_or_else(|| self.read(name));
        let before = value.clone();
        let result = change(&mut value);
        let is_current = is_on_disk && value == before;
        if !is_current && !self.write(name, &value, write) {
            *unwritten(&mut self.unwritten()) = Some(value);
        }
        result
    }

    fn unwritten(&self) -> MutexGuard<'_, Unwritten> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The timeout is short: a process that is stopped while it holds the lock would block this one for ever.
    fn lock(&self) -> io::Result<FileLock> {
        std::fs::create_dir_all(&self.path)?;
        let path = self.path.join(LOCK);
        let lock = LOCK_POLL_INTERVAL.wait_blocking(LOCK_TIMEOUT, || FileLock::try_create(&path))?;
        lock.ok_or_else(|| ErrorKind::WouldBlock.into())
    }

    /// The content of a file; the default where it does not exist or can't be read.
    fn read<T: DeserializeOwned + Default>(&self, name: &str) -> T {
        let path = self.path.join(name);
        let text = match files::read_regular(&path, MAX_BYTES) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return T::default(),
            Err(error) => {
                self.log_once(format!("could not read {}, starting without it", path.display()), &error);
                return T::default();
            }
        };
        serde_json::from_slice(&text).unwrap_or_else(|error| {
            let what = format!("could not parse {}, starting without it", path.display());
            self.log_once(what, &error.into());
            T::default()
        })
    }

    /// Returns whether the file was written.
    fn write(&self, name: &str, value: &impl Serialize, write: fn(&Path, &[u8]) -> io::Result<()>) -> bool {
        let text = serde_json::to_vec(value).expect("plain data is always JSON");
        write(&self.path.join(name), &text).inspect_err(|error| self.log_write_error(name, error)).is_ok()
    }

    fn log_write_error(&self, name: &str, error: &io::Error) {
        self.log_once(format!("could not write {}", self.path.join(name).display()), error);
    }

    fn log_once(&self, what: String, error: &io::Error) {
        let key = (what, error.kind());
        if !self.unwritten().logged.contains(&key) {
            log::warn!("{}: {error}", key.0);
            self.unwritten().logged.insert(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Account, AccountId, AccountUsage, Provider};

    #[test]
    fn saved_snapshot_is_read_without_a_refresh_in_progress() {
        let dir = tempfile::tempdir().expect("a folder");
        let state = StateDir::new(&dir.path().join("created"));
        assert_eq!(state.snapshot(), Snapshot::default());
        let account = Account {
            id: AccountId::file("a.json".into()),
            provider: Provider::CLAUDE,
            email: "a@x".into(),
            identity: None,
            given_name: None,
        };
        let mut usage = AccountUsage::unknown(account);
        usage.loading = true;
        let mut snapshot = Snapshot { accounts: vec![usage], refreshing: true, ..Snapshot::default() };
        state.save_snapshot(&snapshot);
        snapshot.refreshing = false;
        snapshot.accounts[0].loading = false;
        assert_eq!(state.snapshot(), snapshot);
    }

    #[test]
    fn invalid_files_are_as_if_they_were_missing() {
        let dir = tempfile::tempdir().expect("a folder");
        let state = StateDir::new(dir.path());
        for text in ["", "{", "[]", "{\"accounts\": 5}", "\u{0}"] {
            for name in [SNAPSHOT, ALERTS, BUDGET, REFUSED] {
                std::fs::write(dir.path().join(name), text).expect("written");
            }
            assert_eq!(state.snapshot(), Snapshot::default(), "{text}");
            assert_eq!(state.alerts(), AlertHistory::default(), "{text}");
            assert_eq!(state.refused(), RefusedTokens::default(), "{text}");
            state.budget(|budget| assert_eq!(*budget, RequestBudget::default(), "{text}"));
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn same_error_is_logged_once() {
        // A folder in which no file can be created.
        let state = StateDir::new(Path::new("/proc"));
        for _ in 0..10 {
            state.save_snapshot(&Snapshot::default());
            state.save_alerts(&AlertHistory::default());
        }
        let logged = state.unwritten().logged.clone();
        assert_eq!(logged.len(), 2, "{logged:?}");
    }

    #[test]
    fn files_of_version_0_1_are_read_and_keep_their_names() {
        let dir = tempfile::tempdir().expect("a folder");
        let state = StateDir::new(dir.path());
        let budget = concat!(
            r#"{"accounts":{"claude-a@b.c.json":{"asked":["2026-11-25T09:00:00Z"],"#,
            r#""cool_until":"2026-11-25T09:05:00Z","cool_set_at":"2026-11-25T09:00:00Z","refusals":1,"#,
            r#""pause_until":null,"pause_set_at":null,"failures":2,"slow":{"until":"2026-11-25T10:05:00Z","#,
            r#""set_at":"2026-11-25T09:00:00Z","interval_seconds":360,"wait_seconds":350}}}}"#
        );
        let refused = concat!(
            r#"{"tokens":{"00ff":{"why":"no_scope","since":"2026-11-25T09:00:00Z","#,
            r#""seen_at":"2026-11-25T09:00:00Z"}}}"#
        );
        std::fs::write(dir.path().join(BUDGET), budget).expect("written");
        std::fs::write(dir.path().join(REFUSED), refused).expect("written");
        state.budget(|read| assert_eq!(serde_json::to_string(read).expect("plain data"), budget));
        assert_eq!(serde_json::to_string(&state.refused()).expect("plain data"), refused);
    }
}
