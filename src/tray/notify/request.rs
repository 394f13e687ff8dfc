//! Requests to show and close notifications, their content, and the actions that a user can choose.

use crate::presenter::Locale;
use crate::presenter::account_list_message::AccountListMessage;
use crate::presenter::icon_state::{IconContent, IconState};
use crate::quota::Provider;
use crate::quota::alert::delivery::Delivery;
use crate::quota::notification::{Notification, WindowId};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// A request to show or close notifications.
#[derive(Debug)]
pub enum NotificationRequest {
    /// Show these, in this order.
    Show {
        /// The notifications.
        notifications: Vec<Notification>,
        /// Whether e-mail addresses are shortened.
        hide_email: bool,
    },
    /// Show the accounts, which the user has requested by a click on the icon, in place of the list before.
    AccountList(AccountListMessage),
    /// Close those that are about no other windows than these: they are outdated.
    Close(BTreeSet<WindowId>),
}

/// An action that the user has chosen in a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationAction {
    /// Open this provider's usage page.
    Show(Provider),
    /// Show no notification for an hour.
    Snooze,
}

/// What is reported about notifications.
#[derive(Debug)]
pub enum NotificationReport {
    /// The user has chosen something in one.
    Action(NotificationAction),
    /// What became of one.
    Delivery {
        /// The windows that it says are low.
        windows: BTreeSet<WindowId>,
        /// What became of it.
        delivery: Delivery,
    },
}

/// Why a notification was not shown, or why that is not known.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// It was not shown.
    #[error("{0}")]
    NotShown(String),
    /// The server received it and sent no valid reply.
    #[error("{0}")]
    Unknown(String),
}

impl ShowError {
    /// What became of the notification.
    pub fn delivery(&self) -> Delivery {
        match self {
            ShowError::NotShown(_) => Delivery::NotShown,
            ShowError::Unknown(_) => Delivery::Unknown,
        }
    }
}

/// What a notification shows and offers.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    pub title: String,
    /// Plain text.
    pub text: String,
    /// Whether the desktop should keep it until it is dismissed.
    pub is_urgent: bool,
    /// What its picture shows.
    pub icon: IconContent,
    /// The windows that it is about.
    pub windows: BTreeSet<WindowId>,
    /// The provider whose page it opens. `None`: it opens none.
    pub provider: Option<Provider>,
    /// Whether it has the action "Snooze 1 h".
    pub can_snooze: bool,
    /// Whether it is the list of the accounts, of which one is shown at a time.
    pub is_account_list: bool,
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
            icon: IconContent::gauge(match left {
                _ if !is_low => IconState::Fine(left),
                _ if notification.is_urgent() => IconState::Exhausted,
                _ => IconState::Low(left),
            }),
            windows: notification.windows(),
            provider: notification.event().map(|event| event.account.provider),
            can_snooze: is_low,
            is_account_list: false,
        }
    }

    /// The content of a notification that is about no window.
    pub fn plain(title: &str, text: &str) -> Content {
        Content {
            title: title.into(),
            text: text.into(),
            is_urgent: false,
            icon: IconContent::gauge(IconState::Fine(100.0)),
            windows: BTreeSet::new(),
            provider: None,
            can_snooze: false,
            is_account_list: false,
        }
    }
}

impl From<AccountListMessage> for Content {
    fn from(message: AccountListMessage) -> Content {
        let AccountListMessage { title, text, icon } = message;
        Content { icon, is_account_list: true, ..Content::plain(&title, &text) }
    }
}
