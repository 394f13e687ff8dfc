//! A login is never lost, part two: each fault of a renewal, with the real binary. A server with a ledger decides;
//! tokens that can be recognised anywhere are searched for in every output and file.
#![cfg(target_os = "linux")]

mod cli_proxy_api;
mod clock;
#[path = "../common/mod.rs"]
mod common;
mod concurrent_edits;
mod concurrent_rewrites;
mod disk_errors;
mod dropped_responses;
mod file_format;
mod journal;
mod mounts;
mod proxy;
mod refused_access_tokens;
mod refused_renewals;
mod requests;
mod slow_responses;
mod unwritable_responses;
mod write_back;
