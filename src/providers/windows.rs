//! Limits on what a response may hold, whoever it is from.

use crate::providers::json;
use crate::quota::Window;
use std::collections::HashSet;

/// The most quota windows of one account; further ones are dropped. Real accounts have up to eight.
pub const MAX_WINDOWS: usize = 32;

/// Drops surplus windows, and makes the keys of the rest unique and short: the alert history on disk uses them.
pub fn normalize(windows: &mut Vec<Window>) {
    windows.truncate(MAX_WINDOWS);
    let mut seen = HashSet::new();
    for window in windows {
        let key = json::tidy(&window.key);
        let mut unique = key.clone();
        let mut count = 1;
        while !seen.insert(unique.clone()) {
            count += 1;
            unique = format!("{key}#{count}");
        }
        window.key = unique;
    }
}
