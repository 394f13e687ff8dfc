//! Shows notifications one after the other, and reports the actions that the user chooses.

use crate::presenter::Locale;
use crate::quota::alert::delivery::Delivery;
#[cfg(all(unix, not(target_os = "macos")))]
use crate::tray::notify::freedesktop::Server;
#[cfg(not(all(unix, not(target_os = "macos"))))]
use crate::tray::notify::native::Server;
use crate::tray::notify::request::{Content, NotificationReport, NotificationRequest, ShowError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A notification server that has not responded within this time is assumed to hang.
const SERVER_TIMEOUT: Duration = Duration::from_secs(10);

const NOT_RESPONDING: &str = "the notification server does not respond";

/// Handles requests in the order in which they are received, and never returns. `report` gets what became of each
/// notification about windows, and what a user chooses in one.
pub async fn run(
    mut requests: mpsc::UnboundedReceiver<NotificationRequest>,
    locale: Locale,
    report: impl Fn(NotificationReport),
) {
    let mut queue = Queue { server: Server::default(), locale, report, is_failing: false };
    loop {
        tokio::select! {
            request = requests.recv() => match request {
                Some(request) => queue.handle(request).await,
                // The sender may be dropped before the program ends.
                None => std::future::pending().await,
            },
            action = queue.server.next_action() => (queue.report)(NotificationReport::Action(action)),
        }
    }
}

struct Queue<F> {
    server: Server,
    locale: Locale,
    report: F,
    /// Whether the last notification could not be shown.
    is_failing: bool,
}

impl<F: Fn(NotificationReport)> Queue<F> {
    async fn handle(&mut self, request: NotificationRequest) {
        match request {
            NotificationRequest::Show { notifications, hide_email } => {
                for notification in notifications {
                    let now = crate::platform::clock::now();
                    let content = Content::new(&notification, now, self.locale, hide_email);
                    let delivery = self.show(&content).await;
                    let windows = notification.low_windows();
                    (self.report)(NotificationReport::Delivery { windows, delivery });
                }
            }
            NotificationRequest::AccountList(message) => {
                self.show(&Content::from(message)).await;
            }
            NotificationRequest::Close(windows) => {
                if let Err(error) = within_timeout(self.server.close(&windows)).await {
                    log::info!("could not close a notification: {error}");
                }
            }
        }
    }

    /// Shows a notification. A failure is logged as a warning; those that follow are not, since a notification that was
    /// not shown is tried again with each refresh.
    async fn show(&mut self, content: &Content) -> Delivery {
        let title = &content.title;
        let result = show(&mut self.server, content).await;
        let was_failing = std::mem::replace(&mut self.is_failing, result.is_err());
        match result {
            Ok(()) => {
                log::info!("notification: {title}");
                Delivery::Shown
            }
            Err(error) => {
                let level = if was_failing { log::Level::Debug } else { log::Level::Warn };
                log::log!(level, "could not show the notification \"{title}\": {error}");
                error.delivery()
            }
        }
    }
}

async fn show(server: &mut Server, content: &Content) -> Result<(), ShowError> {
    let connected = within_timeout(server.connect()).await.map_err(ShowError::NotShown)?;
    let shown = timeout(SERVER_TIMEOUT, connected.show(content)).await;
    shown.unwrap_or_else(|_| Err(ShowError::Unknown(NOT_RESPONDING.into())))
}

/// Shows the test notification of `doctor`.
///
/// # Errors
/// The notification server's error, or that it does not respond.
pub async fn send_one(title: &str, text: &str) -> Result<(), String> {
    let shown = show(&mut Server::default(), &Content::plain(title, text)).await;
    shown.map_err(|error| error.to_string())
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
