//! A recorder of the signals on the private bus, with time and size, as a panel receives them.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use zbus::message::{Message, Type};
use zbus::{Connection, MessageStream};

use super::common::PrivateBus;

const DBUS: &str = "org.freedesktop.DBus";

/// Records every signal until it is dropped.
pub struct SignalRecorder {
    connection: Connection,
    signals: mpsc::Receiver<Signal>,
}

/// One signal.
pub struct Signal {
    pub at: Instant,
    /// The size of the whole message, header included.
    pub bytes: usize,
    pub interface: String,
    pub member: String,
}

impl SignalRecorder {
    pub fn start(bus: &PrivateBus) -> Self {
        let connection = bus.connect();
        let mut messages = MessageStream::from(&connection);
        let everything = "type='signal'";
        let added =
            connection.call_method(Some(DBUS), "/org/freedesktop/DBus", Some(DBUS), "AddMatch", &everything);
        futures_lite::future::block_on(added).expect("the private bus rejected the match rule");
        let (sender, signals) = mpsc::channel();
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                futures_lite::future::block_on(async {
                    while let Some(Ok(message)) = messages.next().await {
                        let at = Instant::now();
                        if message.message_type() == Type::Signal
                            && sender.send(Signal::new(at, &message)).is_err()
                        {
                            return;
                        }
                    }
                });
            })
            .expect("could not start a thread");
        Self { connection, signals }
    }

    /// The next signal. `None`: there was none within `timeout`.
    pub fn next(&self, timeout: Duration) -> Option<Signal> {
        self.signals.recv_timeout(timeout).ok()
    }

    /// The signals since the last call.
    pub fn drain(&self) -> Vec<Signal> {
        self.signals.try_iter().collect()
    }
}

impl Drop for SignalRecorder {
    fn drop(&mut self) {
        // An error means that the bus has ended already.
        futures_lite::future::block_on(self.connection.clone().close()).ok();
    }
}

impl Signal {
    fn new(at: Instant, message: &Message) -> Self {
        let header = message.header();
        let text = |name: Option<&str>| name.unwrap_or_default().to_owned();
        Self {
            at,
            bytes: message.data().len(),
            interface: text(header.interface().map(|name| name.as_str())),
            member: text(header.member().map(|name| name.as_str())),
        }
    }

    /// The tray host has registered an icon.
    pub fn is_registration(&self) -> bool {
        self.member == "StatusNotifierItemRegistered"
    }

    /// The layout of the menu has changed, and with it the ids of its items.
    pub fn is_new_layout(&self) -> bool {
        self.member == "LayoutUpdated"
    }

    pub fn is_from_menu(&self) -> bool {
        self.interface == "com.canonical.dbusmenu"
    }

    /// It is a signal of the menu or of the icon.
    pub fn is_from_tray(&self) -> bool {
        self.is_from_menu() || self.interface == "org.kde.StatusNotifierItem"
    }
}
