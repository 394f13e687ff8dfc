//! When to notify about a window: (alert history, snapshot) → notifications.
//!
//! A window fires once for each threshold it falls below; a fall through several fires the most
//! severe one only. It re-arms when the window resets, or when it has risen above the
//! threshold in two responses: one odd number neither hides a notification nor repeats it.

use crate::quota::notification::{Notification, WindowEvent, summarise};
use crate::quota::{AccountUsage, Snapshot, UsageState, Window, attention, identity, percent};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Reset times this close to each other are the same: providers let them jitter by seconds, and count
/// "seconds from now" in whole ones.
const JITTER: TimeDelta = TimeDelta::minutes(5);

/// How long the history of a window outlives its account's file, which may come back after a
/// CLIProxyAPI sign-in. Longer than the longest window.
const FORGET_AFTER: TimeDelta = TimeDelta::days(40);

/// When to alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Percent left; a window that has less fires. 0 % left always fires.
    pub thresholds: Vec<f64>,
    /// Whether to notify when a window that fired resets.
    pub on_reset: bool,
}

/// Which notifications were sent. Kept over restarts, so that none is repeated.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AlertHistory {
    /// Keyed by [state key](crate::quota::Account::state_key) and window key, never by title.
    windows: BTreeMap<String, BTreeMap<String, WindowHistory>>,
    /// The accounts that fail.
    #[serde(default, rename = "troubles")]
    pub attention: attention::AttentionHistory,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct WindowHistory {
    /// The most severe threshold that has fired since the last reset.
    fired: Option<f64>,
    /// When the window resets, according to the last response. `None`: not known.
    resets_at: Option<DateTime<Utc>>,
    /// Percent left in the response that was evaluated last.
    remaining: f64,
    /// When that response arrived.
    seen_at: DateTime<Utc>,
}

/// The notifications for one snapshot, summarised where there are many. Updates the history.
pub fn evaluate(
    history: &mut AlertHistory,
    snapshot: &Snapshot,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    summarise(evaluate_each(history, snapshot, rules, now))
}

/// The same with a notification for each window. Only accounts whose last request succeeded are evaluated. A response
/// that was evaluated before is evaluated again only for changed rules.
pub fn evaluate_each(
    history: &mut AlertHistory,
    snapshot: &Snapshot,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    let mut notifications = Vec::new();
    for usage in snapshot.enabled().filter(|usage| usage.state() == UsageState::Ok) {
        // A response from the future, from when the clock was ahead, is not evaluated; the next one is.
        let Some(seen_at) = usage.updated_at.filter(|seen_at| *seen_at <= now) else { continue };
        let windows = identity::entry(&mut history.windows, &usage.account);
        for window in usage.windows().iter().filter(|window| window.named) {
            notifications.extend(evaluate_window(windows, usage, window, seen_at, rules, now));
        }
    }
    history.windows.retain(|_, windows| {
        windows.retain(|_, known| now - known.seen_at < FORGET_AFTER);
        !windows.is_empty()
    });
    notifications
}

fn evaluate_window(
    history: &mut BTreeMap<String, WindowHistory>,
    usage: &AccountUsage,
    window: &Window,
    seen_at: DateTime<Utc>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Option<Notification> {
    let event = || WindowEvent { account: usage.account.clone(), window: window.clone() };
    let seen = level(window.remaining_percent(), &rules.thresholds);
    let before = history.get(&window.key).cloned();
    // An entry from the future, from when the clock was ahead, does not count.
    let is_known = |known: &&mut WindowHistory| (seen_at..=now).contains(&known.seen_at);
    if let Some(known) = history.get_mut(&window.key).filter(is_known) {
        // Evaluated already. Only changed rules can fire, as long as the window has not been reset since.
        known.fired = fired_by(known, rules);
        let holds = known.seen_at == seen_at && window.resets_at.is_none_or(|reset| reset > now);
        return (holds && severity(seen) > severity(known.fired)).then(|| {
            known.fired = seen;
            Notification::Low(event())
        });
    }
    let fired = before.as_ref().and_then(|known| fired_by(known, rules));
    let due = before.as_ref().is_some_and(|known| has_come(known, window, seen_at));
    let moved_on = before.as_ref().is_some_and(|known| has_moved_on(known, window));
    // With no reset to explain a rise, the worse of two readings counts.
    let earlier = before.as_ref().and_then(|known| level(known.remaining, &rules.thresholds));
    let worse = if severity(earlier) > severity(seen) { earlier } else { seen };
    let level = if due || moved_on { seen } else { worse };

    let (now_fired, notification) = if due || severity(level) < severity(fired) {
        let notification = match level {
            Some(_) if due => Some(Notification::Low(event())),
            None if fired.is_some() && rules.on_reset => Some(Notification::Reset(event())),
            _ => None,
        };
        (level, notification)
    } else if severity(seen) > severity(fired) {
        (seen, Some(Notification::Low(event())))
    } else {
        (fired, None)
    };
    history.insert(
        window.key.clone(),
        WindowHistory {
            fired: now_fired,
            resets_at: window.resets_at,
            remaining: window.remaining_percent(),
            seen_at,
        },
    );
    notification
}

/// The threshold that has fired. Where the rules no longer have it, the one of them that the last percentage is below:
/// removing a threshold is no reset, and nothing is notified twice.
fn fired_by(known: &WindowHistory, rules: &Rules) -> Option<f64> {
    let is_theirs = |fired: f64| fired <= 0.0 || rules.thresholds.contains(&fired);
    known.fired.and_then(|fired| {
        if is_theirs(fired) { Some(fired) } else { level(known.remaining, &rules.thresholds) }
    })
}

/// The most severe threshold that this much left lies below. `None`: above them all.
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

/// Greater is worse.
fn severity(level: Option<f64>) -> f64 {
    level.map_or(f64::NEG_INFINITY, |threshold| -threshold)
}

/// Whether a window's reset time has passed since it was last evaluated, and another one has replaced it.
fn has_come(before: &WindowHistory, window: &Window, seen_at: DateTime<Utc>) -> bool {
    before.resets_at.is_some_and(|reset| match window.resets_at {
        Some(_) => reset <= seen_at + JITTER && has_moved_on(before, window),
        None => reset <= seen_at,
    })
}

/// Whether a window's reset time has moved since it was last evaluated, even before it passed. By itself that is no
/// reset, or a window whose reset time slides along would fire at every refresh: it explains a rise.
fn has_moved_on(before: &WindowHistory, window: &Window) -> bool {
    before.resets_at.zip(window.resets_at).is_some_and(|(old, new)| new - old > JITTER)
}

#[cfg(test)]
mod tests;
