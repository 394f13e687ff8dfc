//! What the tray shows, as one value: the backend compares it with what it has shown before.

use crate::presenter::icon_state::IconContent;
use crate::tray::menu::Item;

/// The tray icon with its menu and texts.
#[derive(Debug, Clone, PartialEq)]
pub struct TrayContent {
    /// The menu.
    pub items: Vec<Item>,
    /// The icon.
    pub icon: IconContent,
    /// What the icon shows, in words: its accessible name.
    pub label: String,
    /// The text that appears when the pointer is over the icon.
    pub tooltip: String,
    /// The text beside the icon. Empty: none.
    pub title: String,
}
