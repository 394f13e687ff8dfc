//! When to notify about a window: (alert history, snapshot) → notifications.
//!
//! A window fires once for each threshold it falls below; where it falls below several at once, only the lowest of them
//! fires. A threshold can fire again after the window has reset, or after two responses in a row were above it: a single
//! wrong number neither suppresses a notification nor repeats one.

pub mod delivery;
pub mod held;

use crate::quota::notification::{Notification, WindowEvent};
use crate::quota::{AccountUsage, Snapshot, UsageState, Window, attention, identity, percent};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Reset times this close to each other are the same: providers let them jitter by seconds, and count
/// "seconds from now" in whole ones.
const JITTER: TimeDelta = TimeDelta::minutes(5);

/// How long the history of a window outlives its account's file, which may come back after a
/// CLIProxyAPI sign-in. Longer than the longest window.
const HISTORY_LIFETIME: TimeDelta = TimeDelta::days(40);

/// The settings for notifications about windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Percent left, 0 to 100: a window with less fires. One with 0 % left always fires.
    pub thresholds: Vec<f64>,
    /// Whether to notify when a window that fired resets.
    pub on_reset: bool,
}

impl Rules {
    /// With the window's own thresholds, if it has any.
    fn for_window(&self, window: &Window) -> Rules {
        let thresholds = window.thresholds.as_ref().unwrap_or(&self.thresholds).clone();
        Rules { thresholds, on_reset: self.on_reset }
    }
}

/// Which notifications were sent. Kept over restarts, so that none is repeated.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AlertHistory {
    /// Keyed by [state key](crate::quota::Account::state_key) and window key, never by title.
    windows: BTreeMap<String, BTreeMap<String, WindowHistory>>,
    /// The accounts that fail.
    #[serde(default, rename = "troubles")]
    pub attention: attention::AttentionHistory,
    /// Until when the user has snoozed notifications. `None`: they are not snoozed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    snoozed_until: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct WindowHistory {
    /// The lowest threshold that has fired since the last reset, in percent left. `None`: none has.
    fired: Option<f64>,
    /// When the window resets, according to the last response. `None`: not known.
    resets_at: Option<DateTime<Utc>>,
    /// Percent left, 0 to 100, in the response that was evaluated last.
    remaining: f64,
    /// When that response was received.
    #[serde(rename = "seen_at")]
    received_at: DateTime<Utc>,
    /// Whether the notification that it is low was held back: in quiet hours, while notifications were snoozed, or because
    /// it could not be shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    held: bool,
}

/// The notifications for one snapshot, one for each window. Updates the history. Only accounts whose last request
/// succeeded are evaluated. A response that was evaluated before is evaluated again only for changed rules.
pub fn evaluate(
    history: &mut AlertHistory,
    snapshot: &Snapshot,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    let mut notifications = Vec::new();
    for usage in snapshot.enabled().filter(|usage| usage.state() == UsageState::Ok) {
        // A response from the future, from when the clock was ahead, is not evaluated; the next one is.
        let Some(received_at) = usage.updated_at.filter(|received_at| *received_at <= now) else { continue };
        let windows = identity::entry(&mut history.windows, &usage.account);
        for window in usage.windows().iter().filter(|window| window.counts()) {
            let rules = rules.for_window(window);
            notifications.extend(evaluate_window(windows, usage, window, received_at, &rules, now));
        }
    }
    history.windows.retain(|_, windows| {
        windows.retain(|_, known| now - known.received_at < HISTORY_LIFETIME);
        !windows.is_empty()
    });
    notifications
}

fn evaluate_window(
    history: &mut BTreeMap<String, WindowHistory>,
    usage: &AccountUsage,
    window: &Window,
    received_at: DateTime<Utc>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Option<Notification> {
    let event = || WindowEvent { account: usage.account.clone(), window: window.clone() };
    let current = level(window.remaining_percent(), &rules.thresholds);
    let before = history.get(&window.key).cloned();
    // An entry from the future, from when the clock was ahead, does not count.
    let is_known = |known: &&mut WindowHistory| (received_at..=now).contains(&known.received_at);
    if let Some(known) = history.get_mut(&window.key).filter(is_known) {
        // Evaluated already. Only changed rules can fire, as long as the window has not been reset since.
        known.fired = fired_by(known, rules);
        let is_unchanged =
            known.received_at == received_at && window.resets_at.is_none_or(|reset| reset > now);
        return (is_unchanged && severity(current) > severity(known.fired)).then(|| {
            known.fired = current;
            Notification::Low(event())
        });
    }
    let fired = before.as_ref().and_then(|known| fired_by(known, rules));
    let has_reset = before.as_ref().is_some_and(|known| reset_has_passed(known, window, received_at));
    let reset_moved = before.as_ref().is_some_and(|known| reset_has_moved(known, window));
    // With no reset to explain a rise, the worse of two responses counts.
    let earlier = before.as_ref().and_then(|known| level(known.remaining, &rules.thresholds));
    let worse = if severity(earlier) > severity(current) { earlier } else { current };
    let level = if has_reset || reset_moved { current } else { worse };

    let (fired, notification) = if has_reset || severity(level) < severity(fired) {
        let notification = match level {
            Some(_) if has_reset => Some(Notification::Low(event())),
            None if fired.is_some() && rules.on_reset => Some(Notification::Reset(event())),
            _ => None,
        };
        (level, notification)
    } else if severity(current) > severity(fired) {
        (current, Some(Notification::Low(event())))
    } else {
        (fired, None)
    };
    history.insert(
        window.key.clone(),
        WindowHistory {
            fired,
            resets_at: window.resets_at,
            remaining: window.remaining_percent(),
            received_at,
            held: fired.is_some() && before.is_some_and(|known| known.held),
        },
    );
    notification
}

/// The threshold that has fired. Where the rules no longer have it, the one of them that the last percentage is below:
/// removing a threshold is no reset, and nothing is notified twice.
fn fired_by(known: &WindowHistory, rules: &Rules) -> Option<f64> {
    let is_configured = |fired: f64| fired <= 0.0 || rules.thresholds.contains(&fired);
    known.fired.and_then(|fired| {
        if is_configured(fired) { Some(fired) } else { level(known.remaining, &rules.thresholds) }
    })
}

/// The lowest threshold that the percentage left is below; 0 where nothing is left. `None`: it is below none.
fn level(remaining: f64, thresholds: &[f64]) -> Option<f64> {
    if remaining <= 0.0 {
        return Some(0.0);
    }
    thresholds
        .iter()
        .copied()
        .filter(|threshold| percent::is_below(remaining, *threshold))
        .min_by(f64::total_cmp)
}

/// A greater number is worse; `None`, above all thresholds, is the least.
fn severity(level: Option<f64>) -> f64 {
    level.map_or(f64::NEG_INFINITY, |threshold| -threshold)
}

/// Whether a window's reset time has passed since it was last evaluated, and another one has replaced it.
fn reset_has_passed(before: &WindowHistory, window: &Window, received_at: DateTime<Utc>) -> bool {
    before.resets_at.is_some_and(|reset| match window.resets_at {
        Some(_) => reset <= received_at + JITTER && reset_has_moved(before, window),
        None => reset <= received_at,
    })
}

/// Whether a window's reset time has moved since it was last evaluated, even before it passed. By itself that is no
/// reset, or a window whose reset time slides along would fire at every refresh: it explains a rise.
fn reset_has_moved(before: &WindowHistory, window: &Window) -> bool {
    before.resets_at.zip(window.resets_at).is_some_and(|(old, new)| new - old > JITTER)
}

#[cfg(test)]
mod tests;
