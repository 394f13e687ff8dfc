//! The tray program: a state machine turns events into effects, and an effect runner carries them out.
//!
//! The main thread runs the event loop with the tray; a background thread runs the refresher and everything else that
//! waits.

mod background;
pub mod context;
mod effects;
pub mod hook_call;
pub mod instance;
pub mod runner;
mod settings_file;
pub mod state_machine;
