//! The request budget over any sequence of clicks, timer ticks and responses.

use super::{account, at};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use quota_tray::engine::budget::{Admission, RequestBudget, RequestLimits};
use quota_tray::quota::{Failure, Provider};

const FIVE_MINUTES: TimeDelta = TimeDelta::minutes(5);
const ACCOUNTS: usize = 3;

/// The outcome of a request.
#[derive(Debug, Clone)]
enum Reply {
    /// Aborted without a recorded outcome.
    Abandoned,
    /// A response or a failure.
    Received(Option<Failure>),
    /// A 429 with this retry time in seconds.
    RateLimited(i64),
}

fn reply() -> impl Strategy<Value = Reply> {
    let failure = prop::sample::select(vec![
        Failure::Server(502),
        Failure::TimedOut(15),
        Failure::ConnectionLost("host".into()),
        Failure::Unreachable("host".into()),
        Failure::InvalidResponse("it is empty".into()),
        Failure::SignInAgain,
    ]);
    // Five minutes is the default for a 429 without Retry-After.
    let rate_limited = prop_oneof![1 => Just(300), 1 => 1_i64..=86_400];
    prop_oneof![
        1 => Just(Reply::Abandoned),
        4 => Just(Reply::Received(None)),
        4 => failure.prop_map(|failure| Reply::Received(Some(failure))),
        1 => rate_limited.prop_map(Reply::RateLimited),
    ]
}

fn budget() -> impl Strategy<Value = RequestLimits> {
    (1_u32..8, 1_u32..40)
        .prop_map(|(per_five_minutes, claude_per_hour)| RequestLimits { per_five_minutes, claude_per_hour })
}

/// One attempt to send a request, `pause` after the previous one.
#[derive(Debug, Clone)]
struct Attempt {
    pause: TimeDelta,
    account: usize,
    by_user: bool,
    reply: Reply,
    /// The time until the response.
    latency: TimeDelta,
    jitter: f64,
    restart: bool,
    prune: bool,
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let pause = prop_oneof![4 => 0_i64..5_000, 2 => 0_i64..120_000, 1 => 0_i64..4_000_000];
    (
        (pause.prop_map(TimeDelta::milliseconds), 0..ACCOUNTS, any::<bool>(), reply()),
        (0_i64..15_000).prop_map(TimeDelta::milliseconds),
        (0.0..=1.0, prop::bool::weighted(0.1), prop::bool::weighted(0.3)),
    )
        .prop_map(|((pause, account, by_user, reply), latency, (jitter, restart, prune))| Attempt {
            pause,
            account,
            by_user,
            reply,
            latency,
            jitter,
            restart,
            prune,
        })
}

/// A response that has not been received yet.
struct PendingResponse {
    received_at: DateTime<Utc>,
    account: usize,
    failure: Option<Failure>,
    jitter: f64,
}

/// The requests of an account and its rate limit.
#[derive(Default)]
struct AccountHistory {
    sent: Vec<DateTime<Utc>>,
    rate_limited_until: Option<DateTime<Utc>>,
}

impl AccountHistory {
    fn requests_within(&self, period: TimeDelta, now: DateTime<Utc>) -> usize {
        self.sent.iter().filter(|at| now - **at < period).count()
    }

    /// Whether the budget is used up, even for a request by the user.
    fn is_full(&self, number: usize, budget: &RequestLimits, now: DateTime<Utc>) -> bool {
        let hourly = account(number).provider == Provider::CLAUDE
            && self.requests_within(TimeDelta::hours(1), now) >= budget.claude_per_hour as usize;
        hourly || self.requests_within(FIVE_MINUTES, now) >= budget.per_five_minutes as usize
    }
}

/// Several processes that share one budget, with overlapping requests.
#[derive(Default)]
struct Simulation {
    request_budget: RequestBudget,
    histories: [AccountHistory; ACCOUNTS],
    pending: Vec<PendingResponse>,
    admissions: Vec<Admission>,
}

impl Simulation {
    /// Runs the attempts that `is_included` selects; the clock and the restarts follow all attempts.
    fn of(
        attempts: &[Attempt],
        budget: &RequestLimits,
        is_included: impl Fn(&Attempt) -> bool,
    ) -> Simulation {
        let mut simulation = Simulation::default();
        let mut now = at(0);
        for attempt in attempts {
            now += attempt.pause;
            simulation.receive_responses(now);
            if attempt.restart {
                let saved = serde_json::to_string(&simulation.request_budget).expect("plain data");
                simulation.request_budget = serde_json::from_str(&saved).expect("its own form");
            }
            if attempt.prune {
                simulation.request_budget.prune(now);
            }
            if is_included(attempt) {
                simulation.attempt(attempt, budget, now);
            }
        }
        simulation
    }

