//! The main thread's loop. Linux and BSD need none of their own: the tray lives on D-Bus, and a
//! channel does. macOS and Windows want theirs.

#[cfg(all(unix, not(target_os = "macos")))]
mod channel;
#[cfg(all(unix, not(target_os = "macos")))]
pub use channel::{EventLoop, Sender};

#[cfg(any(target_os = "macos", windows))]
mod tao;
#[cfg(any(target_os = "macos", windows))]
pub use tao::{EventLoop, Sender};

/// Whether the loop goes on.
pub use std::ops::ControlFlow;
