//! How a test waits: for a condition on a shared value, checked again after each change of it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for a condition before it fails. Far above what any step takes: only a test that
/// fails ever waits this long.
/// Under Wine a run with six renewals took 20 s on a busy machine.
pub const TIMEOUT: Duration = Duration::from_secs(if cfg!(windows) { 60 } else { 20 });

/// When a wait that starts now times out.
pub fn deadline() -> Instant {
    Instant::now() + TIMEOUT
}

/// A value that the servers of the harness change and that tests wait on.
#[derive(Debug, Default)]
pub struct Watched<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Watched<T> {
    pub fn new(value: T) -> Self {
        Self { value: Mutex::new(value), changed: Condvar::new() }
    }

    pub fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock())
    }

    /// Changes the value and wakes everyone who waits on it.
    pub fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// The first `Some` that `wanted` finds in the value, or `None` if it finds none by `deadline`.
    pub fn wait<R>(&self, deadline: Instant, mut wanted: impl FnMut(&T) -> Option<R>) -> Option<R> {
        let mut value = self.lock();
        loop {
            if let Some(found) = wanted(&value) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            value = self.changed.wait_timeout(value, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What `wanted` finds within [`TIMEOUT`]. If it finds nothing the test fails at the caller's line, with what
    /// `otherwise` says of the last value.
    #[track_caller]
    pub fn expect<R>(&self, wanted: impl FnMut(&T) -> Option<R>, otherwise: impl FnOnce(&T) -> String) -> R {
        match self.wait(deadline(), wanted) {
            Some(found) => found,
            None => panic!("waited {TIMEOUT:?}: {}", self.look(otherwise)),
        }
    }

    /// A test's closure may panic under the lock. The servers and `Drop` still have to go on, so that the failure
    /// shown is that panic and not a series of poisoned locks.
    fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Blocks a server until the test opens it, in place of a delay of some length.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Watched<bool>>);

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    pub fn open(&self) {
        self.0.change(|open| *open = true);
    }

    /// Blocks until the gate is open, or until long after every test that could open it has failed.
    pub fn wait(&self) {
        self.0.wait(deadline() + 2 * TIMEOUT, |open| open.then_some(()));
    }
}

/// Polls a condition that no change signals, such as one on files, until it holds or `timeout` has passed.
pub fn poll_until(timeout: Duration, mut condition: impl FnMut() -> bool) -> bool {
    const POLL_INTERVAL: Duration = Duration::from_millis(10);
    let deadline = Instant::now() + timeout;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(POLL_INTERVAL);
    }
    true
}
