//! Whether the tray icon exists, for the task that keeps it registered (`tray/registration.rs`).

use std::time::Duration;
use tokio::sync::watch;

/// How long a panel takes to read the menu of a new icon.
pub const MENU_READ_TIME: Duration = Duration::from_millis(50);

/// State of the tray icon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IconPresence {
    /// The number of the attempt to create the icon that this is about; 0 before the first.
    pub attempt: u64,
    /// The state of that attempt.
    pub phase: Phase,
}

/// State of an attempt to create the icon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// There is no icon: it is not created yet, could not be created, or was removed.
    #[default]
    Absent,
    /// The library is creating it, and waits for the tray host.
    Creating,
    /// There is an icon.
    Created,
}

impl IconPresence {
    /// Whether the first attempt has ended, with or without an icon.
    pub fn was_tried(&self) -> bool {
        self.attempt > 0 && self.phase != Phase::Creating
    }
}

/// Publishes the presence of the icon, from the thread that creates it. Once another thread has replaced that one, its
/// reports are ignored: the attempt number is no longer its own.
pub struct PresenceReporter {
    presence: watch::Sender<IconPresence>,
    attempt: u64,
}

impl PresenceReporter {
    /// Takes over from the thread that reported before.
    pub fn new(presence: &watch::Sender<IconPresence>) -> PresenceReporter {
        PresenceReporter { presence: presence.clone(), attempt: presence.borrow().attempt }
    }

    /// Reports that the next attempt to create the icon begins.
    pub fn begin_attempt(&mut self) {
        let next = self.attempt + 1;
        // If it was ignored, `next` is the attempt of the thread that has taken over.
        if self.publish(IconPresence { attempt: next, phase: Phase::Creating }) {
            self.attempt = next;
        }
    }

    /// Reports the state of the current attempt.
    pub fn set_phase(&self, phase: Phase) {
        self.publish(IconPresence { attempt: self.attempt, phase });
    }

    /// Whether the presence was changed.
    fn publish(&self, new: IconPresence) -> bool {
        self.presence.send_if_modified(|presence| {
            let changes = presence.attempt == self.attempt && *presence != new;
            if changes {
                *presence = new;
            }
            changes
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_a_replaced_thread_are_ignored() {
        let (sender, receiver) = watch::channel(IconPresence::default());
        let mut first = PresenceReporter::new(&sender);
        assert!(!receiver.borrow().was_tried());
        first.begin_attempt();
        assert_eq!(*receiver.borrow(), IconPresence { attempt: 1, phase: Phase::Creating });
        // As `TrayHandle::restart` does.
        sender.send_modify(|presence| *presence = IconPresence { attempt: 2, phase: Phase::Absent });
        let mut second = PresenceReporter::new(&sender);
        first.set_phase(Phase::Created);
        first.begin_attempt();
        assert_eq!(*receiver.borrow(), IconPresence { attempt: 2, phase: Phase::Absent });
        second.begin_attempt();
        second.set_phase(Phase::Created);
        assert_eq!(*receiver.borrow(), IconPresence { attempt: 3, phase: Phase::Created });
        assert!(receiver.borrow().was_tried());
    }
}
