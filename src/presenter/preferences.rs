//! Applies the settings for single accounts and windows to a snapshot. Everything displayed and counted is computed
//! from the result, so that no other code depends on these settings.

use crate::config::Settings;
use crate::quota::{AccountId, Snapshot};

/// The snapshot with given names, ignored windows and thresholds, without the hidden accounts, and with pinned accounts
/// first.
pub fn apply(snapshot: &Snapshot, settings: &Settings) -> Snapshot {
    let mut applied = snapshot.clone();
    for usage in &mut applied.accounts {
        let account = settings.accounts.get(&usage.account.id);
        usage.account.given_name = account.and_then(|account| account.name.clone());
        let provider = usage.account.provider;
        for window in usage.last_usage.iter_mut().flat_map(|usage| &mut usage.windows) {
            window.ignored = settings.ignores(window);
            window.thresholds = settings.own_thresholds(provider, window).map(<[f64]>::to_vec);
        }
    }
    let is_hidden = |id: &AccountId| settings.accounts.get(id).is_some_and(|account| account.hide);
    let is_pinned = |id: &AccountId| settings.accounts.get(id).is_some_and(|account| account.pin);
    applied.accounts.sort_by_cached_key(|usage| (!is_pinned(&usage.account.id), usage.account.sort_key()));
    let (hidden, accounts) =
        std::mem::take(&mut applied.accounts).into_iter().partition(|usage| is_hidden(&usage.account.id));
    Snapshot { accounts, hidden, ..applied }
}
