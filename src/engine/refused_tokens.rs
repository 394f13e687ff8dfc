//! Access tokens that the usage API refuses for good, so that no process renews or sends them again.
//!
//! A refused token is renewed once. If the new token is refused as well, another renewal would not help, and it rotates
//! the refresh token: 34 rotations an hour were counted with `status` once a minute.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// At most this many are kept; those not seen for the longest time are removed first.
const MAX_TOKENS: usize = 1000;

/// Entries not seen for this long are removed.
const EXPIRES_AFTER: TimeDelta = TimeDelta::days(90);

/// A token that is seen again is updated at most once in this time, or each refresh would write the file.
const UPDATE_INTERVAL: TimeDelta = TimeDelta::days(1);

/// A token that was refused after its renewal is renewed again when it has expired, since only a valid token shows
/// whether the provider still refuses; but at most once in this time, however short the token's lifetime is.
const RENEWAL_INTERVAL: TimeDelta = TimeDelta::days(1);

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenRefusal {
    /// It came from a renewal and was rejected as well (401 or 403): it is sent, but not renewed again.
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
    #[serde(rename = "why")]
    reason: TokenRefusal,
    /// When it was first refused.
    since: DateTime<Utc>,
    /// When it was last seen, to the day.
    seen_at: DateTime<Utc>,
}

impl RefusedTokens {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Why the token with this hash was refused. `None`: it was not.
    pub fn get(&self, hash: &str) -> Option<TokenRefusal> {
        self.tokens.get(hash).map(|entry| entry.reason)
    }

    /// Whether the token with this hash may be renewed now that it has expired.
    pub fn may_renew_expired(&self, hash: &str, now: DateTime<Utc>) -> bool {
        self.tokens.get(hash).is_none_or(|entry| (now - entry.since).abs() >= RENEWAL_INTERVAL)
    }

    /// Adds a refused token.
    pub fn insert(&mut self, hash: &str, reason: TokenRefusal, now: DateTime<Utc>) {
        let is_current =
            |entry: &Entry| entry.reason == reason && (now - entry.seen_at).abs() < UPDATE_INTERVAL;
        if self.tokens.get(hash).is_some_and(is_current) {
            return;
        }
        self.tokens.retain(|_, entry| now - entry.seen_at < EXPIRES_AFTER);
        let since =
            self.tokens.get(hash).filter(|entry| entry.reason == reason).map_or(now, |entry| entry.since);
        self.tokens.insert(hash.to_owned(), Entry { reason, since, seen_at: now });
        while self.tokens.len() > MAX_TOKENS {
            let oldest = self.tokens.iter().min_by_key(|(_, entry)| entry.seen_at);
            let Some(oldest) = oldest.map(|(hash, _)| hash.clone()) else { break };
            self.tokens.remove(&oldest);
        }
    }

    /// Removes a token that was accepted.
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
        tokens.insert("a", TokenRefusal::AfterRenewal, at(0));
        assert!(!tokens.may_renew_expired("a", at(1) - TimeDelta::seconds(1)));
        tokens.insert("a", TokenRefusal::AfterRenewal, at(1));
        assert!(tokens.may_renew_expired("a", at(1)));
        // The clock was ahead when it was added.
        assert!(tokens.may_renew_expired("a", at(-400)));
    }

    #[test]
    fn refused_tokens_are_kept_while_they_are_seen_up_to_a_maximum() {
        let mut tokens = RefusedTokens::default();
        tokens.insert("seen", TokenRefusal::NoScope, at(0));
        tokens.insert("gone", TokenRefusal::AfterRenewal, at(0));
        let before = tokens.clone();
        tokens.insert("seen", TokenRefusal::NoScope, at(0) + TimeDelta::hours(1));
        assert_eq!(tokens, before, "an update a day");
        tokens.insert("seen", TokenRefusal::NoScope, at(60));
        tokens.insert("seen", TokenRefusal::NoScope, at(120));
        assert_eq!((tokens.get("seen"), tokens.get("gone")), (Some(TokenRefusal::NoScope), None));
        for number in 0..2 * MAX_TOKENS {
            tokens.insert(&number.to_string(), TokenRefusal::AfterRenewal, at(121));
        }
        assert_eq!((tokens.tokens.len(), tokens.get("seen")), (MAX_TOKENS, None));
    }
}
