//! Linux and BSD: keeps the icon registered with the watcher.
//!
//! The library registers an icon when it creates it, and when a watcher appears. It misses a watcher that appears
//! between the two, and gives up with an error when a watcher disappears without responding. So what counts here is
//! the watcher's list, whatever happened before: if the icon is not in it, it is registered again, with backoff. Once
//! it is, no timer runs.

use crate::tray::handle::presence::{IconPresence, Phase};
use crate::tray::watcher::{self, RegisteredItems};
use session_bus as zbus;
use std::time::Duration;
use zbus::Connection;
use zbus::fdo::DBusProxy;

/// How long the library has to register an icon by itself. Each further attempt waits twice as long.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const MAX_RETRY: Duration = Duration::from_secs(300);

/// After this many attempts, an icon that does not respond is created again. Until then it may be waiting for a busy
/// watcher.
const MAX_ATTEMPTS_NOT_RESPONDING: u32 = 2;

/// Why the registration is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The first check.
    Start,
    /// The watcher has appeared, disappeared, or been replaced.
    WatcherChanged,
    /// The watcher has removed an icon of this program from its list.
    ItemRemoved,
    /// The icon was created, could not be created, or was removed.
    IconChanged,
    /// The time for another check has come.
    Timer,
}

/// What is to be done about the icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Nothing, until something changes.
    Done,
    /// Check again later.
    Wait,
    /// Register it.
    Register,
    /// Create another one.
    Recreate,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckResult {
    /// Whether another icon is to be created.
    pub recreate: bool,
    /// When to check again if nothing changes before. `None`: not at all.
    pub check_after: Option<Duration>,
}

/// State of the icon's registration.
#[derive(Debug, Default)]
pub struct Registration {
    /// Attempts since the icon was registered last, or the watcher was replaced.
    attempts: u32,
    /// The watcher did not respond to the last check.
    watcher_hangs: bool,
    /// The attempt whose icon, created or being created, has called a watcher that hung and has disappeared since. The
    /// call may never return.
    stuck: Option<u64>,
    /// The attempt whose icon was registered with a watcher that has no list to find it in.
    registered_without_list: Option<u64>,
}

impl Registration {
    /// To be called when the watcher has appeared, disappeared, or been replaced.
    pub fn watcher_changed(&mut self, icon: IconPresence) {
        let waits = icon.phase == Phase::Creating || (icon.phase == Phase::Created && self.watcher_hangs);
        *self =
            Registration { stuck: waits.then_some(icon.attempt).or(self.stuck), ..Registration::default() };
    }

    /// To be called when the watcher does not respond.
    pub fn watcher_not_responding(&mut self) {
        self.watcher_hangs = true;
    }

    /// Registers the icon if it is not in `items`, the list of a watcher that responds.
    pub async fn check(
        &mut self,
        connection: &Connection,
        bus: &DBusProxy<'_>,
        (cause, icon, items): (Cause, IconPresence, &RegisteredItems),
    ) -> CheckResult {
        self.watcher_hangs = false;
        let registered = icon.phase == Phase::Created && self.is_registered(bus, icon, items).await;
        match next_step(cause, icon.phase, registered, self.stuck == Some(icon.attempt)) {
            Step::Done => {
                self.attempts = 0;
                CheckResult { recreate: false, check_after: None }
            }
            Step::Wait => CheckResult { recreate: false, check_after: Some(retry_after(self.attempts)) },
            Step::Register => self.register(connection, bus, icon).await,
            Step::Recreate => self.retry(true),
        }
    }

    async fn is_registered(&self, bus: &DBusProxy<'_>, icon: IconPresence, items: &RegisteredItems) -> bool {
        let Some(name) = watcher::own_item(bus).await else {
            // In Flatpak and Snap the library uses the name of its connection, which is not known here.
            return true;
        };
        match items {
            RegisteredItems::List(items) => watcher::contains(items, &name, bus).await,
            RegisteredItems::NotSupported => self.registered_without_list == Some(icon.attempt),
            RegisteredItems::NotResponding | RegisteredItems::NoWatcher => false,
        }
    }

    async fn register(
        &mut self,
        connection: &Connection,
        bus: &DBusProxy<'_>,
        icon: IconPresence,
    ) -> CheckResult {
        let Some(name) = watcher::own_item(bus).await else { return self.retry(false) };
        if !watcher::item_responds(connection, &name).await {
            let give_up = self.stuck == Some(icon.attempt) || self.attempts >= MAX_ATTEMPTS_NOT_RESPONDING;
            return self.retry(give_up);
        }
        if watcher::register(connection, &name).await {
            self.registered_without_list = Some(icon.attempt);
        }
        let items = watcher::registered_items(connection).await;
        if self.is_registered(bus, icon, &items).await {
            log::info!("registered the icon with the tray host, which did not list it");
            self.attempts = 0;
            return CheckResult { recreate: false, check_after: None };
        }
        self.retry(false)
    }

    fn retry(&mut self, recreate: bool) -> CheckResult {
        self.attempts += 1;
        CheckResult { recreate, check_after: Some(retry_after(self.attempts)) }
    }
}

fn retry_after(attempts: u32) -> Duration {
    (FIRST_RETRY * 2_u32.pow(attempts.min(16))).min(MAX_RETRY)
}

/// `registered`: the icon exists and is in the watcher's list. `stuck`: its thread may wait for a call that never
/// returns.
fn next_step(cause: Cause, phase: Phase, registered: bool, stuck: bool) -> Step {
    match phase {
        Phase::Created if registered => Step::Done,
        // However long it takes: a second icon would wait for the same watcher.
        Phase::Creating if !stuck => Step::Done,
        // After `WatcherChanged`, the library registers the icon by itself.
        Phase::Created if matches!(cause, Cause::Start | Cause::IconChanged | Cause::Timer) => Step::Register,
        Phase::Absent | Phase::Creating if cause == Cause::Timer => Step::Recreate,
        _ => Step::Wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icon_that_is_not_registered_is_registered_and_absent_or_stuck_icon_is_created_again() {
        use Phase::{Absent, Created, Creating};
        use Step::{Done, Recreate, Register, Wait};
        // The steps are in the order of `causes` below.
        for (phase, registered, stuck, expected) in [
            (Created, true, false, [Done; 5]),
            (Created, false, false, [Register, Wait, Wait, Register, Register]),
            (Creating, false, false, [Done; 5]),
            (Creating, false, true, [Wait, Wait, Wait, Wait, Recreate]),
            (Absent, false, false, [Wait, Wait, Wait, Wait, Recreate]),
            // The attempt that was stuck has ended.
            (Absent, false, true, [Wait, Wait, Wait, Wait, Recreate]),
        ] {
            let causes =
                [Cause::Start, Cause::WatcherChanged, Cause::ItemRemoved, Cause::IconChanged, Cause::Timer];
            assert_eq!(
                causes.map(|cause| next_step(cause, phase, registered, stuck)),
                expected,
                "{phase:?} {registered} {stuck}"
            );
        }
    }

    #[test]
    fn retry_interval_doubles_up_to_a_maximum() {
        let seconds = [0, 1, 2, 8, 9, u32::MAX].map(|attempts| retry_after(attempts).as_secs());
        assert_eq!(seconds, [1, 2, 4, 256, 300, 300]);
    }
}
