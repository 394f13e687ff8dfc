//! One refresh: lists the accounts, publishes placeholders, fetches all in parallel, publishes the result.

use crate::engine::SourceSet;
use crate::engine::budget::{Admission, Candidate};
use crate::engine::fetch::FetchOutcome;
use crate::platform::clock;
use crate::quota::{Account, AccountId, AccountUsage, Failure, Provider, Snapshot};
use crate::sources::{Capabilities, SourceLogin};
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep};

/// A refresh younger than this serves another click as well.
const CLICK_INTERVAL: Duration = Duration::from_secs(2);

/// While a provider answers 429, requests for its accounts are sent this far apart ...
const REQUEST_SPACING: Duration = Duration::from_millis(300);
/// ... and the last ones together, after this time.
const MAX_SPACING: Duration = Duration::from_secs(6);

/// Which accounts a refresh is for, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshScope {
    /// All accounts: at the interval, or after a change.
    All,
    /// All accounts, for *Refresh now*.
    Manual,
    /// Only these accounts, each of which has a window that has reset. The others keep their last known values.
    Reset(BTreeSet<AccountId>),
}

impl RefreshScope {
    /// Whether accounts are left out.
    pub fn is_partial(&self) -> bool {
        matches!(self, RefreshScope::Reset(_))
    }

    /// The accounts that it is for because of resets. Empty: it is for all accounts.
    pub fn reset_accounts(&self) -> BTreeSet<AccountId> {
        match self {
            RefreshScope::Reset(accounts) => accounts.clone(),
            RefreshScope::All | RefreshScope::Manual => BTreeSet::new(),
        }
    }

    fn includes(&self, id: &AccountId) -> bool {
        match self {
            RefreshScope::All | RefreshScope::Manual => true,
            RefreshScope::Reset(accounts) => accounts.contains(id),
        }
    }
}

/// The progress of a refresh.
pub enum Progress {
    /// The accounts are listed, and the requests are about to be sent.
    Started { snapshot: Snapshot, fingerprint: u64 },
    /// The refresh has ended. `retry_at`: when the next one is worthwhile, if that is before its regular time.
    Ended { snapshot: Snapshot, retry_at: Option<DateTime<Utc>> },
}

/// A refresh in progress. Dropping it, as a newer refresh does, cancels its requests.
pub struct Refresh {
    /// Its progress. Closed when it has ended.
    pub progress: mpsc::UnboundedReceiver<Progress>,
    /// Which accounts it is for.
    pub scope: RefreshScope,
    /// Whether its result has been received; set by the receiver.
    pub has_ended: bool,
    task: AbortHandle,
    started_at: Instant,
}

impl Refresh {
    /// Starts a refresh.
    pub fn start(sources: &Arc<SourceSet>, last_known: &Snapshot, scope: RefreshScope) -> Refresh {
        let (sender, progress) = mpsc::unbounded_channel();
        let task = tokio::spawn(refresh(sources.clone(), last_known.clone(), scope.clone(), sender));
        Refresh { progress, scope, has_ended: false, task: task.abort_handle(), started_at: Instant::now() }
    }

    /// Whether it is in progress and so recent that another click needs no other refresh.
    pub fn serves_a_click(&self) -> bool {
        !self.scope.is_partial() && !self.task.is_finished() && self.started_at.elapsed() < CLICK_INTERVAL
    }
}

