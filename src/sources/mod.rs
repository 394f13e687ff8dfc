//! Where accounts come from: one file a source, and a line for it in `registry.rs`.
//!
//! A source implements [`AccountSource`]. What is the same for all accounts is done by the engine: request
//! budget, merging, refused tokens, order of the requests.

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
