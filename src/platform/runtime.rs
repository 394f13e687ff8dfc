//! The asynchronous runtime.

use std::io;
use tokio::runtime::{Builder, Runtime};

/// Creates a runtime for timers, network and signals: one thread, no pool.
///
/// # Errors
/// The system has no file descriptors left for it.
pub fn new() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
