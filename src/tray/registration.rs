//! Linux and BSD: is the icon registered with the watcher, and what if it is not?
//!
//! The library registers an icon when it creates it, and when a watcher comes. It misses a watcher that comes just
//! between the two, and ends with an error where a watcher leaves without an answer. So what counts here is what the
//! watcher lists, whatever happened before; once the icon is listed, nothing is left to be done, and no timer runs.

use crate::tray::handle::{IconPresence, Phase};
use futures_lite::{Stream, StreamExt};
use session_bus as zbus;
use std::time::Duration;
use tokio::time::timeout;
use zbus::fdo::DBusProxy;
use zbus::message::Type;
use zbus::names::BusName;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, MatchRule, Message, MessageStream};

/// The name by which icons find the watcher; its interface has the same.
pub const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// A watcher, or an icon, answers at once or hangs.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The library has this long to register an icon by itself. Each further attempt waits twice as long.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const MAX_RETRY: Duration = Duration::from_secs(300);

/// An icon that does not answer is given up after this many attempts to register it: it may be waiting for a watcher
/// that is busy.
const MAX_SILENT: u32 = 2;

/// Why the watcher is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// It is looked at for the first time.
    Start,
    /// It has come, gone, or been replaced.
    Owner,
    /// It has dropped an icon of this program.
    Removed,
    /// The icon has been created, or could not be, or is gone.
    Icon,
    /// It was to be looked at again.
    Timer,
}

/// What the watcher says of the icons that are registered with it.
#[derive(Debug)]
pub enum List {
    /// Their names.
    Items(Vec<String>),
    /// It answers, and has no such list.
    Missing,
    /// It does not answer.
    Silent,
    /// There is no watcher.
    NoWatcher,
}

/// What is to be done about the icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Nothing, until something changes.
    Rest,
    /// Look again after a while.
    Wait,
    /// Register it.
    Register,
    /// Create another one.
    Recreate,
}

/// What comes of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Whether another icon is to be created.
    pub recreate: bool,
    /// When to look again although nothing has changed. `None`: not at all.
    pub again: Option<Duration>,
}

/// How registering the icon goes.
#[derive(Debug, Default)]
pub struct Registration {
    /// Attempts since it was registered last, or the watcher was replaced.
    attempts: u32,
    /// The watcher did not answer when it was looked at.
    silent: bool,
    /// The icon, or the attempt to create it, that called a watcher which hung and is gone: its call may never be
    /// answered.
    lost: Option<u64>,
    /// The icon that was registered with a watcher that has no list to look it up in.
    unlisted: Option<u64>,
}

impl Registration {
    /// The watcher has come, gone, or been replaced.
    pub fn owner_changed(&mut self, icon: IconPresence) {
        let waits = icon.phase == Phase::Creating || (icon.phase == Phase::Created && self.silent);
        *self = Registration { lost: waits.then_some(icon.attempt).or(self.lost), ..Registration::default() };
    }

    /// The watcher does not answer.
    pub fn watcher_is_silent(&mut self) {
        self.silent = true;
    }

    /// Sees to it that the icon is registered with a watcher that answers.
    pub async fn look(
        &mut self,
        connection: &Connection,
        bus: &DBusProxy<'_>,
        (wake, icon, list): (Wake, IconPresence, &List),
    ) -> Outcome {
        self.silent = false;
        let listed = icon.phase == Phase::Created && self.is_listed(bus, icon, list).await;
        match step(wake, icon.phase, listed, self.lost == Some(icon.attempt)) {
            Step::Rest => {
                self.attempts = 0;
                Outcome { recreate: false, again: None }
            }
            Step::Wait => Outcome { recreate: false, again: Some(retry_after(self.attempts)) },
            Step::Register => self.register(connection, bus, icon).await,
            Step::Recreate => self.retry(true),
        }
    }

    async fn is_listed(&self, bus: &DBusProxy<'_>, icon: IconPresence, list: &List) -> bool {
        let Some(name) = own_item(bus).await else {
            // In Flatpak and Snap the library uses its connection's name, which is not known here.
            return true;
        };
        match list {
            List::Items(items) => is_among(items, &name, bus).await,
            List::Missing => self.unlisted == Some(icon.attempt),
            List::Silent | List::NoWatcher => false,
        }
    }

    async fn register(
        &mut self,
        connection: &Connection,
        bus: &DBusProxy<'_>,
        icon: IconPresence,
    ) -> Outcome {
        let Some(name) = own_item(bus).await else { return self.retry(false) };
        let id = (ITEM, "Id");
        if call(connection, &name, "/StatusNotifierItem", PROPERTIES, "Get", &id).await.is_none() {
            // The library waits for a watcher meanwhile.
            return self.retry(self.lost == Some(icon.attempt) || self.attempts >= MAX_SILENT);
        }
        let registered =
            call(connection, WATCHER, WATCHER_PATH, WATCHER, "RegisterStatusNotifierItem", &name);
        match registered.await {
            Some(Ok(_)) => self.unlisted = Some(icon.attempt),
            Some(Err(error)) => log::info!("could not register the icon: {error}"),
            None => log::info!("could not register the icon: the tray host does not answer"),
        }
        let list = list(connection).await;
        if self.is_listed(bus, icon, &list).await {
            log::info!("the icon was not registered with the tray host, and is now");
            self.attempts = 0;
            return Outcome { recreate: false, again: None };
        }
        self.retry(false)
    }

    fn retry(&mut self, recreate: bool) -> Outcome {
        self.attempts += 1;
        Outcome { recreate, again: Some(retry_after(self.attempts)) }
    }
}

