//! Notices → the desktop's notifications. The one file that names `notify-rust`.

use crate::quota::Zone;
use crate::quota::alert::Notice;
use chrono::Utc;
use notify_rust::Notification;
use std::time::Duration;

/// A server that takes longer than this to take a notification is taken for hanging.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shows notices, one after the other. A server that is missing, refuses or hangs is logged and no
/// more: the next notice tries again.
pub async fn show(notices: Vec<Notice>, zone: Zone, hide_email: bool) {
    for notice in notices {
        let (title, text) = notice.words(Utc::now(), zone, hide_email);
        tracing::info!("notification: {title}");
        let notification = notification(&title, &text, notice.is_urgent());
        match tokio::time::timeout(PATIENCE, send(notification)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("could not show the notification \"{title}\": {error}"),
            Err(_) => tracing::warn!(
                "could not show the notification \"{title}\": the notification server does not answer"
            ),
        }
    }
}

fn notification(title: &str, text: &str, urgent: bool) -> Notification {
    let mut notification = Notification::new();
    notification.appname("Quota Tray").summary(title).body(&markup(text));
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

/// The text of a notification is markup on Linux, where "<1%" would be a broken tag.
fn markup(text: &str) -> String {
    if cfg!(all(unix, not(target_os = "macos"))) {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    } else {
        text.to_owned()
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
async fn send(notification: Notification) -> Result<(), String> {
    notification.show_async().await.map(drop).map_err(|error| error.to_string())
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
async fn send(notification: Notification) -> Result<(), String> {
    tokio::task::spawn_blocking(move || notification.show().map(drop).map_err(|error| error.to_string()))
        .await
        .unwrap_or_else(|error| Err(error.to_string()))
}
