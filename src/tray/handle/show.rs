//! What both kinds of handles do with new content.

use crate::tray::backend::{ClickHandler, TrayBackend};
use crate::tray::content::TrayContent;
use crate::tray::handle::presence::{Phase, PresenceReporter};

/// Replaces the content on display, or creates the icon with it. An icon that can't be created is logged; the next
/// content tries again.
pub fn show(
    backend: &mut Option<TrayBackend>,
    clicks: &ClickHandler,
    content: TrayContent,
    presence: &mut PresenceReporter,
) {
    if let Some(backend) = backend {
        return backend.show(content);
    }
    presence.begin_attempt();
    match TrayBackend::create(clicks, content) {
        Ok(created) => {
            *backend = Some(created);
            presence.set_phase(Phase::Created);
        }
        Err(error) => {
            // No warning: on Linux, `tray/host.rs` finds out what is missing, and the menu reports it.
            log::info!("could not show the icon: {error}");
            presence.set_phase(Phase::Absent);
        }
    }
}