fn retry_after(attempts: u32) -> Duration {
    (FIRST_RETRY * 2_u32.pow(attempts.min(16))).min(MAX_RETRY)
}

/// `listed`: there is an icon, and the watcher lists it. `lost`: the icon is being created, and the watcher that this
/// waits for is gone.
fn step(wake: Wake, phase: Phase, listed: bool, lost: bool) -> Step {
    match phase {
        Phase::Created if listed => Step::Rest,
        // However long that takes: a second call would wait for the same watcher.
        Phase::Creating if !lost => Step::Rest,
        // With a watcher that has just come, the library registers it.
        Phase::Created if matches!(wake, Wake::Start | Wake::Icon | Wake::Timer) => Step::Register,
        Phase::Absent | Phase::Creating if wake == Wake::Timer => Step::Recreate,
        _ => Step::Wait,
    }
}

/// The icons that the watcher knows. A ping would not tell whether it hangs: GLib's D-Bus answers it from a thread of
/// its own while the panel's hangs.
pub async fn list(connection: &Connection) -> List {
    let property = (WATCHER, "RegisteredStatusNotifierItems");
    let message = match call(connection, WATCHER, WATCHER_PATH, PROPERTIES, "Get", &property).await {
        None => return List::Silent,
        Some(Err(zbus::Error::MethodError(name, ..))) if is_absence(&name) => return List::NoWatcher,
        Some(Err(_)) => return List::Missing,
        Some(Ok(message)) => message,
    };
    let value = message.body().deserialize::<OwnedValue>().ok();
    value.and_then(|value| Vec::try_from(value).ok()).map_or(List::Missing, List::Items)
}

/// What a bus says of a name that nobody has, or whose owner has just gone.
fn is_absence(error: &str) -> bool {
    let kind = error.strip_prefix("org.freedesktop.DBus.Error.");
    matches!(kind, Some("ServiceUnknown" | "NameHasNoOwner" | "NoReply"))
}

/// Tells when the watcher drops an icon of this program.
pub async fn removals(connection: &Connection) -> zbus::Result<impl Stream<Item = ()> + Unpin> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .path(WATCHER_PATH)?
        .interface(WATCHER)?
        .member("StatusNotifierItemUnregistered")?
        .build();
    let signals = MessageStream::for_match_rule(rule, connection, None).await?;
    Ok(signals.filter_map(|signal| is_own(&signal.ok()?).then_some(())))
}

/// A watcher may name an icon by its connection alone, which says nothing of whose it is.
fn is_own(signal: &Message) -> bool {
    let body = signal.body();
    body.deserialize::<&str>().is_ok_and(|item| item.starts_with(':') || item.contains(&item_prefix()))
}

/// The answer to a call. `None`: it did not come in time.
async fn call<B: serde::Serialize + zbus::zvariant::DynamicType>(
    connection: &Connection,
    destination: &str,
    path: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> Option<zbus::Result<Message>> {
    let called = connection.call_method(Some(destination), path, Some(interface), method, body);
    timeout(ANSWER_TIMEOUT, called).await.ok()
}

fn item_prefix() -> String {
    format!("org.kde.StatusNotifierItem-{}-", std::process::id())
}

/// The name of this program's icon: the library counts them, and the last one is the one that counts.
async fn own_item(bus: &DBusProxy<'_>) -> Option<String> {
    let (names, prefix) = (bus.list_names().await.ok()?, item_prefix());
    let number = |name: &str| name.strip_prefix(&prefix)?.parse::<u64>().ok();
    let last = names.iter().filter_map(|name| number(name)).max()?;
    Some(format!("{prefix}{last}"))
}

/// Whether an icon is in the watcher's list, by its own name or, as some watchers have it, by that of its connection.
async fn is_among(items: &[String], name: &str, bus: &DBusProxy<'_>) -> bool {
    let names = |part: &str| items.iter().flat_map(|item| item.split(['/', '@'])).any(|each| each == part);
    if names(name) {
        return true;
    }
    let Ok(bus_name) = BusName::try_from(name) else { return false };
    bus.get_name_owner(bus_name).await.is_ok_and(|owner| names(&owner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_icon_that_is_not_registered_is_registered_and_one_that_is_lost_created_anew() {
        use Phase::{Absent, Created, Creating};
        use Step::{Recreate, Register, Rest, Wait};
        // In this order: at the start, after a change of the watcher, after a removal, after a change of the icon,
        // when the time is over.
        for (phase, listed, lost, expected) in [
            (Created, true, false, [Rest; 5]),
            (Created, false, false, [Register, Wait, Wait, Register, Register]),
            (Creating, false, false, [Rest; 5]),
            (Creating, false, true, [Wait, Wait, Wait, Wait, Recreate]),
            (Absent, false, false, [Wait, Wait, Wait, Wait, Recreate]),
            // What was lost is over.
            (Absent, false, true, [Wait, Wait, Wait, Wait, Recreate]),
        ] {
            let wakes = [Wake::Start, Wake::Owner, Wake::Removed, Wake::Icon, Wake::Timer];
            assert_eq!(
                wakes.map(|wake| step(wake, phase, listed, lost)),
                expected,
                "{phase:?} {listed} {lost}"
            );
        }
    }

    #[test]
    fn retries_come_less_and_less_often() {
        let seconds = [0, 1, 2, 8, 9, u32::MAX].map(|attempts| retry_after(attempts).as_secs());
        assert_eq!(seconds, [1, 2, 4, 256, 300, 300]);
    }
}
