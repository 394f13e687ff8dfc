//! The tray icon with its menu, and desktop notifications: shows what it is given, and reports clicks and the status
//! of the tray host. What to show is decided above, in [`app`](crate::app).

pub mod backend;
pub mod content;
pub mod event_loop;
pub mod handle;
#[cfg(all(unix, not(target_os = "macos")))]
pub mod host;
pub mod icon;
pub mod menu;
pub mod menu_tree;
pub mod notify;
#[cfg(all(unix, not(target_os = "macos")))]
mod registration;
#[cfg(all(unix, not(target_os = "macos")))]
mod watcher;
