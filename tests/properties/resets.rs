//! Alerts in a world that is known: windows that fill up and are given back at their moments. The
//! answers tell of it with moments that jitter, and now and then not at all. What has to be said is
//! worked out from the world and not from the answers.

use super::said::{self, Outcome};
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

/// Names that one window has had in the course of time.
const TITLES: [&str; 3] = ["5-hour", "5 hours", "Session"];

/// One look at the world, some time after the one before; sleep is just more time.
#[derive(Debug, Clone)]
struct TextStyle {
    minutes: i64,
    /// How much is used of each window since the look before, in percent.
    used: Vec<f64>,
    /// By how many seconds the answer is off about each reset.
    jitter: Vec<i64>,
    outcomes: Vec<Outcome>,
    restart: bool,
    title: &'static str,
}

fn look() -> impl Strategy<Value = TextStyle> {
    let minutes = prop_oneof![4 => 1_i64..20, 1 => 20_i64..800];
    let used = prop_oneof![3 => 0_u8..8, 1 => 0_u8..160].prop_map(|half| f64::from(half) / 2.0);
    (
        minutes,
        prop::collection::vec(used, WINDOWS),
        prop::collection::vec(-45_i64..=45, WINDOWS),
        prop::collection::vec(said::outcome(), ACCOUNTS),
        prop::bool::weighted(0.2),
        prop::sample::select(&TITLES[..]),
    )
        .prop_map(|(minutes, used, jitter, outcomes, restart, title)| TextStyle {
            minutes,
            used,
            jitter,
            outcomes,
            restart,
            title,
        })
}

/// One window as it is.
struct Truth {
    length: TimeDelta,
    used: f64,
    ends: DateTime<Utc>,
    /// The end of the period that was told of last.
    told: Option<DateTime<Utc>>,
    /// The most severe threshold that was announced since.
    announced: Option<f64>,
}

impl Truth {
    fn new(number: usize) -> Truth {
        let length = TimeDelta::minutes(LENGTHS[number % LENGTHS.len()]);
        // Not all at the same moment.
        let ends = at(0) + length / 2 + TimeDelta::minutes(7 * number as i64);
        Truth { length, used: 0.0, ends, told: None, announced: None }
    }

    fn go_on(&mut self, now: DateTime<Utc>, used: f64) {
        while self.ends <= now {
            self.ends += self.length;
            self.used = 0.0;
        }
        self.used = (self.used + used).min(100.0);
    }

    /// What has to be said when a good answer tells of the window as it is now.
    fn announce(&mut self, window: Window, usage: &AccountUsage, rules: &Rules) -> Option<Notification> {
        let event = WindowEvent { account: usage.account.clone(), window };
        let left = event.window.remaining_percent();
        let below = rules.thresholds.iter().copied().filter(|threshold| percent::is_below(left, *threshold));
        let level = if left <= 0.0 { Some(0.0) } else { below.min_by(f64::total_cmp) };
        let anew = self.told.replace(self.ends).is_some_and(|told| told != self.ends);
        let before = if anew { self.announced.take() } else { None };
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
    fn each_fall_is_said_once_and_each_reset_once_whatever_comes_in_between(
        rules in said::rules(),
        looks in prop::collection::vec(look(), 1..60),
    ) {
        let mut truths: Vec<_> = (0..WINDOWS).map(Truth::new).collect();
        let mut known: Vec<_> = (0..ACCOUNTS).map(|n| AccountUsage::unknown(account(n))).collect();
        let mut memory = AlertHistory::default();
        let mut now = at(0);
        for look in looks {
            now += TimeDelta::minutes(look.minutes);
            for (truth, used) in truths.iter_mut().zip(&look.used) {
                truth.go_on(now, *used);
            }
            let answered = |place: usize| {
                let all = place * LENGTHS.len()..(place + 1) * LENGTHS.len();
                all.map(|number| window(&truths[number], number, &look)).collect()
            };
            let snapshot = said::refreshed(&mut known, &look.outcomes, now, answered);

            let mut expected = Vec::new();
            for (place, usage) in known.iter().enumerate() {
                if look.outcomes[place] != Outcome::Answered {
                    continue;
                }
                for (number, window) in usage.windows().iter().enumerate() {
                    let truth = &mut truths[place * LENGTHS.len() + number];
                    expected.extend(truth.announce(window.clone(), usage, &rules));
                }
            }
            if look.restart {
                memory = said::restarted(&memory);
            }
            said::assert_said(&said::judge(&mut memory, &snapshot, &rules, now), &expected);
        }
    }
}

/// The window as the provider tells of it.
fn window(truth: &Truth, number: usize, look: &TextStyle) -> Window {
    let mut window = Window::new(format!("window_{number}"), look.title, truth.used).expect("a number");
    window.resets_at = Some(truth.ends + TimeDelta::seconds(look.jitter[number]));
    window
}
