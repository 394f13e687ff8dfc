//! The item on display: its content, and the menu as it was published to tray hosts. The service changes it; method
//! calls read it, and refresh the menu.

use crate::tray::backend::status_notifier::color_scheme::ColorScheme;
use crate::tray::backend::status_notifier::menu_layout::{MenuChange, MenuLayout};
use crate::tray::backend::{TrayEvent, TrayEventHandler};
use crate::tray::content::TrayContent;
use crate::tray::icon::Palette;
use chrono::{DateTime, Utc};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The item, shared by the tasks of a connection and kept from one connection to the next.
pub struct SharedItem {
    state: Mutex<ItemState>,
    on_event: TrayEventHandler,
    /// Counts the calls of `Activate` and `ContextMenu`.
    pub activations: watch::Sender<u64>,
    /// Counts the calls of `AboutToShow`, with which a host opens the menu.
    pub openings: watch::Sender<u64>,
}

/// The item on display.
pub struct ItemState {
    /// What is displayed. `None`: nothing was yet.
    pub content: Option<TrayContent>,
    /// The colours of the icon.
    pub palette: Palette,
    /// The menu as it was published last.
    pub menu: MenuLayout,
}

/// What differs from the previous content. Each difference needs a signal.
#[derive(Debug, PartialEq)]
pub struct Changes {
    pub icon: bool,
    pub label: bool,
    pub title: bool,
    pub tooltip: bool,
    pub status: bool,
    pub menu: MenuChange,
}

impl SharedItem {
    /// An item with no content.
    pub fn new(on_event: TrayEventHandler) -> SharedItem {
        let state = ItemState { content: None, palette: Palette::AnyPanel, menu: MenuLayout::default() };
        SharedItem {
            state: Mutex::new(state),
            on_event,
            activations: watch::Sender::new(0),
            openings: watch::Sender::new(0),
        }
    }

    /// The item; the lock is held for no longer than it takes to read or change it.
    pub fn lock(&self) -> MutexGuard<'_, ItemState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports an event.
    pub fn report(&self, event: TrayEvent) {
        (self.on_event)(event);
    }
}

impl ItemState {
    /// Replaces the content.
    pub fn set_content(&mut self, new: TrayContent, now: DateTime<Utc>) -> Changes {
        let old = self.content.take();
        let differs = |same: &dyn Fn(&TrayContent) -> bool| !old.as_ref().is_some_and(same);
        let changes = Changes {
            icon: differs(&|old| old.icon == new.icon),
            label: differs(&|old| old.label == new.label),
            title: differs(&|old| old.title == new.title),
            tooltip: differs(&|old| old.tooltip == new.tooltip),
            status: differs(&|old| (old.needs_attention, old.passive) == (new.needs_attention, new.passive)),
            menu: self.menu.update(new.menu.items(now)),
        };
        self.content = Some(new);
        changes
    }

    /// Sets the colours that the desktop prefers. Returns whether the icon looks different.
    pub fn set_color_scheme(&mut self, scheme: ColorScheme) -> bool {
        let palette = match scheme {
            ColorScheme::Unknown => Palette::AnyPanel,
            ColorScheme::Dark => Palette::DarkPanel,
            ColorScheme::Light => Palette::LightPanel,
        };
        std::mem::replace(&mut self.palette, palette) != palette
    }

    /// Builds the menu again, so that its countdowns and ages are those of `now`.
    pub fn refresh_menu(&mut self, now: DateTime<Utc>) -> MenuChange {
        match &self.content {
            Some(content) => self.menu.update(content.menu.items(now)),
            None => MenuChange::Properties(Vec::new()),
        }
    }
}
