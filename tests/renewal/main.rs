//! A login is never lost: the real binary and the real renewal against a provider with a ledger, killed at each
//! point of the protocol and at random, many processes at once, superseded and quit.
//!
//! After whatever has happened, the refresh token that the ledger calls live is in the credential file or in the
//! journal, and no spent one was sent again. One case has no remedy: the server has rotated, and the client dies
//! before it has received the response. It is counted separately.
// On macOS the state directory has another place below the home directory, and nobody has run these tests there yet.
#![cfg(any(target_os = "linux", windows))]

mod child;
#[path = "../common/mod.rs"]
mod common;
mod concurrency;
mod copies;
mod kill_points;
mod other_programs;
// Signals, and clicks on the tray's menu over D-Bus.
#[cfg(target_os = "linux")]
mod quit;
mod random_kills;
// Windows has one folder for the state and the locks of tokens, and deletes no file that is open.
#[cfg(unix)]
mod separate_state_dirs;
// Windows has no signal that stops a process.
#[cfg(unix)]
mod suspended;
