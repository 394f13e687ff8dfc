//! The tray program: a state machine from events to effects, and what carries the effects out.

pub mod context;
pub mod hook_call;
pub mod instance;
pub mod runner;
pub mod state_machine;
