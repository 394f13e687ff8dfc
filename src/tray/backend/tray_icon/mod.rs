//! The tray on macOS and Windows, through the crate `tray-icon`, on the main thread.

mod backend;
mod clicks;
mod icon_cache;
mod menu;
mod shown_icon;

pub use backend::{TrayService, create};
