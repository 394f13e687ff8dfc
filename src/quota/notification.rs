//! Notifications about windows. Their messages: `presenter/notifications.rs`.

use crate::quota::{Account, AccountId, Window};
use std::collections::BTreeSet;

/// More notifications than this at once become a single summary.
const MAX_NOTIFICATIONS: usize = 3;

/// A notification about windows.
#[derive(Debug, Clone, PartialEq)]
pub enum Notification {
    /// A window fell below a threshold, or is used up.
    Low(WindowEvent),
    /// A window that had fired has reset.
    Reset(WindowEvent),
    /// More than three of these at once.
    Summary {
        /// How many windows are low.
        low: usize,
        /// How many have reset.
        reset: usize,
        /// The low window with the least left. `None`: none is low.
        worst: Option<WindowEvent>,
        /// The low windows.
        windows: BTreeSet<WindowId>,
    },
}

/// Identifies a window among those of all accounts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WindowId {
    /// The account's id.
    pub account: AccountId,
    /// The window's key.
    pub window: String,
}

/// The account and the window that a notification is about.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowEvent {
    /// The account whose window it is.
    pub account: Account,
    /// The window with its values at that time.
    pub window: Window,
}

impl WindowEvent {
    /// The id of the window.
    pub fn window_id(&self) -> WindowId {
        WindowId { account: self.account.id.clone(), window: self.window.key.clone() }
    }
}

/// Replaces more than three notifications by a single summary.
pub fn summarise(notifications: Vec<Notification>) -> Vec<Notification> {
    if notifications.len() <= MAX_NOTIFICATIONS { notifications } else { vec![summary(notifications)] }
}

/// The new notifications together with the low windows whose notification was held back. If there are such windows, the
/// result is one notification.
pub fn with_held(new: Vec<Notification>, held: Vec<WindowEvent>) -> Vec<Notification> {
    let is_new = |event: &WindowEvent| new.iter().any(|one| one.windows().contains(&event.window_id()));
    let mut all: Vec<_> = held.into_iter().filter(|event| !is_new(event)).map(Notification::Low).collect();
    if all.is_empty() {
        return summarise(new);
    }
    all.extend(new);
    if all.len() == 1 { all } else { vec![summary(all)] }
}

/// One summary of these notifications about windows.
fn summary(notifications: Vec<Notification>) -> Notification {
    let (mut low, mut reset) = (Vec::new(), 0);
    for notification in notifications {
        match notification {
            Notification::Low(event) => low.push(event),
            Notification::Reset(_) => reset += 1,
            Notification::Summary { .. } => {}
        }
    }
    let (count, windows) = (low.len(), low.iter().map(WindowEvent::window_id).collect());
    let worst =
        low.into_iter().min_by(|a, b| a.window.remaining_percent().total_cmp(&b.window.remaining_percent()));
    Notification::Summary { low: count, reset, worst, windows }
}

impl Notification {
    /// The windows that it is about; for a summary, those that are low.
    pub fn windows(&self) -> BTreeSet<WindowId> {
        match self {
            Notification::Low(event) | Notification::Reset(event) => BTreeSet::from([event.window_id()]),
            Notification::Summary { windows, .. } => windows.clone(),
        }
    }

    /// The windows that it says are low.
    pub fn low_windows(&self) -> BTreeSet<WindowId> {
        if self.is_about_low() { self.windows() } else { BTreeSet::new() }
    }

    /// The window that it names. `None`: it is a summary of resets.
    pub fn event(&self) -> Option<&WindowEvent> {
        match self {
            Notification::Low(event) | Notification::Reset(event) => Some(event),
            Notification::Summary { worst, .. } => worst.as_ref(),
        }
    }

    /// Whether a window is low or used up. Otherwise it is only about resets.
    pub fn is_about_low(&self) -> bool {
        matches!(self, Notification::Low(_) | Notification::Summary { worst: Some(_), .. })
    }

    /// Whether a window is used up, so that the desktop should keep the notification until it is dismissed.
    pub fn is_urgent(&self) -> bool {
        match self {
            Notification::Low(event) | Notification::Summary { worst: Some(event), .. } => {
                event.window.remaining_percent() <= 0.0
            }
            _ => false,
        }
    }
}
