//! The heuristic reader for unknown shapes: it looks for objects that name a window and a percentage, in the document's
//! own order. A number that may be a percentage or a count is shown, and does not count for alerts or the lowest
//! percentage: 40 of 50 used are not 60 % left.

use crate::providers::json::{number, percentage, text};
use crate::quota::{Window, timestamp};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// Words that name a window, and its title. The first line that matches names it.
const TITLES: [(&[&str], &str); 4] = [
    (&["5h", "5-hour", "five"], "5-hour"),
    (&["weekly", "week", "7d"], "Weekly"),
    (&["full", "premium", "paid"], "Full"),
    (&["standard", "session"], "Session"),
];

/// The order of the menu.
const ORDER: [&str; 4] = ["5-hour", "Session", "Weekly", "Full"];

/// Smaller numbers are no reset in seconds since 1970: this is in 2001.
const MIN_EPOCH: f64 = 1_000_000_000.0;

/// The windows that are recognized. The first of each title wins.
pub fn parse(document: &Value, now: DateTime<Utc>) -> Vec<Window> {
    let mut windows = Vec::new();
    walk("", document, now, &mut windows);
    windows.sort_by_key(|window| ORDER.iter().position(|title| *title == window.title));
    windows
}

/// Depth first. The JSON reader bounds the depth at 128.
fn walk(key: &str, value: &Value, now: DateTime<Utc>, windows: &mut Vec<Window>) {
    match value {
        Value::Object(object) => {
            if let Some(window) = candidate(key, object, now) {
                match windows.iter_mut().find(|known| known.title == window.title) {
                    None => windows.push(window),
                    // A certain percentage replaces a guess.
                    Some(known) if window.named && !known.named => *known = window,
                    Some(_) => {}
                }
            }
            for (key, value) in object {
                walk(key, value, now, windows);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| walk(key, value, now, windows)),
        _ => {}
    }
}

fn candidate(key: &str, object: &Map<String, Value>, now: DateTime<Utc>) -> Option<Window> {
    let title = title(key, object)?;
    let used = used_percent(object)?;
    let mut window = Window::new(format!("generic.{title}"), title, used.percent)?;
    window.named = used.is_sure;
    match reset(object, now) {
        Some(Ok(moment)) => window.resets_at = Some(moment),
        Some(Err(words)) => window.reset_note = Some(words),
        None => {}
    }
    Some(window)
}

/// The title that the object's own key, or its scalar keys and values, name.
fn title(key: &str, object: &Map<String, Value>) -> Option<&'static str> {
    let mut words = key.to_lowercase();
    for (key, value) in object.iter().filter(|(_, value)| !value.is_object() && !value.is_array()) {
        words.push('\n');
        words.push_str(&key.to_lowercase());
        words.push('\n');
        words.push_str(&match value {
            Value::String(text) => text.to_lowercase(),
            other => other.to_string(),
        });
    }
    TITLES
        .iter()
        .find(|(names, _)| names.iter().any(|name| contains_name(&words, name)))
        .map(|(_, title)| *title)
}

/// Whether `words` contain a name. One that begins with a digit must be a separate word ("last 5h", "5hours"): it is
/// often part of an identifier or of another length ("a75h2", "15h").
fn contains_name(words: &str, name: &str) -> bool {
    if !name.starts_with(|first: char| first.is_ascii_digit()) {
        return words.contains(name);
    }
    words.match_indices(name).any(|(at, _)| {
        let (before, after) = (&words[..at], &words[at + name.len()..]);
        let goes_on = ["r", "our", "ay"].iter().any(|ending| after.starts_with(ending));
        !before.ends_with(char::is_alphanumeric) && (goes_on || !after.starts_with(char::is_alphanumeric))
    })
}

/// The used percentage of an object.
struct Used {
    percent: f64,
    /// Whether it is certainly a percentage.
    is_sure: bool,
}

const PERCENT: [&str; 2] = ["percent", "%"];
const USE: [&str; 3] = ["usage", "used", "fraction"];
const LEFT: [&str; 4] = ["remaining", "left", "unused", "available"];

fn contains_any(key: &str, words: &[&str]) -> bool {
    words.iter().any(|word| key.contains(word))
}

fn used_percent(object: &Map<String, Value>) -> Option<Used> {
    let numbers =
        || object.iter().filter_map(|(key, value)| Some((key.to_lowercase(), value, number(value)?)));
    let is_percentage = |value: &Value| value.as_str().is_some_and(|text| text.contains('%'));
    let percent = |(key, value, number): (String, &Value, f64)| {
        // Only here 1 and less is a fraction, unless there is a percent sign.
        let percent = if number <= 1.0 && !is_percentage(value) { number * 100.0 } else { number };
        if contains_any(&key, &LEFT) { 100.0 - percent } else { percent }
    };
    let explicit = numbers().find(|(key, ..)| contains_any(key, &PERCENT));
    let explicit = explicit
        .or_else(|| numbers().find(|(key, value, _)| contains_any(key, &USE) && is_percentage(value)));
    if let Some(percent) = explicit.map(percent).or_else(|| share(object)) {
        return Some(Used { percent, is_sure: true });
    }
    let guess = numbers().find(|(key, ..)| contains_any(key, &USE)).map(percent)?;
    Some(Used { percent: guess, is_sure: false })
}

/// The used share of a limit, in percent, where both are given and are of the same thing: "messages_used" of "limit" or of
/// "message_limit", and never of "limit_window_seconds".
fn share(object: &Map<String, Value>) -> Option<f64> {
    const LIMIT: [&str; 3] = ["limit", "total", "max"];
    let of_what = |key: &str| {
        let what =
            ["used", "usage"].iter().chain(&LIMIT).fold(key.to_owned(), |key, word| key.replace(word, ""));
        what.trim_matches(|c: char| !c.is_alphanumeric()).trim_end_matches('s').to_owned()
    };
    let is_used = |key: &str| key.contains("used") || (key.contains("usage") && !contains_any(key, &LIMIT));
    let counts = || {
        let counts = object.iter().filter_map(|(key, value)| Some((key.to_lowercase(), number(value)?)));
        counts.filter(|(key, count)| *count >= 0.0 && !contains_any(key, &LEFT) && !key.contains("reset"))
    };
    let (used, count) = counts().find(|(key, _)| is_used(key) && of_what(key) != "at")?;
    let is_its_limit = |limit: &str| {
        let what = of_what(limit);
        !is_used(limit) && contains_any(limit, &LIMIT) && (what.is_empty() || what == of_what(&used))
    };
    let (_, limit) = counts().find(|(key, _)| is_its_limit(key))?;
    percentage(count, limit)
}

/// The moment of the reset, or the text in its place.
fn reset(object: &Map<String, Value>, now: DateTime<Utc>) -> Option<Result<DateTime<Utc>, String>> {
    object.iter().find_map(|(key, value)| {
        let key = key.to_lowercase();
        if !key.contains("reset") {
            return None;
        }
        match number(value) {
            Some(seconds) if key.contains("after") => timestamp::after(now, seconds).map(Ok),
            Some(epoch) if epoch >= MIN_EPOCH => timestamp::from_epoch(epoch).map(Ok),
            Some(_) => None,
            None => timestamp::parse(value).map(Ok).or_else(|| text(value).map(Err)),
        }
    })
}
