//! The providers' usage APIs: one file each, next to what they share.
//!
//! To add a provider, write a file with its [`ProviderSpec`], and add the spec to the list in `registry.rs`.
//! `tests/provider_spec.rs` does that with a made-up one.

pub mod claude;
pub mod codex;
mod connection_gate;
pub mod generic;
pub mod http;
pub mod json;
pub mod proxy;
pub mod registry;
pub mod retry_after;
pub mod spec;
mod tls;
pub mod token_form;
pub mod token_request;
pub mod token_response;
pub mod usage;
pub mod windows;

pub use http::Http;
pub use proxy::Proxy;
pub use registry::{REGISTRY, Registry};
pub use spec::ProviderSpec;
pub use usage::UsageRequest;
