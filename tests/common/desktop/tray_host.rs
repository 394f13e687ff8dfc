//! A simulated tray host: a panel that takes registrations, reads menus and clicks in them.
//!
//! It behaves as panels do: it serves `org.kde.StatusNotifierWatcher`, learns of changes by signals
//! alone, and reads again only when one arrives. A change that the program does not signal is
//! therefore a change this host never sees, and the test that waits for it fails.

use std::sync::{Arc, mpsc};
use std::time::Instant;

use futures_util::StreamExt;
use zbus::message::{Message, Type};
use zbus::object_server::SignalEmitter;
use zbus::{Connection, MessageStream, OwnedObjectPath, OwnedVariant, Variant};

use super::super::wait::{TIMEOUT, Watched, deadline};
use super::background::Background;
use super::bus::PrivateBus;
use super::icon::Icon;
use super::menu::{Layout, Menu, MenuItem};
use super::watcher::{Heard, Hold, HostSignal, TrayItem, Watcher};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const DBUS: &str = "org.freedesktop.DBus";

/// The tray host of a fixture. It is running from the start, and can be stopped and started again.
pub struct TrayHost {
    heard: Arc<Watched<Heard>>,
    hold: Arc<Hold>,
    running: Option<Running>,
}

struct Running {
    connection: Connection,
    _listener: Background,
}

impl TrayHost {
    /// A host on `bus`, ready for registrations once this returns.
    pub fn start(bus: &PrivateBus) -> Self {
        let mut host = Self { heard: Arc::default(), hold: Arc::default(), running: None };
        host.start_again(bus);
        host
    }

    /// Starts again after [`stop`](Self::stop), as a restarted panel: no icon is registered.
    pub fn start_again(&mut self, bus: &PrivateBus) {
        assert!(self.running.is_none(), "the tray host is running already");
        let (ready, connected) = mpsc::channel();
        let (heard, hold) = (Arc::clone(&self.heard), Arc::clone(&self.hold));
        let client = bus.client();
        let listener = Background::spawn("tray-host", move || async move {
            let watcher = Watcher { heard: Arc::clone(&heard), hold };
            let connection = client
                .serve_at("/StatusNotifierWatcher", watcher)
                .build()
                .await
                .expect("the tray host could not connect");
            let mut messages = MessageStream::from(&connection);
            for rule in [
                format!("type='signal',interface='{MENU}'"),
                format!("type='signal',interface='{ITEM}'"),
                format!("type='signal',sender='{DBUS}',member='NameOwnerChanged'"),
            ] {
                connection
                    .call_method(Some(DBUS), "/org/freedesktop/DBus", Some(DBUS), "AddMatch", &rule)
                    .await
                    .expect("the tray host could not listen");
            }
            // Only now, so that no signal of an icon that registers is missed.
            connection.request_name(WATCHER).await.expect("there is a tray host already");
            ready.send(connection).ok();
            while let Some(Ok(message)) = messages.next().await {
                if message.message_type() == Type::Signal {
                    heard.change(|heard| heard.hear(&message));
                }
            }
        });
        self.running = Some(Running {
            connection: connected.recv().expect("the tray host did not start"),
            _listener: listener,
        });
    }

