//! An ear on the private bus: each signal with the moment it came and its length, as a panel gets it.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use zbus::message::{Message, Type};
use zbus::{Connection, MessageStream};

use super::common::PrivateBus;

const DBUS: &str = "org.freedesktop.DBus";

/// Hears every signal until it is dropped.
pub struct Wire {
    connection: Connection,
    heard: mpsc::Receiver<Heard>,
}

/// One signal.
pub struct Heard {
    pub at: Instant,
    /// Of the whole message, header included.
    pub bytes: usize,
    pub interface: String,
    pub member: String,
}

impl Wire {
    pub fn listen(bus: &PrivateBus) -> Self {
        let connection = bus.connect();
        let mut messages = MessageStream::from(&connection);
        let everything = "type='signal'";
        let asked =
            connection.call_method(Some(DBUS), "/org/freedesktop/DBus", Some(DBUS), "AddMatch", &everything);
        zbus::block_on(asked).expect("the private bus did not let us listen");
        let (tell, heard) = mpsc::channel();
        thread::Builder::new()
            .name("wire".to_owned())
            .spawn(move || {
                zbus::block_on(async {
                    while let Some(Ok(message)) = messages.next().await {
                        let at = Instant::now();
                        if message.message_type() == Type::Signal
                            && tell.send(Heard::new(at, &message)).is_err()
                        {
                            return;
                        }
                    }
                });
            })
            .expect("could not start a thread");
        Self { connection, heard }
    }

    /// The next signal, should it come within `patience`.
    pub fn next(&self, patience: Duration) -> Option<Heard> {
        self.heard.recv_timeout(patience).ok()
    }

    /// What has come since one last looked.
    pub fn drain(&self) -> Vec<Heard> {
        self.heard.try_iter().collect()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // An error means that the bus is gone already.
        zbus::block_on(self.connection.clone().close()).ok();
    }
}

impl Heard {
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

    /// The tray host has taken in an icon.
    pub fn is_registration(&self) -> bool {
        self.member == "StatusNotifierItemRegistered"
    }

    /// The menu has changed its shape, and with it its items' numbers.
    pub fn is_new_layout(&self) -> bool {
        self.member == "LayoutUpdated"
    }

    pub fn is_of_menu(&self) -> bool {
        self.interface == "com.canonical.dbusmenu"
    }

    /// It tells of the menu or of the icon.
    pub fn is_of_tray(&self) -> bool {
        self.is_of_menu() || self.interface == "org.kde.StatusNotifierItem"
    }
}
