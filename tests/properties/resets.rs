//! Alerts for simulated windows that fill up and reset at known times. Responses report the reset times
//! with jitter, and some are missing. The expected notifications are derived from the simulation, not
//! from the responses.

use super::refreshes::{self, Outcome};
use super::{account, at};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use quota_tray::quota::alert::{AlertHistory, Rules};
use quota_tray::quota::notification::{Notification, WindowEvent};
use quota_tray::quota::{AccountUsage, Window, percent};

const ACCOUNTS: usize = 2;

/// In minutes, the windows of each account.
const LENGTHS: [i64; 3] = [60, 300, 10_080];

const WINDOWS: usize = ACCOUNTS * LENGTHS.len();

/// Titles that one window has had over time.
const TITLES: [&str; 3] = ["5-hour", "5 hours", "Session"];

/// One refresh, `minutes` after the previous one; a suspend is just more minutes.
#[derive(Debug, Clone)]
struct Step {
    minutes: i64,
    /// The use of each window since the previous step, in percent.
    used: Vec<f64>,
    /// The error of each reported reset time, in seconds.
    jitter: Vec<i64>,
    outcomes: Vec<Outcome>,
    restart: bool,
    title: &'static str,
}

fn step() -> impl Strategy<Value = Step> {
    let minutes = prop_oneof![4 => 1_i64..20, 1 => 20_i64..800];
    let used = prop_oneof![3 => 0_u8..8, 1 => 0_u8..160].prop_map(|half| f64::from(half) / 2.0);
    (
        minutes,
        prop::collection::vec(used, WINDOWS),
        prop::collection::vec(-45_i64..=45, WINDOWS),
        prop::collection::vec(refreshes::outcome(), ACCOUNTS),
        prop::bool::weighted(0.2),
        prop::sample::select(&TITLES[..]),
    )
        .prop_map(|(minutes, used, jitter, outcomes, restart, title)| Step {
            minutes,
            used,
            jitter,
            outcomes,
            restart,
            title,
        })
}

/// The simulated state of a window.
struct ActualWindow {
    length: TimeDelta,
    used: f64,
    ends: DateTime<Utc>,
    /// The end of the period that was reported last.
    reported_end: Option<DateTime<Utc>>,
    /// The most severe threshold notified since.
    announced: Option<f64>,
}

impl ActualWindow {
    fn new(number: usize) -> ActualWindow {
        let length = TimeDelta::minutes(LENGTHS[number % LENGTHS.len()]);
        // Not all at the same time.
        let ends = at(0) + length / 2 + TimeDelta::minutes(7 * number as i64);
        ActualWindow { length, used: 0.0, ends, reported_end: None, announced: None }
    }

    fn advance(&mut self, now: DateTime<Utc>, used: f64) {
        while self.ends <= now {
            self.ends += self.length;
            self.used = 0.0;
        }
        self.used = (self.used + used).min(100.0);
    }

    /// The notification expected when a response reports the current state.
    fn expected_notification(
        &mut self,
        window: Window,
        usage: &AccountUsage,
        rules: &Rules,
    ) -> Option<Notification> {
        let event = WindowEvent { account: usage.account.clone(), window };
        let left = event.window.remaining_percent();
        let below = rules.thresholds.iter().copied().filter(|threshold| percent::is_below(left, *threshold));
        let level = if left <= 0.0 { Some(0.0) } else { below.min_by(f64::total_cmp) };
        let is_new_period = self.reported_end.replace(self.ends).is_some_and(|end| end != self.ends);
        let before = if is_new_period { self.announced.take() } else { None };
        let worse = level.is_some_and(|level| self.announced.is_none_or(|announced| level < announced));
        if worse {
            self.announced = level;
            Some(Notification::Low(event))
        } else {
            (before.is_some() && rules.on_reset).then_some(Notification::Reset(event))
        }
    }
}

proptest! {
    #[test]
    fn each_low_window_and_each_reset_is_notified_once(
        rules in refreshes::rules(),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut actual_windows: Vec<_> = (0..WINDOWS).map(ActualWindow::new).collect();
        let mut known: Vec<_> = (0..ACCOUNTS).map(|n| AccountUsage::unknown(account(n))).collect();
        let mut history = AlertHistory::default();
        let mut now = at(0);
        for step in steps {
            now += TimeDelta::minutes(step.minutes);
            for (actual, used) in actual_windows.iter_mut().zip(&step.used) {
                actual.advance(now, *used);
            }
            let windows_of = |position: usize| {
                let all = position * LENGTHS.len()..(position + 1) * LENGTHS.len();
                all.map(|number| window(&actual_windows[number], number, &step)).collect()
            };
            let snapshot = refreshes::snapshot_after(&mut known, &step.outcomes, now, windows_of);

            let mut expected = Vec::new();
            for (position, usage) in known.iter().enumerate() {
                if step.outcomes[position] != Outcome::Succeeded {
                    continue;
                }
                for (number, window) in usage.windows().iter().enumerate() {
                    let actual = &mut actual_windows[position * LENGTHS.len() + number];
                    expected.extend(actual.expected_notification(window.clone(), usage, &rules));
                }
            }
            if step.restart {
                history = refreshes::reloaded(&history);
            }
            let notified = refreshes::evaluate(&mut history, &snapshot, &rules, now);
            refreshes::assert_notifications(&notified, &expected);
        }
    }
}

/// The window as the provider reports it.
fn window(actual: &ActualWindow, number: usize, step: &Step) -> Window {
    let mut window = Window::new(format!("window_{number}"), step.title, actual.used).expect("a number");
    window.resets_at = Some(actual.ends + TimeDelta::seconds(step.jitter[number]));
    window
}
