//! Notifications about windows. Their messages: `presenter/notifications.rs`.

use crate::quota::{Account, Window};

/// More notifications than this in one refresh become a single summary.
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
    },
}

/// The account and the window that a notification is about.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowEvent {
    /// The account whose window it is.
    pub account: Account,
    /// The window with its values at that time.
    pub window: Window,
}

/// Replaces more than three notifications by a single summary.
pub fn summarise(notifications: Vec<Notification>) -> Vec<Notification> {
    if notifications.len() <= MAX_NOTIFICATIONS {
        return notifications;
    }
    let (mut low, mut reset) = (Vec::new(), 0);
    for notification in notifications {
        match notification {
            Notification::Low(event) => low.push(event),
            Notification::Reset(_) => reset += 1,
            Notification::Summary { .. } => {}
        }
    }
    let count = low.len();
    let worst =
        low.into_iter().min_by(|a, b| a.window.remaining_percent().total_cmp(&b.window.remaining_percent()));
    vec![Notification::Summary { low: count, reset, worst }]
}

impl Notification {
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
