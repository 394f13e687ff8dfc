//! The tray icon with its menu, and notifications: one backend per platform.

pub mod backend;
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
