//! A login is never lost: the real binary and the real renewal against a token server with a ledger,
//! killed at every step and at random moments, many at once, superseded and told to quit.
//!
//! The ledger is the judge. After whatever has happened, the refresh token that it calls live stands
//! in the credential file or in the journal, and no spent one was ever sent again. One moment nobody
//! can survive: the server has rotated, and the answer is on its way. It is counted apart.
#![cfg(target_os = "linux")]

#[path = "renewal/apart.rs"]
mod apart;
#[path = "renewal/child.rs"]
mod child;
mod common;
#[path = "renewal/copies.rs"]
mod copies;
#[path = "renewal/crowd.rs"]
mod crowd;
#[path = "renewal/frozen.rs"]
mod frozen;
#[path = "renewal/journals.rs"]
mod journals;
#[path = "renewal/moments.rs"]
mod moments;
#[path = "renewal/quit.rs"]
mod quit;
#[path = "renewal/stage.rs"]
mod stage;
#[path = "renewal/steps.rs"]
mod steps;
