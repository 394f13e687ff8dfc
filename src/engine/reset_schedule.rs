//! When the next window resets, and which accounts are requested again after a reset. Pure.
//!
//! A reset makes the displayed percentage out of date, and the next refresh can be hours away. Only the accounts whose
//! window has reset are requested again, after a random delay of 30 to 90 seconds: the windows of many users reset on
//! the hour.

use crate::quota::{AccountId, AccountUsage, Snapshot};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// The shortest and the longest time from a reset to the request.
pub const REQUEST_DELAY: (TimeDelta, TimeDelta) = (TimeDelta::seconds(30), TimeDelta::seconds(90));

/// Resets and the requests that follow from them.
#[derive(Debug)]
pub struct ResetSchedule {
    /// Resets up to this time have been detected.
    detected_until: DateTime<Utc>,
    pending: BTreeMap<AccountId, PendingRequest>,
}

/// A request because of a reset.
#[derive(Debug)]
struct PendingRequest {
    reset_at: DateTime<Utc>,
    due: DateTime<Utc>,
}

impl ResetSchedule {
    /// Resets before `now` are left to the first refresh.
    pub fn new(now: DateTime<Utc>) -> ResetSchedule {
        ResetSchedule { detected_until: now, pending: BTreeMap::new() }
    }

    /// The next reset that has not been detected. `None`: none is known.
    pub fn next_reset(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        snapshot.enabled().flat_map(|usage| self.resets(usage, now)).min()
    }

    /// When the next request is due. `None`: none is pending.
    pub fn next_request(&self) -> Option<DateTime<Utc>> {
        self.pending.values().map(|request| request.due).min()
    }

    /// When an account is requested because of a reset. `None`: no such request is pending.
    pub fn request_due(&self, id: &AccountId) -> Option<DateTime<Utc>> {
        self.pending.get(id).map(|request| request.due)
    }

    /// Detects the resets up to `now`, each of them once. Returns whether there were any. `delay` returns the time
    /// until an account is requested.
    pub fn detect(
        &mut self,
        snapshot: &Snapshot,
        now: DateTime<Utc>,
        mut delay: impl FnMut() -> TimeDelta,
    ) -> bool {
        let mut found = false;
        for usage in snapshot.enabled() {
            let Some(reset_at) = self.resets(usage, now).filter(|reset| *reset <= now).max() else {
                continue;
            };
            found = true;
            let new = || PendingRequest { reset_at, due: now + delay() };
            self.pending.entry(usage.account.id.clone()).or_insert_with(new).reset_at = reset_at;
        }
        self.detected_until = self.detected_until.max(now);
        found
    }

    /// To be called when the clock was set or the computer was suspended: all accounts are requested then, so no
    /// request stays pending. If the clock was set back, resets can occur a second time.
    pub fn clock_jumped(&mut self, now: DateTime<Utc>) {
        self.pending.clear();
        self.detected_until = self.detected_until.min(now);
    }

    /// Takes the accounts whose request is due.
    pub fn take_due(&mut self, now: DateTime<Utc>) -> BTreeSet<AccountId> {
        let due = self.pending.iter().filter(|(_, request)| request.due <= now);
        let due: BTreeSet<_> = due.map(|(id, _)| id.clone()).collect();
        self.pending.retain(|id, _| !due.contains(id));
        due
    }

    /// To be called at the end of each refresh: removes the requests that are no longer needed. `requested`: the
    /// accounts that the refresh was for because of resets. If the request budget has not admitted one of them, it is
    /// due again when the budget admits it.
    pub fn refreshed(&mut self, snapshot: &Snapshot, requested: &BTreeSet<AccountId>, now: DateTime<Utc>) {
        for usage in snapshot.enabled().filter(|usage| requested.contains(&usage.account.id)) {
            let throttled_until = usage.throttled_until.filter(|until| *until > now);
            if let (Some(due), Some(reset_at)) = (throttled_until, usage.next_reset()) {
                self.pending.insert(usage.account.id.clone(), PendingRequest { reset_at, due });
            }
        }
        self.pending.retain(|id, request| {
            let usage = snapshot.enabled().find(|usage| usage.account.id == *id);
            usage.and_then(|usage| usage.updated_at).is_some_and(|updated_at| updated_at < request.reset_at)
        });
    }

    /// The resets of an account that have not been detected. A reset that was already in the past when the response was
    /// received does not count, unless the clock was ahead then.
    fn resets(&self, usage: &AccountUsage, now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
        let detected_until = self.detected_until;
        let updated_at = usage.updated_at;
        usage.windows().iter().filter_map(|window| window.resets_at).filter(move |reset| {
            *reset > detected_until && updated_at.is_some_and(|at| at < *reset || at > now)
        })
    }
}
