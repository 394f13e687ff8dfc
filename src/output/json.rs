//! The JSON of `status`. It is described in `docs/status-and-scripts.md`, and must stay compatible.

use crate::presenter::Locale;
use crate::presenter::format;
use crate::quota::{AccountUsage, Provider, Snapshot, UsageState, Window};
use crate::text;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Report {
    generated_at: String,
    accounts: Vec<AccountReport>,
}

#[derive(Debug, Serialize)]
struct AccountReport {
    id: String,
    provider: Provider,
    email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    hidden: bool,
    plan: Option<String>,
    state: UsageState,
    error: Option<String>,
    updated_at: Option<String>,
    lowest_remaining_percent: Option<f64>,
    windows: Vec<WindowReport>,
}

#[derive(Debug, Serialize)]
struct WindowReport {
    key: String,
    title: String,
    used_percent: f64,
    remaining_percent: f64,
    resets_at: Option<String>,
    reset_text: Option<String>,
    window_seconds: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    ignored: bool,
}

impl Report {
    /// The report on a snapshot's accounts, hidden ones included, without those that are disabled.
    pub fn new(snapshot: &Snapshot, hide_email: bool, now: DateTime<Utc>, locale: Locale) -> Report {
        let is_hidden =
            |usage: &AccountUsage| snapshot.hidden.iter().any(|hidden| std::ptr::eq(hidden, usage));
        let report =
            |usage| AccountReport { hidden: is_hidden(usage), ..account(usage, hide_email, now, locale) };
        let accounts = snapshot.enabled_and_hidden().map(report).collect();
        Report { generated_at: moment(now), accounts }
    }

    /// One line of JSON. Ids contain file names unchanged, so control characters and invisible characters are escaped here.
    pub fn json(&self) -> String {
        text::escape_json(&serde_json::to_string(self).expect("strings and numbers are always JSON"))
    }
}

fn account(usage: &AccountUsage, hide_email: bool, now: DateTime<Utc>, locale: Locale) -> AccountReport {
    AccountReport {
        id: usage.account.id.text().into_owned(),
        provider: usage.account.provider,
        email: usage.account.address(hide_email),
        name: usage.account.given_name.clone(),
        hidden: false,
        plan: usage.last_usage.as_ref().and_then(|reading| reading.plan.clone()),
        state: usage.state(),
        error: usage.error.as_ref().map(|error| usage.account.redact(error.message(now, locale), hide_email)),
        updated_at: usage.updated_at.map(moment),
        lowest_remaining_percent: usage.lowest(now).map(Window::remaining_percent),
        windows: usage.windows().iter().map(|each| window(each, now, locale)).collect(),
    }
}

fn window(window: &Window, now: DateTime<Utc>, locale: Locale) -> WindowReport {
    let reset_text = window.resets_at.map(|at| format::reset_time(at, now, locale));
    WindowReport {
        key: window.key.clone(),
        title: window.title.clone(),
        used_percent: window.used_percent(),
        remaining_percent: window.remaining_percent(),
        resets_at: window.resets_at.map(moment),
        reset_text: reset_text.or_else(|| window.reset_note.clone()),
        window_seconds: window.length_seconds,
        ignored: window.ignored,
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
