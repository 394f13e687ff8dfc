//! Counts the refresh tokens that were sent and whose responses are not saved yet: the program waits for them before it
//! exits.

use crate::providers::token_request::within_running_time;
use std::time::Duration;
use tokio::sync::watch;

#[derive(Debug, Default)]
struct State {
    count: usize,
    /// The program exits: no more tokens are sent.
    is_closed: bool,
}

/// The tokens in flight.
#[derive(Debug, Default)]
pub(crate) struct InFlightTokens(watch::Sender<State>);

/// One token in flight, until it is dropped.
pub(crate) struct InFlight(watch::Sender<State>);

impl InFlightTokens {
    /// Counts a token that is about to be sent. `None`: the program exits, and nothing must be sent.
    pub fn begin(&self) -> Option<InFlight> {
        let is_open = self.0.send_if_modified(|state| {
            state.count += usize::from(!state.is_closed);
            !state.is_closed
        });
        is_open.then(|| InFlight(self.0.clone()))
    }

    /// Lets no more tokens be sent. Returns how many are in flight.
    pub fn close(&self) -> usize {
        self.0.send_modify(|state| state.is_closed = true);
        self.0.borrow().count
    }

    /// Waits until no token is in flight. `false`: that took longer than `timeout`, counted while this process runs.
    pub async fn wait_until_none(&self, timeout: Duration) -> bool {
        let mut state = self.0.subscribe();
        within_running_time(timeout, state.wait_for(|state| state.count == 0)).await.is_some()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.send_modify(|state| state.count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn token_in_flight_is_waited_for_and_no_other_may_follow() {
        let tokens = InFlightTokens::default();
        let token = tokens.begin().expect("open");
        assert_eq!(tokens.close(), 1);
        assert!(tokens.begin().is_none());
        assert!(!tokens.wait_until_none(Duration::from_millis(1)).await);
        drop(token);
        assert!(tokens.wait_until_none(Duration::from_secs(5)).await);
    }
}
