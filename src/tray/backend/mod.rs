//! The platform's tray, through `tray-icon`: shows a [`TrayContent`](crate::tray::content::TrayContent) and reports
//! clicks. The one module that names that crate.
//!
//! On Linux and BSD the crate implements StatusNotifierItem over D-Bus (with `ksni`), which makes each change of the
//! menu expensive; the constants that depend on the platform, and the order of the changes, are about that.

mod clicks;
mod icon;
mod icon_cache;
mod menu;

pub use clicks::ClickHandler;
pub use icon::TrayBackend;
