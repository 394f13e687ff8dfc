//! A service on the bus that has the name and does not answer: a panel or a notification daemon that
//! hangs, until it thaws.

use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use futures_util::StreamExt;
use zbus::message::{Message, Type};
use zbus::{Connection, MessageStream};

use crate::common::{PrivateBus, TIMEOUT};

/// Gone when dropped.
pub struct Frozen {
    connection: Connection,
    name: &'static str,
    calls: Arc<Mutex<Calls>>,
    members: mpsc::Receiver<String>,
    listening: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Calls {
    thawed: bool,
    unanswered: Vec<Message>,
}

impl Frozen {
    /// Takes `name` and answers calls of `answered` alone.
    pub fn start(bus: &PrivateBus, name: &'static str, answered: &'static [&'static str]) -> Self {
        let connection = bus.connect();
        let mut messages = MessageStream::from(&connection);
        let calls = Arc::<Mutex<Calls>>::default();
        let (tell, members) = mpsc::channel();
        let listening = thread::spawn({
            let (calls, connection) = (Arc::clone(&calls), connection.clone());
            move || {
                while let Some(Ok(message)) = zbus::block_on(messages.next()) {
                    let header = message.header();
                    let Some(member) = header.member().filter(|_| header.message_type() == Type::MethodCall)
                    else {
                        continue;
                    };
                    let mut calls = calls.lock().expect("nothing panics under it");
                    if calls.thawed || answered.contains(&member.as_str()) {
                        reply(&connection, &message);
                    } else {
                        calls.unanswered.push(message.clone());
                    }
                    tell.send(member.to_string()).ok();
                }
            }
        });
        zbus::block_on(connection.request_name(name)).expect("the name is free");
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
                Err(error) => panic!("nobody called {member}: {error}"),
            }
        }
    }

    /// Whether there is a call that nobody has waited for.
    pub fn was_called(&self) -> bool {
        self.members.try_recv().is_ok()
    }

    /// Gives the name away and stays connected: whoever waits for an answer goes on waiting.
    pub fn release_name(&self) {
        zbus::block_on(self.connection.release_name(self.name)).expect("the bus is there");
    }

    /// Answers what has been waiting, and from now on everything.
    pub fn thaw(&self) {
        let mut calls = self.calls.lock().expect("nothing panics under it");
        calls.thawed = true;
        calls.unanswered.drain(..).for_each(|call| reply(&self.connection, &call));
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        zbus::block_on(async {
            // It may be released already, and an error means that the bus is gone.
            self.connection.release_name(self.name).await.ok();
            self.connection.clone().close().await.ok();
        });
        if let Some(listening) = self.listening.take() {
            listening.join().ok();
        }
    }
}

/// Without a value, but for the one call here that has one.
fn reply(connection: &Connection, call: &Message) {
    let header = call.header();
    let sent = match header.member().map(|member| member.as_str()) {
        Some("Notify") => zbus::block_on(connection.reply(&header, &1_u32)),
        _ => zbus::block_on(connection.reply(&header, &())),
    };
    // The caller may be gone.
    sent.ok();
}
