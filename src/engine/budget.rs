//! How often an account may be asked: (what was asked, what came of it) → yes, or not before.
//!
//! The providers allow about five requests in five minutes, for all programs together, Claude 28–30 in an hour, and
//! going on while they refuse keeps the block alive.

mod hourly;
mod pace;
mod slow;

use crate::quota::{Account, Failure, Provider, identity};
use chrono::{DateTime, TimeDelta, Utc};
use hourly::HOUR;
use pace::{Pace, STRETCH};
use serde::{Deserialize, Serialize};
use slow::Slow;
use std::collections::BTreeMap;

/// No refusal holds longer, unless the provider says so.
const LONGEST_COOL_DOWN: TimeDelta = TimeDelta::hours(1);

/// All answers of a refresh are taken note of together, so one may have come this long before.
const SETTLED_WITHIN: TimeDelta = TimeDelta::minutes(1);

/// After a server error or a time-out: 30 s, doubled with each, ...
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// ... up to this.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(15);

/// How many requests are sent for one account's usage, by all processes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// In any five minutes, at least 1.
    pub per_five_minutes: u32,
    /// In any hour for a Claude account, at least 1. Codex has no such limit.
    pub claude_per_hour: u32,
}

/// An account that a refresh would send a request for.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The account.
    pub account: Account,
    /// The first reset of one of its windows since its last good response. `None`: none is known.
    pub next_reset: Option<DateTime<Utc>>,
}

impl From<Account> for Candidate {
    fn from(account: Account) -> Candidate {
        Candidate { account, next_reset: None }
    }
}

/// The recent requests for each login, and their outcome. Kept over restarts, shared by all processes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RequestBudget {
    /// By [state key](Account::state_key): a login keeps its budget under another file name, and another login in
    /// the same file has one of its own.
    accounts: BTreeMap<String, Pace>,
}

/// Whether an account may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Ask,
    /// Not before this moment: its provider has refused.
    Cooling(DateTime<Utc>),
    /// Not before this moment, for the account's own good: it was asked often enough, or its provider
    /// is in trouble.
    Held(DateTime<Utc>),
}

impl RequestBudget {
    /// Whether a request for an account may be sent now; an allowed request is counted at once. `demanded` (*Refresh now*)
    /// ignores the pause after errors and the slower pace after a 429, and may use the reserve of the budget; it never
    /// exceeds the budget or the provider's own backoff.
    pub fn admit(
        &mut self,
        candidate: &Candidate,
        budget: &RequestLimits,
        demanded: bool,
        now: DateTime<Utc>,
    ) -> Admission {
        let pace = identity::entry(&mut self.accounts, &candidate.account);
        let is_claude = candidate.account.provider == Provider::CLAUDE;
        pace.keep_those_of(if is_claude { HOUR } else { STRETCH }, now);
        if let Some(until) = pace.cooling(now) {
            return Admission::Cooling(until);
        }
        let hourly = || hourly::next(&pace.asked, budget.claude_per_hour as usize, demanded, now);
        let full = pace.five_minutes((budget.per_five_minutes as usize).max(1), now);
        // The later of both, or a limit would be exceeded.
        if let Some(until) = full.max(if is_claude { hourly() } else { None }) {
            return Admission::Held(until);
        }
        if !demanded {
            let slow = pace.slow.as_ref().filter(|slow| slow.is_in_force(now)).zip(pace.asked.last());
            let slow = slow.map(|(slow, last)| slow.next(*last, candidate.next_reset));
            if let Some(until) = pace.pausing(now).max(slow.filter(|until| *until > now)) {
                return Admission::Held(until);
            }
        }
        pace.asked.push(now);
        Admission::Ask
    }

