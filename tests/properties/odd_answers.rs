//! Alerts where the answers make no sense: any number after any other, resets that slide, jump, pass
//! and are not told. Nothing is known of a world behind them, so it is judged by what was heard.

use super::said::{self, Outcome};
use super::{account, at};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use quota_tray::quota::alert::{AlertHistory, Rules};
use quota_tray::quota::notification::Notification;
use quota_tray::quota::{AccountUsage, Snapshot, Window, percent};
use std::collections::BTreeMap;

const ACCOUNTS: usize = 2;
const WINDOWS: usize = 3;

/// The window that nobody knows by name.
const NAMELESS: usize = 2;

/// Reset moments this close to each other are one.
const JITTER: TimeDelta = TimeDelta::minutes(5);

/// What an answer says of a window's reset.
#[derive(Debug, Clone, Copy)]
enum Reset {
    Untold,
    Same,
    /// The one of before, off by seconds.
    Jittered(i64),
    /// Always so many minutes ahead.
    Sliding(i64),
    /// So many minutes from the one of before.
    Moved(i64),
}

fn reset() -> impl Strategy<Value = Reset> {
    prop_oneof![
        1 => Just(Reset::Untold),
        4 => Just(Reset::Same),
        2 => (-45_i64..=45).prop_map(Reset::Jittered),
        3 => (10_i64..=300).prop_map(Reset::Sliding),
        2 => (-600_i64..=600).prop_map(Reset::Moved),
    ]
}

/// An account's answers, window by window. `None`: that window is not in it.
type Answers = Vec<Option<(f64, Reset)>>;

#[derive(Debug, Clone)]
struct TextStyle {
    minutes: i64,
    answers: Vec<Answers>,
    outcomes: Vec<Outcome>,
    restart: bool,
}

fn look() -> impl Strategy<Value = TextStyle> {
    let minutes = prop_oneof![4 => 1_i64..20, 1 => 20_i64..800];
    let used = prop_oneof![1 => 0_u8..=200, 1 => 150_u8..=200].prop_map(|half| f64::from(half) / 2.0);
    let answers = prop::collection::vec(prop::option::weighted(0.9, (used, reset())), WINDOWS);
    let answers = prop::collection::vec(answers, ACCOUNTS);
    let outcomes = prop::collection::vec(said::outcome(), ACCOUNTS);
    (minutes, answers, outcomes, prop::bool::weighted(0.2))
        .prop_map(|(minutes, answers, outcomes, restart)| TextStyle { minutes, answers, outcomes, restart })
}