    /// Asks for admission and checks the result.
    fn attempt(&mut self, attempt: &Attempt, budget: &RequestLimits, now: DateTime<Utc>) {
        let candidate = account(attempt.account).into();
        let admission = self.request_budget.admit(&candidate, budget, attempt.by_user, now);
        let history = &mut self.histories[attempt.account];
        match admission {
            Admission::Allowed => {
                assert!(
                    history.rate_limited_until.is_none_or(|until| until <= now),
                    "admitted during a rate limit"
                );
                assert!(!history.is_full(attempt.account, budget, now), "{:?}", history.sent);
                history.sent.push(now);
                self.send(attempt, now);
            }
            Admission::RateLimited(until) => {
                assert!(until > now);
                assert_eq!(
                    Some(until),
                    history.rate_limited_until,
                    "the rate limit differs from the provider's"
                );
            }
            Admission::Throttled(until) => {
                assert!(until > now && until - now <= TimeDelta::hours(1), "throttled until {until}");
                let is_full = history.is_full(attempt.account, budget, now);
                assert!(is_full || !attempt.by_user, "the user was throttled with requests left");
            }
        }
        self.admissions.push(admission);
    }

    fn send(&mut self, attempt: &Attempt, now: DateTime<Utc>) {
        let received_at = now + attempt.latency;
        let (failure, received_at) = match &attempt.reply {
            Reply::Abandoned => return,
            // An unreachable host fails at once.
            Reply::Received(Some(failure @ Failure::Unreachable(_))) => (Some(failure.clone()), now),
            Reply::Received(failure) => (failure.clone(), received_at),
            Reply::RateLimited(seconds) => {
                (Some(Failure::RateLimited(received_at + TimeDelta::seconds(*seconds))), received_at)
            }
        };
        self.pending.push(PendingResponse {
            received_at,
            account: attempt.account,
            failure,
            jitter: attempt.jitter,
        });
        self.receive_responses(now);
    }

    /// Records the responses received by now, in order.
    fn receive_responses(&mut self, now: DateTime<Utc>) {
        self.pending.sort_by_key(|response| response.received_at);
        let received = self.pending.partition_point(|response| response.received_at <= now);
        for PendingResponse { received_at, account: number, failure, jitter } in
            self.pending.drain(..received)
        {
            let history = &mut self.histories[number];
            if matches!(failure, Some(Failure::Unreachable(_))) {
                history.sent.pop();
            }
            let shown = self.request_budget.record(&account(number), failure.clone(), jitter, received_at);
            let Some(Failure::RateLimited(requested)) = failure else {
                assert_eq!(shown, failure);
                continue;
            };
            let Some(Failure::RateLimited(until)) = shown else { panic!("{shown:?}") };
            let earlier = history.rate_limited_until.unwrap_or(requested);
            assert!(until >= requested && until >= earlier, "{until} is earlier than requested");
            assert!(
                until <= requested.max(earlier).max(received_at + TimeDelta::hours(1)),
                "{until} is too late"
            );
            history.rate_limited_until = Some(until);
        }
    }
}

proptest! {
    #[test]
    fn requests_stay_within_the_budget_and_outside_rate_limits(
        attempts in prop::collection::vec(attempt(), 1..150),
        budget in budget(),
    ) {
        Simulation::of(&attempts, &budget, |_| true);
    }

    #[test]
    fn budget_of_an_account_is_independent_of_other_accounts(
        attempts in prop::collection::vec(attempt(), 1..80),
        budget in budget(),
    ) {
        let together = Simulation::of(&attempts, &budget, |_| true).admissions;
        for number in 0..ACCOUNTS {
            let alone = Simulation::of(&attempts, &budget, |attempt| attempt.account == number).admissions;
            let among = attempts.iter().zip(&together).filter(|(attempt, _)| attempt.account == number);
            assert_eq!(alone, among.map(|(_, admission)| *admission).collect::<Vec<_>>());
        }
    }

    #[test]
    fn account_that_waits_is_admitted_eventually(
        attempts in prop::collection::vec(attempt(), 1..80),
        budget in budget(),
        by_user in any::<bool>(),
    ) {
        let mut request_budget = Simulation::of(&attempts, &budget, |_| true).request_budget;
        let mut now = attempts.iter().fold(at(0), |now, attempt| now + attempt.pause);
        // Rate limit, budgets, pause and backoff: each applies at most once.
        let was_admitted = (0..6).any(|_| match request_budget.admit(&account(0).into(), &budget, by_user, now) {
            Admission::Allowed => true,
            Admission::RateLimited(until) | Admission::Throttled(until) => {
                now = until;
                false
            }
        });
        assert!(was_admitted, "never admitted: {request_budget:?}");
    }
}
