//! How many requests go out to a host at once.
//!
//! Only in its handshake does a host tell whether one connection will do for all requests (HTTP/2). Whatever
//! is sent before gets a connection of its own, and with a thousand accounts that would be a thousand, with
//! a handshake each, against a usual limit of 1,024 open files. So one goes ahead.

use hyper_util::client::legacy::connect::Connection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout};

/// Where connections can't be shared, and where it is not known: a tenth of the usual limit, and as many
/// accounts as hardly anybody has. Through each proxy as many.
const MOST: usize = 100;

/// Where there is no connection by then, the others try it, too.
const PATIENCE: Duration = Duration::from_secs(1);

/// Hosts close a connection that nobody uses, and that does not tell here.
const IDLE: Duration = Duration::from_secs(30);

/// The way to one host.
#[derive(Clone)]
pub struct ConnectionGate {
    /// `None`: there was no connection yet.
    last: watch::Sender<Option<Last>>,
    first: Arc<Mutex<()>>,
    places: Arc<Semaphore>,
}

/// What is known of the last connection.
#[derive(Clone, Copy)]
enum Last {
    /// It can be shared, and was alive then.
    Shared(Instant),
    /// One request at a time.
    Single,
}

/// One request on its way.
pub struct ConnectionPermit {
    door: ConnectionGate,
    _first: Option<OwnedMutexGuard<()>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Default for ConnectionGate {
    fn default() -> ConnectionGate {
        ConnectionGate {
            last: watch::Sender::default(),
            first: Arc::default(),
            places: Arc::new(Semaphore::new(MOST)),
        }
    }
}

impl ConnectionGate {
    /// Waits until there is a connection to share, or one more does not matter.
    pub async fn pass(&self) -> ConnectionPermit {
        let mut pass = ConnectionPermit { door: self.clone(), _first: None, _place: None };
        if is_shared(&self.last.borrow()) {
            return pass;
        }
        let mut last = self.last.subscribe();
        tokio::select! {
            biased;
            _ = last.wait_for(is_known) => {}
            // Who has waited long enough goes without.
            first = timeout(PATIENCE, self.first.clone().lock_owned()) => pass._first = first.ok(),
        }
        tokio::select! {
            biased;
            _ = last.wait_for(is_shared) => {}
            // The semaphore is never closed.
            place = self.places.clone().acquire_owned() => pass._place = place.ok(),
        }
        pass
    }

    /// Whether there ever was a connection.
    pub fn has_opened(&self) -> bool {
        self.last.borrow().is_some()
    }

    /// What looks at each new connection on its way from the connector to the client. Those whom it wakes run
    /// when the client has got the connection and can share it: all of this has one thread.
    pub fn look<C: Connection>(&self) -> impl FnOnce(C) -> C + Clone + use<C> {
        let door = self.clone();
        move |connection: C| {
            door.connected(connection.connected().is_negotiated_h2());
            connection
        }
    }

    fn connected(&self, shared: bool) {
        self.last.send_replace(Some(if shared { Last::Shared(Instant::now()) } else { Last::Single }));
    }
}

impl ConnectionPermit {
    /// The host has answered, so the connection is alive.
    pub fn answered(self) {
        self.door.last.send_if_modified(|last| {
            let Some(Last::Shared(at)) = last else { return false };
            // It is news where the connection was taken for closed.
            let was_closed = at.elapsed() >= IDLE;
            *at = Instant::now();
            was_closed
        });
    }
}

fn is_shared(last: &Option<Last>) -> bool {
    matches!(last, Some(Last::Shared(at)) if at.elapsed() < IDLE)
}

fn is_known(last: &Option<Last>) -> bool {
    is_shared(last) || matches!(last, Some(Last::Single))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Polls it now, and not again.
    async fn poll_once<F: Future>(passing: F) -> Option<F::Output> {
        timeout(Duration::ZERO, passing).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_rest_go_when_there_is_a_connection_to_share() {
        let door = ConnectionGate::default();
        let first = poll_once(door.pass()).await.expect("the first goes at once");
        let mut rest: Vec<_> = (0..2 * MOST).map(|_| Box::pin(door.pass())).collect();
        for pass in &mut rest {
            assert!(poll_once(pass).await.is_none(), "there is no connection yet");
        }
        door.connected(true);
        let mut passed = Vec::new();
        for pass in rest {
            passed.push(poll_once(pass).await.expect("there is one"));
        }
        tokio::time::advance(IDLE / 2).await;
        first.answered();
        tokio::time::advance(IDLE / 2).await;
        assert!(poll_once(door.pass()).await.is_some(), "it was alive lately");
        tokio::time::advance(IDLE).await;
        let first = poll_once(door.pass()).await.expect("the first to make a new one");
        let mut rest = [Box::pin(door.pass()), Box::pin(door.pass())];
        for pass in &mut rest {
            assert!(poll_once(pass).await.is_none(), "the connection is gone");
        }
        first.answered();
        let mut passed = Vec::new();
        for pass in rest {
            passed.push(poll_once(pass).await.expect("it was not"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn where_none_can_be_shared_so_many_go_at_once() {
        let door = ConnectionGate::default();
        let first = poll_once(door.pass()).await.expect("the first goes at once");
        door.connected(false);
        let mut passed = Vec::new();
        for _ in 1..MOST {
            passed.push(poll_once(door.pass()).await.expect("there is a place"));
        }
        let mut next = Box::pin(door.pass());
        let mut over = Box::pin(door.pass());
        assert!(poll_once(&mut next).await.is_none() && poll_once(&mut over).await.is_none());
        first.answered();
        let _next = poll_once(&mut next).await.expect("a place is free");
        assert!(poll_once(&mut over).await.is_none(), "it is taken again");
        door.connected(true);
        assert!(poll_once(&mut over).await.is_some(), "another server of the same host shares");
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_to_nothing_lets_the_next_one_go_ahead() {
        let door = ConnectionGate::default();
        let first = door.pass().await;
        let mut next = Box::pin(door.pass());
        assert!(poll_once(&mut next).await.is_none());
        drop(first);
        assert!(poll_once(&mut next).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_hangs_holds_up_nobody_for_long() {
        let door = ConnectionGate::default();
        let began = Instant::now();
        let _first = door.pass().await;
        let late: Vec<_> = (1..MOST)
            .map(|_| {
                tokio::spawn({
                    let door = door.clone();
                    async move { door.pass().await }
                })
            })
            .collect();
        let mut passed = Vec::new();
        for pass in late {
            passed.push(pass.await.expect("no panic"));
        }
        assert_eq!(began.elapsed(), PATIENCE);
        assert!(timeout(2 * PATIENCE, door.pass()).await.is_err(), "that is enough of them");
    }
}
