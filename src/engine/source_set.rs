//! The sources in use, and what is the same for the accounts of all of them: merging, request budget, lifecycle.

use crate::config::Settings;
use crate::engine::Resources;
use crate::engine::budget::{Admission, Candidate, RequestLimits};
use crate::engine::merge::{MergedList, merge};
use crate::engine::refused_tokens::{RefusedTokens, TokenRefusal};
use crate::engine::state_dir::StateDir;
use crate::platform::clock;
use crate::platform::folder_watch::FolderWatch;
use crate::quota::{Account, AccountStatus, Failure};
use crate::sources::{self, AccountList, AccountSource};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// The sources of all accounts.
pub struct SourceSet {
    sources: Vec<Arc<dyn AccountSource>>,
    limits: Option<RequestLimits>,
    state: StateDir,
    /// The refused tokens as they were at the last listing, so that an accepted token does not cost a read.
    refused: Mutex<RefusedTokens>,
}

impl SourceSet {
    /// These sources, in the order in which they are preferred where two have the same account. `limits` are those of
    /// the request budget, which is kept in `state`; `None`: requests are neither limited nor counted.
    pub fn new(
        sources: Vec<Arc<dyn AccountSource>>,
        limits: Option<RequestLimits>,
        state: StateDir,
    ) -> SourceSet {
        SourceSet { sources, limits, state, refused: Mutex::default() }
    }

    /// The sources that the settings name. `auth_dir` is CLIProxyAPI's folder.
    pub fn configured(auth_dir: PathBuf, settings: &Settings, resources: &Resources) -> SourceSet {
        let limits = RequestLimits {
            per_five_minutes: settings.limits.requests_per_five_minutes,
            claude_per_hour: settings.limits.claude_requests_per_hour,
        };
        let sources = sources::configured(auth_dir, settings, &resources.clients);
        SourceSet::new(sources, Some(limits), resources.state.clone())
    }

    /// Lists the accounts of all sources, each in its own task.
    pub async fn list(&self) -> MergedList {
        let mut tasks = JoinSet::new();
        for (number, source) in self.sources.iter().cloned().enumerate() {
            tasks.spawn(async move { (number, source.list().await) });
        }
        let mut lists: Vec<_> =
            self.sources.iter().map(|source| (failed_list(), source.capabilities())).collect();
        while let Some(joined) = tasks.join_next().await {
            // A source that panics keeps the list that was put there for it.
            if let Ok((number, list)) = joined {
                lists[number].0 = list;
            }
        }
        let mut merged = merge(lists);
        self.exclude_refused(&mut merged);
        merged
    }

    /// Watches all sources for changes for as long as the result is kept.
    pub fn watch(&self, changes: &mpsc::Sender<()>) -> Vec<FolderWatch> {
        self.sources.iter().filter_map(|source| source.watch(changes.clone())).collect()
    }

    /// Whether a request for each of these accounts may be sent now; `manual`: by *Refresh now*. An allowed request is
    /// counted.
    pub fn admit(&self, candidates: &[Candidate], manual: bool) -> Vec<Admission> {
        let Some(limits) = self.limits else { return vec![Admission::Allowed; candidates.len()] };
        self.state.budget(|budget| {
            // The time is read while the lock is held: no request of another process is in the future then.
            let now = clock::now();
            budget.prune(now);
            candidates.iter().map(|one| budget.admit(one, &limits, manual, now)).collect()
        })
    }

    /// Records the outcome of requests in the budget, and returns each failure as it is to be shown. `None`: success.
    pub fn record(&self, outcomes: Vec<(Account, Option<Failure>)>) -> Vec<Option<Failure>> {
        if self.limits.is_none() {
            return outcomes.into_iter().map(|(_, failure)| failure).collect();
        }
        self.state.budget(|budget| {
            let now = clock::now();
            let record = |(account, failure)| budget.record(&account, failure, fastrand::f64(), now);
            outcomes.into_iter().map(record).collect()
        })
    }

    /// Completes what an earlier run left unfinished. To be called once, before the first listing.
    pub async fn recover(&self) {
        for source in &self.sources {
            source.recover().await;
        }
    }

    /// Waits for what must not be interrupted: takes moments unless a token server is slow. To be called once, at the
    /// end.
    pub async fn finish(&self) {
        for source in &self.sources {
            source.finish().await;
        }
    }

    /// Releases what is kept only for the next of several requests, such as idle connections.
    pub fn rest(&self) {
        self.sources.iter().for_each(|source| source.rest());
    }

    /// No requests are sent with tokens that lack the scope for usage.
    fn exclude_refused(&self, list: &mut MergedList) {
        let refused = self.state.refused();
        *self.refused() = refused.clone();
        if refused.is_empty() {
            return;
        }
        let mut found = Vec::new();
        for (listed, _) in &mut list.accounts {
            let hash = listed.login.as_ref().and_then(|login| login.token_hash());
            if let Some(hash) = hash.filter(|hash| refused.get(hash) == Some(TokenRefusal::NoScope)) {
                listed.status = AccountStatus::Failed(Failure::CannotReadUsage);
                listed.login = None;
                found.push(hash);
            }
        }
        if !found.is_empty() {
            // Inserted again, or they would be removed as not seen for a long time.
            self.change_refused(|tokens| {
                found.iter().for_each(|hash| tokens.insert(hash, TokenRefusal::NoScope, clock::now()));
            });
        }
    }

    /// The refused tokens as they are on disk now.
    pub(crate) fn refused_on_disk(&self) -> RefusedTokens {
        self.state.refused()
    }

    /// The refused tokens as they were when they were last read.
    pub(crate) fn refused(&self) -> MutexGuard<'_, RefusedTokens> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the refused tokens on disk.
    pub(crate) fn change_refused(&self, change: impl FnOnce(&mut RefusedTokens)) {
        let changed = self.state.change_refused(|tokens| {
            change(tokens);
            tokens.clone()
        });
        *self.refused() = changed;
    }
}

fn failed_list() -> AccountList {
    let problem = "could not list accounts: an error in Quota Tray, please report it".to_owned();
    AccountList { problem: Some(problem), ..AccountList::default() }
}
