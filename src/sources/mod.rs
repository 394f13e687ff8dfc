//! Where accounts come from: one file a source, and a line for it in `registry.rs`.
//!
//! A source implements [`AccountSource`]. Everything that holds for all accounts is the engine's: request budget,
//! merging, refused tokens, order of the requests.

mod account_source;
pub mod cli_proxy_api;
mod clients;
pub mod demo;
mod registry;

pub use account_source::{
    AccountList, AccountSource, BoxFuture, Capabilities, ListedAccount, RenewalError, SourceLogin,
};
pub use clients::Clients;
pub use registry::configured;
