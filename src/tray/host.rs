//! Linux and BSD: whether a tray host displays the icon. `tray-icon` does not report when there is none.
//!
//! Tray hosts (panels) come and go, and so does the session bus. This follows both and keeps the icon registered
//! (`tray/registration.rs`) with whichever tray host is there.

use crate::platform::debounce;
use crate::platform::folder_watch::FolderWatch;
use crate::presenter::tray_host::TrayHostStatus;
use crate::tray::handle::presence::IconPresence;
use crate::tray::registration::{Cause, Registration};
use crate::tray::watcher::{self, RegisteredItems, WATCHER};
use futures_lite::StreamExt;
use session_bus as zbus;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use zbus::Address;
use zbus::address::transport::{Transport, UnixSocket};
use zbus::fdo::DBusProxy;

/// How often a connection to the session bus is tried where its socket can't be watched.
const BUS_RETRY: Duration = Duration::from_secs(60);

/// The minimum time between two attempts to connect to the session bus, and between two checks of a watcher that has
/// just disappeared.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// How often a tray host that does not respond is checked again, and how long [`status`] waits for one.
const NOT_RESPONDING_RETRY: Duration = Duration::from_secs(5);

/// Reports the status of the tray host, the same one more than once possibly, and keeps the icon registered. Never
/// returns.
pub async fn watch(report: impl Fn(TrayHostStatus), mut icon: watch::Receiver<IconPresence>) {
    loop {
        if let Err(error) = follow_watcher(&report, &mut icon).await {
            log::debug!("session bus: {error}");
        }
        report(TrayHostStatus::NoSessionBus);
        wait_for_session_bus().await;
    }
}

async fn wait_for_session_bus() {
    let (changed, mut changes) = debounce::channel();
    let folder = Address::session().ok().and_then(|address| socket_folder(&address));
    let mut watch = folder.and_then(|folder| FolderWatch::start(&[&folder], changed));
    loop {
        tokio::time::sleep(MIN_INTERVAL).await;
        // After the watch was set up: a bus that starts in between would be missed otherwise.
        if zbus::Connection::session().await.is_ok() {
            return;
        }
        match &mut watch {
            Some(watch) => {
                let _ = timeout(BUS_RETRY, changes.recv()).await;
                watch.rearm();
            }
            None => tokio::time::sleep(BUS_RETRY).await,
        }
    }
}

/// The folder with the socket of the bus. `None`: it has no path.
fn socket_folder(address: &Address) -> Option<PathBuf> {
    match address.transport() {
        Transport::Unix(unix) => match unix.path() {
            UnixSocket::File(path) => path.parent().map(Path::to_owned),
            _ => None,
        },
        _ => None,
    }
}

/// The status of the tray host now, for `doctor`.
pub async fn status() -> TrayHostStatus {
    let check = async {
        let connection = zbus::Connection::session().await?;
        let bus = DBusProxy::new(&connection).await?;
        zbus::Result::Ok(match watcher::is_running(&bus).await? {
            false => TrayHostStatus::Missing,
            true => match watcher::registered_items(&connection).await {
                RegisteredItems::List(_) | RegisteredItems::NotSupported => TrayHostStatus::Present,
                RegisteredItems::NotResponding => TrayHostStatus::NotResponding,
                RegisteredItems::NoWatcher => TrayHostStatus::Missing,
            },
        })
    };
    match timeout(NOT_RESPONDING_RETRY, check).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => {
            log::debug!("session bus: {error}");
            TrayHostStatus::NoSessionBus
        }
        Err(_) => TrayHostStatus::NoSessionBus,
    }
}

/// Follows the watcher until the bus is gone. Signals only cause a check: what counts is the state at the time of the
/// check, so that the order of signals does not matter.
async fn follow_watcher(
    report: &impl Fn(TrayHostStatus),
    icon: &mut watch::Receiver<IconPresence>,
) -> zbus::Result<()> {
    let connection = zbus::Connection::session().await?;
    let bus = DBusProxy::new(&connection).await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
    let mut removals = watcher::removals(&connection).await?;
    let mut registration = Registration::default();
    let mut cause = Cause::Start;
    loop {
        let is_running = watcher::is_running(&bus).await?;
        if is_running && matches!(cause, Cause::Start | Cause::WatcherChanged) {
            // Reported before the watcher has responded, which it mostly does: the icon is created in the meantime.
            report(TrayHostStatus::Present);
        }
        let presence = *icon.borrow_and_update();
        let items = match is_running {
            true => watcher::registered_items(&connection).await,
            false => RegisteredItems::NoWatcher,
        };
        let check_after = match &items {
            // It has disappeared since `is_running`.
            RegisteredItems::NoWatcher if is_running => Some(MIN_INTERVAL),
            RegisteredItems::NoWatcher => {
                report(TrayHostStatus::Missing);
                None
            }
            RegisteredItems::NotResponding => {
                registration.watcher_not_responding();
                report(TrayHostStatus::NotResponding);
                Some(NOT_RESPONDING_RETRY)
            }
            RegisteredItems::List(_) | RegisteredItems::NotSupported => {
                report(TrayHostStatus::Present);
                let result = registration.check(&connection, &bus, (cause, presence, &items)).await;
                if result.recreate {
                    report(TrayHostStatus::NotRegistered);
                    report(TrayHostStatus::Present);
                }
                result.check_after
            }
        };
        let timer = async {
            match check_after {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        cause = tokio::select! {
            change = owners.next() => {
                if change.is_none() {
                    return Ok(());
                }
                registration.watcher_changed(*icon.borrow());
                Cause::WatcherChanged
            }
            Some(()) = removals.next() => Cause::ItemRemoved,
            Ok(()) = icon.changed() => Cause::IconChanged,
            () = timer => Cause::Timer,
        };
    }
}
