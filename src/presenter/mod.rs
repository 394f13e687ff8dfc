//! Every label and message, made from a snapshot, the settings, a moment and a locale. Pure.

pub mod account_list;
pub mod account_list_message;
pub mod account_rows;
pub mod facts;
pub mod failures;
pub mod format;
pub mod icon_state;
pub mod locale;
pub mod locale_format;
pub mod menu_rows;
pub mod messages;
pub mod notifications;
pub mod preferences;
mod snapshot_presenter;
mod summary;
pub mod text_bar;
pub mod tray_host;

pub use locale::Locale;
pub use snapshot_presenter::Presenter;
