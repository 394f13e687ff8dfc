//! Threads for the bus and for the simulated tray host and notification server on it.

use std::thread::{self, JoinHandle};

use futures_util::future::{AbortHandle, Abortable};

/// A future on a thread of its own, so that the bus and its clients run while the test's thread
/// waits. Dropping this ends the future.
#[derive(Debug)]
pub struct Background {
    stop: AbortHandle,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// The future is made on its thread, where the runtime that drives it is current.
    pub fn spawn<F>(name: &str, make: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()>,
    {
        let (stop, stopped) = AbortHandle::new_pair();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                // An abort is how this ends, not an error.
                futures_lite::future::block_on(Abortable::new(async { make().await }, stopped)).ok();
            })
            .expect("could not start a thread");
        Self { stop, thread: Some(thread) }
    }

    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.abort();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("a background thread of the harness panicked, see above");
        }
    }
}
