//! Linux and BSD: is there somebody to show the icon? The tray's own library does not tell when there is none.

use crate::app::state_machine::AppEvent;
use crate::engine::accounts;
use crate::platform::debounce;
use crate::presenter::tray_host::TrayHostStatus;
use crate::tray::event_loop::Sender;
use crate::tray::handle::IconPresence;
use crate::tray::registration::{self, List, Registration, WATCHER, Wake};
use futures_lite::StreamExt;
use session_bus as zbus;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use zbus::Address;
use zbus::address::transport::{Transport, UnixSocket};
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

/// How long until a session bus is looked for again where nobody tells that its socket has come.
const RETRY: Duration = Duration::from_secs(60);

/// Between two looks passes at least this much.
const BREATH: Duration = Duration::from_secs(1);

/// How long until one that hangs is asked again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Tells of tray hosts that come and go, and sees to it that they know the icon, for ever.
pub async fn watch(events: Sender, mut icon: watch::Receiver<IconPresence>) {
    loop {
        if let Err(error) = follow(&events, &mut icon).await {
            log::debug!("session bus: {error}");
        }
        events.send(AppEvent::Host(TrayHostStatus::NoSessionBus));
        bus_comes().await;
    }
}

/// Waits for a session bus.
async fn bus_comes() {
    let (changed, mut changes) = debounce::bursts();
    let folder = Address::session().ok().and_then(|address| folder_of(&address));
    let mut watch = folder.and_then(|folder| accounts::watch(&[&folder], changed));
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
pub async fn look() -> TrayHostStatus {
    let looked = async {
        let connection = zbus::Connection::session().await?;
        let there = DBusProxy::new(&connection).await?.name_has_owner(BusName::try_from(WATCHER)?).await?;
        zbus::Result::Ok(match there {
            false => TrayHostStatus::Missing,
            true => match registration::list(&connection).await {
                List::Items(_) | List::Missing => TrayHostStatus::Present,
                List::Silent => TrayHostStatus::NotResponding,
                List::NoWatcher => TrayHostStatus::Missing,
            },
        })
    };
    match timeout(LOOK_AGAIN, looked).await {
        Ok(Ok(host)) => host,
        Ok(Err(error)) => {
            log::debug!("session bus: {error}");
            TrayHostStatus::NoSessionBus
        }
        Err(_) => TrayHostStatus::NoSessionBus,
    }
}

/// Follows the watcher until the bus is gone. Signals only wake this: what counts is what holds when it looks, so that
/// their order does not matter.
async fn follow(events: &Sender, icon: &mut watch::Receiver<IconPresence>) -> zbus::Result<()> {
    let connection = zbus::Connection::session().await?;
    let bus = DBusProxy::new(&connection).await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
    let mut removals = registration::removals(&connection).await?;
    let mut registration = Registration::default();
    let mut wake = Wake::Start;
    loop {
        let there = bus.name_has_owner(BusName::try_from(WATCHER)?).await?;
        if there && matches!(wake, Wake::Start | Wake::Owner) {
            // The icon is created meanwhile: mostly the watcher answers, and this saves a round of messages.
            events.send(AppEvent::Host(TrayHostStatus::Present));
        }
        let state = *icon.borrow_and_update();
        let list = if there { registration::list(&connection).await } else { List::NoWatcher };
        let again = match &list {
            // It has gone meanwhile.
            List::NoWatcher if there => Some(BREATH),
            List::NoWatcher => {
                events.send(AppEvent::Host(TrayHostStatus::Missing));
                None
            }
            List::Silent => {
                registration.watcher_is_silent();
                events.send(AppEvent::Host(TrayHostStatus::NotResponding));
                Some(LOOK_AGAIN)
            }
            List::Items(_) | List::Missing => {
                events.send(AppEvent::Host(TrayHostStatus::Present));
                let outcome = registration.look(&connection, &bus, (wake, state, &list)).await;
                if outcome.recreate {
                    events.send(AppEvent::Host(TrayHostStatus::NotRegistered));
                    events.send(AppEvent::Host(TrayHostStatus::Present));
                }
                outcome.again
            }
        };
        let timer = async {
            match again {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        wake = tokio::select! {
            change = owners.next() => {
                if change.is_none() {
                    return Ok(());
                }
                registration.owner_changed(*icon.borrow());
                Wake::Owner
            }
            Some(()) = removals.next() => Wake::Removed,
            Ok(()) = icon.changed() => Wake::Icon,
            () = timer => Wake::Timer,
        };
    }
}
