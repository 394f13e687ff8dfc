//! What `status` prints: a table for people, JSON, and the formats of bars and collectors.

mod bar;
pub mod i3blocks;
pub mod json;
pub mod openmetrics;
pub mod style;
pub mod table;
pub mod terminal;
#[cfg(test)]
mod test_snapshot;
pub mod waybar;
