//! Hooks: programs of the user's own that are run when a window is low, is given back, or an account
//! needs its owner.
//!
//! They fire from the very decisions that the notifications come from, in the tray alone.

pub mod call;
pub mod command;
pub mod run;

pub use call::Call;
pub use command::{Hooks, Kind};
