//! Keeps the icon registered with the tray host, and reports the status of the host.
//!
//! Level-triggered: whenever a watcher runs and does not list the icon, the icon is registered, with backoff, whatever
//! the order of events was. While the watcher lists it, no timer runs.

use crate::presenter::tray_host::TrayHostStatus;
use crate::tray::backend::status_notifier::watcher::{self, RegisteredItems, WATCHER};
use futures_lite::{Stream, StreamExt};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

/// The time until the list of a watcher that does not have the icon is read again; doubled each time ...
const FIRST_RETRY: Duration = Duration::from_millis(100);
/// ... up to this.
const MAX_RETRY: Duration = Duration::from_secs(300);

/// The time between two calls to a watcher that does not respond.
const NOT_RESPONDING_RETRY: Duration = Duration::from_secs(5);

/// The icon to register.
pub struct Registration<'a> {
    /// Its connection.
    pub connection: &'a Connection,
    /// The bus name to register.
    pub name: String,
    /// Receives the status of the tray host, which may be the same as before.
    pub report: &'a (dyn Fn(TrayHostStatus) + Send + Sync),
    /// Set when the first attempt has ended.
    pub attempted: &'a watch::Sender<bool>,
}

impl Registration<'_> {
    /// Keeps the icon registered with whichever watcher runs.
    ///
    /// # Errors
    /// The bus is gone.
    pub async fn keep(&self) -> zbus::Result<Infallible> {
        let bus = DBusProxy::new(self.connection).await?;
        let mut owners = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
        let unique_name = self.connection.unique_name().map(ToString::to_string);
        let names: Vec<_> = [self.name.clone()].into_iter().chain(unique_name).collect();
        let mut removals = watcher::removals(self.connection, names.clone()).await?;
        loop {
            // After the signals were subscribed to: a change in between causes another round.
            let keep = match bus.get_name_owner(BusName::try_from(WATCHER)?).await {
                Ok(owner) => Some(self.keep_with(owner.to_string(), &names, &mut removals)),
                Err(zbus::fdo::Error::NameHasNoOwner(_)) => None,
                Err(error) => return Err(error.into()),
            };
            let change = match keep {
                // A call to a watcher that is gone, or has been replaced, is abandoned.
                Some(keep) => tokio::select! {
                    change = owners.next() => change,
                    never = keep => match never {},
                },
                None => {
                    self.attempted.send_replace(true);
                    (self.report)(TrayHostStatus::Missing);
                    owners.next().await
                }
            };
            if change.is_none() {
                return Err(zbus::Error::InputOutput(
                    std::io::Error::from(std::io::ErrorKind::BrokenPipe).into(),
                ));
            }
        }
    }

    /// Keeps the icon registered with one watcher. `watcher` is its unique name, so that no successor gets the calls.
    async fn keep_with(
        &self,
        watcher: String,
        names: &[String],
        removals: &mut (impl Stream<Item = ()> + Unpin),
    ) -> Infallible {
        // Assumed until the watcher has failed to respond.
        (self.report)(TrayHostStatus::Present);
        let mut attempts = 0;
        let mut accepted = watcher::register(self.connection, &watcher, &self.name).await;
        self.attempted.send_replace(true);
        loop {
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
            let timer = async {
                match wait {
                    Some(time) => tokio::time::sleep(time).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(()) = removals.next() => accepted = false,
                () = timer => {}
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
