//! A proxy in front of busd 0.6, which replies to calls to a name without an owner.
//!
//! A session bus replies to such a call with `ServiceUnknown`, and that is how a program detects that
//! there is no tray host or no notification server. busd drops the call (`Peers::forward`, "unknown
//! destination"), and the caller waits for ever. So clients connect to this proxy. It passes each
//! message on unchanged, and replies only to those calls itself.

use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use futures_util::StreamExt;
use futures_util::future::select;
use zbus::message::{Flags, Message, Type};
use zbus::names::BusName;
use zbus::{Connection, MessageStream, OwnedGuid, connection};

use super::background::Background;

const DBUS: &str = "org.freedesktop.DBus";

/// Open as long as this value lives; then each client's connection ends.
pub struct BusProxy {
    socket: PathBuf,
    closing: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl BusProxy {
    /// Listens at `outer` for the bus that listens at `inner`.
    pub fn open(outer: &Path, inner: &Path, guid: OwnedGuid) -> Self {
        let listener = UnixListener::bind(outer).expect("could not listen for D-Bus clients");
        let closing = Arc::new(AtomicBool::new(false));
        let accepting = thread::Builder::new()
            .name("bus-proxy".to_owned())
            .spawn({
                let closing = Arc::clone(&closing);
                let inner = inner.to_owned();
                move || accept(&listener, &closing, &inner, &guid)
            })
            .expect("could not start a thread");
        Self { socket: outer.to_owned(), closing, accepting: Some(accepting) }
    }
}

impl Drop for BusProxy {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        // A last connection wakes the thread that accepts.
        UnixStream::connect(&self.socket).ok();
        if let Some(accepting) = self.accepting.take() {
            accepting.join().ok();
        }
    }
}

fn accept(listener: &UnixListener, closing: &AtomicBool, inner: &Path, guid: &OwnedGuid) {
    let names = connection::Builder::address(format!("unix:path={}", inner.display()).as_str());
    let names = futures_lite::future::block_on(names.build()).expect("could not connect to the private bus");
    let mut clients = Vec::new();
    for client in listener.incoming() {
        if closing.load(Ordering::Acquire) {
            return;
        }
        let (Ok(client), Ok(bus)) = (client, UnixStream::connect(inner)) else {
            continue;
        };
        clients.retain(Background::is_running);
        let (guid, names) = (guid.clone(), names.clone());
        clients.push(Background::spawn("bus-client", move || async move {
            // An error is a client that was killed while it connected.
            let _ = pass_on(client, bus, guid, &names).await;
        }));
    }
}

/// Until one of the two ends the connection.
async fn pass_on(
    client: UnixStream,
    bus: UnixStream,
    guid: OwnedGuid,
    names: &Connection,
) -> zbus::Result<()> {
    let mut from_client =
        connection::Builder::unix_stream(client).server(guid).p2p().build_message_stream().await?;
    let mut from_bus = connection::Builder::unix_stream(bus).p2p().build_message_stream().await?;
    let client = Connection::from(&from_client);
    let bus = Connection::from(&from_bus);
    let up = async {
        while let Some(Ok(message)) = from_client.next().await {
            if has_receiver(&message, names).await {
                bus.send(&message).await?;
            } else {
                client.send(&service_unknown(&message)?).await?;
            }
        }
        zbus::Result::Ok(())
    };
    let down = async {
        while let Some(Ok(message)) = from_bus.next().await {
            client.send(&message).await?;
        }
        zbus::Result::Ok(())
    };
    select(pin!(up), pin!(down)).await;
    bus.close().await?;
    client.close().await
}

/// False for a call that expects a reply from a name without an owner.
async fn has_receiver(message: &Message, names: &Connection) -> bool {
    let header = message.header();
    let Some(destination) = header.destination() else {
        return true;
    };
    let flags = message.primary_header().flags();
    if message.message_type() != Type::MethodCall
        || flags.contains(Flags::NO_REPLY_EXPECTED)
        || destination.as_str() == DBUS
    {
        return true;
    }
    let owned =
        names.call_method(Some(DBUS), "/org/freedesktop/DBus", Some(DBUS), "NameHasOwner", destination).await;
    // Without a reply the bus is stopping, and all connections with it.
    owned.map_or(true, |reply| reply.body().deserialize().unwrap_or(true))
}

/// In the words of the reference bus.
fn service_unknown(call: &Message) -> zbus::Result<Message> {
    let header = call.header();
    let name = header.destination().map_or("", BusName::as_str);
    Message::error(&header, "org.freedesktop.DBus.Error.ServiceUnknown")
        .sender(DBUS)
        .build(&format!("The name {name} was not provided by any .service files"))
}
