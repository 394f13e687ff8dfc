//! Hooks: the user's own programs, run when a window is low or has reset, or an account needs attention.
//!
//! They are run for the same events as the notifications, by the tray only.

pub mod call;
mod process_group;
pub mod run;
