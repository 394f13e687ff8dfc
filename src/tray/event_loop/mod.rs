//! The main thread's event loop. On Linux and BSD a channel is enough, since the tray icon lives on D-Bus; macOS and
//! Windows need the platform's own loop, through `tao`.

#[cfg(all(unix, not(target_os = "macos")))]
mod channel;
#[cfg(all(unix, not(target_os = "macos")))]
pub use self::channel::{EventLoop, Sender};

#[cfg(any(target_os = "macos", windows))]
mod tao;
#[cfg(any(target_os = "macos", windows))]
pub use self::tao::{EventLoop, Sender};
