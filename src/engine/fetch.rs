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

    /// Records whether a response accepts or refuses the token. `SignInAgain` is passed only where a renewal did not help.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::budget::RequestLimits;
    use crate::engine::state_dir::StateDir;
    use crate::quota::{AccountId, Provider};
    use crate::sources::BoxFuture;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tempfile::TempDir;

    /// A login whose requests are all rejected.
    #[derive(Clone, Default)]
    struct Rejected {
        /// The token changes with each renewal. `None`: it can't be renewed.
        generation: Option<usize>,
        has_expired: bool,
        requests: Arc<AtomicUsize>,
    }

    impl SourceLogin for Rejected {
        fn fetch(&self) -> BoxFuture<'_, Result<Usage, Failure>> {
            self.requests.fetch_add(1, Ordering::Relaxed);
            Box::pin(std::future::ready(Err(Failure::SignInAgain)))
        }

        fn token_hash(&self) -> Option<String> {
            Some(format!("token {:?}", self.generation))
        }

        fn has_expired(&self, _now: DateTime<Utc>) -> bool {
            self.has_expired
        }

        fn renew(&self) -> Option<BoxFuture<'_, Result<Box<dyn SourceLogin>, RenewalError>>> {
            let generation = Some(self.generation? + 1);
            let renewed: Box<dyn SourceLogin> =
                Box::new(Rejected { generation, has_expired: false, requests: self.requests.clone() });
            Some(Box::pin(std::future::ready(Ok(renewed))))
        }
    }

    fn account() -> Account {
        let (id, email) = (AccountId::file("a.json".into()), "a@x".into());
        Account { id, provider: Provider::CLAUDE, email, identity: None, given_name: None }
    }

    fn sources(per_five_minutes: u32) -> (SourceSet, TempDir) {
        let dir = tempfile::tempdir().expect("a folder");
        let limits = RequestLimits { per_five_minutes, claude_per_hour: 100 };
        (SourceSet::new(Vec::new(), Some(limits), StateDir::new(dir.path())), dir)
    }

    /// The result and the number of requests that were sent.
    async fn fetch(sources: &SourceSet, login: &Rejected) -> (Option<Result<Usage, Failure>>, usize) {
        let capabilities = Capabilities {
            renews_tokens: login.generation.is_some(),
            passive_usage: false,
            sign_in: "open Claude Code once",
        };
        let before = login.requests.load(Ordering::Relaxed);
        let outcome = sources.fetch(account(), capabilities, Box::new(login.clone())).await;
        (outcome.result, login.requests.load(Ordering::Relaxed) - before)
    }

    #[tokio::test]
    async fn rejected_token_is_renewed_once_and_its_successor_is_not() {
        let (sources, _dir) = sources(60);
        let mut login = Rejected { generation: Some(1), ..Rejected::default() };
        assert_eq!(fetch(&sources, &login).await, (Some(Err(Failure::SignInAgain)), 2));
        login.generation = Some(2);
        assert_eq!(fetch(&sources, &login).await, (Some(Err(Failure::SignInAgain)), 1));
        login.has_expired = true;
        assert_eq!(fetch(&sources, &login).await, (Some(Err(Failure::SignInAgain)), 0));
    }

    #[tokio::test]
    async fn request_after_a_renewal_stays_within_the_budget() {
        let (sources, _dir) = sources(1);
        let login = Rejected { generation: Some(1), ..Rejected::default() };
        assert_eq!(sources.admit(&[account().into()], true), [Admission::Allowed]);
        assert_eq!(fetch(&sources, &login).await, (None, 1));
    }

    #[tokio::test]
    async fn expired_login_of_a_source_without_renewal_says_how_to_sign_in() {
        let (sources, _dir) = sources(60);
        let login = Rejected { has_expired: true, ..Rejected::default() };
        let expired = Failure::Expired("open Claude Code once".into());
        assert_eq!(fetch(&sources, &login).await, (Some(Err(expired)), 0));
        let valid = Rejected::default();
        assert_eq!(fetch(&sources, &valid).await, (Some(Err(Failure::SignInAgain)), 1));
    }
}
