//! When something is told, as tables of what was seen.

use super::*;
use crate::quota::{Account, AccountId, Provider, Usage};

const RULES: [f64; 2] = [20.0, 5.0];

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + minute * 60, 0).expect("in range")
}

fn rules() -> Rules {
    Rules { thresholds: RULES.to_vec(), on_reset: true }
}

/// A snapshot of accounts with one window each, read at `minute`.
fn seen(minute: i64, accounts: &[(&str, f64, Option<i64>)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (id, used, reset) in accounts {
        let account = Account {
            id: AccountId::file((*id).into()),
            provider: Provider::CLAUDE,
            email: format!("{id}@x"),
            identity: None,
        };
        let mut window = Window::new("five_hour", "5-hour", *used).expect("a number");
        window.resets_at = reset.map(at);
        let mut usage = AccountUsage::unknown(account);
        usage.record(Ok(Usage { windows: vec![window], ..Usage::default() }), at(minute));
        snapshot.accounts.push(usage);
    }
    snapshot
}

/// Plays a history of one window (minute, used, reset) and writes down what is said, a word each.
#[track_caller]
fn expect(history: &[(i64, f64, Option<i64>)], said: &[&str]) {
    let mut memory = AlertHistory::default();
    let mut heard = Vec::new();
    for (minute, used, reset) in history {
        // Every step goes through the form the memory is kept in.
        let text = serde_json::to_string(&memory).expect("plain data");
        memory = serde_json::from_str(&text).expect("its own form");
        for notice in evaluate(&mut memory, &seen(*minute, &[("a", *used, *reset)]), &rules(), at(*minute)) {
            heard.push(match notice {
                Notification::Low(event) => format!("{minute}:low {}", event.window.remaining_percent()),
                Notification::Reset(_) => format!("{minute}:reset"),
                Notification::Summary { .. } => format!("{minute}:summary"),
            });
        }
    }
    assert_eq!(heard, said);
}

#[test]
fn a_window_fires_once_below_each_threshold() {
    let r = Some(300);
    expect(
        &[
            (0, 79.0, r),
            (5, 81.0, r),
            (10, 85.0, r),
            (15, 96.0, r),
            (20, 99.0, r),
            (25, 100.0, r),
            (30, 100.0, r),
        ],
        &["5:low 19", "15:low 4", "25:low 0"],
    );
}

#[test]
fn exactly_on_a_threshold_is_not_below_it() {
    expect(&[(0, 80.0, None), (5, 95.0, None), (10, 95.6, None)], &["5:low 5", "10:low 4.4"]);
    // Shown as "20% left" and "5% left".
    expect(&[(0, 80.4, None), (5, 80.6, None), (10, 95.5, None)], &["5:low 19.4"]);
}

#[test]
fn the_first_reading_below_fires_and_only_the_most_severe() {
    expect(&[(0, 97.0, Some(300)), (5, 98.0, Some(300))], &["0:low 3"]);
}

#[test]
fn a_window_that_fired_says_when_it_is_given_back_and_fires_anew() {
    expect(
        &[(0, 90.0, Some(10)), (15, 2.0, Some(315)), (20, 85.0, Some(315))],
        &["0:low 10", "15:reset", "20:low 15"],
    );
    expect(&[(0, 90.0, Some(10)), (15, 0.0, None)], &["0:low 10", "15:reset"]);
    expect(&[(0, 50.0, Some(10)), (15, 0.0, None)], &[]);
}

#[test]
fn an_early_reset_counts_when_the_moment_moves_on_and_more_is_left() {
    expect(&[(0, 90.0, Some(100)), (5, 0.0, Some(305))], &["0:low 10", "5:reset"]);
}

#[test]
fn a_long_sleep_over_a_reset_gives_one_notice() {
    expect(&[(0, 90.0, Some(10)), (700, 97.0, Some(900))], &["0:low 10", "700:low 3"]);
}

#[test]
fn a_drop_of_usage_without_a_reset_needs_a_second_reading() {
    let r = Some(300);
    expect(&[(0, 90.0, r), (5, 10.0, r), (10, 90.0, r), (15, 90.0, r)], &["0:low 10"]);
    expect(
        &[(0, 90.0, r), (5, 10.0, r), (10, 12.0, r), (15, 85.0, r)],
        &["0:low 10", "10:reset", "15:low 15"],
    );
    expect(&[(0, 96.0, r), (5, 90.0, r), (10, 90.0, r), (15, 96.0, r)], &["0:low 4", "15:low 4"]);
    // Twice above the one threshold, but only once above the other.
    expect(&[(0, 96.0, r), (5, 90.0, r), (10, 10.0, r), (15, 90.0, r)], &["0:low 4"]);
}

#[test]
fn a_reset_moment_that_jitters_or_slides_is_no_reset() {
    expect(&[(0, 90.0, Some(300)), (5, 90.0, Some(301)), (10, 90.0, Some(299))], &["0:low 10"]);
    expect(&[(0, 90.0, Some(300)), (10, 90.0, Some(310)), (20, 90.0, Some(320))], &["0:low 10"]);
    expect(&[(0, 90.0, Some(300)), (10, 89.0, Some(310)), (20, 88.0, Some(320))], &["0:low 10"]);
}

#[test]
fn a_reading_that_was_judged_is_not_judged_again() {
    let mut memory = AlertHistory::default();
    let snapshot = seen(0, &[("a", 90.0, None)]);
    assert_eq!(evaluate(&mut memory, &snapshot, &rules(), at(0)).len(), 1);
    let before = memory.clone();
    assert_eq!(evaluate(&mut memory, &snapshot, &rules(), at(1)), []);
    assert_eq!(memory, before);
}

#[test]
fn window_that_falls_after_a_clock_that_was_ahead_was_put_right_is_told() {
    let mut memory = AlertHistory::default();
    // Eight hours ahead, then put right.
    let ahead = seen(480, &[("a", 85.0, Some(300))]);
    assert_eq!(evaluate(&mut memory, &ahead, &rules(), at(480)).len(), 1);
    assert_eq!(evaluate(&mut memory, &ahead, &rules(), at(1)), [], "seen in the future");
    assert_eq!(evaluate(&mut memory, &seen(5, &[("a", 86.0, Some(300))]), &rules(), at(5)), []);
    assert_eq!(evaluate(&mut memory, &seen(10, &[("a", 97.0, Some(300))]), &rules(), at(10)).len(), 1);
}

#[test]
fn a_window_with_another_title_is_the_same_window() {
    let mut memory = AlertHistory::default();
    let mut snapshot = seen(0, &[("a", 90.0, Some(300))]);
    assert_eq!(evaluate(&mut memory, &snapshot, &rules(), at(0)).len(), 1);
    snapshot.accounts[0].last_usage.as_mut().expect("settled").windows[0].title = "Session".into();
    snapshot.accounts[0].account.email = "another@x".into();
    snapshot.accounts[0].updated_at = Some(at(5));
    assert_eq!(evaluate(&mut memory, &snapshot, &rules(), at(5)), []);
}

#[test]
fn a_threshold_that_is_taken_away_gives_nothing_back() {
    let mut memory = AlertHistory::default();
    let mut look = |minute, used, thresholds: &[f64]| {
        let rules = Rules { thresholds: thresholds.to_vec(), on_reset: true };
        evaluate(&mut memory, &seen(minute, &[("a", used, Some(300))]), &rules, at(minute)).len()
    };
    assert_eq!(look(0, 85.0, &[20.0, 5.0]), 1);
    assert_eq!(look(5, 85.0, &[5.0]), 0, "15 % are left as before");
    assert_eq!(look(10, 85.0, &[5.0]), 0);
    assert_eq!(look(15, 96.0, &[5.0]), 1);
    assert_eq!(look(20, 96.0, &[50.0]), 0, "it is known to be low");
    assert_eq!(look(25, 97.0, &[50.0]), 0);
}

#[test]
fn a_threshold_that_is_added_is_judged_by_the_numbers_there_are() {
    let mut memory = AlertHistory::default();
    let mut look = |thresholds: &[f64]| {
        let rules = Rules { thresholds: thresholds.to_vec(), on_reset: true };
        evaluate(&mut memory, &seen(0, &[("a", 60.0, Some(300))]), &rules, at(1)).len()
    };
    assert_eq!([look(&[20.0]), look(&[50.0, 20.0]), look(&[50.0, 20.0]), look(&[20.0])], [0, 1, 0, 0]);
    assert_eq!(look(&[50.0, 20.0]), 1, "who asks again is told again");
}

#[test]
fn a_threshold_that_is_added_finds_nothing_in_a_window_that_has_been_reset_since() {
    let mut memory = AlertHistory::default();
    let snapshot = seen(0, &[("a", 60.0, Some(10))]);
    let mut look = |minute, thresholds: &[f64]| {
        let rules = Rules { thresholds: thresholds.to_vec(), on_reset: true };
        evaluate(&mut memory, &snapshot, &rules, at(minute)).len()
    };
    assert_eq!([look(0, &[20.0]), look(11, &[50.0, 20.0])], [0, 0]);
}

#[test]
fn stale_and_switched_off_accounts_say_nothing() {
    let mut snapshot = seen(0, &[("a", 90.0, None), ("b", 90.0, None)]);
    snapshot.accounts[0].record(Err(crate::quota::Failure::TimedOut(15)), at(1));
    snapshot.accounts[1].disabled = true;
    assert_eq!(evaluate(&mut AlertHistory::default(), &snapshot, &rules(), at(1)), []);
}

#[test]
fn a_window_nobody_knows_says_nothing() {
    let mut snapshot = seen(0, &[("a", 100.0, None)]);
    snapshot.accounts[0].last_usage.as_mut().expect("settled").windows[0].named = false;
    assert_eq!(evaluate(&mut AlertHistory::default(), &snapshot, &rules(), at(0)), []);
}

#[test]
fn more_than_three_at_once_are_one_summary() {
    let low = |n: usize| {
        let ids = ["a", "b", "c", "d"];
        seen(
            0,
            &ids[..n].iter().enumerate().map(|(i, id)| (*id, 90.0 + i as f64, Some(130))).collect::<Vec<_>>(),
        )
    };
    assert_eq!(evaluate(&mut AlertHistory::default(), &low(3), &rules(), at(0)).len(), 3);
    let notices = evaluate(&mut AlertHistory::default(), &low(4), &rules(), at(0));
    let [Notification::Summary { low: 4, reset: 0, worst: Some(worst) }] = notices.as_slice() else {
        panic!("{notices:?}");
    };
    assert_eq!((worst.account.email.as_str(), worst.window.remaining_percent()), ("d@x", 7.0));
}

#[test]
fn a_deleted_account_is_forgotten_in_the_end_but_not_at_once() {
    let mut memory = AlertHistory::default();
    evaluate(&mut memory, &seen(0, &[("a", 90.0, None)]), &rules(), at(0));
    evaluate(&mut memory, &seen(5, &[]), &rules(), at(5));
    assert_eq!(evaluate(&mut memory.clone(), &seen(9, &[("a", 91.0, None)]), &rules(), at(9)), []);
    evaluate(&mut memory, &seen(0, &[]), &rules(), at(0) + FORGET_AFTER);
    assert_eq!(memory, AlertHistory::default());
}
