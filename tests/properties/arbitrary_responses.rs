//! Alerts for arbitrary responses: any percentage after any other, and reset times that slide, jump, pass
//! or are missing. The notifications are checked against the observed responses.

use super::refreshes::{self, Outcome};
use super::{account, at};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use quota_tray::quota::alert::{AlertHistory, Rules};
use quota_tray::quota::notification::Notification;
use quota_tray::quota::{AccountUsage, Snapshot, Window, percent};
use std::collections::BTreeMap;

const ACCOUNTS: usize = 2;
const WINDOWS: usize = 3;

/// The index of the window without a known name.
const UNNAMED: usize = 2;

/// Reset times this close to each other count as the same.
const JITTER: TimeDelta = TimeDelta::minutes(5);

/// The reset time of a window in a response.
#[derive(Debug, Clone, Copy)]
enum Reset {
    Missing,
    Same,
    /// The previous one plus some seconds.
    Jittered(i64),
    /// Some minutes from now, in every response.
    Sliding(i64),
    /// The previous one plus some minutes.
    Moved(i64),
}

fn reset() -> impl Strategy<Value = Reset> {
    prop_oneof![
        1 => Just(Reset::Missing),
        4 => Just(Reset::Same),
        2 => (-45_i64..=45).prop_map(Reset::Jittered),
        3 => (10_i64..=300).prop_map(Reset::Sliding),
        2 => (-600_i64..=600).prop_map(Reset::Moved),
    ]
}

/// The windows in the response for an account. `None`: the response lacks the window.
type ResponseWindows = Vec<Option<(f64, Reset)>>;

#[derive(Debug, Clone)]
struct Step {
    minutes: i64,
    responses: Vec<ResponseWindows>,
    outcomes: Vec<Outcome>,
    restart: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let minutes = prop_oneof![4 => 1_i64..20, 1 => 20_i64..800];
    let used = prop_oneof![1 => 0_u8..=200, 1 => 150_u8..=200].prop_map(|half| f64::from(half) / 2.0);
    let responses = prop::collection::vec(prop::option::weighted(0.9, (used, reset())), WINDOWS);
    let responses = prop::collection::vec(responses, ACCOUNTS);
    let outcomes = prop::collection::vec(refreshes::outcome(), ACCOUNTS);
    (minutes, responses, outcomes, prop::bool::weighted(0.2))
        .prop_map(|(minutes, responses, outcomes, restart)| Step { minutes, responses, outcomes, restart })
}

