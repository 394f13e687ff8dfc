//! A single refresh, or the last known values, for `status`.

use crate::engine::SourceSet;
use crate::engine::refresh::{Progress, Refresh, RefreshScope};
use crate::quota::{Snapshot, UsageState};
use std::sync::Arc;

/// Refreshes once. Where the accounts have changed meanwhile, as by a sign-in to the same file, there is a second
/// refresh. Token renewals may still be in progress when this returns; [`SourceSet::finish`] waits for them.
pub async fn refresh(sources: Arc<SourceSet>, last_known: Snapshot) -> Snapshot {
    sources.recover().await;
    let mut snapshot = last_known;
    for _ in 0..2 {
        let mut refresh = Refresh::start(&sources, &snapshot, RefreshScope::All);
        let mut fingerprint = None;
        while let Some(progress) = refresh.progress.recv().await {
            match progress {
                Progress::Started { fingerprint: listed, .. } => fingerprint = Some(listed),
                Progress::Ended { snapshot: ended, .. } => snapshot = ended,
            }
        }
        if Some(sources.list().await.fingerprint) == fingerprint {
            break;
        }
    }
    snapshot
}

/// The last known values, and how many accounts have none.
pub struct Cached {
    /// The accounts with known values.
    pub snapshot: Snapshot,
    /// How many accounts were left out.
    pub left_out: usize,
}

impl Cached {
    /// Whether no refresh has saved values of the accounts yet.
    pub fn has_nothing_saved(&self) -> bool {
        let Cached { snapshot: Snapshot { accounts, problem, updated_at, .. }, left_out } = self;
        accounts.is_empty() && problem.is_none() && (*left_out > 0 || updated_at.is_none())
    }
}

/// The last known values, without a request: those of the accounts that are listed now. An account without
/// known values is left out, and so are the values of another login that was in the same file.
pub async fn cached(sources: &SourceSet, last_known: &Snapshot) -> Cached {
    let list = sources.list().await;
    if list.problem.is_some() && list.accounts.is_empty() {
        return Cached { snapshot: Snapshot { problem: list.problem, ..last_known.clone() }, left_out: 0 };
    }
    let found = list.accounts.into_iter().map(|(listed, _)| (listed.account, listed.status));
    let mut snapshot = Snapshot::placeholders(last_known, found.collect());
    (snapshot.refreshing, snapshot.problem) = (false, list.problem);
    for usage in &mut snapshot.accounts {
        usage.loading = false;
    }
    let listed = snapshot.accounts.len();
    snapshot.accounts.retain(|usage| usage.disabled || usage.state() != UsageState::Loading);
    let left_out = listed - snapshot.accounts.len();
    Cached { snapshot, left_out }
}
