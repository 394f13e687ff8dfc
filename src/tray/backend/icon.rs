//! The tray icon on display: changes only what differs from the content before.

use crate::presenter::icon_state::IconContent;
use crate::tray::backend::clicks::ClickHandler;
use crate::tray::backend::icon_cache::PALETTE;
use crate::tray::backend::menu::PlatformMenu;
use crate::tray::content::TrayContent;
use crate::tray::icon::{self, Picture};
use crate::tray::menu::Item;
use crate::tray::menu_tree::{same_shape, without_icons};
use std::mem::{replace, take};
use tray_icon::{Error, Icon, TrayIcon, TrayIconBuilder};

/// One bitmap for all panels: twice the usual 22 px, so that normal and dense screens both get whole pixels. Windows
/// draws its icons at 16 px times the scale factor, and scales 32 px best.
const ICON_SIZE: u32 = if cfg!(windows) { 32 } else { 44 };

/// Windows cuts a tooltip at 128 UTF-16 units including the terminating zero, even in the middle of a character.
const MAX_TOOLTIP: usize = if cfg!(windows) { 127 } else { usize::MAX };

/// On Linux the library reads the menu, on its own thread, as soon as anything in it changes. So that all changes
/// go out in one signal, a second menu is changed and then replaces the first; building a new one each time, and
/// dropping the old one, is twice the work. Elsewhere rows are changed in place, and an open menu stays open.
const TWO_MENUS: bool = cfg!(not(any(target_os = "macos", windows)));

/// On Linux the library encodes the icons of all rows before it shows the tray icon, and sends all of them when the
/// menu is read: with them the percentages would take twice as long to appear.
const ROW_ICONS_LATER: bool = cfg!(not(any(target_os = "macos", windows)));

/// A StatusNotifierItem is identified by its title: screen readers read it, panels list it, and show it above the
/// tooltip. Elsewhere a title is displayed beside the icon, and screen readers read the tooltip.
const TITLE_IS_NAME: bool = cfg!(not(any(target_os = "macos", windows)));

/// The tray icon on display.
pub struct TrayBackend {
    tray: TrayIcon,
    clicks: ClickHandler,
    /// What is displayed, without the rows. `None`: unknown, so the next content is applied in full.
    shown: Option<TrayContent>,
    menu: PlatformMenu,
    /// The previous menu, to be changed into the next one (see [`TWO_MENUS`]). `None`: there is none.
    spare_menu: Option<PlatformMenu>,
}

impl TrayBackend {
    /// Creates the icon. Where row icons take long (Linux), the menu has none yet: [`show`](TrayBackend::show) with
    /// the same content adds them.
    ///
    /// # Errors
    /// The platform has no tray, or refuses the icon.
    pub fn create(clicks: &ClickHandler, mut content: TrayContent) -> Result<TrayBackend, Error> {
        let items = take(&mut content.items);
        clicks.set_items(&items);
        let menu = PlatformMenu::new(if ROW_ICONS_LATER { without_icons(items) } else { items });
        let builder = TrayIconBuilder::new()
            .with_id("quota-tray")
            .with_menu(Box::new(menu.menu.clone()))
            .with_tooltip(tooltip(&content))
            .with_title(title(&content));
        #[cfg(target_os = "macos")]
        let with_icon = TrayIconBuilder::with_icon_templated;
        #[cfg(not(target_os = "macos"))]
        let with_icon = TrayIconBuilder::with_icon;
        let builder = match render(content.icon) {
            Some(icon) => with_icon(builder, icon),
            None => builder,
        };
        discard_menu_changes();
        let (tray, clicks) = (builder.build()?, clicks.clone());
        Ok(TrayBackend { tray, clicks, shown: Some(content), menu, spare_menu: None })
    }

    /// To be called when the platform has changed an item by itself, as it does with a check item that is clicked: the
    /// next content is applied in full.
    pub fn invalidate_menu(&mut self) {
        self.shown = None;
        self.menu.invalidate();
    }

    /// Replaces the content on display.
    pub fn show(&mut self, mut content: TrayContent) {
        let shown = self.shown.take();
        let shown = shown.as_ref();
        let is_shown = |same: &dyn Fn(&TrayContent) -> bool| shown.is_some_and(same);
        let mut result = Ok(());

        // The rows first, since users wait for them: the library reads the whole menu again at each change below.
        let items = take(&mut content.items);
        if shown.is_none() || self.menu.items != items {
            self.show_items(items);
        }
        if !is_shown(&|old| old.icon == content.icon)
            && let Some(icon) = render(content.icon)
        {
            result = result.and(set_icon(&self.tray, icon));
        }
        if !is_shown(&|old| tooltip(old) == tooltip(&content)) {
            result = result.and(self.tray.set_tooltip(Some(tooltip(&content))));
        }
        if !is_shown(&|old| title(old) == title(&content)) {
            self.tray.set_title(Some(title(&content)));
        }
        match result {
            Ok(()) => self.shown = Some(content),
            // `shown` stays `None`, so that the next content is applied in full.
            Err(error) => log::warn!("could not change the tray icon: {error}"),
        }
    }

    fn show_items(&mut self, items: Vec<Item>) {
        self.clicks.set_items(&items);
        if !TWO_MENUS && same_shape(&self.menu.items, &items) {
            return self.menu.update(items);
        }
        let next = match self.spare_menu.take() {
            Some(mut spare) if same_shape(&spare.items, &items) => {
                spare.update(items);
                spare
            }
            _ => PlatformMenu::new(items),
        };
        self.tray.set_menu(Some(Box::new(next.menu.clone())));
        let previous = replace(&mut self.menu, next);
        self.spare_menu = TWO_MENUS.then_some(previous);
    }
}

/// Discards the change events that building the menu has caused. Otherwise the library would read the whole menu once
/// more, just when the panel wants to read it.
fn discard_menu_changes() {
    #[cfg(not(any(target_os = "macos", windows)))]
    while tray_icon::menu::MenuChangeEvent::receiver().try_recv().is_ok() {}
}

fn set_icon(tray: &TrayIcon, icon: Icon) -> Result<(), Error> {
    #[cfg(target_os = "macos")]
    return tray.set_icon_templated(Some(icon));
    #[cfg(not(target_os = "macos"))]
    tray.set_icon(Some(icon))
}

fn title(content: &TrayContent) -> &str {
    if TITLE_IS_NAME && content.title.is_empty() { &content.label } else { &content.title }
}

fn tooltip(content: &TrayContent) -> String {
    match TITLE_IS_NAME {
        // StatusNotifierItem allows markup in tooltips; Plasma renders it as HTML, with images from any address.
        true => crate::text::escape_markup(&crate::text::truncate_to_utf16(&content.tooltip, MAX_TOOLTIP)),
        false => {
            crate::text::truncate_to_utf16(&format!("{}\n{}", content.label, content.tooltip), MAX_TOOLTIP)
        }
    }
}

fn render(content: IconContent) -> Option<Icon> {
    let Picture { rgba, size } = icon::tray(content, ICON_SIZE, PALETTE);
    Icon::from_rgba(rgba, size, size).ok()
}
