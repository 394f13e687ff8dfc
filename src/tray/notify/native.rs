//! Notifications on macOS and Windows, through the system. The one file that names `notify-rust`.

use crate::quota::notification::WindowId;
use crate::tray::notify::request::{Content, NotificationAction, ShowError};
use std::collections::BTreeSet;

/// The system's notifications.
#[derive(Debug, Default)]
pub struct Server {}

impl Server {
    /// Returns itself: there is no connection.
    ///
    /// # Errors
    /// None.
    pub async fn connect(&mut self) -> Result<&mut Server, String> {
        Ok(self)
    }

    /// Shows a notification.
    ///
    /// # Errors
    /// The system's error.
    pub async fn show(&mut self, content: &Content) -> Result<(), ShowError> {
        let mut notification = notify_rust::Notification::new();
        notification.appname("Quota Tray").summary(&content.title).body(&content.text);
        let show = move || notification.show().map(drop).map_err(|error| error.to_string());
        let shown = tokio::task::spawn_blocking(show).await.unwrap_or_else(|error| Err(error.to_string()));
        shown.map_err(ShowError::NotShown)
    }

    /// Does nothing: `notify-rust` can't close a notification on these systems.
    ///
    /// # Errors
    /// None.
    pub async fn close(&mut self, _windows: &BTreeSet<WindowId>) -> Result<(), String> {
        Ok(())
    }

    /// Never returns: these notifications have no actions.
    pub async fn next_action(&mut self) -> NotificationAction {
        std::future::pending().await
    }

    /// A description of the notification server for `doctor`.
    ///
    /// # Errors
    /// None.
    pub async fn description() -> Result<String, String> {
        Ok("the system's own".into())
    }
}
