//! The tray icon on display: changes only what differs from the previous content.

use crate::platform::clock;
use crate::presenter::icon_state::IconContent;
use crate::text;
use crate::tray::backend::tray_icon::clicks::ClickHandler;
use crate::tray::backend::tray_icon::icon_cache::PALETTE;
use crate::tray::backend::tray_icon::menu::PlatformMenu;
use crate::tray::content::TrayContent;
use crate::tray::icon::{self, Picture};
use crate::tray::menu_tree::same_shape;
use tray_icon::{Error, Icon, TrayIcon, TrayIconBuilder};

/// Windows draws its icons at 16 px times the scale factor, and scales 32 px best; macOS at 22 px times 1 or 2.
const ICON_SIZE: u32 = if cfg!(windows) { 32 } else { 44 };

/// Windows cuts a tooltip at 128 UTF-16 units including the terminating zero, even in the middle of a character.
const MAX_TOOLTIP: usize = if cfg!(windows) { 127 } else { usize::MAX };

/// The tray icon on display.
pub struct ShownIcon {
    tray: TrayIcon,
    clicks: ClickHandler,
    /// What is displayed. `None`: unknown, so the next content is applied in full.
    shown: Option<TrayContent>,
    menu: PlatformMenu,
}

impl ShownIcon {
    /// Creates the icon.
    ///
    /// # Errors
    /// The platform refuses the icon.
    pub fn create(clicks: &ClickHandler, content: TrayContent) -> Result<ShownIcon, Error> {
        let items = content.menu.items(clock::now());
        clicks.set_items(&items);
        let menu = PlatformMenu::new(items);
        let builder = TrayIconBuilder::new()
            .with_id("quota-tray")
            .with_menu(Box::new(menu.menu.clone()))
            .with_menu_on_left_click(true)
            .with_tooltip(tooltip(&content))
            .with_title(&content.title);
        #[cfg(target_os = "macos")]
        let with_icon = TrayIconBuilder::with_icon_templated;
        #[cfg(not(target_os = "macos"))]
        let with_icon = TrayIconBuilder::with_icon;
        let builder = match render(content.icon) {
            Some(icon) => with_icon(builder, icon),
            None => builder,
        };
        let (tray, clicks) = (builder.build()?, clicks.clone());
        Ok(ShownIcon { tray, clicks, shown: Some(content), menu })
    }

    /// To be called when the platform has toggled an item by itself, as it does with a check item that is clicked: the
    /// next content is applied in full.
    pub fn invalidate_menu(&mut self) {
        self.shown = None;
        self.menu.invalidate();
    }

    /// Replaces the content on display.
    pub fn show(&mut self, content: TrayContent) {
        let shown = self.shown.take();
        let shown = shown.as_ref();
        let is_shown = |same: &dyn Fn(&TrayContent) -> bool| shown.is_some_and(same);
        let mut result = Ok(());
        self.show_items(&content);
        if !is_shown(&|old| old.icon == content.icon)
            && let Some(icon) = render(content.icon)
        {
            result = result.and(set_icon(&self.tray, icon));
        }
        if !is_shown(&|old| tooltip(old) == tooltip(&content)) {
            result = result.and(self.tray.set_tooltip(Some(tooltip(&content))));
        }
        if !is_shown(&|old| old.title == content.title) {
            self.tray.set_title(Some(&content.title));
        }
        match result {
            Ok(()) => self.shown = Some(content),
            // `shown` stays `None`, so that the next content is applied in full.
            Err(error) => log::warn!("could not change the tray icon: {error}"),
        }
    }

    /// Changes rows in place where possible, so that an open menu stays open.
    fn show_items(&mut self, content: &TrayContent) {
        let items = content.menu.items(clock::now());
        if self.shown.is_some() && self.menu.items == items {
            return;
        }
        self.clicks.set_items(&items);
        if same_shape(&self.menu.items, &items) {
            return self.menu.update(items);
        }
        self.menu = PlatformMenu::new(items);
        self.tray.set_menu(Some(Box::new(self.menu.menu.clone())));
    }
}

fn set_icon(tray: &TrayIcon, icon: Icon) -> Result<(), Error> {
    #[cfg(target_os = "macos")]
    return tray.set_icon_templated(Some(icon));
    #[cfg(not(target_os = "macos"))]
    tray.set_icon(Some(icon))
}

/// Screen readers read the tooltip, so it begins with what the icon shows.
fn tooltip(content: &TrayContent) -> String {
    text::truncate_to_utf16(&format!("{}\n{}", content.label, content.tooltip), MAX_TOOLTIP)
}

fn render(content: IconContent) -> Option<Icon> {
    let Picture { rgba, size } = icon::tray(content, ICON_SIZE, PALETTE);
    Icon::from_rgba(rgba, size, size).ok()
}
