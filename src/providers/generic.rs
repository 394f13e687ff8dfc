//! The reader for shapes nobody has seen yet: it looks for objects that speak of a window and a
//! percentage, in the document's own order.

use super::json::{number, text};
use crate::quota::{Window, moment};
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

/// Numbers below this are no moment since 1970 that a quota could reset at (2001).
const LEAST_EPOCH: f64 = 1_000_000_000.0;

/// The windows that can be made out; none where there are none. The first of each title wins.
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
            if let Some(window) = candidate(key, object, now)
                && !windows.iter().any(|known| known.title == window.title)
            {
                windows.push(window);
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
    let mut window = Window::new(format!("generic.{title}"), title, used_percent(object)?)?;
    match reset(object, now) {
        Some(Ok(moment)) => window.resets_at = Some(moment),
        Some(Err(words)) => window.reset_note = Some(words),
        None => {}
    }
    Some(window)
}

/// The title that the object's own key, or its scalar keys and values, speak of.
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
    TITLES.iter().find(|(names, _)| names.iter().any(|name| words.contains(name))).map(|(_, title)| *title)
}

fn used_percent(object: &Map<String, Value>) -> Option<f64> {
    let first = |words: &[&str]| {
        object.iter().find_map(|(key, value)| {
            let key = key.to_lowercase();
            let speaks = words.iter().any(|word| key.contains(word));
            speaks.then(|| number(value).map(|number| (key, value, number)))?
        })
    };
    let (key, value, number) = first(&["percent", "%"]).or_else(|| first(&["usage", "used", "fraction"]))?;
    // Here alone 1 and less is a fraction, unless a percent sign says otherwise.
    let percent_sign = value.as_str().is_some_and(|text| text.contains('%'));
    let percent = if number <= 1.0 && !percent_sign { number * 100.0 } else { number };
    let of_the_rest = key.contains("remaining") || key.contains("left");
    Some(if of_the_rest { 100.0 - percent } else { percent })
}

/// The moment of the reset, or the words that stand in its place.
fn reset(object: &Map<String, Value>, now: DateTime<Utc>) -> Option<Result<DateTime<Utc>, String>> {
    object.iter().find_map(|(key, value)| {
        let key = key.to_lowercase();
        if !key.contains("reset") {
            return None;
        }
        match number(value) {
            Some(seconds) if key.contains("after") => moment::after(now, seconds).map(Ok),
            Some(epoch) if epoch >= LEAST_EPOCH => moment::from_epoch(epoch).map(Ok),
            Some(_) => None,
            None => moment::parse(value).map(Ok).or_else(|| text(value).map(Err)),
        }
    })
}
