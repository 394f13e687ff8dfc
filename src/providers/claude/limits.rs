//! The list of limits: the same windows as the buckets, and for some accounts their only source
//! (CCSwitcher PR#34, maki PR#456).

use crate::providers::claude::buckets::WEEK;
use crate::providers::json::{number, reset, text};
use crate::providers::windows::MAX_WINDOWS;
use crate::quota::Window;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// The usable entries of the list, in its order.
pub struct Limits(Vec<Limit>);

struct Limit {
    /// The bucket that is the same window, else a key of the limit's own.
    key: String,
    title: String,
    /// Percent used. `None`: not given.
    used: Option<f64>,
    /// `None`: not given.
    resets_at: Option<DateTime<Utc>>,
}

impl Limits {
    /// The list of a response. `is_active` does not say whether a limit applies: it marks the nearest one.
    pub fn of(object: &Map<String, Value>) -> Limits {
        let list = object.get("limits").and_then(Value::as_array).into_iter().flatten();
        Limits(list.filter_map(Limit::of).take(2 * MAX_WINDOWS).collect())
    }

    /// A bucket's percentage in the list.
    pub fn used_percent(&self, bucket: &str) -> Option<f64> {
        self.0.iter().filter(|limit| limit.key == bucket).find_map(|limit| limit.used)
    }

    /// A bucket's reset in the list.
    pub fn resets_at(&self, bucket: &str, title: &str) -> Option<DateTime<Utc>> {
        let is_same = |limit: &&Limit| limit.key == bucket || limit.title.eq_ignore_ascii_case(title);
        self.0.iter().filter(is_same).find_map(|limit| limit.resets_at)
    }

    /// The windows of one model or one surface.
    pub fn scoped(&self) -> impl Iterator<Item = Window> {
        self.0.iter().filter(|limit| limit.key.starts_with(SCOPED)).filter_map(|limit| {
            let mut window = Window::new(&*limit.key, &*limit.title, limit.used?)?;
            window.resets_at = limit.resets_at;
            window.length_seconds = Some(WEEK);
            Some(window)
        })
    }
}

const SCOPED: &str = "weekly_scoped.";

impl Limit {
    fn of(limit: &Value) -> Option<Limit> {
        let (key, title) = match limit.get("kind")?.as_str()? {
            "session" => ("five_hour".into(), "5-hour".into()),
            "weekly_all" => ("seven_day".into(), "Weekly".into()),
            "weekly_scoped" => {
                let name = scope_name(limit.get("scope")?)?;
                (format!("{SCOPED}{name}"), format!("Weekly ({name})"))
            }
            _ => return None,
        };
        let used = limit.get("percent").and_then(number);
        Some(Limit { key, title, used, resets_at: limit.get("resets_at").and_then(reset) })
    }
}

/// `{"model": {"display_name": …}, "surface": {"display_name": …}}`, either of them null; or just the name.
fn scope_name(scope: &Value) -> Option<String> {
    let part = |part| text(scope.get(part)?.get("display_name")?);
    part("model").or_else(|| part("surface")).or_else(|| text(scope))
}
