//! What the program requires from a platform's tray, and what the tray reports.

use crate::presenter::tray_host::TrayHostStatus;
use crate::tray::content::TrayContent;
use crate::tray::menu::Action;

/// A platform's tray, used from the main thread. No call blocks.
pub trait TrayBackend {
    /// Replaces the content on display; the first content creates the icon. An icon that can't be created is logged,
    /// and tried again with the next content or when a tray host appears.
    fn show(&mut self, content: TrayContent);

    /// To be called after a click on a check item or radio item, whose mark the platform may have toggled by itself:
    /// the next content is applied in full.
    fn invalidate_menu(&mut self);

    /// Removes the icon for good.
    fn close(&mut self);
}

/// What a tray reports.
#[derive(Debug, Clone, PartialEq)]
pub enum TrayEvent {
    /// A menu item was clicked.
    Clicked(Action),
    /// The icon was clicked with the middle button.
    SecondaryActivated,
    /// The icon was clicked, and the tray host has not opened the menu: it displays none.
    Activated,
    /// The status of the tray host, which may be the same as before.
    Host(TrayHostStatus),
    /// A notification server has started on the icon's bus.
    NotificationServerStarted,
}

/// Receives the events of a tray, on any thread.
pub type TrayEventHandler = Box<dyn Fn(TrayEvent) + Send + Sync>;
