//! Resets as events, over any sequence of responses, failures and clock changes: the loop of the refresher with its
//! schedule and its request budget.

use super::{account, at};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use quota_tray::engine::budget::{Admission, Candidate, RequestBudget, RequestLimits};
use quota_tray::engine::reset_schedule::{REQUEST_DELAY, ResetSchedule};
use quota_tray::quota::{AccountId, AccountUsage, Failure, Snapshot, Usage, Window};
use std::collections::{BTreeMap, BTreeSet};

const ACCOUNTS: usize = 3;
const INTERVAL: TimeDelta = TimeDelta::minutes(30);
const LIMITS: RequestLimits = RequestLimits { per_five_minutes: 5, claude_per_hour: 20 };

/// What a response says about the reset of a window, in seconds.
#[derive(Debug, Clone)]
enum Reset {
    /// From now; a negative number is in the past.
    In(i64),
    /// The same as in the response before.
    Repeated,
    Unknown,
}

fn reset() -> impl Strategy<Value = Reset> {
    prop_oneof![
        3 => (1_i64..20_000).prop_map(Reset::In),
        2 => (0_i64..5).prop_map(Reset::In),
        1 => (-10_000_i64..0).prop_map(Reset::In),
        2 => Just(Reset::Repeated),
        1 => Just(Reset::Unknown),
    ]
}

/// What happens at one wake-up.
#[derive(Debug, Clone)]
struct Step {
    /// The resets of the two windows in each response. `None`: the request fails.
    responses: Vec<Option<[Reset; 2]>>,
    /// From the reset to the request.
    delay: TimeDelta,
    /// By how many seconds the clock jumps instead of the timer.
    jump: Option<i64>,
}

fn step(jumps: impl Strategy<Value = Option<i64>>) -> impl Strategy<Value = Step> {
    let response = prop::option::weighted(0.9, [reset(), reset()]);
    let delay = REQUEST_DELAY.0.num_seconds()..=REQUEST_DELAY.1.num_seconds();
    (prop::collection::vec(response, ACCOUNTS), delay.prop_map(TimeDelta::seconds), jumps)
        .prop_map(|(responses, delay, jump)| Step { responses, delay, jump })
}

struct Simulation {
    now: DateTime<Utc>,
    /// When the next refresh of all accounts is due.
    due: DateTime<Utc>,
    schedule: ResetSchedule,
    budget: RequestBudget,
    snapshot: Snapshot,
    /// The admitted requests for each account.
    requests: BTreeMap<AccountId, Vec<DateTime<Utc>>>,
}

impl Simulation {
    fn new() -> Simulation {
        let accounts = (0..ACCOUNTS).map(|number| AccountUsage::unknown(account(number))).collect();
        Simulation {
            now: at(0),
            due: at(0),
            schedule: ResetSchedule::new(at(0)),
            budget: RequestBudget::default(),
            snapshot: Snapshot { accounts, ..Snapshot::default() },
            requests: BTreeMap::new(),
        }
    }

    /// The next wake-up. It has to be in the future, or the timer would fire again and again.
    fn wake_at(&self) -> DateTime<Utc> {
        let next_reset = self.schedule.next_reset(&self.snapshot, self.now);
        [next_reset, self.schedule.next_request()].into_iter().flatten().fold(self.due, DateTime::min)
    }

    /// A refresh of these accounts, or of all.
    fn refresh(&mut self, due: Option<BTreeSet<AccountId>>, step: &Step) {
        let now = self.now;
        for (usage, response) in self.snapshot.accounts.iter_mut().zip(&step.responses) {
            if due.as_ref().is_some_and(|due| !due.contains(&usage.account.id)) {
                continue;
            }
            let candidate = Candidate { account: usage.account.clone(), next_reset: usage.next_reset() };
            match self.budget.admit(&candidate, &LIMITS, false, now) {
                Admission::Throttled(until) | Admission::RateLimited(until) => usage.throttle(until),
                Admission::Allowed => {
                    self.requests.entry(usage.account.id.clone()).or_default().push(now);
                    let result = match response {
                        Some(resets) => Ok(response_with(usage, resets, now)),
                        None => Err(Failure::TimedOut(15)),
                    };
                    self.budget.record(&usage.account, result.as_ref().err().cloned(), 0.5, now);
                    usage.record(result, now);
                }
            }
        }
        self.schedule.refreshed(&self.snapshot, &due.unwrap_or_default(), now);
    }
}

