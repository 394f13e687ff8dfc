//! When an account needs its owner: (attention history, snapshot) → accounts that need attention.
//!
//! A timeout, a server error, a missing network and a 429 go away with time. The owner is notified of other failures:
//! once, until a request of the account succeeds.

use crate::quota::{Account, AccountId, Failure, Identity, Snapshot, UsageState};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Some failures need the owner only if they last this long: CLIProxyAPI may be about to renew the login, or the sign-in
/// page of a network may intercept requests.
const LASTING_AFTER: TimeDelta = TimeDelta::minutes(10);

/// The accounts that fail. Kept over restarts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttentionHistory(BTreeMap<AccountId, Failing>);

impl AttentionHistory {
    /// Whether an account needs its owner. An account whose failure may still resolve itself does not count.
    pub fn needs_owner(&self) -> bool {
        self.0.values().any(|failing| failing.notified)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Failing {
    /// When it began to fail in a way that may need its owner.
    since: DateTime<Utc>,
    /// Whether its owner was notified.
    #[serde(rename = "told")]
    notified: bool,
    /// The identity of the login that failed. `None`: not known. The history is kept by file, since of two files with one
    /// login only one may fail. Another login in the same file begins a new entry.
    #[serde(default)]
    identity: Option<Identity>,
}

/// An account that needs its owner.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    /// The account.
    pub account: Account,
    /// What is wrong.
    pub failure: Failure,
}

/// What ends a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// The owner, who is notified at once.
    Owner,
    /// The owner, who is notified if it lasts.
    OwnerIfItLasts,
    /// Waiting.
    Waiting,
}

fn remedy(failure: &Failure) -> Remedy {
    match failure {
        Failure::SignInAgain
        | Failure::CannotReadUsage
        | Failure::WorkspaceDeactivated
        | Failure::InvalidFile(_) => Remedy::Owner,
        Failure::Expired(_) | Failure::Rejected(_) | Failure::TlsError(_) => Remedy::OwnerIfItLasts,
        Failure::Unreachable(_)
        | Failure::ConnectionLost(_)
        | Failure::TimedOut(_)
        | Failure::RateLimited(_)
        | Failure::Throttled(_)
        | Failure::Server(_)
        | Failure::Blocked
        | Failure::InvalidResponse(_)
        | Failure::Internal(_) => Remedy::Waiting,
    }
}

/// The accounts of a snapshot that have begun to need attention. Updates the history.
pub fn evaluate(history: &mut AttentionHistory, snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Attention> {
    let mut attention = Vec::new();
    for usage in snapshot.enabled() {
        let id = &usage.account.id;
        let remedy = usage.error.as_ref().map(remedy);
        match (&usage.error, remedy) {
            (Some(failure), Some(remedy @ (Remedy::Owner | Remedy::OwnerIfItLasts))) => {
                let identity = usage.account.identity.clone();
                let new = Failing { since: now, notified: false, identity: identity.clone() };
                let failing = history.0.entry(id.clone()).or_insert_with(|| new.clone());
                if failing.identity.is_some() && identity.is_some() && failing.identity != identity {
                    *failing = new;
                }
                failing.identity = identity.or(failing.identity.take());
                // A time in the future means that the clock was set back.
                let lasts = (now - failing.since).abs() >= LASTING_AFTER;
                if !failing.notified && (lasts || remedy == Remedy::Owner) {
                    failing.notified = true;
                    attention.push(Attention { account: usage.account.clone(), failure: failure.clone() });
                }
            }
            _ if usage.state() == UsageState::Ok => drop(history.0.remove(id)),
            _ => {}
        }
    }
    history.0.retain(|id, _| snapshot.accounts.iter().any(|usage| usage.account.id == *id));
    attention
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{AccountUsage, Provider, Usage};

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minute * 60, 0).expect("in range")
    }

    /// How many accounts begin to need attention at each of these results, one a minute. `None`: success.
    fn attention_after(results: &[Option<Failure>]) -> Vec<usize> {
        let mut history = AttentionHistory::default();
        let counts = results.iter().zip(0..).map(|(failure, minute)| {
            let account = Account {
                id: AccountId::file("a".into()),
                provider: Provider::CLAUDE,
                email: "a@x".into(),
                identity: None,
                given_name: None,
            };
            let mut usage = AccountUsage::unknown(account);
            usage.record(failure.clone().map_or(Ok(Usage::default()), Err), at(minute));
            let snapshot = Snapshot { accounts: vec![usage], ..Snapshot::default() };
            // As after a restart.
            let kept = serde_json::to_string(&history).expect("plain data");
            history = serde_json::from_str(&kept).expect("the same history");
            evaluate(&mut history, &snapshot, at(minute)).len()
        });
        counts.collect()
    }

    #[test]
    fn failure_for_the_owner_needs_attention_once_until_a_request_succeeds() {
        let (bad, good) = (Some(Failure::SignInAgain), None);
        assert_eq!(
            attention_after(&[good.clone(), bad.clone(), bad.clone(), good.clone(), bad.clone()]),
            [0, 1, 0, 0, 1]
        );
        for failure in [Failure::CannotReadUsage, Failure::WorkspaceDeactivated] {
            assert_eq!(attention_after(&[good.clone(), Some(failure.clone()), Some(failure)]), [0, 1, 0]);
        }
        let broken = Some(Failure::InvalidFile("x".into()));
        assert_eq!(attention_after(&[bad.clone(), broken, Some(Failure::TimedOut(15)), bad]), [1, 0, 0, 0]);
    }

    #[test]
    fn failure_of_another_login_in_the_same_file_needs_attention_again() {
        let mut history = AttentionHistory::default();
        let mut count = |identity: &str| {
            let identity = Some(Identity(identity.into()));
            let (id, email) = (AccountId::file("a".into()), "a@x".into());
            let mut usage = AccountUsage::unknown(Account {
                id,
                provider: Provider::CLAUDE,
                email,
                identity,
                given_name: None,
            });
            usage.record(Err(Failure::SignInAgain), at(0));
            evaluate(&mut history, &Snapshot { accounts: vec![usage], ..Snapshot::default() }, at(0)).len()
        };
        assert_eq!(
            [count("claude/1"), count("claude/1"), count("claude/2"), count("claude/2")],
            [1, 0, 1, 0]
        );
    }

    #[test]
    fn lasting_failure_needs_attention_after_ten_minutes() {
        let expired = vec![Some(Failure::Expired("x".into())); 13];
        let counts = attention_after(&expired);
        assert_eq!((counts[..10].iter().sum::<usize>(), counts[10], counts.iter().sum()), (0, 1, 1));
    }

    #[test]
    fn temporary_failure_never_needs_attention() {
        for failure in [
            Failure::TimedOut(15),
            Failure::Server(500),
            Failure::Blocked,
            Failure::Unreachable("x".into()),
            Failure::RateLimited(at(500)),
            Failure::Throttled(at(500)),
        ] {
            assert_eq!(attention_after(&vec![Some(failure); 30]).iter().sum::<usize>(), 0);
        }
    }
}
