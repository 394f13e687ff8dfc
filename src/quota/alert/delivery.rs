//! What became of the notifications that were sent: those that were not shown are held back, and sent again with the next
//! refresh if they are still true.

use crate::quota::notification::{Notification, WindowId};
use std::collections::BTreeSet;

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The notification server has shown it.
    Shown,
    /// It was not shown: there is no server, or the server refused it.
    NotShown,
    /// It may have been shown: the server received it and sent no valid reply.
    Unknown,
}

/// The deliveries of this run, by the low windows that each notification is about.
#[derive(Debug, Default)]
pub struct Deliveries {
    /// The notifications without an outcome yet, oldest first.
    in_flight: Vec<BTreeSet<WindowId>>,
    /// The windows whose last notification may have been shown.
    unknown: BTreeSet<WindowId>,
}

impl Deliveries {
    /// These windows have fired: their notifications are new, not repeated.
    pub fn fired(&mut self, notifications: &[Notification]) {
        let windows = notifications.iter().flat_map(Notification::low_windows);
        windows.for_each(|window| _ = self.unknown.remove(&window));
    }

    /// These notifications are sent to the server.
    pub fn sent(&mut self, notifications: &[Notification]) {
        self.in_flight.extend(notifications.iter().map(Notification::low_windows));
    }

    /// The outcome of a notification. Returns the windows that the user still has to be notified of.
    ///
    /// A notification that may have been shown is sent once more, so that there is one duplicate at most: a hung server
    /// shows all that it has received once it continues, but a server that was killed shows nothing.
    pub fn delivered(&mut self, windows: BTreeSet<WindowId>, delivery: Delivery) -> BTreeSet<WindowId> {
        if let Some(index) = self.in_flight.iter().position(|sent| *sent == windows) {
            self.in_flight.remove(index);
        }
        // A newer notification about the window is on its way.
        let is_replaced =
            |window: &WindowId, in_flight: &[BTreeSet<_>]| in_flight.iter().any(|sent| sent.contains(window));
        let mut missed = BTreeSet::new();
        for window in windows {
            let is_missed = match delivery {
                Delivery::Shown => {
                    self.unknown.remove(&window);
                    false
                }
                Delivery::NotShown => true,
                Delivery::Unknown => self.unknown.insert(window.clone()),
            };
            if is_missed && !is_replaced(&window, &self.in_flight) {
                missed.insert(window);
            }
        }
        missed
    }

    /// The windows of all notifications without an outcome yet.
    pub fn in_flight(&self) -> BTreeSet<WindowId> {
        self.in_flight.iter().flatten().cloned().collect()
    }
}