    /// Takes note of what a request came to, and returns it as it is to be shown. `jitter`, from 0 to 1,
    /// keeps accounts from coming back all at once.
    pub fn answered(
        &mut self,
        account: &Account,
        failure: Option<Failure>,
        jitter: f64,
        now: DateTime<Utc>,
    ) -> Option<Failure> {
        let pace = identity::entry(&mut self.accounts, account);
        match failure {
            Some(Failure::RateLimited(until)) => {
                // The provider's own "five minutes" and no word at all look alike here; to be patient
                // with both harms nobody.
                let mut wait = until - now;
                if wait <= STRETCH && wait > STRETCH - SETTLED_WITHIN {
                    let doubled = STRETCH * 2_i32.pow(pace.refusals.min(8));
                    wait = doubled.min(LONGEST_COOL_DOWN);
                }
                pace.refusals = pace.refusals.saturating_add(1);
                // Another run may have been told of a later moment.
                let until = pace.cooling(now).map_or(now + wait, |known| known.max(now + wait));
                (pace.cool_until, pace.cool_set_at) = (Some(until), Some(now));
                if account.provider == Provider::CLAUDE {
                    pace.slow = Some(Slow::after_429(pace.slow.as_ref(), until, jitter, now));
                }
                return Some(Failure::RateLimited(until));
            }
            Some(Failure::Server(_) | Failure::Blocked | Failure::TimedOut(_) | Failure::BrokeOff(_)) => {
                let doubled = FIRST_PAUSE * 2_i32.pow(pace.failures.min(8));
                let pause =
                    doubled.min(LONGEST_PAUSE).as_seconds_f64() * (0.75 + 0.5 * jitter.clamp(0.0, 1.0));
                pace.failures = pace.failures.saturating_add(1);
                let until = now + TimeDelta::milliseconds((pause * 1000.0) as i64);
                (pace.pause_until, pace.pause_set_at) = (Some(until), Some(now));
            }
            // It never reached the provider, or was not even sent, so it does not count.
            Some(Failure::Unreachable(_) | Failure::Expired(_)) => {
                pace.asked.pop();
            }
            // Success and everything else: whoever answers is well. A refusal that came in between, to
            // another run, holds all the same.
            _ => {
                (pace.failures, pace.pause_until, pace.pause_set_at) = (0, None, None);
                if pace.cooling(now).is_none() {
                    (pace.refusals, pace.cool_until, pace.cool_set_at) = (0, None, None);
                }
            }
        }
        failure
    }

