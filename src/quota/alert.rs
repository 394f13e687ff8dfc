//! When to say something: (what is remembered, what is seen) → notices.
//!
//! A window fires once for each threshold it falls below; a fall through several fires the most
//! severe one only. It re-arms when the window is given back, or when it has risen above the
//! threshold in two readings: one odd number neither hides a warning nor repeats it.

use crate::quota::notification::{Notification, WindowEvent, summarise};
use crate::quota::{AccountUsage, Snapshot, UsageState, Window, attention, identity, percent};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Reset moments this close to each other are one: providers let them jitter by seconds, and count
/// "seconds from now" in whole ones.
const JITTER: TimeDelta = TimeDelta::minutes(5);

/// How long the memory of a window outlives its account's file, which may come back after a
/// CLIProxyAPI sign-in. Longer than the longest window.
const FORGET_AFTER: TimeDelta = TimeDelta::days(40);

/// When to alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Percent left; a window that has less fires. 0 % left always fires.
    pub thresholds: Vec<f64>,
    /// Whether a window that fired says so when it is given back.
    pub on_reset: bool,
}

/// What was said before. Kept over restarts, so that nothing is said twice.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AlertHistory {
    /// Keyed by [state key](crate::quota::Account::state_key) and window key, never by title.
    windows: BTreeMap<String, BTreeMap<String, Remembered>>,
    /// The accounts that fail.
    #[serde(default, rename = "troubles")]
    pub attention: attention::AttentionHistory,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Remembered {
    /// The most severe threshold that has fired since the last reset.
    fired: Option<f64>,
    /// When the window is given back, as last told.
    resets_at: Option<DateTime<Utc>>,
    /// Percent left in the reading that was judged last.
    remaining: f64,
    /// When that reading came.
    seen_at: DateTime<Utc>,
}

/// Looks at one snapshot, says what is new in it in as few notices as a person wants to read, and
/// remembers that.
pub fn evaluate(
    memory: &mut AlertHistory,
    snapshot: &Snapshot,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    summarise(evaluate_each(memory, snapshot, rules, now))
}

/// The same with a notice for each window. Only fresh, good answers are judged, never a stale or missing
/// one; a repeated one only by other rules.
pub fn evaluate_each(
    memory: &mut AlertHistory,
    snapshot: &Snapshot,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    let mut notices = Vec::new();
    for usage in snapshot.enabled().filter(|usage| usage.state() == UsageState::Ok) {
        // One that was seen under a clock that was ahead is judged when the next has come.
        let Some(seen_at) = usage.updated_at.filter(|seen_at| *seen_at <= now) else { continue };
        let windows = identity::entry(&mut memory.windows, &usage.account);
        for window in usage.windows().iter().filter(|window| window.named) {
            notices.extend(evaluate_window(windows, usage, window, seen_at, rules, now));
        }
    }
    memory.windows.retain(|_, windows| {
        windows.retain(|_, known| now - known.seen_at < FORGET_AFTER);
        !windows.is_empty()
    });
    notices
}

fn evaluate_window(
    memory: &mut BTreeMap<String, Remembered>,
    usage: &AccountUsage,
    window: &Window,
    seen_at: DateTime<Utc>,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Option<Notification> {
    let event = || WindowEvent { account: usage.account.clone(), window: window.clone() };
    let seen = level(window.remaining_percent(), &rules.thresholds);
    let before = memory.get(&window.key).cloned();
    // What was judged in the future was judged under a clock that was ahead, and keeps nothing new from being judged.
    let is_known = |known: &&mut Remembered| (seen_at..=now).contains(&known.seen_at);
    if let Some(known) = memory.get_mut(&window.key).filter(is_known) {
        // Judged already; only other rules can find something in it, as long as it can be believed.
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

    let (now_fired, notice) = if due || severity(level) < severity(fired) {
        let notice = match level {
            Some(_) if due => Some(Notification::Low(event())),
            None if fired.is_some() && rules.on_reset => Some(Notification::Reset(event())),
            _ => None,
        };
        (level, notice)
    } else if severity(seen) > severity(fired) {
        (seen, Some(Notification::Low(event())))
    } else {
        (fired, None)
    };
    memory.insert(
        window.key.clone(),
        Remembered {
            fired: now_fired,
            resets_at: window.resets_at,
            remaining: window.remaining_percent(),
            seen_at,
        },
    );
    notice
}

/// What has fired, as these rules have it: where the threshold is none of theirs any more, nothing is given
/// back with it, and what a person knows already is not said again.
fn fired_by(known: &Remembered, rules: &Rules) -> Option<f64> {
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

/// Whether a window's reset moment has come since it was last judged, and another has taken its place.
fn has_come(before: &Remembered, window: &Window, seen_at: DateTime<Utc>) -> bool {
    before.resets_at.is_some_and(|reset| match window.resets_at {
        Some(_) => reset <= seen_at + JITTER && has_moved_on(before, window),
        None => reset <= seen_at,
    })
}

/// Whether a window's reset moment has moved on since it was last judged, be it too early. By itself
/// that is no reset, or a window whose moment slides along would fire at every refresh: it explains a
/// rise.
fn has_moved_on(before: &Remembered, window: &Window) -> bool {
    before.resets_at.zip(window.resets_at).is_some_and(|(old, new)| new - old > JITTER)
}

#[cfg(test)]
mod tests;