impl Drop for Refresh {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A request that the budget admits.
struct Request {
    account: Account,
    capabilities: Capabilities,
    login: Box<dyn SourceLogin>,
    /// The time to wait before it is sent.
    delay: Duration,
}

async fn refresh(
    sources: Arc<SourceSet>,
    last_known: Snapshot,
    scope: RefreshScope,
    progress: mpsc::UnboundedSender<Progress>,
) {
    let list = sources.list().await;
    let mut found = Vec::new();
    let mut logins = Vec::new();
    let mut not_requested = Vec::new();
    for (listed, capabilities) in list.accounts {
        if scope.includes(&listed.account.id) {
            logins.extend(listed.login.map(|login| (listed.account.clone(), capabilities, login)));
        } else {
            not_requested.push(listed.account.id.clone());
        }
        found.push((listed.account, listed.status));
    }
    let mut snapshot = Snapshot::placeholders(&last_known, found);
    snapshot.problem = list.problem;
    for id in not_requested {
        snapshot.account_mut(&id).into_iter().for_each(|usage| usage.loading = false);
    }
    let requests = admit(&sources, &mut snapshot, logins, scope == RefreshScope::Manual);
    let started = Progress::Started { snapshot: snapshot.clone(), fingerprint: list.fingerprint };
    // The receiver is dropped when a newer refresh starts.
    let _ = progress.send(started);

    let requested: Vec<_> = requests.iter().map(|request| request.account.id.clone()).collect();
    let outcomes = fetch_all(&sources, requests).await;
    let retry_at = outcomes.iter().filter_map(|(_, outcome)| outcome.retry_at).min();
    record(&sources, &mut snapshot, outcomes);
    snapshot.refreshing = false;
    // Without a request nothing is known about the network.
    if !requested.is_empty() {
        snapshot.offline = snapshot.found_no_network(&requested);
    }
    if !scope.is_partial() {
        snapshot.updated_at = Some(clock::now());
    }
    let _ = progress.send(Progress::Ended { snapshot, retry_at });
}

/// The requests that may be sent now. Accounts without one keep their last known values, and the reason is entered.
fn admit(
    sources: &SourceSet,
    snapshot: &mut Snapshot,
    logins: Vec<(Account, Capabilities, Box<dyn SourceLogin>)>,
    manual: bool,
) -> Vec<Request> {
    let candidates: Vec<_> = logins.iter().map(|(account, ..)| candidate(snapshot, account)).collect();
    let rate_limiting: Vec<_> = snapshot.rate_limited_providers().collect();
    let mut delays: HashMap<Provider, Duration> = HashMap::new();
    let mut requests = Vec::new();
    let admissions = sources.admit(&candidates, manual);
    for ((account, capabilities, login), admission) in logins.into_iter().zip(admissions) {
        let Some(usage) = snapshot.account_mut(&account.id) else { continue };
        match admission {
            Admission::RateLimited(until) => usage.record(Err(Failure::RateLimited(until)), clock::now()),
            Admission::Throttled(until) => usage.throttle(until),
            Admission::Allowed => {
                let next_delay = delays.entry(account.provider).or_default();
                let delay = *next_delay;
                if rate_limiting.contains(&account.provider) {
                    *next_delay = (delay + REQUEST_SPACING).min(MAX_SPACING);
                }
                requests.push(Request { account, capabilities, login, delay });
            }
        }
    }
    requests
}

fn candidate(snapshot: &Snapshot, account: &Account) -> Candidate {
    let known = snapshot.accounts.iter().find(|usage| usage.account.id == account.id);
    Candidate { account: account.clone(), next_reset: known.and_then(AccountUsage::next_reset) }
}

/// Fetches all at once, each in its own task: one that fails or panics does not affect the others.
async fn fetch_all(sources: &Arc<SourceSet>, requests: Vec<Request>) -> Vec<(AccountId, FetchOutcome)> {
    let mut tasks = JoinSet::new();
    let mut ids: HashMap<tokio::task::Id, AccountId> = HashMap::new();
    for Request { account, capabilities, login, delay } in requests {
        let sources = sources.clone();
        let id = account.id.clone();
        let task = tasks.spawn(async move {
            if !delay.is_zero() {
                sleep(delay).await;
            }
            sources.fetch(account, capabilities, login).await
        });
        ids.insert(task.id(), id);
    }
    let mut outcomes = Vec::with_capacity(ids.len());
    while let Some(joined) = tasks.join_next_with_id().await {
        let (task, outcome) = match joined {
            Ok(joined) => joined,
            Err(error) => (error.id(), Failure::Internal("a task panicked".into()).into()),
        };
        outcomes.extend(ids.remove(&task).map(|id| (id, outcome)));
    }
    outcomes
}

/// Records the outcomes in the request budget and in the snapshot.
fn record(sources: &SourceSet, snapshot: &mut Snapshot, outcomes: Vec<(AccountId, FetchOutcome)>) {
    let now = clock::now();
    let mut results = Vec::new();
    for (id, FetchOutcome { result, lifetime, .. }) in outcomes {
        let Some(usage) = snapshot.account_mut(&id) else { continue };
        usage.token_lifetime = lifetime;
        match result {
            Some(result) => results.push((usage.account.clone(), result)),
            None => usage.loading = false,
        }
    }
    let failures = results.iter().map(|(account, result)| (account.clone(), result.as_ref().err().cloned()));
    let shown = sources.record(failures.collect());
    for ((Account { id, .. }, result), failure) in results.into_iter().zip(shown) {
        let Some(usage) = snapshot.account_mut(&id) else { continue };
        if let Some(failure) = &failure {
            log::info!("{id}: {failure}");
        }
        usage.record(failure.map_or(result, Err), now);
    }
}
