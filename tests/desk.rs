//! At home on the desktop and in the shell: the table in a terminal, and what else people expect of a
//! finished utility. The real binary, a real bus, real terminals.
#![cfg(target_os = "linux")]

mod common;
#[path = "desk/table.rs"]
mod table;

use common::Scene;

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
