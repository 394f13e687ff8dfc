//! Where accounts and readings come from: the credential folder and the providers, or the demo's
//! script.

use crate::config::Settings;
use crate::credentials::renewal::{Policy, Refusal, Renewer};
use crate::credentials::store::{self, Entry};
use crate::credentials::watch::FolderWatch;
use crate::credentials::{Login, Secret};
use crate::providers::{self, Http};
use crate::quota::{Account, AccountId, Failure, Reading, Standing, Validity};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the end of the program waits for a renewal that is under way.
const LAST_PATIENCE: Duration = Duration::from_millis(2500);

/// Accounts that can be listed and asked.
pub trait Source: Send + Sync + 'static {
    /// What is needed to ask for one account.
    type Login: Send + 'static;

    /// Lists the accounts.
    fn scan(&self) -> impl Future<Output = Scan<Self::Login>> + Send;

    /// Asks for one account's usage.
    fn fetch(&self, login: Self::Login) -> impl Future<Output = Outcome> + Send;

    /// Brings to an end what an earlier run has left. Called once, before the first scan.
    fn recover(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Waits a moment for what must not be broken off. Called once, at the end.
    fn finish(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Tells of changes to the accounts for as long as the result is kept. `None`: there are none to
    /// tell of.
    fn watch(&self, changes: mpsc::Sender<()>) -> Option<FolderWatch>;
}

/// What asking for one account came to.
pub struct Outcome {
    /// The usage, or why there is none.
    pub result: Result<Reading, Failure>,
    /// How long the login holds.
    pub validity: Option<Validity>,
    /// When it is worth asking again, where that is before the next refresh.
    pub again_at: Option<DateTime<Utc>>,
}

impl From<Result<Reading, Failure>> for Outcome {
    fn from(result: Result<Reading, Failure>) -> Outcome {
        Outcome { result, validity: None, again_at: None }
    }
}

/// The accounts as they stand.
pub struct Scan<L> {
    /// Each account, and what is needed to ask for it, where it is to be asked.
    pub accounts: Vec<(Account, Standing, Option<L>)>,
    /// Changes when the accounts do.
    pub signature: u64,
    /// Why the accounts could not be listed.
    pub problem: Option<String>,
}

/// The real accounts.
pub struct Accounts {
    dir: PathBuf,
    policy: Policy,
    show_disabled: bool,
    http: Arc<Http>,
    renewer: Arc<Renewer>,
    known: Mutex<Known>,
}

/// What is remembered from one refresh to the next.
#[derive(Default)]
struct Known {
    accounts: HashMap<AccountId, Account>,
    /// Access tokens that were not accepted although they were new: renewing once more won't help.
    in_vain: HashMap<AccountId, Secret>,
}

impl Accounts {
    /// The accounts in `dir`.
    pub fn new(dir: PathBuf, settings: &Settings, http: Arc<Http>, renewer: Arc<Renewer>) -> Accounts {
        let policy = Policy { mode: settings.token_renewal, endpoints: settings.endpoints.clone() };
        Accounts {
            dir,
            policy,
            show_disabled: settings.show_disabled,
            http,
            renewer,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Asks with a token that is good as far as one can tell; one that is refused is renewed, once.
    async fn ask(&self, mut login: Login) -> (Login, Result<Reading, Failure>, Option<DateTime<Utc>>) {
        let id = login.account.id.clone();
        let had_expired = login.has_expired(Utc::now());
        if had_expired {
            match self.renewer.renew(self.policy.clone(), login.clone()).await {
                Ok(renewed) => login = renewed,
                Err(refusal) => return (login, Err(failure(&refusal, Failure::Expired)), refusal.again_at),
            }
        }
        let result = providers::usage(&self.http, &self.policy.endpoints, &login).await;
        if result != Err(Failure::SignInAgain) {
            self.known().in_vain.remove(&id);
            return (login, result, None);
        }
        if had_expired || self.known().in_vain.get(&id) == Some(&login.access_token) {
            return (login, result, None);
        }
        match self.renewer.renew(self.policy.clone(), login.clone()).await {
            Err(refusal) => (login, Err(failure(&refusal, Failure::Rejected)), refusal.again_at),
            Ok(renewed) => {
                let result = providers::usage(&self.http, &self.policy.endpoints, &renewed).await;
                if result == Err(Failure::SignInAgain) {
                    self.known().in_vain.insert(id, renewed.access_token.clone());
                }
                (renewed, result, None)
            }
        }
    }
}

fn failure(refusal: &Refusal, otherwise: fn(String) -> Failure) -> Failure {
    if refusal.dead { Failure::SignInAgain } else { otherwise(refusal.words.clone()) }
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
                    self.dir.display()
                );
                return Scan { accounts: Vec::new(), signature: 0, problem: Some(problem) };
            }
        };
        let accounts = entries.iter().map(|entry| (entry.account().id.clone(), entry.account().clone()));
        self.known().accounts = accounts.collect();
        let signature = store::signature(&entries);
        let accounts = entries
            .into_iter()
            .map(stand)
            .filter(|(_, standing, _)| self.show_disabled || *standing != Standing::Disabled);
        Scan { accounts: accounts.collect(), signature, problem: None }
    }

    async fn fetch(&self, login: Login) -> Outcome {
        let (login, result, again_at) = self.ask(login).await;
        let validity = Validity { renewed_at: login.renewed_at, expires_at: login.expires_at };
        Outcome { result, validity: Some(validity), again_at }
    }

    async fn recover(&self) {
        self.renewer.recover().await;
    }

    async fn finish(&self) {
        self.renewer.finish(LAST_PATIENCE).await;
    }

    fn watch(&self, changes: mpsc::Sender<()>) -> Option<FolderWatch> {
        watch(&[&self.dir], changes)
    }
}

/// Watches folders; where the system can't, that is logged, and changes are seen at the next refresh.
pub fn watch(folders: &[&Path], changes: mpsc::Sender<()>) -> Option<FolderWatch> {
    FolderWatch::new(folders, changes)
        .inspect_err(|error| tracing::warn!("could not watch for changed files: {error}"))
        .ok()
}

/// Which accounts are asked: those that are switched on and have a token, be it one that must be
/// renewed first.
fn stand(entry: Entry) -> (Account, Standing, Option<Login>) {
    match entry {
        Entry::Broken(account, failure) => (account, Standing::Failed(failure), None),
        Entry::Login(login) if login.disabled => (login.account, Standing::Disabled, None),
        Entry::Login(login) => (login.account.clone(), Standing::Asked, Some(login)),
    }
}
