//! Keeps the icon registered with the tray host, and reports the status of the host.
//!
//! Level-triggered: whenever a watcher runs and does not list the icon, the icon is registered, with backoff, whatever
//! the order of events was. While the watcher lists it, no timer runs.

use crate::presenter::tray_host::TrayHostStatus;
use crate::tray::backend::status_notifier::request::Request;
use crate::tray::backend::status_notifier::signal_count::{bus_gone, count};
use crate::tray::backend::status_notifier::watcher::{self, RegisteredItems, WATCHER};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

/// The time until the list of a watcher that does not have the icon is read again; doubled each time ...
const FIRST_RETRY: Duration = Duration::from_millis(100);
/// ... up to this.
const MAX_RETRY: Duration = Duration::from_secs(300);

/// The time between two calls to a watcher that does not respond.
const NOT_RESPONDING_RETRY: Duration = Duration::from_secs(5);

/// The minimum time between two looks at the list of a watcher that has the icon.
const MIN_RECHECK_INTERVAL: Duration = Duration::from_secs(60);

/// The icon to register.
pub struct Registration<'a> {
    /// Its connection.
    pub connection: &'a Connection,
    /// The bus name to register.
    pub name: String,
    /// Receives the status of the tray host, which may be the same as before.
    pub report: &'a (dyn Fn(TrayHostStatus) + Send + Sync),
    /// Changes with each new content.
    pub updates: watch::Receiver<Request>,
    /// Set when the first attempt has ended.
    pub attempted: &'a watch::Sender<bool>,
}

impl Registration<'_> {
    /// Keeps the icon registered with whichever watcher runs.
    ///
    /// # Errors
    /// The bus is gone.
    pub async fn keep(&self) -> zbus::Result<Infallible> {
        let unique_name = self.connection.unique_name().map(ToString::to_string);
        let names: Vec<_> = [self.name.clone()].into_iter().chain(unique_name).collect();
        let subscribe = async {
            let bus = DBusProxy::new(self.connection).await?;
            let owners = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
            let removals = watcher::removals(self.connection, names.clone()).await?;
            zbus::Result::Ok((bus, owners, removals))
        };
        // At the same time, for a fast start; what is missed by that is found out below.
        let register = watcher::register(self.connection, WATCHER, &self.name);
        let (subscribed, accepted) = tokio::join!(subscribe, register);
        let (bus, owners, removals) = subscribed?;
        self.attempted.send_replace(true);
        let (owner_changes, mut owner_changed) = watch::channel(0);
        let (removal_count, mut removed) = watch::channel(0);
        tokio::select! {
            () = count(owners, &owner_changes) => Err(bus_gone()),
            () = count(removals, &removal_count) => Err(bus_gone()),
            result = self.follow(&bus, &names, accepted, (&mut owner_changed, &mut removed)) => result,
        }
    }

    async fn follow(
        &self,
        bus: &DBusProxy<'_>,
        names: &[String],
        accepted: bool,
        (owner_changed, removed): (&mut watch::Receiver<u64>, &mut watch::Receiver<u64>),
    ) -> zbus::Result<Infallible> {
        // The first watcher has been asked already.
        let mut registered = Some(accepted);
        loop {
            // First, so that a change after this point causes another round.
            owner_changed.mark_unchanged();
            match bus.get_name_owner(BusName::try_from(WATCHER)?).await {
                // A call to a watcher that is gone, or has been replaced, is abandoned.
                Ok(owner) => tokio::select! {
                    _ = owner_changed.changed() => {}
                    never = self.keep_with(owner.to_string(), names, registered, removed) => match never {},
                },
                Err(zbus::fdo::Error::NameHasNoOwner(_)) => {
                    (self.report)(TrayHostStatus::Missing);
                    let _ = owner_changed.changed().await;
                }
                Err(error) => return Err(error.into()),
            }
            registered = None;
        }
    }

    /// Keeps the icon registered with one watcher. `watcher` is its unique name, so that no successor gets the calls.
    /// `registered`: whether the watcher has accepted the icon; `None`: it has not been asked.
    async fn keep_with(
        &self,
        watcher: String,
        names: &[String],
        registered: Option<bool>,
        removed: &mut watch::Receiver<u64>,
    ) -> Infallible {
        // Assumed until the watcher has failed to respond.
        (self.report)(TrayHostStatus::Present);
        let mut updates = self.updates.clone();
        let mut attempts = 0;
        let mut accepted = match registered {
            Some(accepted) => accepted,
            None => watcher::register(self.connection, &watcher, &self.name).await,
        };
        loop {
            removed.mark_unchanged();
            let wait = match watcher::registered_items(self.connection, &watcher).await {
                RegisteredItems::NotResponding => {
                    (self.report)(TrayHostStatus::NotResponding);
                    Some(NOT_RESPONDING_RETRY)
                }
                RegisteredItems::List(items) if watcher::contains(&items, names) => {
                    (self.report)(TrayHostStatus::Present);
                    attempts = 0;
                    None
                }
                // Without a list there is nothing to check.
                RegisteredItems::NotSupported if accepted => {
                    (self.report)(TrayHostStatus::Present);
                    None
                }
                RegisteredItems::List(_) | RegisteredItems::NotSupported => {
                    (self.report)(TrayHostStatus::Present);
                    let wait = retry_after(attempts);
                    attempts += 1;
                    // The first registration may have been lost while the watcher started.
                    if attempts > 1 || !accepted {
                        accepted = watcher::register(self.connection, &watcher, &self.name).await;
                    }
                    Some(wait)
                }
            };
            let checked = Instant::now();
            let timer = async {
                match wait {
                    Some(time) => sleep(time).await,
                    None => std::future::pending().await,
                }
            };
            // A watcher may drop an icon without a signal. New content is a good time to look, without a timer.
            let update = async {
                while updates.changed().await.is_ok() {
                    if checked.elapsed() >= MIN_RECHECK_INTERVAL {
                        return;
                    }
                }
                std::future::pending().await
            };
            tokio::select! {
                _ = removed.changed() => accepted = false,
                () = timer => {}
                () = update, if wait.is_none() => {}
            }
        }
    }
}

fn retry_after(attempts: u32) -> Duration {
    (FIRST_RETRY * 2_u32.pow(attempts.min(16))).min(MAX_RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_interval_doubles_up_to_a_maximum() {
        let millis = [0, 1, 2, 11, 12, u32::MAX].map(|attempts| retry_after(attempts).as_millis());
        assert_eq!(millis, [100, 200, 400, 204_800, 300_000, 300_000]);
    }
}
