//! Bodies of usage responses.

use std::sync::LazyLock;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};

/// A usage response of Claude with these windows, by key and percent used, e.g. `("five_hour", 58.0)`.
pub fn claude_usage(windows: &[(&str, f64)]) -> Value {
    let mut usage = json!({"seven_day_opus": null, "limits": []});
    for (key, used) in windows {
        usage[*key] = json!({
            "utilization": used,
            "resets_at": reset_of(if *key == "five_hour" { 5 } else { 7 * 24 }).to_rfc3339(),
        });
    }
    usage
}

/// A usage response of Codex: the windows by their length in seconds and percent used, the primary
/// one first, e.g. `(18_000, 12)` and `(604_800, 30)`.
pub fn codex_usage(windows: &[(i64, i64)]) -> Value {
    let window = |place: usize| {
        windows.get(place).map(|(seconds, used)| {
            json!({
                "used_percent": used,
                "limit_window_seconds": seconds,
                "reset_at": reset_of(seconds / 3600).timestamp(),
            })
        })
    };
    json!({
        "plan_type": "plus",
        "rate_limit": {
            "allowed": true,
            "limit_reached": false,
            "primary_window": window(0),
            "secondary_window": window(1),
        },
        "credits": {"has_credits": false, "unlimited": false, "balance": "0"},
    })
}

/// When a window of so many hours resets: when half of it has passed, and the same time in each response,
/// since another reset time would be a new window.
pub fn reset_of(window_hours: i64) -> DateTime<Utc> {
    static START: LazyLock<DateTime<Utc>> = LazyLock::new(|| Utc::now().trunc_subsecs(0));
    *START + TimeDelta::minutes(window_hours * 60 / 2)
}
