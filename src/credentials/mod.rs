//! Credential files: reading them, renewing their tokens, and writing them without losing a login. No other module
//! writes credential files.

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
mod spent;
pub mod store;

pub use store::Login;
