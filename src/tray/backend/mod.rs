//! The platform's tray: shows a [`TrayContent`](crate::tray::content::TrayContent) and reports clicks.
//!
//! On Linux and BSD, `status_notifier` serves a StatusNotifierItem over D-Bus. On macOS and Windows, `tray_icon` uses the
//! crate of that name.

#[cfg(all(unix, not(target_os = "macos")))]
pub mod status_notifier;
mod tray_backend;
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub mod tray_icon;

pub use tray_backend::{TrayBackend, TrayEvent, TrayEventHandler};

#[cfg(all(unix, not(target_os = "macos")))]
pub use self::status_notifier::{TrayService, create};
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub use self::tray_icon::{TrayService, create};
