//! The request budget: limits, 429s, errors, wrong clocks.

use crate::engine::budget::{Admission, Candidate, RequestBudget, RequestLimits};
use crate::quota::{Account, AccountId, Failure, Provider};
use chrono::{DateTime, TimeDelta, Utc};

const FIVE_MINUTES: TimeDelta = TimeDelta::minutes(5);

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("in range")
}

fn account(id: &str) -> Account {
    let id = AccountId::file(id.into());
    Account { id, provider: Provider::CLAUDE, email: "a@x".into(), identity: None, given_name: None }
}

fn a() -> Account {
    account("a.json")
}

/// This many requests in five minutes, and practically no limit in an hour.
fn five(per_five_minutes: u32) -> RequestLimits {
    RequestLimits { per_five_minutes, claude_per_hour: 10_000 }
}

#[test]
fn requests_in_five_minutes_are_limited_per_account() {
    let mut budget = RequestBudget::default();
    for second in [0, 10, 20, 30, 40] {
        assert_eq!(budget.admit(&a().into(), &five(5), true, at(second)), Admission::Allowed);
    }
    assert_eq!(budget.admit(&a().into(), &five(5), true, at(50)), Admission::Throttled(at(300)));
    assert_eq!(budget.admit(&a().into(), &five(5), true, at(299)), Admission::Throttled(at(300)));
    assert_eq!(budget.admit(&a().into(), &five(5), true, at(300)), Admission::Allowed);
    assert_eq!(budget.admit(&a().into(), &five(5), true, at(300)), Admission::Throttled(at(310)));
    assert_eq!(budget.admit(&account("b.json").into(), &five(5), true, at(300)), Admission::Allowed);
    // A lower limit applies at once.
    assert_eq!(budget.admit(&a().into(), &five(2), true, at(309)), Admission::Throttled(at(340)));
}

#[test]
fn rate_limit_holds_for_manual_requests_and_doubles_up_to_an_hour() {
    let mut budget = RequestBudget::default();
    let mut now = at(0);
    for minutes in [5, 10, 20, 40, 60, 60] {
        assert_eq!(budget.admit(&a().into(), &five(60), true, now), Admission::Allowed);
        let until = now + TimeDelta::minutes(minutes);
        // Recorded later than it was received.
        let received = now - TimeDelta::seconds(14);
        let shown = budget.record(&a(), Some(Failure::RateLimited(received + FIVE_MINUTES)), 0.5, now);
        assert_eq!(shown, Some(Failure::RateLimited(until)));
        assert_eq!(
            budget.admit(&a().into(), &five(60), true, until - TimeDelta::seconds(1)),
            Admission::RateLimited(until)
        );
        now = until;
    }
    assert_eq!(budget.admit(&a().into(), &five(60), true, now), Admission::Allowed);
    budget.record(&a(), None, 0.5, now);
    let until = now + FIVE_MINUTES;
    assert_eq!(
        budget.record(&a(), Some(Failure::RateLimited(until)), 0.5, now),
        Some(Failure::RateLimited(until))
    );
}

#[test]
fn wait_named_by_the_provider_is_kept() {
    let mut budget = RequestBudget::default();
    for seconds in [30, 700, 3_600, 20 * 3_600] {
        let until = at(seconds);
        let shown = budget.record(&a(), Some(Failure::RateLimited(until)), 0.5, at(0));
        assert_eq!(shown, Some(Failure::RateLimited(until)));
        assert_eq!(budget.admit(&a().into(), &five(5), true, at(1)), Admission::RateLimited(until));
    }
}

#[test]
fn backoff_after_server_errors_doubles_until_a_success_and_ignores_manual_requests() {
    let mut budget = RequestBudget::default();
    for seconds in [30, 60, 120, 240, 480, 900, 900] {
        budget.record(&a(), Some(Failure::Server(502)), 0.5, at(0));
        assert_eq!(budget.admit(&a().into(), &five(60), false, at(0)), Admission::Throttled(at(seconds)));
    }
    assert_eq!(budget.admit(&a().into(), &five(60), true, at(0)), Admission::Allowed);
    budget.record(&a(), None, 0.5, at(1));
    assert_eq!(budget.admit(&a().into(), &five(60), false, at(1)), Admission::Allowed);
}

