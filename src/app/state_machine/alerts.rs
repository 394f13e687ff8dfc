//! Notifications and hooks: what follows from a snapshot, and from what became of a notification.

use crate::app::hook_call::HookCallBuilder;
use crate::app::state_machine::{App, Effect};
use crate::quota::alert::{self, Rules};
use crate::quota::attention;
use crate::quota::notification::{self, Notification, WindowId};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

impl App {
    /// Ends the program. Notifications that are on their way may not be shown any more: they are sent again after the next
    /// start, where that causes one duplicate at most.
    pub(super) fn quit(&mut self) -> Vec<Effect> {
        let in_flight = self.deliveries.in_flight();
        self.hold(&in_flight).into_iter().chain([Effect::Quit]).collect()
    }

    /// Records that the user was not notified of these low windows.
    pub(super) fn hold(&mut self, low: &BTreeSet<WindowId>) -> Option<Effect> {
        let before = self.alerts.clone();
        self.alerts.hold(low, &self.snapshot);
        (self.alerts != before).then(|| Effect::SaveAlerts(self.alerts.clone()))
    }

    /// Alerts are evaluated when a refresh is complete: during one, notifications would come one by one instead of as
    /// a summary.
    pub(super) fn evaluate_alerts(&mut self, now: DateTime<Utc>) -> Vec<Effect> {
        if self.snapshot.refreshing {
            return Vec::new();
        }
        let settings = &*self.settings;
        // Hooks do not depend on which notifications are switched on.
        let on_reset = settings.notify_on_reset || !settings.hooks.on_reset.is_empty();
        let rules = Rules { thresholds: settings.thresholds.clone(), on_reset };
        let before = self.alerts.clone();
        let mut notifications = alert::evaluate(&mut self.alerts, &self.displayed, &rules, now);
        let attention = attention::evaluate(&mut self.alerts.attention, &self.displayed, now);
        let hooks = HookCallBuilder {
            hooks: &settings.hooks,
            hide_email: settings.hide_email,
            now,
            locale: self.locale,
        };
        let mut calls: Vec<_> =
            notifications.iter().filter_map(|notification| hooks.for_notification(notification)).collect();
        calls.extend(attention.iter().filter_map(|attention| hooks.for_attention(attention)));
        if !settings.notify_on_reset {
            notifications.retain(|notification| !matches!(notification, Notification::Reset(_)));
        }
        // Where the user was not notified that a window is low, its reset is no news.
        notifications.retain(|one| !matches!(one, Notification::Reset(event) if before.is_held(event)));
        self.deliveries.fired(&notifications);
        let notifications = if self.is_held_back(now) {
            let low = notifications.iter().flat_map(Notification::low_windows).collect();
            self.alerts.hold(&low, &self.snapshot);
            Vec::new()
        } else {
            let held = self.alerts.release(&self.displayed, now);
            notification::with_held(notifications, held)
        };
        self.deliveries.sent(&notifications);
        let outdated = self.update_notified(&notifications, now);
        let mut effects = Vec::new();
        // Saved first: after a crash in between, a notification is missing rather than repeated.
        if self.alerts != before {
            effects.push(Effect::SaveAlerts(self.alerts.clone()));
        }
        if !notifications.is_empty() {
            effects.push(Effect::Notify(notifications));
        }
        if !outdated.is_empty() {
            effects.push(Effect::CloseNotifications(outdated));
        }
        if !calls.is_empty() {
            effects.push(Effect::RunHooks(calls));
        }
        effects
    }

    /// Whether no notification is shown now: in quiet hours, or since the user has snoozed them.
    pub(super) fn is_held_back(&self, now: DateTime<Utc>) -> bool {
        let time = self.locale.wall_time(now).time();
        self.settings.quiet.at(time).is_some() || self.alerts.snoozed_until(now).is_some()
    }

    /// Returns the windows for which an earlier notification is no longer true. New notifications replace earlier ones
    /// about the same windows by themselves.
    pub(super) fn update_notified(&mut self, new: &[Notification], now: DateTime<Utc>) -> BTreeSet<WindowId> {
        let low = self.alerts.low_windows(&self.displayed, now);
        let about: BTreeSet<_> = new.iter().flat_map(Notification::windows).collect();
        let is_outdated = |window: &WindowId| !low.contains(window) && !about.contains(window);
        let outdated = self.notified.iter().filter(|window| is_outdated(window)).cloned().collect();
        self.notified.extend(about);
        self.notified.retain(|window| low.contains(window));
        outdated
    }
}
