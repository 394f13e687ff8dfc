//! Desktop notifications: on Linux and BSD over D-Bus, on macOS and Windows with `notify-rust`.

#[cfg(all(unix, not(target_os = "macos")))]
mod freedesktop;
#[cfg(not(all(unix, not(target_os = "macos"))))]
mod native;
#[cfg(all(unix, not(target_os = "macos")))]
mod open_notifications;
mod queue;
mod request;

pub use queue::{run, send_one, server};
pub use request::{NotificationAction, NotificationReport, NotificationRequest};