#[test]
fn jitter_spreads_the_backoff() {
    let until = |jitter| {
        let mut budget = RequestBudget::default();
        budget.record(&a(), Some(Failure::TimedOut(15)), jitter, at(0));
        budget.admit(&a().into(), &five(5), false, at(0))
    };
    assert_eq!(until(0.0), Admission::Throttled(at(22) + TimeDelta::milliseconds(500)));
    assert_eq!(until(1.0), Admission::Throttled(at(37) + TimeDelta::milliseconds(500)));
}

#[test]
fn request_that_did_not_reach_the_provider_does_not_count() {
    let mut budget = RequestBudget::default();
    for second in 0..50 {
        assert_eq!(budget.admit(&a().into(), &five(5), false, at(second)), Admission::Allowed);
        budget.record(&a(), Some(Failure::Unreachable("host".into())), 0.5, at(second));
    }
}

#[test]
fn clock_that_was_put_back_blocks_no_request() {
    let mut budget = RequestBudget::default();
    let future = at(400 * 86_400);
    budget.admit(&a().into(), &five(1), false, future);
    budget.record(&a(), Some(Failure::RateLimited(future + TimeDelta::hours(1))), 0.5, future);
    assert_eq!(budget.admit(&a().into(), &five(1), false, at(0)), Admission::Allowed);
}

#[test]
fn backoff_and_rate_limit_set_by_a_clock_that_was_ahead_are_ignored() {
    // Eight hours ahead, then corrected.
    let (ahead, now) = (at(8 * 3_600), at(5));
    for failure in [Failure::RateLimited(ahead + TimeDelta::hours(1)), Failure::Server(502)] {
        let mut budget = RequestBudget::default();
        budget.admit(&a().into(), &five(5), false, ahead);
        budget.record(&a(), Some(failure.clone()), 0.5, ahead);
        let mut kept: RequestBudget =
            serde_json::from_str(&serde_json::to_string(&budget).expect("plain data")).expect("its form");
        assert_eq!(kept.admit(&a().into(), &five(5), false, now), Admission::Allowed, "{failure:?}");
        // The clock is regularly corrected by seconds.
        let nearly = ahead - TimeDelta::seconds(30);
        assert_ne!(budget.admit(&a().into(), &five(5), false, nearly), Admission::Allowed, "{failure:?}");
    }
}

#[test]
fn claude_has_an_hourly_limit_and_codex_has_none() {
    let limits = RequestLimits { per_five_minutes: 60, claude_per_hour: 5 };
    let codex = Account { provider: Provider::CODEX, ..account("c.json") };
    let mut budget = RequestBudget::default();
    let allowed = |admission| admission == Admission::Allowed;
    let mut count = |account: &Account, manual| {
        (0..30)
            .filter(|second| allowed(budget.admit(&account.clone().into(), &limits, manual, at(*second))))
            .count()
    };
    assert_eq!((count(&codex, false), count(&a(), false), count(&a(), true)), (30, 2, 3));
}

#[test]
fn after_a_429_automatic_claude_requests_are_less_frequent_and_manual_ones_are_not() {
    let mut budget = RequestBudget::default();
    assert_eq!(budget.admit(&a().into(), &five(60), false, at(0)), Admission::Allowed);
    budget.record(&a(), Some(Failure::RateLimited(at(30))), 0.5, at(0));
    assert_eq!(budget.admit(&a().into(), &five(60), false, at(31)), Admission::Throttled(at(360)));
    let reset = Candidate { next_reset: Some(at(100)), ..a().into() };
    assert_eq!(budget.admit(&reset, &five(60), false, at(31)), Admission::Throttled(at(160)));
    assert_eq!(budget.admit(&a().into(), &five(60), true, at(31)), Admission::Allowed);
    budget.record(&a(), None, 0.5, at(31));
    assert_eq!(budget.admit(&a().into(), &five(60), false, at(61)), Admission::Throttled(at(391)));
    assert_eq!(budget.admit(&a().into(), &five(60), false, at(30 + 3_600)), Admission::Allowed);
    assert_eq!(budget.admit(&a().into(), &five(60), false, at(30 + 3_601)), Admission::Allowed);
}

#[test]
fn accounts_without_recent_requests_are_removed() {
    let mut budget = RequestBudget::default();
    budget.admit(&a().into(), &five(5), false, at(0));
    budget.prune(at(10));
    assert_ne!(budget, RequestBudget::default());
    budget.prune(at(3_600));
    assert_eq!(budget, RequestBudget::default());
}
