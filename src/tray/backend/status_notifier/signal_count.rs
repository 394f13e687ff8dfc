//! Counts signals. A signal only causes a look at the state, so that their order and number do not matter.
//!
//! A stream of signals that is not read blocks the whole connection once 64 messages are queued, also the reply that its
//! reader waits for. So the streams are read all the time, by a future that does nothing else.

use futures_lite::{Stream, StreamExt};
use tokio::sync::watch;

/// Counts the items of a stream. Returns when the stream ends: the bus is gone.
pub async fn count<T>(mut signals: impl Stream<Item = T> + Unpin, counter: &watch::Sender<u64>) {
    while signals.next().await.is_some() {
        counter.send_modify(|count| *count += 1);
    }
}

/// The error of a connection whose signals have ended.
pub fn bus_gone() -> zbus::Error {
    zbus::Error::InputOutput(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into())
}
