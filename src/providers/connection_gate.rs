//! Limits the connections to a host.
//!
//! The TLS handshake shows whether one connection can carry all requests (HTTP/2). A request that is sent before that
//! gets its own connection, and with a thousand accounts that would be a thousand handshakes, against a usual limit
//! of 1,024 open files. So one request goes first.

use hyper_util::client::legacy::connect::Connection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout};

/// The most connections to a host, by each proxy, where they can't be shared or that is not known yet: a tenth of the usual
/// limit of open files, and more than almost anybody has accounts.
const MAX_CONNECTIONS: usize = 100;

/// How long the other requests wait for the first connection; then they open their own.
const FIRST_CONNECTION_TIMEOUT: Duration = Duration::from_secs(1);

/// After this time without a response, the connection is taken for closed: hosts close idle connections, and that is not
/// seen here.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The connections to one host.
#[derive(Clone)]
pub struct ConnectionGate {
    /// `None`: there was no connection yet.
    last: watch::Sender<Option<Last>>,
    /// Held by the request that goes first.
    first: Arc<Mutex<()>>,
    slots: Arc<Semaphore>,
}

/// The kind of the last connection.
#[derive(Clone, Copy)]
enum Last {
    /// It can be shared, and was alive at this moment.
    Shared(Instant),
    /// One request at a time.
    Single,
}

/// Permission for one request, until it is dropped.
pub struct ConnectionPermit {
    gate: ConnectionGate,
    _first: Option<OwnedMutexGuard<()>>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Default for ConnectionGate {
    fn default() -> ConnectionGate {
        ConnectionGate {
            last: watch::Sender::default(),
            first: Arc::default(),
            slots: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
        }
    }
}

impl ConnectionGate {
    /// Waits until there is a connection to share, or one more is allowed.
    pub async fn acquire(&self) -> ConnectionPermit {
        let mut permit = ConnectionPermit { gate: self.clone(), _first: None, _slot: None };
        if is_shared(&self.last.borrow()) {
            return permit;
        }
        let mut last = self.last.subscribe();
        tokio::select! {
            biased;
            _ = last.wait_for(is_known) => {}
            // After the timeout the request goes on without the lock.
            first = timeout(FIRST_CONNECTION_TIMEOUT, self.first.clone().lock_owned()) => permit._first = first.ok(),
        }
        tokio::select! {
            biased;
            _ = last.wait_for(is_shared) => {}
            // The semaphore is never closed.
            slot = self.slots.clone().acquire_owned() => permit._slot = slot.ok(),
        }
        permit
    }

    /// Whether there has been a connection.
    pub fn has_connected(&self) -> bool {
        self.last.borrow().is_some()
    }

    /// A hook for each new connection, on its way from the connector to the client. The requests that it wakes run after
    /// the client has received the connection and can share it: all of this has one thread.
    pub fn connection_observer<C: Connection>(&self) -> impl FnOnce(C) -> C + Clone + use<C> {
        let gate = self.clone();
        move |connection: C| {
            gate.connected(connection.connected().is_negotiated_h2());
            connection
        }
    }

    fn connected(&self, shared: bool) {
        self.last.send_replace(Some(if shared { Last::Shared(Instant::now()) } else { Last::Single }));
    }
}

impl ConnectionPermit {
    /// To be called after a response: the connection is alive.
    pub fn response_received(self) {
        self.gate.last.send_if_modified(|last| {
            let Some(Last::Shared(at)) = last else { return false };
            // The waiting requests are woken only where the connection was taken for closed.
            let was_closed = at.elapsed() >= IDLE_TIMEOUT;
            *at = Instant::now();
            was_closed
        });
    }
}

fn is_shared(last: &Option<Last>) -> bool {
    matches!(last, Some(Last::Shared(at)) if at.elapsed() < IDLE_TIMEOUT)
}

fn is_known(last: &Option<Last>) -> bool {
    is_shared(last) || matches!(last, Some(Last::Single))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Polls a future once.
    async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
        timeout(Duration::ZERO, future).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn requests_wait_for_the_first_connection_and_share_it() {
        let gate = ConnectionGate::default();
        let first = poll_once(gate.acquire()).await.expect("the first does not wait");
        let mut rest: Vec<_> = (0..2 * MAX_CONNECTIONS).map(|_| Box::pin(gate.acquire())).collect();
        for waiting in &mut rest {
            assert!(poll_once(waiting).await.is_none(), "there is no connection yet");
        }
        gate.connected(true);
        let mut permits = Vec::new();
        for waiting in rest {
            permits.push(poll_once(waiting).await.expect("there is a connection"));
        }
        tokio::time::advance(IDLE_TIMEOUT / 2).await;
        first.response_received();
        tokio::time::advance(IDLE_TIMEOUT / 2).await;
        assert!(poll_once(gate.acquire()).await.is_some(), "it was alive recently");
        tokio::time::advance(IDLE_TIMEOUT).await;
        let first = poll_once(gate.acquire()).await.expect("the first to make a new one");
        let mut rest = [Box::pin(gate.acquire()), Box::pin(gate.acquire())];
        for waiting in &mut rest {
            assert!(poll_once(waiting).await.is_none(), "the connection may be closed");
        }
        first.response_received();
        let mut permits = Vec::new();
        for waiting in rest {
            permits.push(poll_once(waiting).await.expect("it was alive"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn connections_that_cannot_be_shared_are_limited() {
        let gate = ConnectionGate::default();
        let first = poll_once(gate.acquire()).await.expect("the first does not wait");
        gate.connected(false);
        let mut permits = Vec::new();
        for _ in 1..MAX_CONNECTIONS {
            permits.push(poll_once(gate.acquire()).await.expect("there is a slot"));
        }
        let mut next = Box::pin(gate.acquire());
        let mut surplus = Box::pin(gate.acquire());
        assert!(poll_once(&mut next).await.is_none() && poll_once(&mut surplus).await.is_none());
        first.response_received();
        let _next = poll_once(&mut next).await.expect("a slot is free");
        assert!(poll_once(&mut surplus).await.is_none(), "it is taken again");
        gate.connected(true);
        assert!(poll_once(&mut surplus).await.is_some(), "another server of the same host shares");
    }

    #[tokio::test(start_paused = true)]
    async fn failed_first_request_lets_the_next_one_go_first() {
        let gate = ConnectionGate::default();
        let first = gate.acquire().await;
        let mut next = Box::pin(gate.acquire());
        assert!(poll_once(&mut next).await.is_none());
        drop(first);
        assert!(poll_once(&mut next).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn hanging_host_delays_the_other_requests_by_the_timeout_only() {
        let gate = ConnectionGate::default();
        let start = Instant::now();
        let _first = gate.acquire().await;
        let late: Vec<_> = (1..MAX_CONNECTIONS)
            .map(|_| {
                tokio::spawn({
                    let gate = gate.clone();
                    async move { gate.acquire().await }
                })
            })
            .collect();
        let mut permits = Vec::new();
        for task in late {
            permits.push(task.await.expect("no panic"));
        }
        assert_eq!(start.elapsed(), FIRST_CONNECTION_TIMEOUT);
        assert!(timeout(2 * FIRST_CONNECTION_TIMEOUT, gate.acquire()).await.is_err(), "the limit is reached");
    }
}
