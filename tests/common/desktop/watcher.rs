//! `org.kde.StatusNotifierWatcher` of the simulated tray host, with which icons register, and the
//! signals that icons emit.

use std::collections::HashMap;
use std::mem::take;
use std::sync::Arc;

use tokio::sync::Semaphore;
use zbus::message::{Header, Message};
use zbus::object_server::SignalEmitter;
use zbus::{OwnedVariant, fdo, interface};

use super::super::wait::Watched;

/// What the host has received from icons: registrations and signals.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The icons there are, in the order in which they registered.
    pub items: Vec<TrayItem>,
    /// The names of the icons that have registered; registering again does not count.
    pub registered: Vec<String>,
    /// Whether the next icon that registers gets the error that there is no host.
    pub overlooks_next: bool,
    /// Whether icons are listed by the names of their connections.
    pub lists_unique_names: bool,
    /// How often that list was read.
    pub list_reads: usize,
    pub signals: Vec<HostSignal>,
    /// How often something came after which a panel reads the menu again.
    pub menu_events: usize,
    /// The same for the icon.
    pub icon_events: usize,
}

/// Where an icon is served.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TrayItem {
    /// The bus name that it registered; calls go there.
    pub service: String,
    pub path: String,
    /// The unique name of the connection behind it; gone with the program.
    owner: String,
}

/// A signal of the program to the tray host.
#[derive(Clone, Debug, PartialEq)]
pub enum HostSignal {
    /// The layout changed: a panel reads the whole menu again, and an open menu may close.
    LayoutUpdated { revision: u32, parent: i32 },
    /// Only properties changed; their names, by item. An open menu stays open.
    ItemsPropertiesUpdated {
        updated: Vec<(i32, Vec<String>)>,
        /// Back to their defaults, e.g. `enabled` of an item that was greyed.
        removed: Vec<(i32, Vec<String>)>,
    },
    /// `NewIcon`, `NewToolTip`, `NewTitle`, `NewStatus` or another one of the icon's, by name.
    Icon(String),
}

impl Heard {
    pub(super) fn forget_items(&mut self) {
        self.items.clear();
        self.menu_events += 1;
        self.icon_events += 1;
    }

    /// One that is known is nothing new, as for Plasma's watcher.
    fn register(&mut self, item: TrayItem) {
        if self.items.contains(&item) {
            return;
        }
        self.items.retain(|known| known.service != item.service);
        self.registered.push(item.service.clone());
        self.items.push(item);
        self.menu_events += 1;
        self.icon_events += 1;
    }

    /// Takes in a signal; one that is not understood is a mistake of the program and ends the host.
    pub(super) fn hear(&mut self, signal: &Message) {
        let header = signal.header();
        let member = header.member().map_or("", |member| member.as_str());
        let interface = header.interface().map_or("", |name| name.as_str());
        match (interface, member) {
            ("org.freedesktop.DBus", "NameOwnerChanged") => {
                let body = signal.body();
                let (name, _old, new): (&str, &str, &str) =
                    body.deserialize().expect("not a NameOwnerChanged");
                let before = self.items.len();
                if new.is_empty() {
                    self.items.retain(|item| item.owner != name);
                }
                if self.items.len() != before {
                    self.menu_events += 1;
                    self.icon_events += 1;
                }
            }
            ("org.kde.StatusNotifierItem", member) => {
                self.signals.push(HostSignal::Icon(member.to_owned()));
                self.icon_events += 1;
            }
            ("com.canonical.dbusmenu", "LayoutUpdated") => {
                let (revision, parent) = signal.body().deserialize().expect("not a LayoutUpdated");
                self.signals.push(HostSignal::LayoutUpdated { revision, parent });
                self.menu_events += 1;
            }
            ("com.canonical.dbusmenu", "ItemsPropertiesUpdated") => {
                type Updated = Vec<(i32, HashMap<String, OwnedVariant>)>;
                let (updated, removed): (Updated, _) =
                    signal.body().deserialize().expect("not an ItemsPropertiesUpdated");
                self.signals.push(HostSignal::ItemsPropertiesUpdated {
                    updated: updated
                        .into_iter()
                        .map(|(id, properties)| {
                            let mut names: Vec<_> = properties.into_keys().collect();
                            names.sort();
                            (id, names)
                        })
                        .collect(),
                    removed,
                });
                self.menu_events += 1;
            }
            _ => {}
        }
    }
}

/// The object at `/StatusNotifierWatcher`.
pub(super) struct Watcher {
    pub heard: Arc<Watched<Heard>>,
    pub hold: Arc<Hold>,
}

/// What is not answered while no other permit is there.
#[derive(Debug)]
pub(super) struct Hold {
    pub registrations: Semaphore,
    pub list: Semaphore,
}

impl Default for Hold {
    fn default() -> Self {
        Self { registrations: Semaphore::new(1), list: Semaphore::new(1) }
    }
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    /// `service` is a bus name, or with Ayatana's library the path of the item at the sender.
    async fn register_status_notifier_item(
        &self,
        service: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<()> {
        let _permit = self.hold.registrations.acquire().await;
        if self.heard.change(|heard| take(&mut heard.overlooks_next)) {
            return Err(fdo::Error::ServiceUnknown("as if the host had come just after".to_owned()));
        }
        let sender = header.sender().expect("the bus names each sender").to_string();
        let item = if service.starts_with('/') {
            TrayItem { service: sender.clone(), path: service.clone(), owner: sender }
        } else {
            // Whoever registers it, it is there for as long as its name is, and not at all without.
            let (bus, path) = ("org.freedesktop.DBus", "/org/freedesktop/DBus");
            let asked =
                emitter.connection().call_method(Some(bus), path, Some(bus), "GetNameOwner", &service);
            let Ok(answer) = asked.await else { return Ok(()) };
            let owner = answer.body().deserialize::<String>()?;
            TrayItem { service: service.clone(), path: "/StatusNotifierItem".to_owned(), owner }
        };
        self.heard.change(|heard| heard.register(item));
        Ok(Self::status_notifier_item_registered(&emitter, &service).await?)
    }

    fn register_status_notifier_host(&self, _service: String) {}

    #[zbus(property)]
    async fn registered_status_notifier_items(&self) -> Vec<String> {
        self.heard.change(|heard| heard.list_reads += 1);
        let _permit = self.hold.list.acquire().await;
        self.heard.look(|heard| {
            let name = |item: &TrayItem| match heard.lists_unique_names {
                true => format!("{}{}", item.owner, item.path),
                false => item.service.clone(),
            };
            heard.items.iter().map(name).collect()
        })
    }

    /// Always true, as in Plasma and in GNOME's extension.
    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(signal)]
    pub(super) async fn status_notifier_item_unregistered(
        emitter: &SignalEmitter<'_>,
        service: &str,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn status_notifier_item_registered(emitter: &SignalEmitter<'_>, service: &str) -> zbus::Result<()>;
}
