//! When an account begins to need its owner: (what is remembered, what is seen) → troubles.
//!
//! A time-out, a server error or a missing network mend themselves, and a 429 by waiting. What is told is
//! what does not: once, until the account has answered well again.

use crate::quota::{Account, AccountId, Failure, Identity, Snapshot, UsageState};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Some failures need a person only if they last: CLIProxyAPI may be about to renew the login, or a
/// sign-in page may be in between.
const LASTING: TimeDelta = TimeDelta::minutes(10);

/// What is known of the accounts that fail. Kept over restarts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttentionHistory(BTreeMap<AccountId, Failing>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Failing {
    /// When it was first seen to fail in a way that may need a person.
    since: DateTime<Utc>,
    /// Whether that was told.
    told: bool,
    /// Whose login it was. `None`: not known. The entry belongs to a file, since of two files with one login only
    /// one may fail; but another login in the same file fails for a reason of its own.
    #[serde(default)]
    identity: Option<Identity>,
}

/// An account that needs its owner.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    /// Whose trouble it is.
    pub account: Account,
    /// What is wrong.
    pub failure: Failure,
}

/// Who has to do something about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// A person, at once.
    Person,
    /// A person, if it lasts.
    PersonIfItLasts,
    /// Time.
    Time,
}

fn remedy(failure: &Failure) -> Remedy {
    match failure {
        Failure::SignInAgain
        | Failure::CannotReadUsage
        | Failure::WorkspaceDeactivated
        | Failure::InvalidFile(_) => Remedy::Person,
        Failure::Expired(_) | Failure::Rejected(_) | Failure::TlsError(_) => Remedy::PersonIfItLasts,
        Failure::Unreachable(_)
        | Failure::ConnectionLost(_)
        | Failure::TimedOut(_)
        | Failure::RateLimited(_)
        | Failure::Throttled(_)
        | Failure::Server(_)
        | Failure::Blocked
        | Failure::InvalidResponse(_)
        | Failure::Internal(_) => Remedy::Time,
    }
}

/// Looks at one snapshot, says which accounts have begun to need their owner, and remembers that.
pub fn evaluate(memory: &mut AttentionHistory, snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Attention> {
    let mut troubles = Vec::new();
    for usage in snapshot.enabled() {
        let id = &usage.account.id;
        let remedy = usage.error.as_ref().map(remedy);
        match (&usage.error, remedy) {
            (Some(failure), Some(remedy @ (Remedy::Person | Remedy::PersonIfItLasts))) => {
                let identity = usage.account.identity.clone();
                let anew = Failing { since: now, told: false, identity: identity.clone() };
                let failing = memory.0.entry(id.clone()).or_insert_with(|| anew.clone());
                if failing.identity.is_some() && identity.is_some() && failing.identity != identity {
                    *failing = anew;
                }
                failing.identity = identity.or(failing.identity.take());
                // A moment in the future says nothing but that a clock was put back.
                let lasts = (now - failing.since).abs() >= LASTING;
                if !failing.told && (lasts || remedy == Remedy::Person) {
                    failing.told = true;
                    troubles.push(Attention { account: usage.account.clone(), failure: failure.clone() });
                }
            }
            _ if usage.state() == UsageState::Ok => drop(memory.0.remove(id)),
            _ => {}
        }
    }
    memory.0.retain(|id, _| snapshot.accounts.iter().any(|usage| usage.account.id == *id));
    troubles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{AccountUsage, Provider, Usage};

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minute * 60, 0).expect("in range")
    }

    /// How many troubles each of these answers, one a minute, brings.
    fn told(answers: &[Option<Failure>]) -> Vec<usize> {
        let mut memory = AttentionHistory::default();
        let told = answers.iter().zip(0..).map(|(answer, minute)| {
            let account = Account {
                id: AccountId::file("a".into()),
                provider: Provider::CLAUDE,
                email: "a@x".into(),
                identity: None,
            };
            let mut usage = AccountUsage::unknown(account);
            usage.record(answer.clone().map_or(Ok(Usage::default()), Err), at(minute));
            let snapshot = Snapshot { accounts: vec![usage], ..Snapshot::default() };
            // As after a restart.
            let kept = serde_json::to_string(&memory).expect("plain data");
            memory = serde_json::from_str(&kept).expect("what was kept");
            evaluate(&mut memory, &snapshot, at(minute)).len()
        });
        told.collect()
    }

    #[test]
    fn what_only_a_person_mends_is_told_once_until_it_is_mended() {
        let (bad, good) = (Some(Failure::SignInAgain), None);
        assert_eq!(
            told(&[good.clone(), bad.clone(), bad.clone(), good.clone(), bad.clone()]),
            [0, 1, 0, 0, 1]
        );
        for failure in [Failure::CannotReadUsage, Failure::WorkspaceDeactivated] {
            assert_eq!(told(&[good.clone(), Some(failure.clone()), Some(failure)]), [0, 1, 0]);
        }
        let broken = Some(Failure::InvalidFile("x".into()));
        assert_eq!(told(&[bad.clone(), broken, Some(Failure::TimedOut(15)), bad]), [1, 0, 0, 0]);
    }

    #[test]
    fn failure_of_another_login_in_the_same_file_is_told_anew() {
        let mut memory = AttentionHistory::default();
        let mut told = |identity: &str| {
            let identity = Some(Identity(identity.into()));
            let (id, email) = (AccountId::file("a".into()), "a@x".into());
            let mut usage =
                AccountUsage::unknown(Account { id, provider: Provider::CLAUDE, email, identity });
            usage.record(Err(Failure::SignInAgain), at(0));
            evaluate(&mut memory, &Snapshot { accounts: vec![usage], ..Snapshot::default() }, at(0)).len()
        };
        assert_eq!([told("claude/1"), told("claude/1"), told("claude/2"), told("claude/2")], [1, 0, 1, 0]);
    }

    #[test]
    fn what_may_mend_itself_is_told_when_it_lasts() {
        let expired = vec![Some(Failure::Expired("x".into())); 13];
        let told = told(&expired);
        assert_eq!((told[..10].iter().sum::<usize>(), told[10], told.iter().sum()), (0, 1, 1));
    }

    #[test]
    fn what_time_mends_is_never_told() {
        for failure in [
            Failure::TimedOut(15),
            Failure::Server(500),
            Failure::Blocked,
            Failure::Unreachable("x".into()),
            Failure::RateLimited(at(500)),
            Failure::Throttled(at(500)),
        ] {
            assert_eq!(told(&vec![Some(failure); 30]).iter().sum::<usize>(), 0);
        }
    }
}
