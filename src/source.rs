//! Where accounts and readings come from: the credential folder and the providers, or the demo's
//! script.

use crate::config::{Endpoints, Settings};
use crate::credentials::store::{self, Entry};
use crate::credentials::{Login, watch::FolderWatch};
use crate::providers::{self, Http};
use crate::quota::{Account, AccountId, Failure, Reading, Standing};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

/// A token that expires within this time is taken for expired: clocks differ, and a request takes
/// time.
const TOLERANCE: TimeDelta = TimeDelta::minutes(1);

/// Accounts that can be listed and asked.
pub trait Source: Send + Sync + 'static {
    /// What is needed to ask for one account.
    type Login: Send + 'static;

    /// Lists the accounts.
    fn scan(&self) -> impl Future<Output = Scan<Self::Login>> + Send;

    /// Asks for one account's usage.
    fn fetch(&self, login: Self::Login) -> impl Future<Output = Result<Reading, Failure>> + Send;

    /// Tells of changes to the accounts for as long as the result is kept. `None`: there are none to
    /// tell of.
    fn watch(&self, changes: mpsc::Sender<()>) -> Option<FolderWatch>;
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
    endpoints: Box<Endpoints>,
    show_disabled: bool,
    http: Arc<Http>,
    known: Mutex<HashMap<AccountId, Account>>,
}

impl Accounts {
    /// The accounts in `dir`.
    pub fn new(dir: PathBuf, settings: &Settings, http: Arc<Http>) -> Accounts {
        Accounts {
            dir,
            endpoints: settings.endpoints.clone(),
            show_disabled: settings.show_disabled,
            http,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> HashMap<AccountId, Account> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    fn remember(&self, entries: &[Entry]) {
        let known = entries.iter().map(|entry| (entry.account().id.clone(), entry.account().clone()));
        *self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = known.collect();
    }
}

impl Source for Accounts {
    type Login = Login;

    async fn scan(&self) -> Scan<Login> {
        let entries = match store::scan(&self.dir, &self.known()).await {
            Ok(entries) => entries,
            Err(error) => {
                let problem = format!(
                    "could not read the folder {}: {error}; check its owner and its permissions",
                    self.dir.display()
                );
                return Scan { accounts: Vec::new(), signature: 0, problem: Some(problem) };
            }
        };
        self.remember(&entries);
        let signature = store::signature(&entries);
        let now = Utc::now();
        let accounts = entries
            .into_iter()
            .map(|entry| stand(entry, now))
            .filter(|(_, standing, _)| self.show_disabled || *standing != Standing::Disabled);
        Scan { accounts: accounts.collect(), signature, problem: None }
    }

    async fn fetch(&self, login: Login) -> Result<Reading, Failure> {
        providers::usage(&self.http, &self.endpoints, &login).await
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

/// Which accounts are asked: those that are switched on, with a token that has not expired.
fn stand(entry: Entry, now: DateTime<Utc>) -> (Account, Standing, Option<Login>) {
    match entry {
        Entry::Broken(account, failure) => (account, Standing::Failed(failure), None),
        Entry::Login(login) if login.disabled => (login.account, Standing::Disabled, None),
        Entry::Login(login) if login.expires_at.is_some_and(|at| at <= now + TOLERANCE) => {
            let why = "start CLIProxyAPI, which renews it, or sign in again with it";
            (login.account, Standing::Failed(Failure::Expired(why.into())), None)
        }
        Entry::Login(login) => (login.account.clone(), Standing::Asked, Some(login)),
    }
}
