//! The tray icon with its menu, and desktop notifications: shows what it is given, and reports clicks and the status
//! of the tray host. What to show is decided above, in [`app`](crate::app).

pub mod backend;
pub mod content;
pub mod event_loop;
pub mod icon;
pub mod menu;
pub mod menu_tree;
pub mod notify;
