//! The accounts as an aligned table, for people at a terminal.
//!
//! Colour is never the only sign: `!` precedes a window that is low, `×` one that is used up.

mod account_table;
mod columns;

pub use account_table::table;