    /// Stops, as a panel that crashes. Registrations are lost.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            futures_lite::future::block_on(async {
                // The name first: the bus may detect a closed socket only after the next host has
                // requested the name. An error means that the bus itself is gone.
                running.connection.release_name(WATCHER).await.ok();
                running.connection.close().await.ok();
            });
        }
        self.heard.change(|heard| heard.forget_items());
    }

    /// A panel that crashes and is restarted.
    pub fn restart(&mut self, bus: &PrivateBus) {
        self.stop();
        self.start_again(bus);
    }

    /// As if this host started just after the next icon tries to register: the bus replies that there is no host.
    pub fn overlook_next(&self) {
        self.heard.change(|heard| heard.overlooks_next = true);
    }

    /// Removes all icons from the list, and emits the signal for each.
    pub fn forget_icons(&self) {
        let running = self.running.as_ref().expect("the tray host runs");
        let emitter = SignalEmitter::new(&running.connection, "/StatusNotifierWatcher").expect("a path");
        let forgotten = self.heard.change(|heard| {
            let items = heard.items.clone();
            heard.forget_items();
            items
        });
        for item in forgotten {
            let sent = Watcher::status_notifier_item_unregistered(&emitter, &item.service);
            futures_lite::future::block_on(sent).expect("the bus is there");
        }
    }

    /// Says many times that it has dropped the icon, which it lists all the same.
    pub fn signal_removals(&self, count: usize) {
        let running = self.running.as_ref().expect("the tray host runs");
        let emitter = SignalEmitter::new(&running.connection, "/StatusNotifierWatcher").expect("a path");
        let item = self.item().expect("an icon");
        for _ in 0..count {
            let signal = Watcher::status_notifier_item_unregistered(&emitter, &item.service);
            futures_lite::future::block_on(signal).expect("the bus is there");
        }
    }

    /// Lists icons by the names of their connections, as some watchers do.
    pub fn list_unique_names(&self) {
        self.heard.change(|heard| heard.lists_unique_names = true);
    }

    /// As a busy host: a registration waits for [`let_register`](Self::let_register).
    pub fn hold_registrations(&self) {
        self.hold.registrations.forget_permits(1);
    }

    pub fn let_register(&self) {
        self.hold.registrations.add_permits(1);
    }

    /// As a busy host: reading the list of icons waits for [`let_list`](Self::let_list).
    pub fn hold_list(&self) {
        self.hold.list.forget_permits(1);
    }

    pub fn let_list(&self) {
        self.hold.list.add_permits(1);
    }

    /// Waits until the list of icons has been read.
    #[track_caller]
    pub fn wait_until_asked_for_list(&self) {
        self.heard.expect(
            |heard| (heard.list_reads > 0).then_some(()),
            |_| "the list of icons was not read".to_owned(),
        );
    }

    /// How many times an icon has registered over the whole fixture, with restarts of the host.
    pub fn registrations(&self) -> usize {
        self.registered().len()
    }

    /// The names under which they have.
    pub fn registered(&self) -> Vec<String> {
        self.heard.look(|heard| heard.registered.clone())
    }

    /// Waits until there is no icon, since its program ended.
    #[track_caller]
    pub fn wait_until_empty(&self) {
        self.heard.expect(
            |heard| heard.items.is_empty().then_some(()),
            |heard| format!("an icon is still there: {:?}", heard.items),
        );
    }

    /// All signals so far. Keep the length to check only later ones.
    pub fn signals(&self) -> Vec<HostSignal> {
        self.heard.look(|heard| heard.signals.clone())
    }

    /// The menu as soon as there is an icon with one.
    #[track_caller]
    pub fn menu(&self) -> Menu {
        self.menu_until(|_| true)
    }

    /// The first menu that is as `wanted`, read at once and again after each signal.
    #[track_caller]
    pub fn menu_until(&self, wanted: impl Fn(&Menu) -> bool) -> Menu {
        self.until("menu", |heard| heard.menu_events, |item| self.read_menu(item), wanted, Menu::to_string)
    }

    /// The icon as soon as one has registered.
    #[track_caller]
    pub fn icon(&self) -> Icon {
        self.icon_until(|_| true)
    }

    /// The first icon that is as `wanted`, read at once and again after each signal.
    #[track_caller]
    pub fn icon_until(&self, wanted: impl Fn(&Icon) -> bool) -> Icon {
        self.until(
            "icon",
            |heard| heard.icon_events,
            |item| self.read_icon(item),
            wanted,
            |icon| format!("{icon:#?}"),
        )
    }

    /// Opens the menu and clicks the item with `part` in its label, as soon as there is one that is
    /// enabled.
    #[track_caller]
    pub fn click(&self, part: &str) {
        let deadline = deadline();
        loop {
            let clickable = |menu: &Menu| menu.find(part).is_some_and(|item| item.enabled);
            let menu = self.menu_until(clickable);
            match self.send_click(menu.item(part)) {
                Ok(()) => return,
                // The layout changed between reading the menu and the click: read it again.
                Err(zbus::Error::FDO(error))
                    if matches!(*error, zbus::fdo::Error::InvalidArgs(_)) && Instant::now() < deadline => {}
                Err(error) => panic!("could not click {part:?}: {error}\n{menu}"),
            }
        }
    }

    /// One click on an item of a menu read before. The item may be disabled or removed by now.
    pub fn send_click(&self, item: &MenuItem) -> zbus::Result<()> {
        let tray_item = self.item().ok_or_else(no_item)?;
        let click = (item.id, "clicked", Variant::I32(0), 0_u32);
        let menu = self.menu_path(&tray_item)?;
        match self.call(&tray_item, &menu, MENU, "Event", &click) {
            Ok(_) => Ok(()),
            // "Quit" may end the program before it has replied.
            Err(zbus::Error::FDO(error)) if matches!(*error, zbus::fdo::Error::NoReply(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Says that the menu is about to be opened, as a host does at a click.
    pub fn about_to_show(&self) -> zbus::Result<bool> {
        let item = self.item().ok_or_else(no_item)?;
        let menu = self.menu_path(&item)?;
        self.call(&item, &menu, MENU, "AboutToShow", &0_i32)?.body().deserialize()
    }

    /// A call of a method of the icon with a position on the screen, such as `Activate`.
    pub fn click_icon(&self, method: &str) -> zbus::Result<()> {
        let item = self.item().ok_or_else(no_item)?;
        self.call(&item, &item.path, ITEM, method, &(10_i32, 20_i32)).map(drop)
    }

    #[track_caller]
    fn until<T>(
        &self,
        what: &str,
        events: fn(&Heard) -> usize,
        read: impl Fn(&TrayItem) -> zbus::Result<T>,
        wanted: impl Fn(&T) -> bool,
        print: impl Fn(&T) -> String,
    ) -> T {
        let deadline = deadline();
        loop {
            let seen = self.heard.look(events);
            let last = match self.item().ok_or_else(no_item).and_then(|item| read(&item)) {
                Ok(found) if wanted(&found) => return found,
                Ok(other) => print(&other),
                // The program may just be ending or starting.
                Err(error) => error.to_string(),
            };
            let changed = |heard: &Heard| (events(heard) != seen).then_some(());
            if self.heard.wait(deadline, changed).is_none() {
                let signals = self.signals();
                let latest = &signals[signals.len().saturating_sub(5)..];
                panic!(
                    "the {what} did not become as wanted within {TIMEOUT:?}; last seen:\n{last}\n\
                     last signals: {latest:#?}"
                );
            }
        }
    }

    /// The icon that registered last.
    fn item(&self) -> Option<TrayItem> {
        self.heard.look(|heard| heard.items.last().cloned())
    }

    fn read_menu(&self, item: &TrayItem) -> zbus::Result<Menu> {
        let everything = (0_i32, -1_i32, Vec::<String>::new());
        let menu = self.menu_path(item)?;
        let reply = self.call(item, &menu, MENU, "GetLayout", &everything)?;
        let (revision, layout): (u32, Layout) = reply.body().deserialize()?;
        Menu::from_layout(revision, layout)
    }

    fn read_icon(&self, item: &TrayItem) -> zbus::Result<Icon> {
        let properties = self.call(item, &item.path, PROPERTIES, "GetAll", &ITEM)?;
        Icon::from_properties(properties.body().deserialize()?)
    }

    /// The object path of the icon's menu.
    fn menu_path(&self, item: &TrayItem) -> zbus::Result<OwnedObjectPath> {
        let reply = self.call(item, &item.path, PROPERTIES, "Get", &(ITEM, "Menu"))?;
        let path: OwnedVariant = reply.body().deserialize()?;
        path.try_into()
    }

    fn call<B>(
        &self,
        item: &TrayItem,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> zbus::Result<Message>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let running = self.running.as_ref().ok_or_else(no_item)?;
        futures_lite::future::block_on(running.connection.call_method(
            Some(item.service.as_str()),
            path,
            Some(interface),
            method,
            body,
        ))
    }
}

fn no_item() -> zbus::Error {
    zbus::Error::Failure("no icon has registered".to_owned())
}
