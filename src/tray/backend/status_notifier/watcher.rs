//! D-Bus calls to the StatusNotifierWatcher, which keeps the list of tray icons.

use futures_lite::{Stream, StreamExt};
use std::time::Duration;
use tokio::time::timeout;
use zbus::message::Type;
use zbus::{Connection, MatchRule, Message, MessageStream, OwnedVariant};

/// The watcher's well-known name; its interface has the same name.
pub const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// A watcher that has not responded within this time is assumed to hang.
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
}

/// Reads the list of registered icons from the watcher with the bus name `watcher`. A ping would not show that a
/// watcher hangs: GLib responds to pings from its own thread while the panel's main thread is blocked.
pub async fn registered_items(connection: &Connection, watcher: &str) -> RegisteredItems {
    let property = (WATCHER, "RegisteredStatusNotifierItems");
    let message = match call(connection, watcher, PROPERTIES, "Get", &property).await {
        None => return RegisteredItems::NotResponding,
        Some(Err(_)) => return RegisteredItems::NotSupported,
        Some(Ok(message)) => message,
    };
    let value = message.body().deserialize::<OwnedVariant>().ok();
    value
        .and_then(|value| Vec::try_from(value).ok())
        .map_or(RegisteredItems::NotSupported, RegisteredItems::List)
}

/// A stream that yields `()` each time a watcher removes the icon with one of these bus names from its list.
///
/// # Errors
/// The bus is gone.
pub async fn removals(
    connection: &Connection,
    names: Vec<String>,
) -> zbus::Result<impl Stream<Item = ()> + Unpin> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(WATCHER)
        .path(WATCHER_PATH)
        .interface(WATCHER)
        .member("StatusNotifierItemUnregistered")
        .build()?;
    let signals = MessageStream::for_match_rule(rule, connection, None).await?;
    Ok(signals.filter_map(move |signal| {
        let signal = signal.ok()?;
        let body = signal.body();
        body.deserialize::<&str>().is_ok_and(|item| is_one_of(item, &names)).then_some(())
    }))
}

/// Registers the icon with the bus name `name`; a failure is logged. Returns whether the watcher has accepted it.
pub async fn register(connection: &Connection, watcher: &str, name: &str) -> bool {
    match call(connection, watcher, WATCHER, "RegisterStatusNotifierItem", &name).await {
        Some(Ok(_)) => return true,
        Some(Err(error)) => log::info!("could not register the icon: {error}"),
        None => log::info!("could not register the icon: the tray host does not respond"),
    }
    false
}

/// Whether a watcher's list has an icon with one of these bus names. Some watchers list an icon under the unique name
/// of its connection, and most add the path of the object.
pub fn contains(items: &[String], names: &[String]) -> bool {
    items.iter().any(|item| is_one_of(item, names))
}

fn is_one_of(item: &str, names: &[String]) -> bool {
    item.split(['/', '@']).any(|part| names.iter().any(|name| name == part))
}

/// The response to a call. `None`: it timed out.
async fn call<B: serde::Serialize + zbus::DynamicType>(
    connection: &Connection,
    watcher: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> Option<zbus::Result<Message>> {
    let response = connection.call_method(Some(watcher), WATCHER_PATH, Some(interface), method, body);
    timeout(CALL_TIMEOUT, response).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icon_is_found_under_either_name_with_or_without_path() {
        let names = ["org.kde.StatusNotifierItem-7-1".to_owned(), ":1.5".to_owned()];
        for item in [
            "org.kde.StatusNotifierItem-7-1",
            "org.kde.StatusNotifierItem-7-1/StatusNotifierItem",
            ":1.5/StatusNotifierItem",
            ":1.5@/StatusNotifierItem",
        ] {
            assert!(contains(&["other".into(), item.into()], &names), "{item}");
        }
        for item in ["org.kde.StatusNotifierItem-7-12", ":1.51/StatusNotifierItem", ""] {
            assert!(!contains(&[item.into()], &names), "{item}");
        }
    }
}
