//! The tray icon on macOS and Windows: on the main thread.

use crate::tray::backend::{ClickHandler, TrayBackend};
use crate::tray::content::TrayContent;
use crate::tray::handle::presence::{IconPresence, Phase, PresenceReporter};
use crate::tray::handle::show::show;
use tokio::sync::watch;

/// The tray icon, created with the first content.
pub struct TrayHandle {
    clicks: ClickHandler,
    presence: PresenceReporter,
    backend: Option<TrayBackend>,
}

impl TrayHandle {
    /// Shows nothing yet. `presence` changes when the icon is created, can't be created, or is removed.
    pub fn new(clicks: ClickHandler, presence: watch::Sender<IconPresence>) -> TrayHandle {
        TrayHandle { clicks, presence: PresenceReporter::new(&presence), backend: None }
    }

    /// Replaces the content on display.
    pub fn show(&mut self, content: TrayContent) {
        show(&mut self.backend, &self.clicks, content, &mut self.presence);
    }

    /// To be called when the platform has changed an item by itself: the next content is applied in full.
    pub fn invalidate_menu(&mut self) {
        if let Some(backend) = &mut self.backend {
            backend.invalidate_menu();
        }
    }

    /// Removes the icon; the next content creates it again.
    pub fn remove(&mut self) {
        self.backend = None;
        self.presence.set_phase(Phase::Absent);
    }

    /// The same as [`remove`](TrayHandle::remove), since there is no thread to replace.
    pub fn restart(&mut self) {
        self.remove();
    }

    /// Removes the icon for good.
    pub fn close(&mut self) {
        self.backend = None;
    }
}
