//! Every setting: its default, its form in the settings file, and how the menu changes it there.

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

pub use endpoint::Endpoint;
pub use endpoints::Endpoints;
pub use file::{Choice, ConfigError, apply, create, former_keys, load};
pub use icon::{IconSettings, IconStyle, ShownAccounts};
pub use limits::Limits;
pub use quiet::{Quiet, QuietHours};
pub use settings::{Settings, TokenRenewal};
