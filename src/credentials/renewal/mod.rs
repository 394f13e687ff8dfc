//! Renewing a login without ever losing it.
//!
//! Refresh tokens rotate: the moment the server responds, the old one is invalid, and the new one exists nowhere but in the
//! response. So everything that can fail is done before the request, the response goes into the journal as it comes, and
//! the credential file is changed only where it still has the token that was used. A token that is known to be used, for
//! this file or for a copy of it, is never sent again.
//!
//! What happens next is decided by one pure function, in `next_step.rs`. The steps of a renewal are carried out by
//! `attempt.rs` and `send.rs`, those of the checks that follow by `reconcile.rs`.

mod attempt;
mod checkpoint;
pub mod cli_proxy_api;
mod copies;
mod credential;
mod credential_files;
mod in_flight;
mod next_step;
mod open_journal;
mod reconcile;
mod refusal;
mod renewer;
mod request;
mod response_backup;
mod send;
mod send_rules;
mod token_history;
mod write_back;

pub use checkpoint::Checkpoint;
pub use refusal::Refusal;
pub use renewer::{Policy, Renewer};
