//! Replies to the method calls of tray hosts.

use crate::platform::clock;
use crate::tray::backend::TrayEvent;
use crate::tray::backend::status_notifier::menu::{Filter, ItemEncoder};
use crate::tray::backend::status_notifier::state::{ItemState, SharedItem};
use crate::tray::backend::status_notifier::value::Value;
use crate::tray::backend::status_notifier::{introspection, item, menu};
use std::collections::HashMap;
use zbus::fdo::Error as FdoError;
use zbus::message::{Flags, Header, Type};
use zbus::{Connection, Message, OwnedVariant};

/// A method call, and where its reply goes.
struct Call<'a> {
    connection: &'a Connection,
    message: &'a Message,
    header: Header<'a>,
}

/// Replies to a message if it is a method call.
///
/// # Errors
/// The bus is gone.
pub async fn handle(connection: &Connection, item: &SharedItem, message: &Message) -> zbus::Result<()> {
    if message.message_type() != Type::MethodCall {
        return Ok(());
    }
    let call = Call { connection, message, header: message.header() };
    let path = call.header.path().map(ToString::to_string).unwrap_or_default();
    let interface = call.header.interface().map(ToString::to_string);
    let method = call.header.member().map(ToString::to_string).unwrap_or_default();
    let is_menu = match path.as_str() {
        "/" if method == "Introspect" => return call.reply(&introspection::ROOT).await,
        item::PATH => false,
        path if path == menu::PATH.as_str() => true,
        _ => return call.fail(FdoError::UnknownObject(format!("no object at {path}"))).await,
    };
    match (interface.as_deref(), method.as_str()) {
        (Some("org.freedesktop.DBus.Properties"), "Get") => call.property(item, is_menu).await,
        (Some("org.freedesktop.DBus.Properties"), "GetAll") => call.all_properties(item, is_menu).await,
        (Some("org.freedesktop.DBus.Introspectable"), "Introspect") => {
            call.reply(&if is_menu { introspection::MENU } else { introspection::ITEM }).await
        }
        (Some("org.freedesktop.DBus.Peer"), "Ping") => call.reply(&()).await,
        (Some(item::INTERFACE) | None, method) if !is_menu => call.item_method(item, method).await,
        (Some(menu::INTERFACE) | None, method) if is_menu => call.menu_method(item, method).await,
        _ => call.unknown_method(&method).await,
    }
}

