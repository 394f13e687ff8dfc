//! Claude: `GET https://api.anthropic.com/api/oauth/usage`.
//!
//! The answer is an object of named buckets, each `{utilization, resets_at}`, next to lists and code
//! names that come and go. Nothing of it is documented, so everything is optional here.

use super::MOST_WINDOWS;
use super::json::{number, text, tidy};
use crate::quota::{ExtraUsage, Reading, Window, moment};
use serde_json::Value;

/// The agent that asks: others were answered 429 with the same token that then got 200
/// (claude-hud#168, #177; claude-usage-extension#34).
pub const USER_AGENT: &str = "claude-code/2.1.0";

/// Opens the usage API to OAuth tokens.
pub const BETA: (&str, &str) = ("anthropic-beta", "oauth-2025-04-20");

const HOUR: u64 = 3600;
const WEEK: u64 = 7 * 24 * HOUR;

/// The buckets known by name, in the order they are shown: key, title, length in seconds.
const BUCKETS: [(&str, &str, u64); 7] = [
    ("five_hour", "5-hour", 5 * HOUR),
    ("seven_day", "Weekly", WEEK),
    ("seven_day_opus", "Weekly (Opus)", WEEK),
    ("seven_day_sonnet", "Weekly (Sonnet)", WEEK),
    ("seven_day_oauth_apps", "Weekly (OAuth Apps)", WEEK),
    ("seven_day_cowork", "Weekly (Cowork)", WEEK),
    ("seven_day_omelette", "Weekly (Omelette)", WEEK),
];

/// Keys of the answer that are no buckets.
const NO_BUCKETS: [&str; 2] = ["extra_usage", "limits"];

/// Reads an answer. The error says what is wrong with it, for "could not understand the answer".
pub fn parse(document: &Value) -> Result<Reading, String> {
    let object = document.as_object().ok_or("it is not an object")?;
    let mut windows: Vec<Window> = BUCKETS
        .iter()
        .filter_map(|(key, title, length)| {
            let mut window = bucket(key, title, object.get(*key)?)?;
            window.length_seconds = Some(*length);
            Some(window)
        })
        .collect();
    for limit in object.get("limits").and_then(Value::as_array).into_iter().flatten() {
        // A model can have a bucket of its own and stand in the list as well.
        if windows.len() >= MOST_WINDOWS {
            break;
        }
        if let Some(window) = scoped(limit)
            && !windows.iter().any(|known| known.title.eq_ignore_ascii_case(&window.title))
        {
            windows.push(window);
        }
    }
    let recognised = !windows.is_empty() || BUCKETS.iter().any(|(key, ..)| object.contains_key(*key));
    if recognised {
        windows.extend(object.iter().filter_map(|(key, value)| unknown(key, value)).take(MOST_WINDOWS));
    }
    if windows.is_empty() {
        return Err(match super::json::error_kind(document) {
            Some(kind) => format!("it held an error ({kind}) and no quota windows"),
            None => "the answer held no quota windows".into(),
        });
    }
    Ok(Reading { windows, plan: None, extra_usage: object.get("extra_usage").and_then(extra_usage) })
}

/// `utilization` is a percentage: 1.0 means 1 % used. Null is neither 0 % nor 100 %: it is no window.
fn bucket(key: &str, title: &str, value: &Value) -> Option<Window> {
    let mut window = Window::new(key, title, number(value.get("utilization")?)?)?;
    window.resets_at = value.get("resets_at").and_then(moment::parse);
    Some(window)
}

/// A weekly limit of one model: `scope` is `{"model": {"display_name": …}}`, or just the name.
fn scoped(limit: &Value) -> Option<Window> {
    if limit.get("kind")?.as_str()? != "weekly_scoped" {
        return None;
    }
    let scope = limit.get("scope")?;
    let name = text(scope).or_else(|| text(scope.get("model")?.get("display_name")?))?;
    let mut window = Window::new(
        format!("weekly_scoped.{name}"),
        format!("Weekly ({name})"),
        number(limit.get("percent")?)?,
    )?;
    window.resets_at = limit.get("resets_at").and_then(moment::parse);
    window.length_seconds = Some(WEEK);
    Some(window)
}

/// A bucket under a code name: kept where it says anything, and marked as nothing we know.
fn unknown(key: &str, value: &Value) -> Option<Window> {
    if BUCKETS.iter().any(|(known, ..)| *known == key) || NO_BUCKETS.contains(&key) {
        return None;
    }
    let mut window = bucket(key, &readable(key), value)?;
    window.named = false;
    (window.used_percent() > 0.0 || window.resets_at.is_some()).then_some(window)
}

/// `nimbus_quill` → "Nimbus quill".
fn readable(key: &str) -> String {
    let spaced = tidy(&key.replace('_', " "));
    let mut letters = spaced.chars();
    letters.next().map_or_else(|| "Unnamed".to_owned(), |first| first.to_uppercase().chain(letters).collect())
}

/// Money in minor units: `decimal_places` of them, 2 unless told.
fn extra_usage(value: &Value) -> Option<ExtraUsage> {
    if !value.get("is_enabled")?.as_bool()? {
        return None;
    }
    let decimals = value.get("decimal_places").and_then(Value::as_u64).unwrap_or(2).min(9);
    let main_unit = |minor: f64| minor / 10_f64.powi(decimals as i32);
    Some(ExtraUsage {
        spent: main_unit(number(value.get("used_credits")?)?),
        limit: value.get("monthly_limit").and_then(number).map(main_unit),
        currency: value.get("currency").and_then(text),
    })
}
