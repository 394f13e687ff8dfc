//! The background refresher, the request budget, and the state that is kept over restarts.

pub mod budget;
mod fetch;
mod merge;
pub mod one_shot;
mod refresh;
pub mod refresher;
pub mod refused_tokens;
pub mod reset_schedule;
mod resources;
mod source_set;
pub mod state_dir;

pub use resources::Resources;
pub use source_set::SourceSet;
