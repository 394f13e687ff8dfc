//! Where tokens live, and how not to lose them. Only this room writes credential files.

pub mod claims;
pub mod file;
pub mod file_name;
pub mod identity;
pub mod journal;
pub mod lock;
mod place;
pub mod renewal;
pub mod replacement;
pub mod rewrite;
pub mod secret;
mod spent;
pub mod store;
pub mod watch;

pub use secret::Secret;
pub use store::{Login, Proxy};
