//! How many requests go out to a host before it has answered one.
//!
//! Only in its handshake does a host tell that one connection will do for all requests. Whatever is sent
//! before gets a connection of its own, and with a thousand accounts that would be a thousand, with a
//! handshake each, against a usual limit of 1,024 open files.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

/// As many as a browser opens to a host that has nothing newer than HTTP/1.1. Who has fewer accounts waits
/// for nothing.
const FIRST: usize = 6;

/// A host that has not answered by then holds up nobody any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// Hosts close a connection that nobody uses, and that does not tell here.
const IDLE: Duration = Duration::from_secs(30);

/// The way to one host.
#[derive(Clone)]
pub struct Door {
    answered: Arc<Mutex<Option<Instant>>>,
    first: Arc<Semaphore>,
}

/// One request on its way.
pub struct Pass {
    door: Door,
    _first: Option<OwnedSemaphorePermit>,
}

impl Default for Door {
    fn default() -> Door {
        Door { answered: Arc::default(), first: Arc::new(Semaphore::new(FIRST)) }
    }
}

impl Door {
    /// Waits until a connection can be shared, or one more does not matter.
    pub async fn pass(&self) -> Pass {
        let mut first = None;
        if !self.is_open() {
            // It is never closed, and who has waited long enough goes without.
            first = timeout(PATIENCE, self.first.clone().acquire_owned()).await.ok().and_then(Result::ok);
            if self.is_open() {
                first = None;
            }
        }
        Pass { door: self.clone(), _first: first }
    }

    fn is_open(&self) -> bool {
        self.answered().is_some_and(|at| at.elapsed() < IDLE)
    }

    fn answered(&self) -> MutexGuard<'_, Option<Instant>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// The host has answered, so there is a connection.
    pub fn answered(self) {
        *self.door.answered() = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Polls it now, and not again.
    async fn poll_once<F: Future>(passing: F) -> Option<F::Output> {
        timeout(Duration::ZERO, passing).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_rest_go_when_one_of_the_first_is_answered() {
        let door = Door::default();
        let mut first = Vec::new();
        for _ in 0..FIRST {
            first.push(poll_once(door.pass()).await.expect("the first go at once"));
        }
        let mut rest = Box::pin(door.pass());
        assert!(poll_once(&mut rest).await.is_none(), "there is no connection yet");
        first.pop().expect("six").answered();
        assert!(poll_once(&mut rest).await.is_some(), "there is one");
        assert!(poll_once(door.pass()).await.is_some(), "and it is kept");
        tokio::time::advance(IDLE).await;
        let _sixth = poll_once(door.pass()).await.expect("one place is free");
        assert!(poll_once(door.pass()).await.is_none(), "the connection is gone, and all places are taken");
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_hangs_holds_up_nobody_for_long() {
        let door = Door::default();
        let mut first = Vec::new();
        for _ in 0..FIRST {
            first.push(door.pass().await);
        }
        let began = Instant::now();
        let late: Vec<_> = (0..100)
            .map(|_| {
                tokio::spawn({
                    let door = door.clone();
                    async move { door.pass().await }
                })
            })
            .collect();
        for pass in late {
            pass.await.expect("no panic");
        }
        assert_eq!(began.elapsed(), PATIENCE);
    }
}
