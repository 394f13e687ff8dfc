//! What is to be done with notifications, what they show, and what a user can do with them.

use crate::presenter::Locale;
use crate::presenter::icon_state::IconState;
use crate::quota::Provider;
use crate::quota::notification::{Notification, WindowId};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// What is to be done with notifications.
#[derive(Debug)]
pub enum NotificationRequest {
    /// Show these, in this order.
    Show {
        /// The notifications.
        notifications: Vec<Notification>,
        /// Whether e-mail addresses are shortened.
        hide_email: bool,
    },
    /// Show this summary of the accounts, which the user has asked for.
    Summary {
        /// The title.
        title: String,
        /// Plain text.
        text: String,
    },
    /// Close those that are about these windows alone: they are no longer true.
    Close(BTreeSet<WindowId>),
}

/// What a user has chosen in a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationAction {
    /// Open the page of this provider that shows the account's usage.
    Show(Provider),
    /// Show no notification for an hour.
    Snooze,
}

/// A notification as the server gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    pub title: String,
    /// Plain text.
    pub text: String,
    /// Whether the desktop should keep it until it is dismissed.
    pub is_urgent: bool,
    /// The state that its picture shows.
    pub icon_state: IconState,
    /// The windows that it is about.
    pub windows: BTreeSet<WindowId>,
    /// The provider whose page it opens. `None`: it opens none.
    pub provider: Option<Provider>,
    /// Whether it offers to show no notification for an hour.
    pub can_snooze: bool,
}

impl Content {
    /// The content for a notification about windows.
    pub fn new(notification: &Notification, now: DateTime<Utc>, locale: Locale, hide_email: bool) -> Content {
        let (title, text) = notification.message(now, locale, hide_email);
        let left = notification.event().map_or(100.0, |event| event.window.remaining_percent());
        let is_low = notification.is_about_low();
        Content {
            title,
            text,
            is_urgent: notification.is_urgent(),
            icon_state: match left {
                _ if !is_low => IconState::Fine(left),
                _ if notification.is_urgent() => IconState::Exhausted,
                _ => IconState::Low(left),
            },
            windows: notification.windows(),
            provider: notification.event().map(|event| event.account.provider),
            can_snooze: is_low,
        }
    }

    /// A notification that is about no window.
    pub fn plain(title: &str, text: &str) -> Content {
        Content {
            title: title.into(),
            text: text.into(),
            is_urgent: false,
            icon_state: IconState::Fine(100.0),
            windows: BTreeSet::new(),
            provider: None,
            can_snooze: false,
        }
    }
}
