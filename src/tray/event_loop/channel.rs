//! The event loop on Linux and BSD: a channel.

use std::ops::ControlFlow;
use std::sync::mpsc;

/// The main thread's event loop.
pub struct EventLoop<E> {
    sender: mpsc::Sender<E>,
    events: mpsc::Receiver<E>,
}

/// Sends events to the loop, from any thread.
pub struct Sender<E>(mpsc::Sender<E>);

impl<E> Clone for Sender<E> {
    fn clone(&self) -> Sender<E> {
        Sender(self.0.clone())
    }
}

impl<E> Sender<E> {
    /// Sends an event. After the end of the loop it is dropped.
    pub fn send(&self, event: E) {
        let _ = self.0.send(event);
    }
}

impl<E: 'static> EventLoop<E> {
    /// Creates a loop, which handles events from [`run`](EventLoop::run) on.
    #[expect(clippy::new_without_default, reason = "the implementation for other platforms has no default")]
    pub fn new() -> EventLoop<E> {
        let (sender, events) = mpsc::channel();
        EventLoop { sender, events }
    }

    /// A sender for this loop.
    pub fn sender(&self) -> Sender<E> {
        Sender(self.sender.clone())
    }

    /// Calls `handle` with `started`, then with each event, until it returns `Break`.
    pub fn run(self, started: E, mut handle: impl FnMut(E) -> ControlFlow<()> + 'static) {
        self.sender().send(started);
        // `self.sender` lives as long as the loop, so the channel does not close.
        while let Ok(event) = self.events.recv() {
            if handle(event).is_break() {
                return;
            }
        }
    }
}
