//! A login is never lost, part two: each fault of a renewal, on the real binary. A server with a
//! ledger is the judge; tokens that would be known again anywhere are looked for everywhere.
#![cfg(target_os = "linux")]

#[path = "renewal_faults/bytes.rs"]
mod bytes;
#[path = "renewal_faults/canary.rs"]
mod canary;
#[path = "common/certificate.rs"]
mod certificate;
#[path = "renewal_faults/clock.rs"]
mod clock;
mod common;
#[path = "renewal_faults/disk.rs"]
mod disk;
#[path = "renewal_faults/flicker.rs"]
mod flicker;
#[path = "common/https.rs"]
mod https;
#[path = "renewal_faults/journal.rs"]
mod journal;
#[path = "renewal_faults/ledger.rs"]
mod ledger;
#[path = "renewal_faults/lost.rs"]
mod lost;
#[path = "renewal_faults/mounted.rs"]
mod mounted;
#[path = "renewal_faults/owner.rs"]
mod owner;
#[path = "renewal_faults/proxy.rs"]
mod proxy;
#[path = "renewal_faults/refused.rs"]
mod refused;
#[path = "renewal_faults/refused_tokens.rs"]
mod refused_tokens;
#[path = "renewal_faults/requests.rs"]
mod requests;
#[path = "renewal_faults/slow.rs"]
mod slow;
#[path = "renewal_faults/stage.rs"]
mod stage;
#[path = "renewal_faults/swapped.rs"]
mod swapped;
#[path = "renewal_faults/unwritable.rs"]
mod unwritable;
#[path = "renewal_faults/write_back.rs"]
mod write_back;
