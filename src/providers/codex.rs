//! Codex: `GET https://chatgpt.com/backend-api/wham/usage`.
//!
//! Rate limits of one shape stand in three places: `rate_limit`, `code_review_rate_limit`, and each
//! element of `additional_rate_limits`. Any of them may be null, and elements may be garbage.

use super::json::{number, text};
use super::{MOST_WINDOWS, generic};
use crate::quota::{Reading, Window, moment};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// The agent that asks.
pub const USER_AGENT: &str = "codex-cli";

/// Names the workspace; without it team accounts show the personal quota.
pub const ACCOUNT_HEADER: &str = "chatgpt-account-id";

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Reads an answer. The error says what is wrong with it, for "could not understand the answer".
pub fn parse(document: &Value, now: DateTime<Utc>) -> Result<Reading, String> {
    let mut windows = Vec::new();
    let main = document.get("rate_limit").filter(|limit| !limit.is_null());
    if let Some(limit) = main {
        windows.extend(rate_limit(limit, None, "", now));
    }
    if let Some(limit) = document.get("code_review_rate_limit") {
        windows.extend(rate_limit(limit, Some("Code review"), "code_review_rate_limit.", now));
    }
    for extra in document.get("additional_rate_limits").and_then(Value::as_array).into_iter().flatten() {
        let name =
            extra.get("limit_name").and_then(text).or_else(|| extra.get("metered_feature").and_then(text));
        if windows.len() >= MOST_WINDOWS {
            break;
        }
        if let (Some(name), Some(limit)) = (name, extra.get("rate_limit")) {
            windows.extend(rate_limit(limit, Some(&name), &format!("{name}."), now));
        }
    }
    // The reader that guesses is for shapes we don't know, not for this one with nothing in it.
    if windows.is_empty() && main.is_none() {
        windows = generic::parse(document, now);
    }
    if windows.is_empty() {
        return Err(match super::json::error_kind(document) {
            Some(kind) => format!("it held an error ({kind}) and no quota windows"),
            None => "the answer held no quota windows".into(),
        });
    }
    Ok(Reading { windows, plan: document.get("plan_type").and_then(text), extra_usage: None })
}

/// The windows of one rate limit, the shorter first: the two have been seen in either order.
fn rate_limit(limit: &Value, of: Option<&str>, prefix: &str, now: DateTime<Utc>) -> Vec<Window> {
    let reached = limit.get("limit_reached").and_then(Value::as_bool) == Some(true);
    let mut windows: Vec<_> = [("primary_window", "5-hour"), ("secondary_window", "Weekly")]
        .into_iter()
        .filter_map(|(key, title)| {
            let mut window = window(limit.get(key)?, &format!("{prefix}{key}"), title, reached, now)?;
            if let Some(of) = of {
                window.title = format!("{of} ({})", window.title);
            }
            Some(window)
        })
        .collect();
    if windows.iter().all(|window| window.length_seconds.is_some()) {
        windows.sort_by_key(|window| window.length_seconds);
    }
    windows
}

/// One window. `title` holds only where no length is given: with a length, the length names it, since
/// plans whose primary window is a week or a month are common.
fn window(value: &Value, key: &str, title: &str, limit_reached: bool, now: DateTime<Utc>) -> Option<Window> {
    let resets_at = value.get("reset_at").and_then(moment::parse).or_else(|| {
        let seconds = value.get("reset_after_seconds").and_then(number)?;
        moment::after(now, seconds)
    });
    let used = match value.get("used_percent").and_then(number) {
        Some(used) => used,
        // A limit that is reached and will be lifted at a known moment is used up, told or not.
        None if limit_reached && resets_at.is_some() => 100.0,
        None => return None,
    };
    let length = value.get("limit_window_seconds").and_then(number).filter(|length| *length >= 1.0);
    let length = length.map(|length| length as u64);
    let mut window = Window::new(key, length.map_or_else(|| title.to_owned(), name_of_length), used)?;
    window.resets_at = resets_at;
    window.length_seconds = length;
    Some(window)
}

/// 18000 → "5-hour", 604800 → "Weekly".
fn name_of_length(seconds: u64) -> String {
    let rounded = |unit: u64| seconds.saturating_add(unit / 2) / unit;
    match rounded(DAY) {
        7 => "Weekly".into(),
        27..=32 => "Monthly".into(),
        _ if seconds < HOUR => format!("{}-minute", rounded(MINUTE).max(1)),
        _ if seconds <= DAY => format!("{}-hour", rounded(HOUR)),
        days => format!("{days}-day"),
    }
}
