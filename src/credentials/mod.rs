//! CLIProxyAPI's credential files: reading them, renewing their tokens, and writing them without losing a login. No other
//! module writes credential files.

pub mod claims;
pub mod file;
pub mod file_name;
pub mod identity;
pub mod journal;
pub mod lock;
pub mod renewal;
mod replace_method;
pub mod replacement;
pub mod rewrite;
pub mod store;
mod temporary_file;
mod used_tokens;

pub use store::Login;
