//! A login is never lost, part two: each fault of a renewal, on the real binary. A server with a
//! ledger is the judge; tokens that would be known again anywhere are looked for everywhere.
#![cfg(target_os = "linux")]

mod bytes;
mod canary;
#[path = "../common/certificate.rs"]
mod certificate;
mod clock;
#[path = "../common/mod.rs"]
mod common;
mod disk;
mod flicker;
#[path = "../common/https.rs"]
mod https;
mod journal;
mod ledger;
mod lost;
mod mounted;
mod owner;
mod proxy;
mod refused;
mod refused_tokens;
mod requests;
mod slow;
mod stage;
mod swapped;
mod unwritable;
mod write_back;
