//! The accounts as an aligned table, for people at a terminal.
//!
//! What colour says, a sign or a word says too: `!` stands before a window that is low, `×` before one that is used up.

mod account_table;
mod columns;

pub use account_table::table;
