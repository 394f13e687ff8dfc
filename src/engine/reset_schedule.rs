//! A window's reset as an event: when the next reset is, and which accounts are requested again after it. Pure.
//!
//! At a reset the percentages that are shown become out of date, which can be an hour before the next refresh. Only the
//! accounts whose window has reset are requested again, 30 to 90 seconds later and at different times: the windows of
//! many users reset at the same full hour.

use crate::quota::{AccountId, AccountUsage, Snapshot};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// The shortest and the longest time from a reset to the request.
pub const REQUEST_DELAY: (TimeDelta, TimeDelta) = (TimeDelta::seconds(30), TimeDelta::seconds(90));

/// Resets and the requests that follow from them.
#[derive(Debug)]
pub struct ResetSchedule {
    /// Resets up to this moment have been noticed.
    noticed_until: DateTime<Utc>,
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
        ResetSchedule { noticed_until: now, pending: BTreeMap::new() }
    }

    /// The next reset that has not been noticed. `None`: none is known.
    pub fn next_reset(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        snapshot.enabled().flat_map(|usage| self.resets(usage, now)).min()
    }

    /// When the next request is due. `None`: none is pending.
    pub fn next_request(&self) -> Option<DateTime<Utc>> {
        self.pending.values().map(|request| request.due).min()
    }

    /// When an account is requested because of a reset. `None`: it is not.
    pub fn request_due(&self, id: &AccountId) -> Option<DateTime<Utc>> {
        self.pending.get(id).map(|request| request.due)
    }

    /// Notices the resets up to `now`, each of them once, and returns whether there were any. `delay` returns the time
    /// to the request for an account.
    pub fn notice(
        &mut self,
        snapshot: &Snapshot,
        now: DateTime<Utc>,
        mut delay: impl FnMut() -> TimeDelta,
    ) -> bool {
        let mut noticed = false;
        for usage in snapshot.enabled() {
            let Some(reset_at) = self.resets(usage, now).filter(|reset| *reset <= now).max() else {
                continue;
            };
            noticed = true;
            let new = || PendingRequest { reset_at, due: now + delay() };
            self.pending.entry(usage.account.id.clone()).or_insert_with(new).reset_at = reset_at;
        }
        self.noticed_until = self.noticed_until.max(now);
        noticed
    }

    /// The clock was set, or the machine was suspended; all accounts are requested at once. If the clock was set back,
    /// resets can come a second time.
    pub fn clock_jumped(&mut self, now: DateTime<Utc>) {
        self.pending.clear();
        self.noticed_until = self.noticed_until.min(now);
    }

    /// The accounts whose request is due, once.
    pub fn take_due(&mut self, now: DateTime<Utc>) -> BTreeSet<AccountId> {
        let due = self.pending.iter().filter(|(_, request)| request.due <= now);
        let due: BTreeSet<_> = due.map(|(id, _)| id.clone()).collect();
        self.pending.retain(|id, _| !due.contains(id));
        due
    }

    /// To be called at the end of each refresh, which may have made requests unnecessary. `requested` are the
    /// accounts that it was for because of resets. One of them that the request budget has not admitted is due again
    /// once the budget will.
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

    /// The resets of an account that have not been noticed. One that was in the past already when the response came
    /// does not count, unless the clock was ahead then.
    fn resets(&self, usage: &AccountUsage, now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
        let noticed_until = self.noticed_until;
        let updated_at = usage.updated_at;
        usage.windows().iter().filter_map(|window| window.resets_at).filter(move |reset| {
            *reset > noticed_until && updated_at.is_some_and(|at| at < *reset || at > now)
        })
    }
}
