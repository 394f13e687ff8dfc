//! How often an account may be asked: (what was asked, what came of it) → yes, or not before.
//!
//! The providers allow about five questions in five minutes, for all programs together, and asking on
//! while they refuse keeps the block alive.

use super::{Account, Failure, identity};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The stretch in which questions are counted.
const STRETCH: TimeDelta = TimeDelta::minutes(5);

/// No refusal holds longer, unless the provider says so.
const LONGEST_COOL_DOWN: TimeDelta = TimeDelta::hours(1);

/// All answers of a refresh are taken note of together, so one may have come this long before.
const SETTLED_WITHIN: TimeDelta = TimeDelta::minutes(1);

/// After a server error or a time-out: 30 s, doubled with each, ...
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// ... up to this.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(15);

/// A moment further ahead than this was written under another clock.
const BEYOND_BELIEF: TimeDelta = TimeDelta::hours(25);

/// The requests of late for each login, and what came of them. Kept over restarts, shared by all processes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Pacing {
    /// By [state key](Account::state_key): a login keeps its budget under another file name, and another login in
    /// the same file has one of its own.
    accounts: BTreeMap<String, Pace>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Pace {
    /// When it was asked, in the last five minutes.
    asked: Vec<DateTime<Utc>>,
    /// When it may be asked again after a 429.
    cool_until: Option<DateTime<Utc>>,
    /// 429s one after the other.
    refusals: u32,
    /// When it should be asked again after a failure.
    pause_until: Option<DateTime<Utc>>,
    /// Failures one after the other.
    failures: u32,
}

/// Whether an account may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Ask,
    /// Not before this moment: its provider has refused.
    Cooling(DateTime<Utc>),
    /// Not before this moment, for the account's own good: it was asked often enough, or its provider
    /// is in trouble.
    Held(DateTime<Utc>),
}

impl Pacing {
    /// Whether an account may be asked, `limit` times in five minutes at most. Where a person has
    /// `demanded` it, a provider in trouble is asked all the same. A question is counted at once.
    pub fn admit(&mut self, account: &Account, limit: u32, demanded: bool, now: DateTime<Utc>) -> Verdict {
        let pace = identity::entry(&mut self.accounts, account);
        pace.asked.retain(|at| counts(*at, now));
        let ahead = |until: &DateTime<Utc>| is_ahead(*until, now);
        if let Some(until) = pace.cool_until.filter(ahead) {
            return Verdict::Cooling(until);
        }
        if pace.asked.len() >= limit as usize {
            // The oldest that has to fall out before there is room for one more.
            return Verdict::Held(pace.asked[pace.asked.len() - limit as usize] + STRETCH);
        }
        if let Some(until) = pace.pause_until.filter(ahead).filter(|_| !demanded) {
            return Verdict::Held(until);
        }
        pace.asked.push(now);
        Verdict::Ask
    }

    /// Takes note of what a question came to, and returns it as it is to be shown. `jitter`, from 0 to 1,
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
                let known = pace.cool_until.filter(|until| is_ahead(*until, now));
                let until = known.map_or(now + wait, |known| known.max(now + wait));
                pace.cool_until = Some(until);
                return Some(Failure::RateLimited(until));
            }
            Some(Failure::Server(_) | Failure::Blocked | Failure::TimedOut(_) | Failure::BrokeOff(_)) => {
                let doubled = FIRST_PAUSE * 2_i32.pow(pace.failures.min(8));
                let pause =
                    doubled.min(LONGEST_PAUSE).as_seconds_f64() * (0.75 + 0.5 * jitter.clamp(0.0, 1.0));
                pace.failures = pace.failures.saturating_add(1);
                pace.pause_until = Some(now + TimeDelta::milliseconds((pause * 1000.0) as i64));
            }
            // It never reached the provider, or was not even sent, so it does not count.
            Some(Failure::Unreachable(_) | Failure::Expired(_)) => {
                pace.asked.pop();
            }
            // Success and everything else: whoever answers is well. A refusal that came in between, to
            // another run, holds all the same.
            _ => {
                (pace.failures, pace.pause_until) = (0, None);
                if pace.cool_until.is_none_or(|until| !is_ahead(until, now)) {
                    (pace.refusals, pace.cool_until) = (0, None);
                }
            }
        }
        failure
    }

    /// Forgets accounts of which nothing has to be remembered.
    pub fn tidy(&mut self, now: DateTime<Utc>) {
        self.accounts.retain(|_, pace| {
            pace.asked.retain(|at| counts(*at, now));
            let ahead = |until: Option<DateTime<Utc>>| until.is_some_and(|at| now - at < LONGEST_COOL_DOWN);
            !pace.asked.is_empty() || ahead(pace.cool_until) || ahead(pace.pause_until)
        });
    }
}

/// Whether a moment is still to come, and can be believed.
fn is_ahead(until: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    until > now && until - now < BEYOND_BELIEF
}