fn response_with(usage: &AccountUsage, resets: &[Reset; 2], now: DateTime<Utc>) -> Usage {
    let windows = resets.iter().enumerate().map(|(number, reset)| {
        let mut window = Window::new(format!("window_{number}"), "5-hour", 50.0).expect("a number");
        window.resets_at = match reset {
            Reset::In(seconds) => Some(now + TimeDelta::seconds(*seconds)),
            Reset::Repeated => usage.windows().get(number).and_then(|window| window.resets_at),
            Reset::Unknown => None,
        };
        window
    });
    Usage { windows: windows.collect(), ..Usage::default() }
}

/// Whether a window shows a percentage from before its reset, and no request will change that before the next refresh of
/// all accounts.
fn is_forgotten(simulation: &Simulation, usage: &AccountUsage) -> bool {
    let has_reset = usage.windows().iter().any(|window| usage.is_unconfirmed(window, simulation.now));
    has_reset && usage.error.is_none() && simulation.schedule.request_due(&usage.account.id).is_none()
}

proptest! {
    #[test]
    fn every_reset_wakes_once_and_leads_to_a_request_within_the_budget(
        steps in prop::collection::vec(step(Just(None)), 1..120),
    ) {
        let mut simulation = Simulation::new();
        simulation.refresh(None, &steps[0]);
        simulation.due = simulation.now + INTERVAL;
        for step in &steps {
            let wake_at = simulation.wake_at();
            prop_assert!(wake_at > simulation.now, "a wake-up at {wake_at} at {}", simulation.now);
            simulation.now = wake_at;
            let now = simulation.now;
            let has_reset = |usage: &AccountUsage| {
                usage.windows().iter().any(|window| usage.is_unconfirmed(window, now))
            };
            let unconfirmed: BTreeSet<_> = simulation.snapshot.accounts.iter()
                .filter(|usage| has_reset(usage)).map(|usage| usage.account.id.clone()).collect();
            let found = simulation.schedule.detect(&simulation.snapshot, now, || step.delay);
            prop_assert!(!found || !unconfirmed.is_empty());
            if simulation.due <= now {
                simulation.due = now + INTERVAL;
                simulation.refresh(None, step);
            } else {
                let due = simulation.schedule.take_due(now);
                prop_assert!(due.is_subset(&unconfirmed), "{due:?} of {unconfirmed:?}");
                if !due.is_empty() {
                    simulation.refresh(Some(due), step);
                }
            }
            for usage in &simulation.snapshot.accounts {
                prop_assert!(!is_forgotten(&simulation, usage), "{usage:?} at {now}");
            }
        }
        for requests in simulation.requests.values() {
            for group in requests.windows(LIMITS.per_five_minutes as usize + 1) {
                prop_assert!(group[group.len() - 1] - group[0] >= TimeDelta::minutes(5), "{group:?}");
            }
        }
    }

    #[test]
    fn clock_changes_cause_no_busy_loop(
        steps in prop::collection::vec(step(prop::option::weighted(0.3, -30_000_i64..30_000)), 1..120),
    ) {
        let mut simulation = Simulation::new();
        simulation.refresh(None, &steps[0]);
        simulation.due = simulation.now + INTERVAL;
        for step in &steps {
            simulation.now = match step.jump {
                Some(seconds) => {
                    let now = simulation.now + TimeDelta::seconds(seconds);
                    simulation.schedule.clock_jumped(now);
                    simulation.due = now;
                    now
                }
                None => simulation.wake_at(),
            };
            let now = simulation.now;
            simulation.schedule.detect(&simulation.snapshot, now, || step.delay);
            if simulation.due <= now {
                simulation.due = now + INTERVAL;
                simulation.refresh(None, step);
            } else {
                let due = simulation.schedule.take_due(now);
                simulation.refresh(Some(due), step);
            }
            let wake_at = simulation.wake_at();
            prop_assert!(wake_at > now, "a wake-up at {wake_at} at {now}");
        }
    }
}
