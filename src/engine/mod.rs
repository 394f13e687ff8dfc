//! The background refresher, the request budget, and what is kept over restarts.

pub mod accounts;
pub mod budget;
pub mod refresher;
pub mod refused_tokens;
pub mod state_file;
