//! Access tokens that the usage API has refused for good, so that no process renews or sends them in vain.
//!
//! A refused token is renewed once. Where the new one is refused as well, renewing does not help, and each further
//! renewal rotates the refresh token for nothing: 34 an hour were counted with a `status` each minute.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// More tokens than this are not kept; the ones seen longest ago go first.
const MAX_TOKENS: usize = 1000;

/// Entries not seen for this long are removed.
const FORGET_AFTER: TimeDelta = TimeDelta::days(90);

/// A token that is seen again is noted once in this time, or each refresh would write.
const NOTED_EVERY: TimeDelta = TimeDelta::days(1);

/// A token that was refused after its renewal is renewed when it has expired, since only a valid one shows whether the
/// provider still refuses; but not more often than this, however short a token's life is.
const RENEWED_EVERY: TimeDelta = TimeDelta::days(1);

/// Why a token is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// It came from a renewal and was not accepted either (401 or 403): it is sent, but not renewed again.
    AfterRenewal,
    /// It lacks the scope `user:profile`, as the tokens of `claude setup-token` do: it is not sent again.
    NoScope,
}

/// Refused tokens by the SHA-256 hash of each. Kept over restarts, shared by all processes. A new token in the
/// credential file has another hash, so it is not refused.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RefusedTokens {
    tokens: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    why: Refused,
    /// When it was first refused.
    since: DateTime<Utc>,
    /// When it was last seen to be refused, to the day.
    seen_at: DateTime<Utc>,
}

impl RefusedTokens {
    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Why the token with this hash was refused. `None`: it was not.
    pub fn get(&self, hash: &str) -> Option<Refused> {
        self.tokens.get(hash).map(|entry| entry.why)
    }

    /// Whether the token with this hash may be renewed now that it has expired.
    pub fn may_renew_expired(&self, hash: &str, now: DateTime<Utc>) -> bool {
        self.tokens.get(hash).is_none_or(|entry| (now - entry.since).abs() >= RENEWED_EVERY)
    }

    /// Notes a token that was refused.
    pub fn insert(&mut self, hash: &str, why: Refused, now: DateTime<Utc>) {
        let is_noted = |entry: &Entry| entry.why == why && (now - entry.seen_at).abs() < NOTED_EVERY;
        if self.tokens.get(hash).is_some_and(is_noted) {
            return;
        }
        self.tokens.retain(|_, entry| now - entry.seen_at < FORGET_AFTER);
        let since = self.tokens.get(hash).filter(|entry| entry.why == why).map_or(now, |entry| entry.since);
        self.tokens.insert(hash.to_owned(), Entry { why, since, seen_at: now });
        while self.tokens.len() > MAX_TOKENS {
            let oldest = self.tokens.iter().min_by_key(|(_, entry)| entry.seen_at);
            let Some(oldest) = oldest.map(|(hash, _)| hash.clone()) else { break };
            self.tokens.remove(&oldest);
        }
    }

    /// Forgets a token that was accepted.
    pub fn remove(&mut self, hash: &str) {
        self.tokens.remove(hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(days: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + days * 86_400, 0).expect("in range")
    }

    #[test]
    fn expired_token_that_was_refused_after_its_renewal_is_renewed_once_a_day() {
        let mut tokens = RefusedTokens::default();
        assert!(tokens.may_renew_expired("a", at(0)));
        tokens.insert("a", Refused::AfterRenewal, at(0));
        assert!(!tokens.may_renew_expired("a", at(1) - TimeDelta::seconds(1)));
        tokens.insert("a", Refused::AfterRenewal, at(1));
        assert!(tokens.may_renew_expired("a", at(1)));
        // The clock was ahead when it was noted.
        assert!(tokens.may_renew_expired("a", at(-400)));
    }

    #[test]
    fn refused_tokens_are_kept_while_they_are_seen_and_their_number_is_bounded() {
        let mut tokens = RefusedTokens::default();
        tokens.insert("seen", Refused::NoScope, at(0));
        tokens.insert("gone", Refused::AfterRenewal, at(0));
        let before = tokens.clone();
        tokens.insert("seen", Refused::NoScope, at(0) + TimeDelta::hours(1));
        assert_eq!(tokens, before, "no write for what is known");
        tokens.insert("seen", Refused::NoScope, at(60));
        tokens.insert("seen", Refused::NoScope, at(120));
        assert_eq!((tokens.get("seen"), tokens.get("gone")), (Some(Refused::NoScope), None));
        for number in 0..2 * MAX_TOKENS {
            tokens.insert(&number.to_string(), Refused::AfterRenewal, at(121));
        }
        assert_eq!((tokens.tokens.len(), tokens.get("seen")), (MAX_TOKENS, None));
    }
}
