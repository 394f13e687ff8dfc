//! What `status` prints: a table for people, JSON, and the formats of bars and collectors.

pub mod formats;
pub mod json;
pub mod table;
pub mod terminal;
