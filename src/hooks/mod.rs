//! Hooks: programs of the user's own that are run when a window is low, has reset, or an account needs its owner.
//!
//! They fire on the same decisions as the notifications, in the tray alone.

pub mod run;