impl Call<'_> {
    async fn item_method(&self, item: &SharedItem, method: &str) -> zbus::Result<()> {
        match method {
            "SecondaryActivate" | "XAyatanaSecondaryActivate" => {
                item.report(TrayEvent::SecondaryActivated);
                self.reply(&()).await
            }
            // Plasma 5.27 calls `Activate` on a left click although `ItemIsMenu` is true, and opens the menu if the call
            // fails. lxqt-panel 1.2 and mate-panel 1.27 also call it, and ignore the reply. swaybar 1.7 calls `ContextMenu`.
            "Activate" | "ContextMenu" => {
                item.activations.send_modify(|count| *count += 1);
                self.unknown_method(method).await
            }
            // There is nothing to scroll, and no window to raise.
            "Scroll" | "ProvideXdgActivationToken" => self.reply(&()).await,
            _ => self.unknown_method(method).await,
        }
    }

    async fn menu_method(&self, item: &SharedItem, method: &str) -> zbus::Result<()> {
        match method {
            "GetLayout" => self.layout(item).await,
            "GetGroupProperties" => self.group_properties(item).await,
            "GetProperty" => self.item_property(item).await,
            "Event" => {
                type Event = (i32, String, OwnedVariant, u32);
                let Some((id, event, ..)) = self.arguments::<Event>().await? else { return Ok(()) };
                match report_event(item, id, &event) {
                    true => self.reply(&()).await,
                    false => self.no_item(id).await,
                }
            }
            "EventGroup" => {
                type Events = Vec<(i32, String, OwnedVariant, u32)>;
                let Some(events) = self.arguments::<Events>().await? else { return Ok(()) };
                let failed = events.iter().filter(|(id, event, ..)| !report_event(item, *id, event));
                self.reply(&failed.map(|(id, ..)| *id).collect::<Vec<_>>()).await
            }
            "AboutToShow" => {
                let Some(id) = self.arguments::<i32>().await? else { return Ok(()) };
                self.refresh_menu(item).await?;
                let exists = item.lock().menu.find(id).is_some();
                match exists {
                    // The signals have been emitted already. With `true`, libdbusmenu would read the whole menu again.
                    true => self.reply(&false).await,
                    false => self.no_item(id).await,
                }
            }
            "AboutToShowGroup" => {
                let Some(ids) = self.arguments::<Vec<i32>>().await? else { return Ok(()) };
                self.refresh_menu(item).await?;
                let missing = ids.into_iter().filter(|id| item.lock().menu.find(*id).is_none());
                let missing: Vec<i32> = missing.collect();
                self.reply(&(Vec::<i32>::new(), missing)).await
            }
            _ => self.unknown_method(method).await,
        }
    }

    async fn layout(&self, item: &SharedItem) -> zbus::Result<()> {
        let Some((parent, depth, names)) = self.arguments::<(i32, i32, Vec<String>)>().await? else {
            return Ok(());
        };
        let reply = {
            let state = item.lock();
            let filter = Filter { names };
            let ItemState { menu, palette, .. } = &*state;
            let node = menu.find(parent);
            node.map(|node| (menu.revision, ItemEncoder::new(*palette, &filter).layout(node, depth)))
        };
        match reply {
            Some(reply) => self.reply(&reply).await,
            None => self.no_item(parent).await,
        }
    }

    async fn group_properties(&self, item: &SharedItem) -> zbus::Result<()> {
        let Some((ids, names)) = self.arguments::<(Vec<i32>, Vec<String>)>().await? else { return Ok(()) };
        let reply = {
            let state = item.lock();
            let filter = Filter { names };
            let mut encoder = ItemEncoder::new(state.palette, &filter);
            // No ids mean all items.
            let ids = if ids.is_empty() { state.menu.ids() } else { ids };
            let nodes = ids.into_iter().filter_map(|id| state.menu.find(id));
            nodes.map(|node| (node.id, encoder.properties(node))).collect::<Vec<_>>()
        };
        self.reply(&reply).await
    }

    async fn item_property(&self, item: &SharedItem) -> zbus::Result<()> {
        let Some((id, name)) = self.arguments::<(i32, String)>().await? else { return Ok(()) };
        let value = {
            let state = item.lock();
            let filter = Filter { names: vec![name.clone()] };
            let node = state.menu.find(id);
            node.and_then(|node| ItemEncoder::new(state.palette, &filter).properties(node).remove(&*name))
        };
        match value {
            Some(value) => self.reply(&value).await,
            None => self.fail(FdoError::InvalidArgs(format!("item {id} has no property {name}"))).await,
        }
    }

    /// Builds the menu again before it is opened, so that its countdowns are right.
    async fn refresh_menu(&self, item: &SharedItem) -> zbus::Result<()> {
        item.openings.send_modify(|count| *count += 1);
        let signal = {
            let mut state = item.lock();
            let change = state.refresh_menu(clock::now());
            menu::signal(&state.menu, &change, state.palette)
        };
        match signal {
            Some(signal) => menu::emit(self.connection, &signal).await,
            None => Ok(()),
        }
    }

    async fn property(&self, item: &SharedItem, is_menu: bool) -> zbus::Result<()> {
        let Some((_, name)) = self.arguments::<(String, String)>().await? else { return Ok(()) };
        let value = if is_menu { menu::property(&name) } else { item.lock().property(&name) };
        match value {
            Some(value) => self.reply(&value).await,
            None => self.fail(FdoError::UnknownProperty(format!("no property {name}"))).await,
        }
    }

    async fn all_properties(&self, item: &SharedItem, is_menu: bool) -> zbus::Result<()> {
        let properties: HashMap<&str, Value> = if is_menu {
            menu::PROPERTIES.into_iter().filter_map(|name| Some((name, menu::property(name)?))).collect()
        } else {
            let state = item.lock();
            item::PROPERTIES.into_iter().filter_map(|name| Some((name, state.property(name)?))).collect()
        };
        self.reply(&properties).await
    }

    /// The arguments of the call. `None`: they have other types, and the call was replied to with an error.
    async fn arguments<T>(&self) -> zbus::Result<Option<T>>
    where
        T: serde::de::DeserializeOwned + zbus::Type,
    {
        match self.message.body().deserialize::<T>() {
            Ok(arguments) => Ok(Some(arguments)),
            Err(error) => {
                self.fail(FdoError::InvalidArgs(error.to_string())).await?;
                Ok(None)
            }
        }
    }

    async fn reply<B: serde::Serialize + zbus::DynamicType>(&self, body: &B) -> zbus::Result<()> {
        match self.expects_reply() {
            true => self.connection.reply(&self.header, body).await,
            false => Ok(()),
        }
    }

    async fn fail(&self, error: FdoError) -> zbus::Result<()> {
        match self.expects_reply() {
            true => self.connection.reply_dbus_error(&self.header, error).await,
            false => Ok(()),
        }
    }

    fn expects_reply(&self) -> bool {
        !self.header.primary().flags().contains(Flags::NO_REPLY_EXPECTED)
    }

    async fn unknown_method(&self, method: &str) -> zbus::Result<()> {
        self.fail(FdoError::UnknownMethod(format!("no method {method}"))).await
    }

    async fn no_item(&self, id: i32) -> zbus::Result<()> {
        self.fail(FdoError::InvalidArgs(format!("the menu has no item {id}"))).await
    }
}

/// Reports an event of an item if it is a click. Returns whether there is an item with this id.
fn report_event(item: &SharedItem, id: i32, event: &str) -> bool {
    // Not while the lock is held: the handler may change the content.
    let Some(action) = item.lock().menu.action(id) else { return false };
    if let Some(action) = action.filter(|_| event == "clicked") {
        item.report(TrayEvent::Clicked(action));
    }
    true
}
