//! A private D-Bus: a broker in this process that listens in the fixture's own directory.

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use busd::bus::Bus;
use zbus::{Connection, connection};

use super::super::wait::TIMEOUT;
use super::background::Background;
use super::bus_proxy::BusProxy;

/// The bus lives as long as this value; dropping it disconnects every client.
pub struct PrivateBus {
    address: String,
    dir: PathBuf,
    open: Option<(BusProxy, Background)>,
}

impl PrivateBus {
    /// Starts a bus with its sockets in `dir`; clients can connect once this returns.
    pub fn start(dir: &Path) -> Self {
        let outer = dir.join("bus");
        let mut bus = Self { address: address_of(&outer), dir: dir.to_owned(), open: None };
        bus.start_again();
        bus
    }

    /// Starts again after [`stop`](Self::stop), at the same address and without clients.
    pub fn start_again(&mut self) {
        assert!(self.open.is_none(), "the bus is running already");
        let (ready, listening) = mpsc::channel();
        let (inner, outer) = (self.dir.join("busd"), self.dir.join("bus"));
        for left in [&inner, &outer] {
            std::fs::remove_file(left).ok();
        }
        let inner_address = address_of(&inner);
        let broker = Background::spawn("private-bus", move || async move {
            let mut bus =
                Bus::for_address(Some(&inner_address)).await.expect("the private bus could not listen");
            // busd disconnects a client that takes no message for 100 ms, which on a machine busy
            // with parallel tests hits clients that are merely waiting for the processor.
            bus.set_send_timeout(3 * TIMEOUT);
            ready.send(bus.guid().clone()).ok();
            bus.run().await.expect("the private bus failed");
        });
        let guid = listening.recv().expect("the private bus did not start");
        self.open = Some((BusProxy::open(&outer, &inner, guid), broker));
    }

    /// The value for `DBUS_SESSION_BUS_ADDRESS`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Stops the bus, as when a session breaks: its clients lose their connections, and new ones are
    /// refused.
    pub fn stop(&mut self) {
        self.open = None;
    }

    /// A builder of connections. Calls on them time out when a test does.
    pub fn client(&self) -> connection::Builder<'static> {
        connection::Builder::address(self.address.as_str()).method_timeout(TIMEOUT)
    }

    /// How many clients are connected, this call's own included.
    pub fn clients(&self) -> usize {
        let connection = self.connect();
        let names = zbus::block_on(async {
            const BUS: &str = "org.freedesktop.DBus";
            let reply =
                connection.call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "ListNames", &());
            let names: Vec<String> = reply.await?.body().deserialize()?;
            connection.close().await?;
            zbus::Result::Ok(names)
        });
        let names = names.expect("the bus lists its names");
        names.iter().filter(|name| name.starts_with(':')).count()
    }

    /// A connection of the test itself.
    pub fn connect(&self) -> Connection {
        futures_lite::future::block_on(self.client().build()).expect("could not connect to the private bus")
    }
}

fn address_of(socket: &Path) -> String {
    format!("unix:path={}", socket.display())
}