/// One good answer's word on one window, and what was said upon it.
#[derive(Debug)]
struct Heard {
    seen_at: DateTime<Utc>,
    left: f64,
    resets_at: Option<DateTime<Utc>>,
    said: Option<Said>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Said {
    Low,
    Reset,
}

proptest! {
    #[test]
    fn nothing_is_said_without_cause_nor_twice_for_one(
        rules in said::rules(),
        looks in prop::collection::vec(look(), 1..40),
    ) {
        let mut known: Vec<_> = (0..ACCOUNTS).map(|n| AccountUsage::unknown(account(n))).collect();
        let mut resets = BTreeMap::new();
        let mut histories: BTreeMap<(usize, usize), Vec<Heard>> = BTreeMap::new();
        let mut alone: BTreeMap<(usize, usize), AlertHistory> = BTreeMap::new();
        let mut memory = AlertHistory::default();
        let mut now = at(0);
        for look in looks {
            now += TimeDelta::minutes(look.minutes);
            let answered = |place: usize| windows(place, &look.answers[place], now, &mut resets);
            let snapshot = said::refreshed(&mut known, &look.outcomes, now, answered);

            // Each window by itself, and without a restart: that must come to the same.
            let mut expected = Vec::new();
            for place in (0..ACCOUNTS).filter(|place| look.outcomes[*place] == Outcome::Answered) {
                for window in known[place].windows() {
                    let number = number(window);
                    let alone = alone.entry((place, number)).or_default();
                    let said = said::judge(alone, &only(&snapshot, &known[place], window), &rules, now);
                    let (left, resets_at) = (window.remaining_percent(), window.resets_at);
                    let heard = Heard { seen_at: now, left, resets_at, said: only_word(&said) };
                    expected.extend(said);
                    histories.entry((place, number)).or_default().push(heard);
                }
            }
            if look.restart {
                memory = said::restarted(&memory);
            }
            said::assert_said(&said::judge(&mut memory, &snapshot, &rules, now), &expected);
        }
        for ((_, number), history) in &histories {
            assert!(*number != NAMELESS || history.iter().all(|heard| heard.said.is_none()));
            one_low_between_two_resets(history, &rules);
            no_reset_without_a_low(history, &rules);
        }
    }
}

/// What the answer says, and for the next time, which resets it told.
fn windows(
    place: usize,
    answers: &Answers,
    now: DateTime<Utc>,
    resets: &mut BTreeMap<(usize, usize), DateTime<Utc>>,
) -> Vec<Window> {
    let mut windows = Vec::new();
    for (number, (used, reset)) in answers.iter().enumerate().filter_map(|(n, told)| Some((n, (*told)?))) {
        let before = resets.get(&(place, number)).copied().unwrap_or(now + TimeDelta::hours(3));
        let mut window = Window::new(number.to_string(), "Weekly", used).expect("a number");
        window.named = number != NAMELESS;
        window.resets_at = match reset {
            Reset::Untold => None,
            Reset::Same => Some(before),
            Reset::Jittered(seconds) => Some(before + TimeDelta::seconds(seconds)),
            Reset::Sliding(minutes) => Some(now + TimeDelta::minutes(minutes)),
            Reset::Moved(minutes) => Some(before + TimeDelta::minutes(minutes)),
        };
        if !matches!(reset, Reset::Jittered(_)) {
            resets.extend(window.resets_at.map(|at| ((place, number), at)));
        }
        windows.push(window);
    }
    windows
}

fn number(window: &Window) -> usize {
    window.key.parse().expect("keys are numbers here")
}

/// The snapshot as if there were nothing else in the world.
fn only(snapshot: &Snapshot, usage: &AccountUsage, window: &Window) -> Snapshot {
    let mut usage = usage.clone();
    usage.last_usage.as_mut().expect("answered").windows = vec![window.clone()];
    Snapshot { accounts: vec![usage], ..snapshot.clone() }
}

/// One window by itself has one thing to say at most.
fn only_word(said: &[Notification]) -> Option<Said> {
    match said {
        [] => None,
        [Notification::Low(_)] => Some(Said::Low),
        [Notification::Reset(_)] => Some(Said::Reset),
        _ => panic!("{said:?}"),
    }
}

/// The threshold that a window with so much left falls below.
fn level(left: f64, rules: &Rules) -> Option<f64> {
    let below = rules.thresholds.iter().copied().filter(|threshold| percent::is_below(left, *threshold));
    if left <= 0.0 { Some(0.0) } else { below.min_by(f64::total_cmp) }
}

fn is_above(left: f64, threshold: f64) -> bool {
    !percent::is_below(left, threshold) && left > 0.0
}

/// Between two warnings of one threshold lies a reset: the moment came and moved on, or it moved on early
/// with the window above the threshold again, or two answers in a row had it above.
fn one_low_between_two_resets(history: &[Heard], rules: &Rules) {
    let mut last = BTreeMap::new();
    for (place, heard) in history.iter().enumerate() {
        if heard.said != Some(Said::Low) {
            continue;
        }
        let threshold = level(heard.left, rules).expect("a warning is of a window that is low");
        let Some(earlier) = last.insert(threshold.to_bits(), place) else { continue };
        let since = &history[earlier..=place];
        let was_reset = since.windows(2).any(|pair| {
            let next = pair[1].resets_at;
            let moved_on = pair[0].resets_at.is_some_and(|reset| {
                let is_other = next.is_none_or(|next| next - reset > JITTER);
                let is_due = reset <= pair[1].seen_at + JITTER;
                is_other && (is_due || (next.is_some() && is_above(pair[1].left, threshold)))
            });
            moved_on || pair.iter().all(|heard| is_above(heard.left, threshold))
        });
        assert!(was_reset, "{threshold} was said twice: {since:?}");
    }
}

/// "Has reset" is for a window of which it was said that it is low, is said once, and only where it is
/// low no more.
fn no_reset_without_a_low(history: &[Heard], rules: &Rules) {
    let mut is_open = false;
    for heard in history {
        match heard.said {
            Some(Said::Low) => is_open = true,
            Some(Said::Reset) => {
                assert!(is_open && rules.on_reset, "{history:?}");
                assert_eq!(level(heard.left, rules), None, "{heard:?}");
                is_open = false;
            }
            None => {}
        }
    }
}