/// One window in one response, and the notification it caused.
#[derive(Debug)]
struct Observation {
    seen_at: DateTime<Utc>,
    left: f64,
    resets_at: Option<DateTime<Utc>>,
    notified: Option<Notified>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Notified {
    Low,
    Reset,
}

proptest! {
    #[test]
    fn each_notification_has_its_own_cause(
        rules in refreshes::rules(),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut known: Vec<_> = (0..ACCOUNTS).map(|n| AccountUsage::unknown(account(n))).collect();
        let mut resets = BTreeMap::new();
        let mut histories: BTreeMap<(usize, usize), Vec<Observation>> = BTreeMap::new();
        let mut alone: BTreeMap<(usize, usize), AlertHistory> = BTreeMap::new();
        let mut history = AlertHistory::default();
        let mut now = at(0);
        for step in steps {
            now += TimeDelta::minutes(step.minutes);
            let windows_of = |position: usize| windows(position, &step.responses[position], now, &mut resets);
            let snapshot = refreshes::snapshot_after(&mut known, &step.outcomes, now, windows_of);

            // Each window alone and without restarts must cause the same notifications.
            let mut expected = Vec::new();
            for position in (0..ACCOUNTS).filter(|position| step.outcomes[*position] == Outcome::Succeeded) {
                for window in known[position].windows() {
                    let number = number(window);
                    let alone = alone.entry((position, number)).or_default();
                    let single = snapshot_of(&snapshot, &known[position], window);
                    let notified = refreshes::evaluate(alone, &single, &rules, now);
                    let (left, resets_at) = (window.remaining_percent(), window.resets_at);
                    let observation =
                        Observation { seen_at: now, left, resets_at, notified: only_notification(&notified) };
                    expected.extend(notified);
                    histories.entry((position, number)).or_default().push(observation);
                }
            }
            if step.restart {
                history = refreshes::reloaded(&history);
            }
            let notified = refreshes::evaluate(&mut history, &snapshot, &rules, now);
            refreshes::assert_notifications(&notified, &expected);
        }
        for ((_, number), history) in &histories {
            assert!(*number != UNNAMED || history.iter().all(|observation| observation.notified.is_none()));
            assert_reset_between_equal_lows(history, &rules);
            assert_low_before_each_reset(history, &rules);
        }
    }
}

/// The windows in a response. Stores their reset times in `resets` for the next one.
fn windows(
    position: usize,
    responses: &ResponseWindows,
    now: DateTime<Utc>,
    resets: &mut BTreeMap<(usize, usize), DateTime<Utc>>,
) -> Vec<Window> {
    let mut windows = Vec::new();
    for (number, (used, reset)) in
        responses.iter().enumerate().filter_map(|(n, window)| Some((n, (*window)?)))
    {
        let before = resets.get(&(position, number)).copied().unwrap_or(now + TimeDelta::hours(3));
        let mut window = Window::new(number.to_string(), "Weekly", used).expect("a number");
        window.named = number != UNNAMED;
        window.resets_at = match reset {
            Reset::Missing => None,
            Reset::Same => Some(before),
            Reset::Jittered(seconds) => Some(before + TimeDelta::seconds(seconds)),
            Reset::Sliding(minutes) => Some(now + TimeDelta::minutes(minutes)),
            Reset::Moved(minutes) => Some(before + TimeDelta::minutes(minutes)),
        };
        if !matches!(reset, Reset::Jittered(_)) {
            resets.extend(window.resets_at.map(|at| ((position, number), at)));
        }
        windows.push(window);
    }
    windows
}

fn number(window: &Window) -> usize {
    window.key.parse().expect("keys are numbers here")
}

/// The snapshot with only this window.
fn snapshot_of(snapshot: &Snapshot, usage: &AccountUsage, window: &Window) -> Snapshot {
    let mut usage = usage.clone();
    usage.last_usage.as_mut().expect("answered").windows = vec![window.clone()];
    Snapshot { accounts: vec![usage], ..snapshot.clone() }
}

/// The notification of a single window, at most one.
fn only_notification(notified: &[Notification]) -> Option<Notified> {
    match notified {
        [] => None,
        [Notification::Low(_)] => Some(Notified::Low),
        [Notification::Reset(_)] => Some(Notified::Reset),
        _ => panic!("{notified:?}"),
    }
}

/// The lowest threshold above `left`, or 0 if nothing is left.
fn level(left: f64, rules: &Rules) -> Option<f64> {
    let below = rules.thresholds.iter().copied().filter(|threshold| percent::is_below(left, *threshold));
    if left <= 0.0 { Some(0.0) } else { below.min_by(f64::total_cmp) }
}

fn is_above(left: f64, threshold: f64) -> bool {
    !percent::is_below(left, threshold) && left > 0.0
}

/// Asserts a reset between two notifications for one threshold: the reset time passed and moved, or it moved
/// early with the window above the threshold again, or two responses in a row had the window above it.
fn assert_reset_between_equal_lows(history: &[Observation], rules: &Rules) {
    let mut last = BTreeMap::new();
    for (position, observation) in history.iter().enumerate() {
        if observation.notified != Some(Notified::Low) {
            continue;
        }
        let threshold = level(observation.left, rules).expect("only a low window is notified");
        let Some(earlier) = last.insert(threshold.to_bits(), position) else { continue };
        let since = &history[earlier..=position];
        let was_reset = since.windows(2).any(|pair| {
            let next = pair[1].resets_at;
            let moved_on = pair[0].resets_at.is_some_and(|reset| {
                let is_other = next.is_none_or(|next| next - reset > JITTER);
                let is_due = reset <= pair[1].seen_at + JITTER;
                is_other && (is_due || (next.is_some() && is_above(pair[1].left, threshold)))
            });
            moved_on || pair.iter().all(|observation| is_above(observation.left, threshold))
        });
        assert!(was_reset, "{threshold} was notified twice: {since:?}");
    }
}

/// Asserts that a reset is notified once, after a low notification and only if the window is no longer low.
fn assert_low_before_each_reset(history: &[Observation], rules: &Rules) {
    let mut is_open = false;
    for observation in history {
        match observation.notified {
            Some(Notified::Low) => is_open = true,
            Some(Notified::Reset) => {
                assert!(is_open && rules.on_reset, "{history:?}");
                assert_eq!(level(observation.left, rules), None, "{observation:?}");
                is_open = false;
            }
            None => {}
        }
    }
}
