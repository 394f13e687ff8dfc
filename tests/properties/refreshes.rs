//! Random refreshes and the alerts that follow from them.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use quota_tray::presenter::Locale;
use quota_tray::quota::alert::{self, AlertHistory, Rules};
use quota_tray::quota::notification::{self, Notification};
use quota_tray::quota::{AccountUsage, Failure, Snapshot, Usage, Window};

/// More notifications than this at once become one summary.
const MAX_AT_ONCE: usize = 3;

/// The outcome of a refresh for one account.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// A response with usage.
    Succeeded,
    /// A timeout.
    Failed,
    /// No request was sent, so its last usage is shown again.
    Throttled,
    /// Disabled in its file.
    Disabled,
    /// Its file was missing.
    Missing,
}

pub fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        8 => Just(Outcome::Succeeded),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Throttled),
        1 => Just(Outcome::Disabled),
        1 => Just(Outcome::Missing),
    ]
}

/// Any thresholds, in any order, and whether a reset is notified.
pub fn rules() -> impl Strategy<Value = Rules> {
    (prop::collection::vec(1_u8..100, 0..4), any::<bool>()).prop_map(|(thresholds, on_reset)| Rules {
        thresholds: thresholds.into_iter().map(f64::from).collect(),
        on_reset,
    })
}

/// The snapshot at the end of a refresh. `windows` returns the windows in the response for the account at a
/// position.
pub fn snapshot_after(
    known: &mut [AccountUsage],
    outcomes: &[Outcome],
    now: DateTime<Utc>,
    mut windows: impl FnMut(usize) -> Vec<Window>,
) -> Snapshot {
    let mut accounts = Vec::new();
    for (position, (usage, outcome)) in known.iter_mut().zip(outcomes).enumerate() {
        usage.disabled = *outcome == Outcome::Disabled;
        match outcome {
            Outcome::Succeeded => {
                usage.record(Ok(Usage { windows: windows(position), ..Usage::default() }), now);
            }
            Outcome::Failed => usage.record(Err(Failure::TimedOut(15)), now),
            Outcome::Throttled => usage.throttle(now + TimeDelta::minutes(1)),
            Outcome::Disabled => {}
            Outcome::Missing => continue,
        }
        accounts.push(usage.clone());
    }
    Snapshot { accounts, updated_at: Some(now), ..Snapshot::default() }
}

/// Evaluates a snapshot, and asserts that the same snapshot causes no second notification.
#[track_caller]
pub fn evaluate(
    history: &mut AlertHistory,
    snapshot: &Snapshot,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    let notifications = notification::summarise(alert::evaluate(history, snapshot, rules, now));
    let mut again = reloaded(history);
    assert_eq!(alert::evaluate(&mut again, snapshot, rules, now), [], "notified twice");
    for notification in &notifications {
        let (title, text) = notification.message(now, Locale::UTC, false);
        assert!(!title.is_empty() && !text.is_empty(), "{notification:?}");
    }
    notifications
}

/// The history after a restart.
pub fn reloaded(history: &AlertHistory) -> AlertHistory {
    let saved = serde_json::to_string(history).expect("plain data");
    serde_json::from_str(&saved).expect("its own form")
}

/// Asserts that these notifications were shown, or a summary of them.
#[track_caller]
pub fn assert_notifications(notifications: &[Notification], expected: &[Notification]) {
    if expected.len() <= MAX_AT_ONCE {
        return assert_eq!(notifications, expected);
    }
    let left = |notification: &Notification| match notification {
        Notification::Low(event) => Some(event.window.remaining_percent()),
        _ => None,
    };
    let lows: Vec<_> = expected.iter().filter_map(left).collect();
    let [Notification::Summary { low, reset, worst, .. }] = notifications else {
        panic!("{notifications:?}")
    };
    assert_eq!((*low, *reset), (lows.len(), expected.len() - lows.len()));
    let worst = worst.as_ref().map(|event| event.window.remaining_percent());
    assert_eq!(worst, lows.into_iter().min_by(f64::total_cmp));
}
