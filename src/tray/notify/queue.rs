//! Shows notifications one after the other, and reports the actions that the user chooses.

use crate::presenter::Locale;
#[cfg(all(unix, not(target_os = "macos")))]
use crate::tray::notify::freedesktop::Server;
#[cfg(not(all(unix, not(target_os = "macos"))))]
use crate::tray::notify::native::Server;
use crate::tray::notify::request::{Content, NotificationAction, NotificationRequest};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A notification server that has not responded within this time is assumed to hang.
const SERVER_TIMEOUT: Duration = Duration::from_secs(10);

const NOT_RESPONDING: &str = "the notification server does not respond";

/// Handles requests in the order in which they are received, and never returns. A failure is logged and does not affect
/// the next notification. `report` receives the action that the user chooses.
pub async fn run(
    mut requests: mpsc::UnboundedReceiver<NotificationRequest>,
    locale: Locale,
    report: impl Fn(NotificationAction),
) {
    let mut server = Server::default();
    loop {
        tokio::select! {
            request = requests.recv() => match request {
                Some(request) => handle(&mut server, request, locale).await,
                // The sender may be dropped before the program ends.
                None => std::future::pending().await,
            },
            action = server.next_action() => report(action),
        }
    }
}

async fn handle(server: &mut Server, request: NotificationRequest, locale: Locale) {
    match request {
        NotificationRequest::Show { notifications, hide_email } => {
            for notification in notifications {
                let now = crate::platform::clock::now();
                let content = Content::new(&notification, now, locale, hide_email);
                log::info!("notification: {}", content.title);
                if let Err(error) = within_timeout(server.show(&content)).await {
                    log::warn!("could not show the notification \"{}\": {error}", content.title);
                }
            }
        }
        NotificationRequest::AccountList { title, text } => {
            if let Err(error) = within_timeout(server.show(&Content::plain(&title, &text))).await {
                log::warn!("could not show the notification \"{title}\": {error}");
            }
        }
        NotificationRequest::Close(windows) => {
            if let Err(error) = within_timeout(server.close(&windows)).await {
                log::info!("could not close a notification: {error}");
            }
        }
    }
}

/// Shows the test notification of `doctor`.
///
/// # Errors
/// The notification server's error, or that it does not respond.
pub async fn send_one(title: &str, text: &str) -> Result<(), String> {
    within_timeout(Server::default().show(&Content::plain(title, text))).await
}

/// A description of the notification server for `doctor`.
///
/// # Errors
/// There is none, or it does not respond.
pub async fn server() -> Result<String, String> {
    within_timeout(Server::description()).await
}

async fn within_timeout<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    timeout(SERVER_TIMEOUT, work).await.unwrap_or_else(|_| Err(NOT_RESPONDING.into()))
}
