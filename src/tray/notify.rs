//! Notices → the desktop's notifications. The one file that names `notify-rust`.

use crate::presenter::format::Zone;
use crate::quota::notification::Notification;
use crate::text;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A server that takes longer than this to take a notification is taken for hanging.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shows notices one after the other, in the order they come, until there can be no more. A server that
/// is missing, refuses or hangs is logged and no more: the next notice tries again.
pub async fn run(mut notices: mpsc::UnboundedReceiver<(Vec<Notification>, bool)>, zone: Zone) {
    while let Some((batch, hide_email)) = notices.recv().await {
        for notice in batch {
            show(&notice, zone, hide_email).await;
        }
    }
    // The icon can outlive its notices.
    std::future::pending().await
}

async fn show(notice: &Notification, zone: Zone, hide_email: bool) {
    let (title, text) = notice.words(crate::platform::clock::now(), zone, hide_email);
    log::info!("notification: {title}");
    let problem = match timeout(PATIENCE, send(notification(&title, &text, notice.is_urgent()))).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error,
        Err(_) => "the notification server does not answer".into(),
    };
    log::warn!("could not show the notification \"{title}\": {problem}");
}

/// Shows one notification that is no notice.
///
/// # Errors
/// The server's complaint, or that it does not answer.
pub async fn send_one(title: &str, text: &str) -> Result<(), String> {
    let sent = timeout(PATIENCE, send(notification(title, text, false))).await;
    sent.unwrap_or_else(|_| Err("the notification server does not answer".into()))
}

/// Who shows notifications, with its version.
///
/// # Errors
/// Why nobody does.
pub async fn server() -> Result<String, String> {
    #[cfg(all(unix, not(target_os = "macos")))]
    {
        const NAME: &str = "org.freedesktop.Notifications";
        let asked = async {
            let bus = session_bus::Connection::session().await?;
            let path = "/org/freedesktop/Notifications";
            let answer = bus.call_method(Some(NAME), path, Some(NAME), "GetServerInformation", &()).await?;
            let (name, _, version, _): (String, String, String, String) = answer.body().deserialize()?;
            session_bus::Result::Ok(format!("{name} {version} answers"))
        };
        match timeout(PATIENCE, asked).await {
            Ok(answer) => answer.map_err(|error| format!("there is no server: {error}")),
            Err(_) => Err("the server does not answer".into()),
        }
    }
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    Ok("the system's own".into())
}

fn notification(title: &str, text: &str, urgent: bool) -> notify_rust::Notification {
    let mut notification = notify_rust::Notification::new();
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

/// The text of a notification is markup on Linux and BSD.
fn markup(text: &str) -> String {
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
