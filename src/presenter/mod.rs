//! Every sentence a person reads, from a snapshot, a moment, a time zone and a locale format. Pure.

pub mod facts;
pub mod failures;
pub mod format;
pub mod icon_state;
pub mod locale_format;
pub mod messages;
pub mod notifications;
pub mod tray_host;
