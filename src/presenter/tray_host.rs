//! Whether a tray host displays the icon, and what the user can do if none does.

/// Whether a tray host displays the icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrayHostStatus {
    /// A tray host runs and responds.
    Present,
    /// No tray host is running; the icon appears when one starts.
    Missing,
    /// A tray host runs and does not respond.
    NotResponding,
    /// There is no D-Bus session bus, so there can't be a tray host.
    NoSessionBus,
}

impl TrayHostStatus {
    /// What is missing and how to get it, in one sentence. `None`: nothing is.
    pub fn advice(self) -> Option<&'static str> {
        match self {
            TrayHostStatus::Present => None,
            TrayHostStatus::Missing => Some(
                "could not show the icon yet: no tray host is running, and the icon appears when one starts \
                 (hint: GNOME needs the AppIndicator extension; a bar without StatusNotifier needs snixembed)",
            ),
            TrayHostStatus::NotResponding => {
                Some("could not show the icon yet: the tray host does not respond (hint: restart the panel)")
            }
            TrayHostStatus::NoSessionBus => Some(
                "could not show the icon: there is no D-Bus session bus \
                 (hint: start quota-tray in a desktop session, or with dbus-run-session)",
            ),
        }
    }
}
