//! Linux and BSD: D-Bus calls to the StatusNotifierWatcher, which keeps the list of tray icons, and to this program's
//! own icon.

use futures_lite::{Stream, StreamExt};
use session_bus as zbus;
use std::time::Duration;
use tokio::time::timeout;
use zbus::fdo::DBusProxy;
use zbus::message::Type;
use zbus::names::BusName;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, MatchRule, Message, MessageStream};

/// The watcher's well-known name; its interface has the same name.
pub const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const ITEM_PATH: &str = "/StatusNotifierItem";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Watchers and icons respond at once, or hang.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// The watcher's list of registered icons.
#[derive(Debug)]
pub enum RegisteredItems {
    /// The names of the icons.
    List(Vec<String>),
    /// The watcher responds, but has no such list.
    NotSupported,
    /// The watcher does not respond.
    NotResponding,
    /// There is no watcher.
    NoWatcher,
}

/// Reads the list of registered icons. A ping would not show that a watcher hangs: GLib responds to pings from
/// its own thread while the panel's main thread is blocked.
pub async fn registered_items(connection: &Connection) -> RegisteredItems {
    let property = (WATCHER, "RegisteredStatusNotifierItems");
    let message = match call(connection, WATCHER, WATCHER_PATH, PROPERTIES, "Get", &property).await {
        None => return RegisteredItems::NotResponding,
        Some(Err(zbus::Error::MethodError(name, ..))) if has_no_owner(&name) => {
            return RegisteredItems::NoWatcher;
        }
        Some(Err(_)) => return RegisteredItems::NotSupported,
        Some(Ok(message)) => message,
    };
    let value = message.body().deserialize::<OwnedValue>().ok();
    value
        .and_then(|value| Vec::try_from(value).ok())
        .map_or(RegisteredItems::NotSupported, RegisteredItems::List)
}

/// Whether a bus error says that a name has no owner, or that its owner has just left.
fn has_no_owner(error: &str) -> bool {
    let kind = error.strip_prefix("org.freedesktop.DBus.Error.");
    matches!(kind, Some("ServiceUnknown" | "NameHasNoOwner" | "NoReply"))
}

/// Whether the watcher's name has an owner.
///
/// # Errors
/// The bus is gone.
pub async fn is_running(bus: &DBusProxy<'_>) -> zbus::Result<bool> {
    Ok(bus.name_has_owner(BusName::try_from(WATCHER)?).await?)
}

/// One item each time the watcher removes an icon of this program from its list.
///
/// # Errors
/// The bus is gone.
pub async fn removals(connection: &Connection) -> zbus::Result<impl Stream<Item = ()> + Unpin> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .path(WATCHER_PATH)?
        .interface(WATCHER)?
        .member("StatusNotifierItemUnregistered")?
        .build();
    let signals = MessageStream::for_match_rule(rule, connection, None).await?;
    Ok(signals.filter_map(|signal| may_be_own(&signal.ok()?).then_some(())))
}

/// A watcher may name an icon by its connection only, which does not show whose icon it is.
fn may_be_own(signal: &Message) -> bool {
    let body = signal.body();
    body.deserialize::<&str>().is_ok_and(|item| item.starts_with(':') || item.contains(&own_prefix()))
}

fn own_prefix() -> String {
    format!("org.kde.StatusNotifierItem-{}-", std::process::id())
}

/// The name of this program's icon. The library numbers its icons; the highest number is the current one. `None`: no
/// icon of this program has a name.
pub async fn own_item(bus: &DBusProxy<'_>) -> Option<String> {
    let (names, prefix) = (bus.list_names().await.ok()?, own_prefix());
    let number = |name: &str| name.strip_prefix(&prefix)?.parse::<u64>().ok();
    let last = names.iter().filter_map(|name| number(name)).max()?;
    Some(format!("{prefix}{last}"))
}

/// Whether the icon `name` responds. The library does not while it waits for a watcher.
pub async fn item_responds(connection: &Connection, name: &str) -> bool {
    call(connection, name, ITEM_PATH, PROPERTIES, "Get", &(ITEM, "Id")).await.is_some()
}

/// Registers the icon `name`; a failure is logged. Returns whether the watcher has accepted it.
pub async fn register(connection: &Connection, name: &str) -> bool {
    let method = "RegisterStatusNotifierItem";
    match call(connection, WATCHER, WATCHER_PATH, WATCHER, method, &name).await {
        Some(Ok(_)) => return true,
        Some(Err(error)) => log::info!("could not register the icon: {error}"),
        None => log::info!("could not register the icon: the tray host does not respond"),
    }
    false
}

/// Whether the icon `name` is in the list, under its own name or, with some watchers, under that of its connection.
pub async fn contains(items: &[String], name: &str, bus: &DBusProxy<'_>) -> bool {
    let has = |wanted: &str| items.iter().flat_map(|item| item.split(['/', '@'])).any(|part| part == wanted);
    if has(name) {
        return true;
    }
    let Ok(bus_name) = BusName::try_from(name) else { return false };
    bus.get_name_owner(bus_name).await.is_ok_and(|owner| has(&owner))
}

/// The response to a call. `None`: it timed out.
async fn call<B: serde::Serialize + zbus::zvariant::DynamicType>(
    connection: &Connection,
    destination: &str,
    path: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> Option<zbus::Result<Message>> {
    let response = connection.call_method(Some(destination), path, Some(interface), method, body);
    timeout(CALL_TIMEOUT, response).await.ok()
}
