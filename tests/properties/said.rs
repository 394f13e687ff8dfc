//! What a history of snapshots makes the alerts say.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use quota_tray::presenter::Locale;
use quota_tray::quota::alert::{self, AlertHistory, Rules};
use quota_tray::quota::notification::Notification;
use quota_tray::quota::{AccountUsage, Failure, Snapshot, Usage, Window};

/// More notices than this at once are one summary.
const MOST_AT_ONCE: usize = 3;

/// What a refresh comes to for one account.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// A good answer.
    Answered,
    /// A time-out.
    Failed,
    /// It was not asked, so that its old reading is shown once more.
    Held,
    /// It was switched off in its file.
    SwitchedOff,
    /// Its file was not there.
    Gone,
}

pub fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        8 => Just(Outcome::Answered),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Held),
        1 => Just(Outcome::SwitchedOff),
        1 => Just(Outcome::Gone),
    ]
}

/// Any thresholds, in any order, and whether a reset is told.
pub fn rules() -> impl Strategy<Value = Rules> {
    (prop::collection::vec(1_u8..100, 0..4), any::<bool>()).prop_map(|(thresholds, on_reset)| Rules {
        thresholds: thresholds.into_iter().map(f64::from).collect(),
        on_reset,
    })
}

/// The snapshot at the end of a refresh. `windows` gives a good answer's windows by the account's place.
pub fn refreshed(
    known: &mut [AccountUsage],
    outcomes: &[Outcome],
    now: DateTime<Utc>,
    mut windows: impl FnMut(usize) -> Vec<Window>,
) -> Snapshot {
    let mut accounts = Vec::new();
    for (place, (usage, outcome)) in known.iter_mut().zip(outcomes).enumerate() {
        usage.disabled = *outcome == Outcome::SwitchedOff;
        match outcome {
            Outcome::Answered => {
                usage.record(Ok(Usage { windows: windows(place), ..Usage::default() }), now);
            }
            Outcome::Failed => usage.record(Err(Failure::TimedOut(15)), now),
            Outcome::Held => usage.throttle(now + TimeDelta::minutes(1)),
            Outcome::SwitchedOff => {}
            Outcome::Gone => continue,
        }
        accounts.push(usage.clone());
    }
    Snapshot { accounts, updated_at: Some(now), ..Snapshot::default() }
}

/// Judges a snapshot, and sees to it that the same one says nothing a second time.
#[track_caller]
pub fn judge(
    memory: &mut AlertHistory,
    snapshot: &Snapshot,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    let notices = alert::evaluate(memory, snapshot, rules, now);
    let mut again = restarted(memory);
    assert_eq!(alert::evaluate(&mut again, snapshot, rules, now), [], "said twice");
    for notice in &notices {
        let (title, text) = notice.message(now, Locale::UTC, false);
        assert!(!title.is_empty() && !text.is_empty(), "{notice:?}");
    }
    notices
}

/// What the memory is after a restart.
pub fn restarted(memory: &AlertHistory) -> AlertHistory {
    let kept = serde_json::to_string(memory).expect("plain data");
    serde_json::from_str(&kept).expect("its own form")
}

/// Whether exactly this was said, be it in one sentence.
#[track_caller]
pub fn assert_said(said: &[Notification], expected: &[Notification]) {
    if expected.len() <= MOST_AT_ONCE {
        return assert_eq!(said, expected);
    }
    let left = |notice: &Notification| match notice {
        Notification::Low(event) => Some(event.window.remaining_percent()),
        _ => None,
    };
    let lows: Vec<_> = expected.iter().filter_map(left).collect();
    let [Notification::Summary { low, reset, worst }] = said else { panic!("{said:?}") };
    assert_eq!((*low, *reset), (lows.len(), expected.len() - lows.len()));
    let worst = worst.as_ref().map(|event| event.window.remaining_percent());
    assert_eq!(worst, lows.into_iter().min_by(f64::total_cmp));
}
