//! The one way in which a test waits: for a condition on a shared value, woken by each change of it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a test waits for a condition before it fails. Far above what any step takes, since a
/// wait that succeeds ends at once: only a failing test ever takes this long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The moment at which patience ends for a wait that starts now.
pub fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

/// A value that the played servers change and that tests wait on.
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

    /// What `wanted` finds within the patience of a test. The test fails where it called for this,
    /// with what `otherwise` says of the last value.
    #[track_caller]
    pub fn expect<R>(&self, wanted: impl FnMut(&T) -> Option<R>, otherwise: impl FnOnce(&T) -> String) -> R {
        match self.wait(deadline(), wanted) {
            Some(found) => found,
            None => panic!("waited {PATIENCE:?}: {}", self.look(otherwise)),
        }
    }

    /// A test's closure may panic under the lock; the servers and `Drop` still have to go on, so
    /// that the failure shown is that panic and not a row of poisoned locks.
    fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds something back until the test opens it, in place of a delay of some length.
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

    /// Waits until the gate is open; gives up long after every test that could open it has failed.
    pub fn pass(&self) {
        self.0.wait(deadline() + 2 * PATIENCE, |open| open.then_some(()));
    }
}
