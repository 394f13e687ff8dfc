//! Whether there is a session bus and a tray host, and waiting for a bus that is not there.

use crate::platform::debounce;
use crate::platform::folder_watch::FolderWatch;
use crate::presenter::tray_host::TrayHostStatus;
use crate::tray::backend::status_notifier::watcher::{self, RegisteredItems, WATCHER};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::timeout;
use zbus::Address;
use zbus::address::transport::{Transport, UnixSocket};
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

/// The time until a connection to the session bus is tried again, unless its socket changes before.
const BUS_RETRY: Duration = Duration::from_secs(60);

/// The minimum time between two attempts to connect to the session bus.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// How long [`tray_host_status`] waits.
const STATUS_TIMEOUT: Duration = Duration::from_secs(5);

/// Waits until a connection to the session bus is possible.
pub async fn wait() {
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
pub async fn tray_host_status() -> TrayHostStatus {
    let check = async {
        let connection = zbus::Connection::session().await?;
        let bus = DBusProxy::new(&connection).await?;
        let owner = match bus.get_name_owner(BusName::try_from(WATCHER)?).await {
            Ok(owner) => owner.to_string(),
            Err(zbus::fdo::Error::NameHasNoOwner(_)) => return Ok(TrayHostStatus::Missing),
            Err(error) => return Err(error.into()),
        };
        zbus::Result::Ok(match watcher::registered_items(&connection, &owner).await {
            RegisteredItems::List(_) | RegisteredItems::NotSupported => TrayHostStatus::Present,
            RegisteredItems::NotResponding => TrayHostStatus::NotResponding,
        })
    };
    match timeout(STATUS_TIMEOUT, check).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => {
            log::debug!("session bus: {error}");
            TrayHostStatus::NoSessionBus
        }
        Err(_) => TrayHostStatus::NoSessionBus,
    }
}
