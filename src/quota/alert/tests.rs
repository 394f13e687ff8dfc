//! Which notifications follow from a series of responses.

use super::*;
use crate::quota::notification::summarise;
use crate::quota::{Account, AccountId, Provider, Usage};

const THRESHOLDS: [f64; 2] = [20.0, 5.0];

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + minute * 60, 0).expect("in range")
}

fn rules() -> Rules {
    Rules { thresholds: THRESHOLDS.to_vec(), on_reset: true }
}

/// A snapshot of accounts (id, percent used, reset) with one window each, received at `minute`.
fn snapshot_at(minute: i64, accounts: &[(&str, f64, Option<i64>)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (id, used, reset) in accounts {
        let account = Account {
            id: AccountId::file((*id).into()),
            provider: Provider::CLAUDE,
            email: format!("{id}@x"),
            identity: None,
            given_name: None,
        };
        let mut window = Window::new("five_hour", "5-hour", *used).expect("a number");
        window.resets_at = reset.map(at);
        let mut usage = AccountUsage::unknown(account);
        usage.record(Ok(Usage { windows: vec![window], ..Usage::default() }), at(minute));
        snapshot.accounts.push(usage);
    }
    snapshot
}

/// Evaluates the responses for one window (minute, percent used, reset), and expects these notifications.
#[track_caller]
fn expect(responses: &[(i64, f64, Option<i64>)], expected: &[&str]) {
    let mut history = AlertHistory::default();
    let mut actual = Vec::new();
    for (minute, used, reset) in responses {
        // As after a restart.
        let text = serde_json::to_string(&history).expect("plain data");
        history = serde_json::from_str(&text).expect("the same history");
        for notification in
            evaluate(&mut history, &snapshot_at(*minute, &[("a", *used, *reset)]), &rules(), at(*minute))
        {
            actual.push(match notification {
                Notification::Low(event) => format!("{minute}:low {}", event.window.remaining_percent()),
                Notification::Reset(_) => format!("{minute}:reset"),
                Notification::Summary { .. } => format!("{minute}:summary"),
            });
        }
    }
    assert_eq!(actual, expected);
}

#[test]
fn window_fires_once_below_each_threshold() {
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
fn percentage_equal_to_a_threshold_is_not_below_it() {
    expect(&[(0, 80.0, None), (5, 95.0, None), (10, 95.6, None)], &["5:low 5", "10:low 4.4"]);
    // Shown as "20% left" and "5% left".
    expect(&[(0, 80.4, None), (5, 80.6, None), (10, 95.5, None)], &["5:low 19.4"]);
}

#[test]
fn first_response_below_several_thresholds_fires_the_lowest_only() {
    expect(&[(0, 97.0, Some(300)), (5, 98.0, Some(300))], &["0:low 3"]);
}

#[test]
fn window_that_fired_notifies_of_its_reset_and_can_fire_again() {
    expect(
        &[(0, 90.0, Some(10)), (15, 2.0, Some(315)), (20, 85.0, Some(315))],
        &["0:low 10", "15:reset", "20:low 15"],
    );
    expect(&[(0, 90.0, Some(10)), (15, 0.0, None)], &["0:low 10", "15:reset"]);
    expect(&[(0, 50.0, Some(10)), (15, 0.0, None)], &[]);
}

#[test]
fn early_reset_counts_if_the_reset_time_moves_and_more_is_left() {
    expect(&[(0, 90.0, Some(100)), (5, 0.0, Some(305))], &["0:low 10", "5:reset"]);
}

#[test]
fn low_window_after_a_suspend_over_a_reset_notifies_once() {
    expect(&[(0, 90.0, Some(10)), (700, 97.0, Some(900))], &["0:low 10", "700:low 3"]);
}

#[test]
fn rise_without_a_reset_counts_after_two_responses() {
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
fn reset_time_that_jitters_or_slides_is_no_reset() {
    expect(&[(0, 90.0, Some(300)), (5, 90.0, Some(301)), (10, 90.0, Some(299))], &["0:low 10"]);
    expect(&[(0, 90.0, Some(300)), (10, 90.0, Some(310)), (20, 90.0, Some(320))], &["0:low 10"]);
    expect(&[(0, 90.0, Some(300)), (10, 89.0, Some(310)), (20, 88.0, Some(320))], &["0:low 10"]);
}

#[test]
fn response_is_evaluated_once() {
    let mut history = AlertHistory::default();
    let snapshot = snapshot_at(0, &[("a", 90.0, None)]);
    assert_eq!(evaluate(&mut history, &snapshot, &rules(), at(0)).len(), 1);
    let before = history.clone();
    assert_eq!(evaluate(&mut history, &snapshot, &rules(), at(1)), []);
    assert_eq!(history, before);
}

#[test]
fn low_window_notifies_after_the_clock_was_ahead_and_corrected() {
    let mut history = AlertHistory::default();
    // Eight hours ahead, then corrected.
    let ahead = snapshot_at(480, &[("a", 85.0, Some(300))]);
    assert_eq!(evaluate(&mut history, &ahead, &rules(), at(480)).len(), 1);
    assert_eq!(evaluate(&mut history, &ahead, &rules(), at(1)), [], "received in the future");
    assert_eq!(evaluate(&mut history, &snapshot_at(5, &[("a", 86.0, Some(300))]), &rules(), at(5)), []);
    assert_eq!(
        evaluate(&mut history, &snapshot_at(10, &[("a", 97.0, Some(300))]), &rules(), at(10)).len(),
        1
    );
}

#[test]
fn window_with_another_title_is_the_same_window() {
    let mut history = AlertHistory::default();
    let mut snapshot = snapshot_at(0, &[("a", 90.0, Some(300))]);
    assert_eq!(evaluate(&mut history, &snapshot, &rules(), at(0)).len(), 1);
    snapshot.accounts[0].last_usage.as_mut().expect("recorded").windows[0].title = "Session".into();
    snapshot.accounts[0].account.email = "another@x".into();
    snapshot.accounts[0].updated_at = Some(at(5));
    assert_eq!(evaluate(&mut history, &snapshot, &rules(), at(5)), []);
}

#[test]
fn removed_threshold_is_no_reset() {
    let mut history = AlertHistory::default();
    let mut count = |minute, used, thresholds: &[f64]| {
        let rules = Rules { thresholds: thresholds.to_vec(), on_reset: true };
        evaluate(&mut history, &snapshot_at(minute, &[("a", used, Some(300))]), &rules, at(minute)).len()
    };
    assert_eq!(count(0, 85.0, &[20.0, 5.0]), 1);
    assert_eq!(count(5, 85.0, &[5.0]), 0, "15 % are left as before");
    assert_eq!(count(10, 85.0, &[5.0]), 0);
    assert_eq!(count(15, 96.0, &[5.0]), 1);
    assert_eq!(count(20, 96.0, &[50.0]), 0, "notified already");
    assert_eq!(count(25, 97.0, &[50.0]), 0);
}

#[test]
fn added_threshold_fires_for_the_last_response() {
    let mut history = AlertHistory::default();
    let mut count = |thresholds: &[f64]| {
        let rules = Rules { thresholds: thresholds.to_vec(), on_reset: true };
        evaluate(&mut history, &snapshot_at(0, &[("a", 60.0, Some(300))]), &rules, at(1)).len()
    };
    assert_eq!([count(&[20.0]), count(&[50.0, 20.0]), count(&[50.0, 20.0]), count(&[20.0])], [0, 1, 0, 0]);
    assert_eq!(count(&[50.0, 20.0]), 1, "a threshold that is added again fires again");
}

#[test]
fn added_threshold_does_not_fire_for_a_window_that_has_reset_since() {
    let mut history = AlertHistory::default();
    let snapshot = snapshot_at(0, &[("a", 60.0, Some(10))]);
    let mut count = |minute, thresholds: &[f64]| {
        let rules = Rules { thresholds: thresholds.to_vec(), on_reset: true };
        evaluate(&mut history, &snapshot, &rules, at(minute)).len()
    };
    assert_eq!([count(0, &[20.0]), count(11, &[50.0, 20.0])], [0, 0]);
}

#[test]
fn stale_and_disabled_accounts_do_not_fire() {
    let mut snapshot = snapshot_at(0, &[("a", 90.0, None), ("b", 90.0, None)]);
    snapshot.accounts[0].record(Err(crate::quota::Failure::TimedOut(15)), at(1));
    snapshot.accounts[1].disabled = true;
    assert_eq!(evaluate(&mut AlertHistory::default(), &snapshot, &rules(), at(1)), []);
}

#[test]
fn window_that_is_not_known_by_name_does_not_fire() {
    let mut snapshot = snapshot_at(0, &[("a", 100.0, None)]);
    snapshot.accounts[0].last_usage.as_mut().expect("recorded").windows[0].named = false;
    assert_eq!(evaluate(&mut AlertHistory::default(), &snapshot, &rules(), at(0)), []);
}

#[test]
fn more_than_three_notifications_become_a_summary() {
    let low = |n: usize| {
        let ids = ["a", "b", "c", "d"];
        snapshot_at(
            0,
            &ids[..n].iter().enumerate().map(|(i, id)| (*id, 90.0 + i as f64, Some(130))).collect::<Vec<_>>(),
        )
    };
    let notifications = |n| summarise(evaluate(&mut AlertHistory::default(), &low(n), &rules(), at(0)));
    assert_eq!(notifications(3).len(), 3);
    let notifications = notifications(4);
    let [Notification::Summary { low: 4, reset: 0, worst: Some(worst), .. }] = notifications.as_slice()
    else {
        panic!("{notifications:?}");
    };
    assert_eq!((worst.account.email.as_str(), worst.window.remaining_percent()), ("d@x", 7.0));
}

#[test]
fn history_of_a_removed_account_is_kept_for_40_days() {
    let mut history = AlertHistory::default();
    evaluate(&mut history, &snapshot_at(0, &[("a", 90.0, None)]), &rules(), at(0));
    evaluate(&mut history, &snapshot_at(5, &[]), &rules(), at(5));
    assert_eq!(evaluate(&mut history.clone(), &snapshot_at(9, &[("a", 91.0, None)]), &rules(), at(9)), []);
    evaluate(&mut history, &snapshot_at(0, &[]), &rules(), at(0) + HISTORY_LIFETIME);
    assert_eq!(history, AlertHistory::default());
}
