//! What is known of each account, and how new responses are merged with the last known values.

use crate::quota::{Account, Fact, Failure, Window};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What one valid response of a provider says.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// The quota windows, in the provider's order. Empty where the account has none, such as a seat that is
    /// billed by use: it counts neither as 0 % nor as 100 %.
    pub windows: Vec<Window>,
    /// The plan as the provider spells it. `None`: not reported.
    pub plan: Option<String>,
    /// Usage paid beyond the plan. `None`: not enabled, or not reported.
    pub extra_usage: Option<ExtraUsage>,
    /// What else the provider reports, in the order of display.
    #[serde(default)]
    pub facts: Vec<Fact>,
}

/// Money spent beyond the plan; where the account has no windows, all money spent. It is not a quota window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtraUsage {
    /// Spent, in the currency's main unit.
    pub spent: f64,
    /// Monthly limit, in the currency's main unit. 0: enabled, but no limit configured. `None`: unlimited.
    pub limit: Option<f64>,
    /// ISO 4217 code, such as `USD`. `None`: not reported.
    pub currency: Option<String>,
}

/// The state of an account's usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UsageState {
    /// The first response is awaited.
    Loading,
    /// The last request succeeded.
    Ok,
    /// The last request failed; the last known values are displayed.
    Stale,
    /// The last request failed, and none has succeeded before.
    Error,
    /// The access token has expired and was not renewed, so no request was sent.
    Expired,
}

/// When an account's access token was renewed and expires. The tokens themselves are known to `credentials` only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenLifetime {
    /// When the access token was last renewed, by any program. `None`: not known.
    pub renewed_at: Option<DateTime<Utc>>,
    /// When the access token expires. `None`: not known.
    pub expires_at: Option<DateTime<Utc>>,
}

/// An account and its usage: the last known values, and the result of the last request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountUsage {
    /// The account.
    pub account: Account,
    /// Whether a request is in progress.
    pub loading: bool,
    /// Disabled in its credential file: it is displayed as such, and no request is sent for it.
    pub disabled: bool,
    /// The last valid response. `None`: there has been none.
    #[serde(rename = "reading")]
    pub last_usage: Option<Usage>,
    /// When the last valid response arrived. `None`: there has been none.
    pub updated_at: Option<DateTime<Utc>>,
    /// Why the last request failed. `None`: it did not.
    pub error: Option<Failure>,
    /// Throttled: Quota Tray sends no request before this moment. `None`: it may send one.
    #[serde(rename = "held_until")]
    pub throttled_until: Option<DateTime<Utc>>,
    /// How long its access token is valid. `None`: unknown, as before the first request.
    #[serde(rename = "validity")]
    pub token_lifetime: Option<TokenLifetime>,
}

impl AccountUsage {
    /// An account without usage and without an error.
    pub fn unknown(account: Account) -> AccountUsage {
        AccountUsage {
            account,
            loading: false,
            disabled: false,
            last_usage: None,
            updated_at: None,
            error: None,
            throttled_until: None,
            token_lifetime: None,
        }
    }

    /// Marks it as throttled: its values stay, and no request is sent before `until`.
    pub fn throttle(&mut self, until: DateTime<Utc>) {
        self.loading = false;
        self.throttled_until = Some(until);
        if self.last_usage.is_none() && self.error.is_none() {
            self.error = Some(Failure::Throttled(until));
        }
    }

    /// The state of its usage.
    pub fn state(&self) -> UsageState {
        match (&self.error, &self.last_usage) {
            (Some(Failure::Expired(_)), _) => UsageState::Expired,
            (Some(_), Some(_)) => UsageState::Stale,
            (Some(_), None) => UsageState::Error,
            (None, Some(_)) => UsageState::Ok,
            (None, None) => UsageState::Loading,
        }
    }

    /// The windows of the last valid response.
    pub fn windows(&self) -> &[Window] {
        self.last_usage.as_ref().map_or(&[], |usage| &usage.windows)
    }

    /// Whether the last valid response said that the account has no quota window at all.
    pub fn is_billed_by_use(&self) -> bool {
        self.last_usage.as_ref().is_some_and(|usage| usage.windows.is_empty())
    }

