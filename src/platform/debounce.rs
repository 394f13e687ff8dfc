//! Debouncing: several changes in quick succession become one.

use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// A change is delivered when no other has followed for this time ...
const QUIET_PERIOD: Duration = Duration::from_millis(250);
/// ... and at the latest this long after the first one.
const MAX_DELAY: Duration = Duration::from_millis(1000);

/// A channel that debounces. To be called within the runtime: a task connects both ends.
pub fn channel() -> (mpsc::Sender<()>, mpsc::Receiver<()>) {
    let (sender, mut changes) = mpsc::channel(1);
    let (debounced, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        while changes.recv().await.is_some() {
            let latest = Instant::now() + MAX_DELAY;
            while Instant::now() < latest
                && matches!(timeout(QUIET_PERIOD, changes.recv()).await, Ok(Some(())))
            {}
            if debounced.send(()).await.is_err() {
                return;
            }
        }
    });
    (sender, receiver)
}
