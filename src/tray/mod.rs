//! What a person sees: the menu, the icon, the notifications.

pub mod app;
pub mod event_loop;
#[cfg(all(unix, not(target_os = "macos")))]
pub mod host;
pub mod icon;
pub mod menu;
pub mod native;
pub mod notify;
#[cfg(all(unix, not(target_os = "macos")))]
mod registration;
pub mod shape;
pub mod shown;
pub mod terminal;
pub mod words;
