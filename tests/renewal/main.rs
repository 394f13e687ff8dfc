//! A login is never lost: the real binary and the real renewal against a provider with a ledger, killed at each
//! point of the protocol and at random, many processes at once, superseded and quit.
//!
//! After whatever has happened, the refresh token that the ledger calls live is in the credential file or in the
//! journal, and no spent one was sent again. One case has no remedy: the server has rotated, and the client dies
//! before it has received the response. It is counted separately.
#![cfg(target_os = "linux")]

mod child;
#[path = "../common/mod.rs"]
mod common;
mod concurrency;
mod copies;
mod kill_points;
mod quit;
mod random_kills;
mod separate_state_dirs;
mod suspended;
