//! Start at login, as each system does it: an XDG autostart entry, a LaunchAgent, a value of the Run key. The formats are
//! pure, in a file each; `entry.rs` applies them.

pub mod desktop_entry;
mod entry;
mod error;
pub mod launch_agent;
mod location;
pub mod run_key;
mod status;

pub use entry::{Autostart, exists};
pub use error::AutostartError;
pub use location::EntryLocation;
pub use status::{AutostartStatus, CommandLine};