    /// Forgets accounts of which nothing has to be remembered.
    pub fn tidy(&mut self, now: DateTime<Utc>) {
        self.accounts.retain(|_, pace| {
            pace.keep_recent(now);
            // How many refusals and failures there were counts for a while after the last.
            let was_lately = |until: Option<DateTime<Utc>>| {
                until.is_some_and(|at| at <= now && now - at < LONGEST_COOL_DOWN)
            };
            pace.slow.take_if(|slow| !slow.is_in_force(now));
            let holds = pace.cooling(now).is_some() || pace.pausing(now).is_some() || pace.slow.is_some();
            holds || !pace.asked.is_empty() || was_lately(pace.cool_until) || was_lately(pace.pause_until)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{AccountId, Provider};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("in range")
    }

    fn account(id: &str) -> Account {
        let id = AccountId::file(id.into());
        Account { id, provider: Provider::CLAUDE, email: "a@x".into(), identity: None }
    }

    fn a() -> Account {
        account("a.json")
    }

    /// So many requests in five minutes, and no end of them in an hour.
    fn five(per_five_minutes: u32) -> RequestLimits {
        RequestLimits { per_five_minutes, claude_per_hour: 10_000 }
    }

    #[test]
    fn no_account_is_asked_more_often_than_the_limit() {
        let mut pacing = RequestBudget::default();
        for second in [0, 10, 20, 30, 40] {
            assert_eq!(pacing.admit(&a().into(), &five(5), true, at(second)), Admission::Ask);
        }
        assert_eq!(pacing.admit(&a().into(), &five(5), true, at(50)), Admission::Held(at(300)));
        assert_eq!(pacing.admit(&a().into(), &five(5), true, at(299)), Admission::Held(at(300)));
        assert_eq!(pacing.admit(&a().into(), &five(5), true, at(300)), Admission::Ask);
        assert_eq!(pacing.admit(&a().into(), &five(5), true, at(300)), Admission::Held(at(310)));
        assert_eq!(pacing.admit(&account("b.json").into(), &five(5), true, at(300)), Admission::Ask);
        // A limit that was lowered counts from then on.
        assert_eq!(pacing.admit(&a().into(), &five(2), true, at(309)), Admission::Held(at(340)));
    }

    #[test]
    fn a_refusal_holds_whatever_is_clicked_and_doubles_up_to_an_hour() {
        let mut pacing = RequestBudget::default();
        let mut now = at(0);
        for minutes in [5, 10, 20, 40, 60, 60] {
            assert_eq!(pacing.admit(&a().into(), &five(60), true, now), Admission::Ask);
            let until = now + TimeDelta::minutes(minutes);
            // The answer came with others that took longer.
            let came = now - TimeDelta::seconds(14);
            let shown = pacing.answered(&a(), Some(Failure::RateLimited(came + STRETCH)), 0.5, now);
            assert_eq!(shown, Some(Failure::RateLimited(until)));
            assert_eq!(
                pacing.admit(&a().into(), &five(60), true, until - TimeDelta::seconds(1)),
                Admission::Cooling(until)
            );
            now = until;
        }
        assert_eq!(pacing.admit(&a().into(), &five(60), true, now), Admission::Ask);
        pacing.answered(&a(), None, 0.5, now);
        let until = now + STRETCH;
        assert_eq!(
            pacing.answered(&a(), Some(Failure::RateLimited(until)), 0.5, now),
            Some(Failure::RateLimited(until))
        );
    }

    #[test]
    fn what_the_provider_asks_for_is_kept_to() {
        let mut pacing = RequestBudget::default();
        for seconds in [30, 700, 3_600, 20 * 3_600] {
            let until = at(seconds);
            let shown = pacing.answered(&a(), Some(Failure::RateLimited(until)), 0.5, at(0));
            assert_eq!(shown, Some(Failure::RateLimited(until)));
            assert_eq!(pacing.admit(&a().into(), &five(5), true, at(1)), Admission::Cooling(until));
        }
    }

    #[test]
    fn a_server_in_trouble_is_left_alone_unless_a_person_asks_and_is_back_at_once() {
        let mut pacing = RequestBudget::default();
        for pause in [30, 60, 120, 240, 480, 900, 900] {
            pacing.answered(&a(), Some(Failure::Server(502)), 0.5, at(0));
            assert_eq!(pacing.admit(&a().into(), &five(60), false, at(0)), Admission::Held(at(pause)));
        }
        assert_eq!(pacing.admit(&a().into(), &five(60), true, at(0)), Admission::Ask);
        pacing.answered(&a(), None, 0.5, at(1));
        assert_eq!(pacing.admit(&a().into(), &five(60), false, at(1)), Admission::Ask);
    }

    #[test]
    fn accounts_come_back_at_different_moments() {
        let until = |jitter| {
            let mut pacing = RequestBudget::default();
            pacing.answered(&a(), Some(Failure::TimedOut(15)), jitter, at(0));
            pacing.admit(&a().into(), &five(5), false, at(0))
        };
        assert_eq!(until(0.0), Admission::Held(at(22) + TimeDelta::milliseconds(500)));
        assert_eq!(until(1.0), Admission::Held(at(37) + TimeDelta::milliseconds(500)));
    }

    #[test]
    fn what_never_reached_the_provider_does_not_count() {
        let mut pacing = RequestBudget::default();
        for second in 0..50 {
            assert_eq!(pacing.admit(&a().into(), &five(5), false, at(second)), Admission::Ask);
            pacing.answered(&a(), Some(Failure::Unreachable("host".into())), 0.5, at(second));
        }
    }

    #[test]
    fn a_clock_that_was_put_back_blocks_nobody() {
        let mut pacing = RequestBudget::default();
        let future = at(400 * 86_400);
        pacing.admit(&a().into(), &five(1), false, future);
        pacing.answered(&a(), Some(Failure::RateLimited(future + TimeDelta::hours(1))), 0.5, future);
        assert_eq!(pacing.admit(&a().into(), &five(1), false, at(0)), Admission::Ask);
    }

    #[test]
    fn pause_and_cool_down_set_by_a_clock_that_was_ahead_are_void() {
        // Eight hours ahead, then put right.
        let (ahead, now) = (at(8 * 3_600), at(5));
        for failure in [Failure::RateLimited(ahead + TimeDelta::hours(1)), Failure::Server(502)] {
            let mut pacing = RequestBudget::default();
            pacing.admit(&a().into(), &five(5), false, ahead);
            pacing.answered(&a(), Some(failure.clone()), 0.5, ahead);
            let mut kept: RequestBudget =
                serde_json::from_str(&serde_json::to_string(&pacing).expect("plain data")).expect("its form");
            assert_eq!(kept.admit(&a().into(), &five(5), false, now), Admission::Ask, "{failure:?}");
            // Corrections by seconds are daily business.
            let nearly = ahead - TimeDelta::seconds(30);
            assert_ne!(pacing.admit(&a().into(), &five(5), false, nearly), Admission::Ask, "{failure:?}");
        }
    }

    #[test]
    fn claude_has_an_hourly_budget_and_codex_has_none() {
        let budget = RequestLimits { per_five_minutes: 60, claude_per_hour: 5 };
        let codex = Account { provider: Provider::CODEX, ..account("c.json") };
        let mut pacing = RequestBudget::default();
        let allowed = |verdict| verdict == Admission::Ask;
        let mut count = |account: &Account, demanded| {
            (0..30)
                .filter(|second| {
                    allowed(pacing.admit(&account.clone().into(), &budget, demanded, at(*second)))
                })
                .count()
        };
        assert_eq!((count(&codex, false), count(&a(), false), count(&a(), true)), (30, 2, 3));
    }

    #[test]
    fn after_a_429_claude_is_asked_less_often_by_itself_and_a_person_is_not_held() {
        let mut pacing = RequestBudget::default();
        assert_eq!(pacing.admit(&a().into(), &five(60), false, at(0)), Admission::Ask);
        pacing.answered(&a(), Some(Failure::RateLimited(at(30))), 0.5, at(0));
        assert_eq!(pacing.admit(&a().into(), &five(60), false, at(31)), Admission::Held(at(360)));
        let reset = Candidate { next_reset: Some(at(100)), ..a().into() };
        assert_eq!(pacing.admit(&reset, &five(60), false, at(31)), Admission::Held(at(160)));
        assert_eq!(pacing.admit(&a().into(), &five(60), true, at(31)), Admission::Ask);
        pacing.answered(&a(), None, 0.5, at(31));
        assert_eq!(pacing.admit(&a().into(), &five(60), false, at(61)), Admission::Held(at(391)));
        assert_eq!(pacing.admit(&a().into(), &five(60), false, at(30 + 3_600)), Admission::Ask);
        assert_eq!(pacing.admit(&a().into(), &five(60), false, at(30 + 3_601)), Admission::Ask);
    }

    #[test]
    fn what_need_not_be_remembered_is_forgotten() {
        let mut pacing = RequestBudget::default();
        pacing.admit(&a().into(), &five(5), false, at(0));
        pacing.tidy(at(10));
        assert_ne!(pacing, RequestBudget::default());
        pacing.tidy(at(3_600));
        assert_eq!(pacing, RequestBudget::default());
    }
}
