//! A login is never lost: the real binary and the real renewal against a token server with a ledger,
//! killed at every step and at random moments, many at once, superseded and told to quit.
//!
//! The ledger is the judge. After whatever has happened, the refresh token that it calls live stands
//! in the credential file or in the journal, and no spent one was ever sent again. One moment nobody
//! can survive: the server has rotated, and the answer is on its way. It is counted apart.
#![cfg(target_os = "linux")]

mod apart;
mod child;
#[path = "../common/mod.rs"]
mod common;
mod copies;
mod crowd;
mod frozen;
mod journals;
mod moments;
mod quit;
mod stage;
mod steps;
