//! Desktop notifications. The one file that names `notify-rust`.

use crate::presenter::Locale;
use crate::quota::notification::Notification;
use crate::text;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A notification server that has not responded within this time is assumed to hang.
const SERVER_TIMEOUT: Duration = Duration::from_secs(10);

const NOT_RESPONDING: &str = "the notification server does not respond";

/// Notifications to show, and how.
pub struct NotificationBatch {
    /// In the order in which they are shown.
    pub notifications: Vec<Notification>,
    /// Whether e-mail addresses are shortened.
    pub hide_email: bool,
}

/// Shows notifications one after the other, in the order in which they are received, and never returns. A failure is
/// logged; the next notification tries again.
pub async fn run(mut batches: mpsc::UnboundedReceiver<NotificationBatch>, locale: Locale) {
    while let Some(NotificationBatch { notifications, hide_email }) = batches.recv().await {
        for notification in notifications {
            show(&notification, locale, hide_email).await;
        }
    }
    // The sender may be dropped before the program ends.
    std::future::pending().await
}

async fn show(notification: &Notification, locale: Locale, hide_email: bool) {
    let (title, text) = notification.message(crate::platform::clock::now(), locale, hide_email);
    log::info!("notification: {title}");
    if let Err(error) = send_within_timeout(&title, &text, notification.is_urgent()).await {
        log::warn!("could not show the notification \"{title}\": {error}");
    }
}

/// Shows a notification that is about no account, for `doctor`.
///
/// # Errors
/// The notification server's error, or that it does not respond.
pub async fn send_one(title: &str, text: &str) -> Result<(), String> {
    send_within_timeout(title, text, false).await
}

/// The name and version of the notification server.
///
/// # Errors
/// There is none, or it does not respond.
pub async fn server() -> Result<String, String> {
    #[cfg(all(unix, not(target_os = "macos")))]
    {
        const NAME: &str = "org.freedesktop.Notifications";
        let request = async {
            let bus = zbus::Connection::session().await?;
            let path = "/org/freedesktop/Notifications";
            let response = bus.call_method(Some(NAME), path, Some(NAME), "GetServerInformation", &()).await?;
            let (name, _, version, _): (String, String, String, String) = response.body().deserialize()?;
            zbus::Result::Ok(format!("{name} {version} responds"))
        };
        match timeout(SERVER_TIMEOUT, request).await {
            Ok(response) => {
                response.map_err(|error| format!("could not reach the notification server: {error}"))
            }
            Err(_) => Err(NOT_RESPONDING.into()),
        }
    }
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    Ok("the system's own".into())
}

async fn send_within_timeout(title: &str, text: &str, urgent: bool) -> Result<(), String> {
    let sent = timeout(SERVER_TIMEOUT, send(build(title, text, urgent))).await;
    sent.unwrap_or_else(|_| Err(NOT_RESPONDING.into()))
}

fn build(title: &str, text: &str, urgent: bool) -> notify_rust::Notification {
    let mut notification = notify_rust::Notification::new();
    notification.appname("Quota Tray").summary(title).body(&body(text));
    #[cfg(all(unix, not(target_os = "macos")))]
    {
        use notify_rust::{Hint, Urgency};
        notification.icon("quota-tray").hint(Hint::DesktopEntry("quota-tray".into())).urgency(if urgent {
            Urgency::Critical
        } else {
            Urgency::Normal
        });
    }
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    let _ = urgent;
    notification
}

/// On Linux and BSD the text of a notification is markup.
fn body(text: &str) -> String {
    if cfg!(all(unix, not(target_os = "macos"))) { text::escape_markup(text) } else { text.to_owned() }
}

#[cfg(all(unix, not(target_os = "macos")))]
async fn send(notification: notify_rust::Notification) -> Result<(), String> {
    notification.show_async().await.map(drop).map_err(|error| error.to_string())
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
async fn send(notification: notify_rust::Notification) -> Result<(), String> {
    tokio::task::spawn_blocking(move || notification.show().map(drop).map_err(|error| error.to_string()))
        .await
        .unwrap_or_else(|error| Err(error.to_string()))
}
