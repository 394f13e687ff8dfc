//! Linux and BSD: is there somebody to show the icon? The tray's own library registers the icon when
//! a host comes, but does not tell when there is none.

use super::app::{Event, Host};
use super::event_loop::Sender;
use futures_lite::StreamExt;
use std::time::Duration;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// How long until a session bus is looked for again. There hardly ever comes one.
const RETRY: Duration = Duration::from_secs(60);

/// A watcher answers at once or hangs.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tells of tray hosts that come and go, for ever.
pub async fn watch(events: Sender) {
    loop {
        if let Err(error) = follow(&events).await {
            tracing::debug!("session bus: {error}");
        }
        events.send(Event::Host(Host::NoBus));
        tokio::time::sleep(RETRY).await;
    }
}

/// Follows the watcher's name until the bus is gone.
async fn follow(events: &Sender) -> zbus::Result<()> {
    let connection = zbus::Connection::session().await?;
    let bus = DBusProxy::new(&connection).await?;
    let mut changes = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
    let tell = |present| events.send(Event::Host(if present { Host::Present } else { Host::Missing }));
    tell(bus.name_has_owner(BusName::try_from(WATCHER)?).await? && answers(&connection).await);
    while let Some(change) = changes.next().await {
        let there = change.args()?.new_owner().is_some();
        tell(there && answers(&connection).await);
    }
    Ok(())
}

/// Whether the watcher answers at all. The tray's library waits without end for one that does not.
async fn answers(connection: &zbus::Connection) -> bool {
    let (path, ping) = ("/StatusNotifierWatcher", "org.freedesktop.DBus.Peer");
    let asked = connection.call_method(Some(WATCHER), path, Some(ping), "Ping", &());
    // Any answer will do, an error included.
    tokio::time::timeout(PATIENCE, asked).await.is_ok()
}

/// What is missing and how to get it, in one sentence.
pub fn advice(host: Host) -> Option<&'static str> {
    match host {
        Host::Present => None,
        Host::Missing => Some(
            "could not show the icon yet: no tray host is running, and the icon appears when one starts \
             (hint: GNOME needs the AppIndicator extension; a bar without StatusNotifier needs snixembed)",
        ),
        Host::NoBus => Some(
            "could not show the icon: there is no D-Bus session bus \
             (hint: start quota-tray in a desktop session, or with dbus-run-session)",
        ),
    }
}