    /// Whether the window has reset since the last valid response, so that its percentage is out of date.
    pub fn is_unconfirmed(&self, window: &Window, now: DateTime<Utc>) -> bool {
        self.updated_at.is_none_or(|updated_at| window.has_reset_since(updated_at, now))
    }

    /// The window with the least left, and among equals the one that resets last. Windows that do not count, or have
    /// reset since the last valid response, are left out. `None`: there is no other.
    pub fn lowest(&self, now: DateTime<Utc>) -> Option<&Window> {
        self.lowest_of(now, |_| true)
    }

    /// The same among some of the windows.
    pub fn lowest_of(&self, now: DateTime<Utc>, is_among: impl Fn(&Window) -> bool) -> Option<&Window> {
        let counts =
            |window: &&Window| window.counts() && !self.is_unconfirmed(window, now) && is_among(window);
        self.windows().iter().filter(counts).min_by(|a, b| {
            a.remaining_percent()
                .total_cmp(&b.remaining_percent())
                .then_with(|| b.resets_at.cmp(&a.resets_at))
        })
    }

    /// The first reset of a window since the last valid response, after which the percentages are out of date. `None`: none is
    /// known.
    pub fn next_reset(&self) -> Option<DateTime<Utc>> {
        let updated_at = self.updated_at?;
        self.windows().iter().filter_map(|window| window.resets_at).filter(|reset| *reset > updated_at).min()
    }

    /// Records the result of a request. After a failure the last known values stay.
    pub fn record(&mut self, result: Result<Usage, Failure>, now: DateTime<Utc>) {
        self.loading = false;
        self.throttled_until = None;
        match result {
            Ok(usage) => {
                self.last_usage = Some(usage);
                self.updated_at = Some(now);
                self.error = None;
            }
            Err(failure) => self.error = Some(failure),
        }
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
        Account {
            id: AccountId::file(id.into()),
            provider: Provider::CLAUDE,
            email: id.into(),
            identity: None,
            given_name: None,
        }
    }

    fn usage_of(used: &[f64]) -> Usage {
        let windows = used
            .iter()
            .enumerate()
            .map(|(i, used)| Window::new(format!("w{i}"), format!("W{i}"), *used).expect("a number"));
        Usage { windows: windows.collect(), ..Usage::default() }
    }

    #[test]
    fn failed_request_keeps_last_known_values() {
        let mut usage = AccountUsage::unknown(account("a"));
        assert_eq!(usage.state(), UsageState::Loading);
        usage.record(Err(Failure::TimedOut(15)), at(0));
        assert_eq!((usage.state(), usage.updated_at), (UsageState::Error, None));
        usage.record(Ok(usage_of(&[40.0])), at(1));
        assert_eq!((usage.state(), usage.updated_at), (UsageState::Ok, Some(at(1))));
        usage.record(Err(Failure::Server(502)), at(2));
        assert_eq!((usage.state(), usage.updated_at), (UsageState::Stale, Some(at(1))));
        assert_eq!(usage.windows().len(), 1);
        usage.record(Err(Failure::Expired("x".into())), at(3));
        assert_eq!(usage.state(), UsageState::Expired);
    }

    #[test]
    fn usage_in_a_state_file_of_version_0_1_is_read() {
        let kept = r#"{"windows":[{"key":"k","title":"T","used_percent":5.0,"resets_at":null,"reset_note":null,
            "length_seconds":null,"named":true}],"plan":"plus",
            "extra_usage":{"spent":3.2,"limit":50.0,"currency":"USD"}}"#;
        let usage: Usage = serde_json::from_str(kept).expect("the form of 0.1");
        assert_eq!((usage.windows.len(), usage.facts.len()), (1, 0));
    }

    #[test]
    fn lowest_window_is_known_by_name_and_has_not_reset() {
        let mut usage = AccountUsage::unknown(account("a"));
        usage.record(Ok(usage_of(&[40.0, 90.0, 95.0, 99.0])), at(0));
        let windows = &mut usage.last_usage.as_mut().expect("recorded").windows;
        windows[3].named = false;
        windows[2].resets_at = Some(at(100));
        assert_eq!(usage.lowest(at(99)).map(|w| w.key.as_str()), Some("w2"));
        assert_eq!(usage.lowest(at(100)).map(|w| w.key.as_str()), Some("w1"));
    }
}
