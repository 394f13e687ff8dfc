//! Where accounts and readings come from: the credential folder and the providers, or the demo's
//! script.

use crate::config::{Settings, TokenRenewal};
use crate::credentials::Login;
use crate::credentials::renewal::{Checkpoint, Policy, Refusal, Renewer};
use crate::credentials::store::{self, Entry};
use crate::engine::budget::{Admission, Candidate, RequestBudget, RequestLimits};
use crate::engine::refused_tokens::{Refused, RefusedTokens};
use crate::engine::state_file::StateFile;
use crate::platform::folder_watch::FolderWatch;
use crate::platform::secret::Secret;
use crate::providers::{self, Http};
use crate::quota::{Account, AccountId, AccountStatus, Failure, RenewalFailure, TokenLifetime, Usage};
use crate::text;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::mpsc;

/// Accounts that can be listed and asked.
pub trait Source: Send + Sync + 'static {
    /// What is needed to ask for one account.
    type Login: Send + 'static;

    /// Lists the accounts.
    fn scan(&self) -> impl Future<Output = Scan<Self::Login>> + Send;

    /// Asks for one account's usage.
    fn fetch(&self, login: Self::Login) -> impl Future<Output = FetchOutcome> + Send;

    /// Whether each of these accounts may be asked now; `demanded` by a person, or by the clock. Who may
    /// be is counted as asked.
    fn admit(&self, candidates: &[Candidate], demanded: bool) -> Vec<Admission> {
        let _ = demanded;
        vec![Admission::Ask; candidates.len()]
    }

    /// Takes note of what asking came to, and returns each failure as it is to be shown.
    fn answered(&self, answers: Vec<(Account, Option<Failure>)>) -> Vec<Option<Failure>> {
        answers.into_iter().map(|(_, failure)| failure).collect()
    }

    /// Brings to an end what an earlier run has left. Called once, before the first scan.
    fn recover(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Waits for what must not be broken off, which is a matter of moments unless a server takes its time.
    /// Called once, at the end.
    fn finish(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Lets go of what is only worth keeping between questions that follow each other closely.
    fn rest(&self) {}

    /// Tells of changes to the accounts for as long as the result is kept. `None`: there are none to
    /// tell of.
    fn watch(&self, changes: mpsc::Sender<()>) -> Option<FolderWatch>;
}

/// What asking for one account came to.
pub struct FetchOutcome {
    /// The usage, or why there is none. `None`: it was not asked, and what was known holds.
    pub result: Option<Result<Usage, Failure>>,
    /// How long the login holds.
    pub validity: Option<TokenLifetime>,
    /// When it is worth asking again, where that is before the next refresh.
    pub again_at: Option<DateTime<Utc>>,
}

impl From<Result<Usage, Failure>> for FetchOutcome {
    fn from(result: Result<Usage, Failure>) -> FetchOutcome {
        FetchOutcome { result: Some(result), validity: None, again_at: None }
    }
}

/// The accounts as they stand.
pub struct Scan<L> {
    /// Each account, and what is needed to ask for it, where it is to be asked.
    pub accounts: Vec<(Account, AccountStatus, Option<L>)>,
    /// Changes when the accounts do.
    pub signature: u64,
    /// Why the accounts could not be listed.
    pub problem: Option<String>,
}

/// What outlives a change of the settings.
#[derive(Clone)]
pub struct Shared {
    /// The connections.
    pub http: Arc<Http>,
    /// The renewals under way.
    pub renewer: Arc<Renewer>,
    /// What is remembered.
    pub state: StateFile,
}

impl Shared {
    /// Keeps everything in `state_dir`, but for locks that processes with other state directories share, which are in
    /// `runtime_dir`. `observer` is called at each checkpoint of a renewal.
    pub fn new(state_dir: &Path, runtime_dir: &Path, observer: fn(Checkpoint)) -> Shared {
        let http = Arc::new(Http::default());
        crate::platform::files::remove_abandoned(state_dir);
        let renewer = Renewer::new(state_dir, runtime_dir, http.clone(), observer);
        Shared { renewer, http, state: StateFile::new(state_dir) }
    }
}

/// The real accounts.
pub struct Accounts {
    dir: PathBuf,
    policy: Policy,
    show_disabled: bool,
    http: Arc<Http>,
    renewer: Arc<Renewer>,
    state: StateFile,
    budget: RequestLimits,
    known: Mutex<Known>,
}

/// What is remembered from one refresh to the next.
#[derive(Default)]
struct Known {
    accounts: HashMap<AccountId, Account>,
    /// The refused tokens, as they were at the last scan.
    refused: RefusedTokens,
    /// The signature of a login that we have renewed → its signature before. Our own change is no news.
    renewed: HashMap<u64, u64>,
}

impl Accounts {
    /// The accounts in `dir`.
    pub fn new(dir: PathBuf, settings: &Settings, shared: &Shared) -> Accounts {
        Accounts {
            dir,
            policy: Policy { mode: settings.token_renewal, endpoints: settings.endpoints.clone() },
            show_disabled: settings.show_disabled,
            http: shared.http.clone(),
            renewer: shared.renewer.clone(),
            state: shared.state.clone(),
            budget: RequestLimits {
                per_five_minutes: settings.limits.asks_per_five_minutes,
                claude_per_hour: settings.limits.claude_requests_per_hour,
            },
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Asks with a token that is good as far as one can tell; one that is refused is renewed, once.
    async fn ask(&self, mut login: Login) -> (Login, Option<Result<Usage, Failure>>, Option<DateTime<Utc>>) {
        let had_expired = login.has_expired(crate::platform::clock::now());
        if had_expired {
            if !self
                .state
                .refused()
                .may_renew_expired(&login.access_token.hash(), crate::platform::clock::now())
            {
                return (login, Some(Err(Failure::SignInAgain)), None);
            }
            match self.renew(&login).await {
                Ok(renewed) => login = renewed,
                Err(refusal) => {
                    return (login, Some(Err(failure(&refusal, Failure::Expired))), refusal.retry_at);
                }
            }
        }
        let result = providers::usage(&self.http, &self.policy.endpoints, &login).await;
        let renewed_in_vain =
            || had_expired || self.state.refused().get(&login.access_token.hash()).is_some();
        if result != Err(Failure::SignInAgain) || renewed_in_vain() {
            self.note(&login.access_token, &result);
            return (login, Some(result), None);
        }
        match self.renew(&login).await {
            // Nobody will renew it, unless the user does.
            Err(_) if self.policy.mode == TokenRenewal::Never => (login, Some(result), None),
            Err(refusal) => (login, Some(Err(failure(&refusal, Failure::Rejected))), refusal.retry_at),
            Ok(renewed) => {
                // Before it is sent, since that may be at a later refresh: the second request counts like the first.
                self.change_refused(|tokens| {
                    tokens.insert(
                        &renewed.access_token.hash(),
                        Refused::AfterRenewal,
                        crate::platform::clock::now(),
                    );
                });
                let [Admission::Ask] = self.admit(&[login.account.clone().into()], true)[..] else {
                    return (renewed, None, None);
                };
                let result = providers::usage(&self.http, &self.policy.endpoints, &renewed).await;
                self.note(&renewed.access_token, &result);
                (renewed, Some(result), None)
            }
        }
    }

    /// Keeps what a response says of a token. `SignInAgain` comes here only where a renewal did not help.
    fn note(&self, token: &Secret, result: &Result<Usage, Failure>) {
        let why = match result {
            Ok(_) if self.known().refused.is_empty() => return,
            Ok(_) => None,
            Err(Failure::SignInAgain) => Some(Refused::AfterRenewal),
            Err(Failure::CannotReadUsage) => Some(Refused::NoScope),
            Err(_) => return,
        };
        let hash = token.hash();
        if why.is_none() && self.known().refused.get(&hash).is_none() {
            return;
        }
        self.change_refused(|tokens| match why {
            Some(why) => tokens.insert(&hash, why, crate::platform::clock::now()),
            None => tokens.remove(&hash),
        });
    }

    fn change_refused(&self, change: impl FnOnce(&mut RefusedTokens)) {
        self.known().refused = self.state.change_refused(|tokens| {
            change(tokens);
            tokens.clone()
        });
    }

    /// No requests are sent with tokens that lack the scope.
    fn leave_out_refused(&self, accounts: &mut [(Account, AccountStatus, Option<Login>)]) {
        let refused = self.state.refused();
        self.known().refused = refused.clone();
        if refused.is_empty() {
            return;
        }
        let mut seen = Vec::new();
        for (_, standing, login) in accounts {
            let hash = login.as_ref().map(|login| login.access_token.hash());
            if let Some(hash) = hash.filter(|hash| refused.get(hash) == Some(Refused::NoScope)) {
                (*standing, *login) = (AccountStatus::Failed(Failure::CannotReadUsage), None);
                seen.push(hash);
            }
        }
        if !seen.is_empty() {
            // Or they would be forgotten.
            self.change_refused(|tokens| {
                seen.iter()
                    .for_each(|hash| tokens.insert(hash, Refused::NoScope, crate::platform::clock::now()));
            });
        }
    }

    async fn renew(&self, login: &Login) -> Result<Login, Refusal> {
        let renewed = self.renewer.renew(self.policy.clone(), login.clone()).await?;
        if renewed.account.same_identity(&login.account) == Some(false) {
            // Its numbers are not this account's; the next scan finds it.
            return Err(Refusal::until(
                "another login was signed in to its file",
                crate::platform::clock::now(),
            ));
        }
        let (before, after) = (store::login_fingerprint(login), store::login_fingerprint(&renewed));
        if before != after {
            let mut known = self.known();
            let first = known.renewed.remove(&before).unwrap_or(before);
            known.renewed.insert(after, first);
        }
        Ok(renewed)
    }
}

fn failure(refusal: &Refusal, otherwise: fn(RenewalFailure) -> Failure) -> Failure {
    if refusal.is_dead { Failure::SignInAgain } else { otherwise(refusal.failure.clone()) }
}

impl Source for Accounts {
    type Login = Login;

    async fn scan(&self) -> Scan<Login> {
        let known = self.known().accounts.clone();
        let entries = match store::scan(&self.dir, &known).await {
            Ok(entries) => entries,
            Err(error) => {
                let problem = format!(
                    "could not read the folder {}: {error}; check its owner and its permissions",
                    text::path(&self.dir)
                );
                return Scan { accounts: Vec::new(), signature: 0, problem: Some(problem) };
            }
        };
        let accounts = entries.iter().map(|entry| (entry.account().id.clone(), entry.account().clone()));
        self.known().accounts = accounts.collect();
        let signature = {
            let known = self.known();
            store::fingerprint(&entries, |one| known.renewed.get(&one).copied().unwrap_or(one))
        };
        let mut accounts: Vec<_> = entries
            .into_iter()
            .map(stand)
            .filter(|(_, standing, _)| self.show_disabled || *standing != AccountStatus::Disabled)
            .collect();
        self.leave_out_refused(&mut accounts);
        Scan { accounts, signature, problem: None }
    }

    async fn fetch(&self, login: Login) -> FetchOutcome {
        let (login, result, again_at) = self.ask(login).await;
        let validity = TokenLifetime { renewed_at: login.renewed_at, expires_at: login.expires_at };
        FetchOutcome { result, validity: Some(validity), again_at }
    }

    fn admit(&self, candidates: &[Candidate], demanded: bool) -> Vec<Admission> {
        let admit = |pacing: &mut RequestBudget| {
            // Not before the pacing is ours: what another run has noted meanwhile is not of the future.
            let now = crate::platform::clock::now();
            pacing.tidy(now);
            candidates.iter().map(|one| pacing.admit(one, &self.budget, demanded, now)).collect()
        };
        self.state.pacing(admit)
    }

    fn answered(&self, answers: Vec<(Account, Option<Failure>)>) -> Vec<Option<Failure>> {
        let note = |pacing: &mut RequestBudget| {
            let now = crate::platform::clock::now();
            let shown = answers
                .into_iter()
                .map(|(account, failure)| pacing.answered(&account, failure, fastrand::f64(), now));
            shown.collect()
        };
        self.state.pacing(note)
    }

    async fn recover(&self) {
        self.renewer.recover().await;
    }

    async fn finish(&self) {
        self.renewer.finish().await;
    }

    fn rest(&self) {
        self.http.rest();
    }

    fn watch(&self, changes: mpsc::Sender<()>) -> Option<FolderWatch> {
        watch(&[&self.dir], changes)
    }
}

/// Watches folders; where the system can't, that is logged, and changes are seen at the next refresh.
pub fn watch(folders: &[&Path], changes: mpsc::Sender<()>) -> Option<FolderWatch> {
    FolderWatch::new(folders, changes)
        .inspect_err(|error| log::warn!("could not watch for changed files: {error}"))
        .ok()
}

/// Which accounts are asked: those that are switched on and have a token, be it one that must be
/// renewed first.
fn stand(entry: Entry) -> (Account, AccountStatus, Option<Login>) {
    match entry {
        Entry::Broken(account, failure) => (account, AccountStatus::Failed(failure), None),
        Entry::Disabled(account) => (account, AccountStatus::Disabled, None),
        Entry::Login(login) => (login.account.clone(), AccountStatus::Asked, Some(login)),
    }
}
