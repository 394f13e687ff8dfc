//! Notifications that are held back: in quiet hours, while the user has snoozed them, and when one could not be shown.
//! Afterwards, those about windows that are still low are shown.

use crate::quota::alert::{AlertHistory, WindowHistory};
use crate::quota::notification::{WindowEvent, WindowId};
use crate::quota::{Account, AccountUsage, Snapshot, Window};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

/// How long *Snooze* holds notifications back.
pub const SNOOZE: TimeDelta = TimeDelta::hours(1);

impl AlertHistory {
    /// Holds notifications back for an hour from now.
    pub fn snooze(&mut self, now: DateTime<Utc>) {
        self.snoozed_until = now.checked_add_signed(SNOOZE);
    }

    /// Until when the user has snoozed notifications. `None`: they are not snoozed.
    pub fn snoozed_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // A longer time means that it was set while the clock was ahead.
        self.snoozed_until.filter(|until| *until > now && *until - now <= SNOOZE)
    }

    /// Records that the notifications that these windows are low were not shown. `snapshot` has the accounts.
    pub fn hold(&mut self, low: &BTreeSet<WindowId>, snapshot: &Snapshot) {
        for window in low {
            let usage = snapshot.accounts.iter().find(|usage| usage.account.id == window.account);
            let known = usage.and_then(|usage| self.known(&usage.account, &window.window));
            if let Some(known) = known.filter(|known| known.fired.is_some()) {
                known.held = true;
            }
        }
    }

    fn known(&mut self, account: &Account, window: &str) -> Option<&mut WindowHistory> {
        self.windows.get_mut(&*account.state_key())?.get_mut(window)
    }

    /// Whether the notification that this window is low was held back.
    pub fn is_held(&self, event: &WindowEvent) -> bool {
        let windows = self.windows.get(&*event.account.state_key());
        windows.and_then(|windows| windows.get(&event.window.key)).is_some_and(|known| known.held)
    }

    /// Ends the snooze and stops holding notifications back. Returns the windows that are still low and whose
    /// notification was held back. Others stay held back: an
    /// account may be missing for a moment.
    pub fn release(&mut self, snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<WindowEvent> {
        self.snoozed_until = None;
        let low = self.low(snapshot, now);
        let event = |(usage, window): &(&AccountUsage, &Window)| WindowEvent {
            account: usage.account.clone(),
            window: (*window).clone(),
        };
        let released: Vec<_> = low.iter().map(event).filter(|event| self.is_held(event)).collect();
        for event in &released {
            let known = self.known(&event.account, &event.window.key);
            known.into_iter().for_each(|known| known.held = false);
        }
        released
    }

    /// The windows that have fired and have neither reset nor risen since.
    pub fn low_windows(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> BTreeSet<WindowId> {
        let id = |(usage, window): (&AccountUsage, &Window)| WindowId {
            account: usage.account.id.clone(),
            window: window.key.clone(),
        };
        self.low(snapshot, now).into_iter().map(id).collect()
    }

    fn low<'a>(&self, snapshot: &'a Snapshot, now: DateTime<Utc>) -> Vec<(&'a AccountUsage, &'a Window)> {
        let mut low = Vec::new();
        for usage in snapshot.enabled() {
            let Some(known) = self.windows.get(&*usage.account.state_key()) else { continue };
            let has_fired = |window: &&Window| {
                window.counts() && known.get(&window.key).is_some_and(|known| known.fired.is_some())
            };
            let windows = usage.windows().iter().filter(has_fired);
            low.extend(
                windows.filter(|window| !usage.is_unconfirmed(window, now)).map(|window| (usage, window)),
            );
        }
        low
    }
}
