//! The commands: one file each, next to the arguments and the exit codes.

pub mod arguments;
pub mod autostart;
pub mod completions;
pub mod console;
pub mod demo;
pub mod doctor;
pub mod error;
pub mod logging;
pub mod run;
pub mod status;

pub use arguments::Arguments;
pub use error::CommandError;