/// Whether a question at that moment still counts, be it that the clock was put back a little since.
fn counts(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - at).abs() < STRETCH
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{AccountId, Provider};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("in range")
    }

    fn account(id: &str) -> Account {
        let id = AccountId(id.into());
        Account { id, provider: Provider::Claude, email: "a@x".into(), identity: None }
    }

    fn a() -> Account {
        account("a.json")
    }

    #[test]
    fn no_account_is_asked_more_often_than_the_limit() {
        let mut pacing = Pacing::default();
        for second in [0, 10, 20, 30, 40] {
            assert_eq!(pacing.admit(&a(), 5, true, at(second)), Verdict::Ask);
        }
        assert_eq!(pacing.admit(&a(), 5, true, at(50)), Verdict::Held(at(300)));
        assert_eq!(pacing.admit(&a(), 5, true, at(299)), Verdict::Held(at(300)));
        assert_eq!(pacing.admit(&a(), 5, true, at(300)), Verdict::Ask);
        assert_eq!(pacing.admit(&a(), 5, true, at(300)), Verdict::Held(at(310)));
        assert_eq!(pacing.admit(&account("b.json"), 5, true, at(300)), Verdict::Ask);
        // A limit that was lowered counts from then on.
        assert_eq!(pacing.admit(&a(), 2, true, at(309)), Verdict::Held(at(340)));
    }

    #[test]
    fn a_refusal_holds_whatever_is_clicked_and_doubles_up_to_an_hour() {
        let mut pacing = Pacing::default();
        let mut now = at(0);
        for minutes in [5, 10, 20, 40, 60, 60] {
            assert_eq!(pacing.admit(&a(), 60, true, now), Verdict::Ask);
            let until = now + TimeDelta::minutes(minutes);
            // The answer came with others that took longer.
            let came = now - TimeDelta::seconds(14);
            let shown = pacing.answered(&a(), Some(Failure::RateLimited(came + STRETCH)), 0.5, now);
            assert_eq!(shown, Some(Failure::RateLimited(until)));
            assert_eq!(pacing.admit(&a(), 60, true, until - TimeDelta::seconds(1)), Verdict::Cooling(until));
            now = until;
        }
        assert_eq!(pacing.admit(&a(), 60, true, now), Verdict::Ask);
        pacing.answered(&a(), None, 0.5, now);
        let until = now + STRETCH;
        assert_eq!(
            pacing.answered(&a(), Some(Failure::RateLimited(until)), 0.5, now),
            Some(Failure::RateLimited(until))
        );
    }

    #[test]
    fn what_the_provider_asks_for_is_kept_to() {
        let mut pacing = Pacing::default();
        for seconds in [30, 700, 3_600, 20 * 3_600] {
            let until = at(seconds);
            let shown = pacing.answered(&a(), Some(Failure::RateLimited(until)), 0.5, at(0));
            assert_eq!(shown, Some(Failure::RateLimited(until)));
            assert_eq!(pacing.admit(&a(), 5, true, at(1)), Verdict::Cooling(until));
        }
    }

    #[test]
    fn a_server_in_trouble_is_left_alone_unless_a_person_asks_and_is_back_at_once() {
        let mut pacing = Pacing::default();
        for pause in [30, 60, 120, 240, 480, 900, 900] {
            pacing.answered(&a(), Some(Failure::Server(502)), 0.5, at(0));
            assert_eq!(pacing.admit(&a(), 60, false, at(0)), Verdict::Held(at(pause)));
        }
        assert_eq!(pacing.admit(&a(), 60, true, at(0)), Verdict::Ask);
        pacing.answered(&a(), None, 0.5, at(1));
        assert_eq!(pacing.admit(&a(), 60, false, at(1)), Verdict::Ask);
    }

    #[test]
    fn accounts_come_back_at_different_moments() {
        let until = |jitter| {
            let mut pacing = Pacing::default();
            pacing.answered(&a(), Some(Failure::TimedOut(15)), jitter, at(0));
            pacing.admit(&a(), 5, false, at(0))
        };
        assert_eq!(until(0.0), Verdict::Held(at(22) + TimeDelta::milliseconds(500)));
        assert_eq!(until(1.0), Verdict::Held(at(37) + TimeDelta::milliseconds(500)));
    }

    #[test]
    fn what_never_reached_the_provider_does_not_count() {
        let mut pacing = Pacing::default();
        for second in 0..50 {
            assert_eq!(pacing.admit(&a(), 5, false, at(second)), Verdict::Ask);
            pacing.answered(&a(), Some(Failure::Unreachable("host".into())), 0.5, at(second));
        }
    }

    #[test]
    fn a_clock_that_was_put_back_blocks_nobody() {
        let mut pacing = Pacing::default();
        let future = at(400 * 86_400);
        pacing.admit(&a(), 1, false, future);
        pacing.answered(&a(), Some(Failure::RateLimited(future + TimeDelta::hours(1))), 0.5, future);
        assert_eq!(pacing.admit(&a(), 1, false, at(0)), Verdict::Ask);
    }

    #[test]
    fn what_need_not_be_remembered_is_forgotten() {
        let mut pacing = Pacing::default();
        pacing.admit(&a(), 5, false, at(0));
        pacing.tidy(at(10));
        assert_ne!(pacing, Pacing::default());
        pacing.tidy(at(301));
        assert_eq!(pacing, Pacing::default());
    }
}
