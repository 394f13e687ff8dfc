//! Claude: `GET https://api.anthropic.com/api/oauth/usage`.
//!
//! The answer is an object of named buckets, each `{utilization, resets_at}`, next to a list of limits, money
//! and code names that come and go. Nothing of it is documented, so everything is optional here.

mod billing;
mod limits;

use crate::providers::MOST_WINDOWS;
use crate::providers::json::{nothing_in, number, readable, reset};
use crate::quota::{Fact, Usage, Window};
use limits::Limits;
use serde_json::{Map, Value};

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

/// Keys of the response that are no buckets: money, the list of limits, shares of a window (which limit
/// nothing), and vouchers that reset a window.
const NO_BUCKETS: [&str; 6] =
    ["extra_usage", "spend", "limits", "seven_day_breakdown", "weekly_scoped_shares", "cedar_ember"];

/// Besides the buckets, the keys that Claude Code takes for a valid response.
const OTHER_KNOWN_KEYS: [&str; 4] = ["cinder_cove", "extra_usage", "limits", "spend"];

/// Credits beyond these are not shown: there has never been more than one.
const MAX_CREDITS: usize = 8;

/// Reads an answer. The error says what is wrong with it, for "could not understand the answer".
pub fn parse(document: &Value) -> Result<Usage, String> {
    let object = document.as_object().ok_or("it is not an object")?;
    let limits = Limits::of(object);
    let mut windows: Vec<Window> =
        BUCKETS.into_iter().filter_map(|bucket| known(bucket, object, &limits)).collect();
    for window in limits.scoped() {
        // A model can have a bucket of its own and stand in the list as well.
        if windows.len() < MOST_WINDOWS && !windows.iter().any(|known| same_title(known, &window)) {
            windows.push(window);
        }
    }
    let is_known = BUCKETS.iter().map(|(key, ..)| key).chain(&OTHER_KNOWN_KEYS);
    if !windows.is_empty() || is_known.into_iter().any(|key| object.contains_key(*key)) {
        windows.extend(object.iter().filter_map(|(key, value)| unknown(key, value)).take(MOST_WINDOWS));
    }
    let credits = object.iter().filter(|(key, _)| !is_bucket(key));
    let credits = credits.filter_map(|(key, value)| billing::credit(key, value)).map(Fact::Credit);
    let facts: Vec<_> = credits.take(MAX_CREDITS).collect();
    let has_something = !facts.is_empty() || billing::is_by_use(object);
    if windows.is_empty() && (!has_something || is_error(object)) {
        return Err(nothing_in(document));
    }
    Ok(Usage { windows, plan: None, extra_usage: billing::extra_usage(object), facts })
}

fn same_title(a: &Window, b: &Window) -> bool {
    a.title.eq_ignore_ascii_case(&b.title)
}

/// A bucket of the table. What is null or missing in it stands in the list of limits, or nowhere: null is
/// neither 0 % nor 100 %, it is no window.
fn known(bucket: (&str, &str, u64), object: &Map<String, Value>, limits: &Limits) -> Option<Window> {
    let (key, title, length) = bucket;
    let value = object.get(key);
    let used = value.and_then(utilization).or_else(|| limits.used_percent(key))?;
    let mut window = Window::new(key, title, used)?;
    let resets_at = value.and_then(|value| value.get("resets_at")).and_then(reset);
    window.resets_at = resets_at.or_else(|| limits.resets_at(key, title));
    window.length_seconds = Some(length);
    Some(window)
}

/// A bucket under a code name: kept where it says anything, and marked as nothing we know.
fn unknown(key: &str, value: &Value) -> Option<Window> {
    if is_bucket(key) || NO_BUCKETS.contains(&key) || billing::is_credit(value) {
        return None;
    }
    let mut window = Window::new(key, readable(key), utilization(value)?)?;
    window.resets_at = value.get("resets_at").and_then(reset);
    window.named = false;
    (window.used_percent() > 0.0 || window.resets_at.is_some()).then_some(window)
}

fn is_bucket(key: &str) -> bool {
    BUCKETS.iter().any(|(known, ..)| *known == key)
}

/// A percentage: 1.0 means 1 % used.
fn utilization(bucket: &Value) -> Option<f64> {
    number(bucket.get("utilization")?)
}

/// Whether it is an error envelope: these come with a good status, too.
fn is_error(object: &Map<String, Value>) -> bool {
    object.get("error").is_some_and(|error| !error.is_null())
        || object.get("type").is_some_and(|kind| kind == "error")
}
