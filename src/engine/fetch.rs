//! Fetching one account's usage: an expired token is renewed before the request, a rejected one once after it.

use crate::engine::SourceSet;
use crate::engine::budget::Admission;
use crate::engine::refused_tokens::TokenRefusal;
use crate::platform::clock;
use crate::quota::{Account, Failure, RenewalFailure, TokenLifetime, Usage};
use crate::sources::{Capabilities, RenewalError, SourceLogin};
use chrono::{DateTime, Utc};

/// The outcome of fetching one account's usage.
pub struct FetchOutcome {
    /// The usage, or why there is none. `None`: no request was sent, and the last known values stay.
    pub result: Option<Result<Usage, Failure>>,
    /// How long the token is valid. `None`: unknown.
    pub lifetime: Option<TokenLifetime>,
    /// When to try again, if that is before the next refresh.
    pub retry_at: Option<DateTime<Utc>>,
}

impl FetchOutcome {
    fn new(login: &dyn SourceLogin, result: Result<Usage, Failure>) -> FetchOutcome {
        FetchOutcome { result: Some(result), lifetime: login.lifetime(), retry_at: None }
    }

    fn not_renewed(
        login: &dyn SourceLogin,
        error: RenewalError,
        otherwise: fn(RenewalFailure) -> Failure,
    ) -> FetchOutcome {
        let failure = if error.needs_sign_in { Failure::SignInAgain } else { otherwise(error.reason) };
        FetchOutcome { retry_at: error.retry_at, ..FetchOutcome::new(login, Err(failure)) }
    }
}

impl From<Failure> for FetchOutcome {
    fn from(failure: Failure) -> FetchOutcome {
        FetchOutcome { result: Some(Err(failure)), lifetime: None, retry_at: None }
    }
}

impl SourceSet {
    /// Fetches the usage of an account whose request was admitted.
    pub(crate) async fn fetch(
        &self,
        account: Account,
        capabilities: Capabilities,
        mut login: Box<dyn SourceLogin>,
    ) -> FetchOutcome {
        let had_expired = login.has_expired(clock::now());
        if had_expired {
            let may_renew = |hash: String| self.refused_on_disk().may_renew_expired(&hash, clock::now());
            if !login.token_hash().is_none_or(may_renew) {
                return FetchOutcome::new(&*login, Err(Failure::SignInAgain));
            }
            let renewal = match login.renew() {
                Some(renewal) => renewal.await,
                None => {
                    let failure = Failure::Expired(capabilities.sign_in.into());
                    return FetchOutcome::new(&*login, Err(failure));
                }
            };
            match renewal {
                Ok(renewed) => login = renewed,
                Err(error) => return FetchOutcome::not_renewed(&*login, error, Failure::Expired),
            }
        }
        let result = login.fetch().await;
        let token = login.token_hash();
        let was_renewed_already =
            || had_expired || token.as_ref().is_some_and(|hash| self.refused_on_disk().get(hash).is_some());
        if result != Err(Failure::SignInAgain) || was_renewed_already() {
            self.record_token(token.as_deref(), &result);
            return FetchOutcome::new(&*login, result);
        }
        let renewal = match login.renew() {
            Some(renewal) => renewal.await,
            None => return FetchOutcome::new(&*login, result),
        };
        let renewed = match renewal {
            Ok(renewed) => renewed,
            // Only the owner can help.
            Err(_) if !capabilities.renews_tokens => return FetchOutcome::new(&*login, result),
            Err(error) => return FetchOutcome::not_renewed(&*login, error, Failure::Rejected),
        };
        let token = renewed.token_hash();
        if let Some(hash) = &token {
            // Before the request, which may have to wait for a later refresh: it must not lead to another renewal then.
            self.change_refused(|tokens| tokens.insert(hash, TokenRefusal::AfterRenewal, clock::now()));
        }
        // The second request counts like the first.
        let [Admission::Allowed] = self.admit(&[account.into()], true)[..] else {
            return FetchOutcome { result: None, lifetime: renewed.lifetime(), retry_at: None };
        };
        let result = renewed.fetch().await;
        self.record_token(token.as_deref(), &result);
        FetchOutcome::new(&*renewed, result)
    }

    /// Remembers what a response says of the token. `SignInAgain` is passed only where a renewal did not help.
    fn record_token(&self, hash: Option<&str>, result: &Result<Usage, Failure>) {
        let Some(hash) = hash else { return };
        match result {
            Ok(_) => {
                if self.refused().get(hash).is_some() {
                    self.change_refused(|tokens| tokens.remove(hash));
                }
            }
            Err(Failure::SignInAgain) => {
                self.change_refused(|tokens| tokens.insert(hash, TokenRefusal::AfterRenewal, clock::now()));
            }
            Err(Failure::CannotReadUsage) => {
                self.change_refused(|tokens| tokens.insert(hash, TokenRefusal::NoScope, clock::now()));
            }
            Err(_) => {}
        }
    }
}
