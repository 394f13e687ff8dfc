//! Many changes that come together are one.

use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// A change of files is looked at when nothing more has come for this long, ...
const QUIET: Duration = Duration::from_millis(250);
/// ... and at the latest this long after it began.
const PATIENCE: Duration = Duration::from_millis(1000);

/// A way to tell of changes, and the other end, where each burst of them arrives as one.
pub fn bursts() -> (mpsc::Sender<()>, mpsc::Receiver<()>) {
    let (changed, mut changes) = mpsc::channel(1);
    let (burst, bursts) = mpsc::channel(1);
    tokio::spawn(async move {
        while changes.recv().await.is_some() {
            let latest = Instant::now() + PATIENCE;
            while Instant::now() < latest && matches!(timeout(QUIET, changes.recv()).await, Ok(Some(()))) {}
            if burst.send(()).await.is_err() {
                return;
            }
        }
    });
    (changed, bursts)
}
