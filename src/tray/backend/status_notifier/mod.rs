//! The tray on Linux and BSD: a StatusNotifierItem with a `com.canonical.dbusmenu` menu, served on the session bus.
//!
//! The specifications are <https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/> and
//! <https://github.com/AyatanaIndicators/libdbusmenu/blob/master/libdbusmenu-glib/dbus-menu.xml>. The crate `ksni` 0.3
//! implements both, but it has no label (`XAyatanaLabel`) and no `IconAccessibleDesc`, it replies to no call while a
//! watcher does not respond to the registration, and it builds the menu with all pictures again at each change.
//!
//! `service.rs` runs these tasks on one connection: `registration.rs` keeps the icon registered with the tray host,
//! `calls.rs` replies to method calls, `color_scheme.rs` follows the desktop's preference, and the service itself emits
//! signals when the content changes. What they serve is in `state.rs`.

mod backend;
mod calls;
mod color_scheme;
mod introspection;
mod item;
mod menu;
mod menu_layout;
mod pixmap;
mod registration;
mod request;
mod service;
pub mod session_bus;
mod signal_count;
mod state;
mod value;
mod watcher;

pub use backend::{TrayService, create};
