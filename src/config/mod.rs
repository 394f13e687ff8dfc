//! Every setting: its default, its form in the settings file, and how the menu changes it there.

mod accounts;
mod choice;
mod edit;
mod endpoint;
mod endpoints;
mod file;
pub mod hooks;
mod icon;
mod limits;
mod problem;
mod quiet;
mod settings;
mod template;
mod values;
mod windows;

pub use accounts::AccountSettings;
pub use choice::{Choice, apply, create, prepare_account};
pub use edit::{FileState, SETTLE_TIME};
pub use endpoint::Endpoint;
pub use endpoints::Endpoints;
pub use file::{ConfigError, former_keys, load, parse, read};
pub use icon::{IconSettings, IconStyle, ShownAccounts};
pub use limits::Limits;
pub use quiet::{Quiet, QuietHours};
pub use settings::{MenuForm, Settings, TokenRenewal};
pub use windows::{ProviderSettings, Providers, WindowSettings, is_about};
