//! A service on the bus that owns its name but does not reply until it resumes, such as a hung panel or
//! notification daemon.

use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use futures_util::StreamExt;
use zbus::message::{Message, Type};
use zbus::{Connection, MessageStream};

use crate::common::{PrivateBus, TIMEOUT};

/// Disconnects on drop.
pub struct UnresponsiveService {
    connection: Connection,
    name: &'static str,
    calls: Arc<Mutex<Calls>>,
    members: mpsc::Receiver<String>,
    listening: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Calls {
    resumed: bool,
    unreplied: Vec<Message>,
}

impl UnresponsiveService {
    /// Takes `name` and replies only to calls of `replied_members`.
    pub fn start(bus: &PrivateBus, name: &'static str, replied_members: &'static [&'static str]) -> Self {
        let connection = bus.connect();
        let mut messages = MessageStream::from(&connection);
        let calls = Arc::<Mutex<Calls>>::default();
        let (sender, members) = mpsc::channel();
        let listening = thread::spawn({
            let (calls, connection) = (Arc::clone(&calls), connection.clone());
            move || {
                while let Some(Ok(message)) = futures_lite::future::block_on(messages.next()) {
                    let header = message.header();
                    let Some(member) = header.member().filter(|_| header.message_type() == Type::MethodCall)
                    else {
                        continue;
                    };
                    let mut calls = calls.lock().expect("nothing panics under it");
                    if calls.resumed || replied_members.contains(&member.as_str()) {
                        reply(&connection, &message);
                    } else {
                        calls.unreplied.push(message.clone());
                    }
                    sender.send(member.to_string()).ok();
                }
            }
        });
        futures_lite::future::block_on(connection.request_name(name)).expect("the name is free");
        Self { connection, name, calls, members, listening: Some(listening) }
    }

    /// Waits for the next call of `member`.
    #[track_caller]
    pub fn wait_for(&self, member: &str) {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            match self.members.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(called) if called == member => return,
                Ok(_) => {}
                Err(error) => panic!("{member} was not called: {error}"),
            }
        }
    }

    /// Whether there was a call since the last [`Self::wait_for`].
    pub fn was_called(&self) -> bool {
        self.members.try_recv().is_ok()
    }

    /// Releases the name but stays connected: callers keep waiting for a reply.
    pub fn release_name(&self) {
        futures_lite::future::block_on(self.connection.release_name(self.name)).expect("the bus is there");
    }

    /// Replies to all pending calls and to every later one.
    pub fn resume(&self) {
        let mut calls = self.calls.lock().expect("nothing panics under it");
        calls.resumed = true;
        calls.unreplied.drain(..).for_each(|call| reply(&self.connection, &call));
    }
}

impl Drop for UnresponsiveService {
    fn drop(&mut self) {
        futures_lite::future::block_on(async {
            // The name may be released already, and an error means that the bus has ended.
            self.connection.release_name(self.name).await.ok();
            self.connection.clone().close().await.ok();
        });
        if let Some(listening) = self.listening.take() {
            listening.join().ok();
        }
    }
}

/// Replies without a value, except to the calls of a notification server.
fn reply(connection: &Connection, call: &Message) {
    let header = call.header();
    let sent = match header.member().map(|member| member.as_str()) {
        Some("Notify") => futures_lite::future::block_on(connection.reply(&header, &1_u32)),
        Some("GetCapabilities") => futures_lite::future::block_on(connection.reply(&header, &vec!["body"])),
        _ => futures_lite::future::block_on(connection.reply(&header, &())),
    };
    // The caller may have disconnected.
    sent.ok();
}
