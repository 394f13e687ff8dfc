//! Linux and BSD: is there somebody to show the icon? The tray's own library registers the icon when
//! a host comes, but does not tell when there is none.

use super::app::{Event, Host};
use super::event_loop::Sender;
use crate::{bursts, source};
use futures_lite::StreamExt;
use session_bus as zbus;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::timeout;
use zbus::Address;
use zbus::address::transport::{Transport, UnixSocket};
use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::zvariant::OwnedValue;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// How long until a session bus is looked for again where nobody tells that its socket has come.
const RETRY: Duration = Duration::from_secs(60);

/// Between two looks passes at least this much.
const BREATH: Duration = Duration::from_secs(1);

/// A watcher answers at once or hangs.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long until one that hangs is asked again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Tells of tray hosts that come and go, for ever. `up`: the icon has been put up, and a host may have missed it.
pub async fn watch(events: Sender, up: bool) {
    let mut first = up;
    loop {
        if let Err(error) = follow(&events, first).await {
            log::debug!("session bus: {error}");
        }
        first = false;
        events.send(Event::Host(Host::NoBus));
        bus_comes().await;
    }
}

/// Waits for a session bus.
async fn bus_comes() {
    let (changed, mut changes) = bursts::bursts();
    let folder = Address::session().ok().and_then(|address| folder_of(&address));
    let mut watch = folder.and_then(|folder| source::watch(&[&folder], changed));
    loop {
        tokio::time::sleep(BREATH).await;
        // Not before it is watched for: one that comes in between would be missed.
        if zbus::Connection::session().await.is_ok() {
            return;
        }
        match &mut watch {
            Some(watch) => {
                let _ = timeout(RETRY, changes.recv()).await;
                watch.rearm();
            }
            None => tokio::time::sleep(RETRY).await,
        }
    }
}

/// Where the socket of the bus appears, if it is one with a place.
fn folder_of(address: &Address) -> Option<PathBuf> {
    match address.transport() {
        Transport::Unix(unix) => match unix.path() {
            UnixSocket::File(path) => path.parent().map(Path::to_owned),
            _ => None,
        },
        _ => None,
    }
}

/// Looks once.
pub async fn look() -> Host {
    let looked = async {
        let connection = zbus::Connection::session().await?;
        let there = DBusProxy::new(&connection).await?.name_has_owner(BusName::try_from(WATCHER)?).await?;
        zbus::Result::Ok(match there {
            false => Host::Missing,
            true => items(&connection).await.map_or(Host::Silent, |_| Host::Present),
        })
    };
    match timeout(LOOK_AGAIN, looked).await {
        Ok(Ok(host)) => host,
        Ok(Err(error)) => {
            log::debug!("session bus: {error}");
            Host::NoBus
        }
        Err(_) => Host::NoBus,
    }
}

/// Follows the watcher's name until the bus is gone. `first`: the icon has been put up, and no watcher has answered
/// yet.
async fn follow(events: &Sender, mut first: bool) -> zbus::Result<()> {
    let connection = zbus::Connection::session().await?;
    let bus = DBusProxy::new(&connection).await?;
    let mut changes = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
    let mut there = bus.name_has_owner(BusName::try_from(WATCHER)?).await?;
    let mut answered = true;
    loop {
        if there && answered && !first {
            // The icon is put up meanwhile: mostly the watcher answers, and this saves a round of messages.
            events.send(Event::Host(Host::Present));
        }
        let items = if there { items(&connection).await } else { None };
        if let Some(items) = &items
            && first
            && !is_among(items, &bus).await
        {
            events.send(Event::Host(Host::Unaware));
        }
        first = first && there && items.is_none();
        answered = items.is_some() || !there;
        let host = match (there, answered) {
            (false, _) => Host::Missing,
            (true, false) => Host::Silent,
            (true, true) => Host::Present,
        };
        events.send(Event::Host(host));
        let change = match host {
            Host::Silent => match timeout(LOOK_AGAIN, changes.next()).await {
                Ok(change) => change,
                Err(_) => continue,
            },
            _ => changes.next().await,
        };
        let Some(change) = change else { return Ok(()) };
        answered = true;
        there = change.args()?.new_owner().is_some();
    }
}

/// The icons that the watcher knows: none, if it answers with an error. `None`: it does not answer at all. A ping
/// would not tell: GLib's D-Bus answers it from a thread of its own while the panel's hangs.
async fn items(connection: &zbus::Connection) -> Option<Vec<String>> {
    let (path, properties) = ("/StatusNotifierWatcher", "org.freedesktop.DBus.Properties");
    let what = (WATCHER, "RegisteredStatusNotifierItems");
    let asked = connection.call_method(Some(WATCHER), path, Some(properties), "Get", &what);
    let answer = timeout(PATIENCE, asked).await.ok()?;
    let list = |answer: zbus::Message| Vec::try_from(answer.body().deserialize::<OwnedValue>().ok()?).ok();
    Some(answer.ok().and_then(list).unwrap_or_default())
}

/// Whether the icon that was put up first is in the watcher's list, by its own name or, as some watchers have it, by
/// that of its connection. If there is no such icon, because it has been put up anew since, or because the library
/// gives it no name in Flatpak and Snap, it is taken to be.
async fn is_among(items: &[String], bus: &DBusProxy<'_>) -> bool {
    let name = format!("org.kde.StatusNotifierItem-{}-1", std::process::id());
    let Ok(bus_name) = BusName::try_from(name.as_str()) else { return true };
    let Ok(owner) = bus.get_name_owner(bus_name).await else { return true };
    items.iter().flat_map(|item| item.split(['/', '@'])).any(|part| part == name || part == owner.as_str())
}
