//! `quota-tray doctor`: checks everything that Quota Tray depends on, one line each, and suggests fixes.

mod command;
mod desktop;
mod files;
mod finding;
mod logins;
mod network;

pub use command::{Options, run};
