//! The loop on Linux and BSD: a channel.

use crate::app::state_machine::AppEvent;
use crate::tray::event_loop::ControlFlow;
use std::sync::mpsc;

/// The main thread's loop.
pub struct EventLoop {
    sender: mpsc::Sender<AppEvent>,
    events: mpsc::Receiver<AppEvent>,
}

/// Sends events to the loop, from any thread.
#[derive(Clone)]
pub struct Sender(mpsc::Sender<AppEvent>);

impl Sender {
    /// Sends an event. One for a loop that has ended is of no interest to anybody.
    pub fn send(&self, event: AppEvent) {
        let _ = self.0.send(event);
    }
}

impl EventLoop {
    /// A loop that does not run yet.
    #[expect(clippy::new_without_default, reason = "its sibling for other platforms has no default")]
    pub fn new() -> EventLoop {
        let (sender, events) = mpsc::channel();
        EventLoop { sender, events }
    }

    /// Sends events to this loop.
    pub fn sender(&self) -> Sender {
        Sender(self.sender.clone())
    }

    /// Runs `handle` for each event, [`AppEvent::Started`] first, until it says to stop.
    pub fn run(self, mut handle: impl FnMut(AppEvent) -> ControlFlow<()> + 'static) {
        self.sender().send(AppEvent::Started);
        // `self.sender` lives as long as the loop, so the channel does not close.
        while let Ok(event) = self.events.recv() {
            if handle(event).is_break() {
                return;
            }
        }
    }
}
