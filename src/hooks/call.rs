//! One run of a hook, as data: what the caller decides and [`run`](crate::hooks::run) carries out.

use crate::config::hooks::HookEvent;
use std::time::Duration;

/// One run of a hook.
#[derive(Debug, Clone, PartialEq)]
pub struct HookCall {
    /// The event that it is run for.
    pub event: HookEvent,
    /// The program and its arguments, with the placeholders filled in. Never empty.
    pub command: Vec<String>,
    /// The event as one JSON object on one line: the program's standard input.
    pub input: String,
    /// The same for the environment: names and values, added to the tray's own.
    pub environment: Vec<(String, String)>,
    /// The maximum run time, after which the program is killed.
    pub timeout: Duration,
}
