//! The icons in front of the menu's rows. Many accounts share few of them: each is rendered once for a menu.

use crate::presenter::icon_state::IconState;
use crate::tray::icon::{self, Palette, Picture};
use crate::tray::menu::Item;
use crate::tray::menu_tree::icon_count;
use tray_icon::menu::{Icon, Submenu};

/// Twice the 16 px of a menu, for dense screens.
const ROW_SIZE: u32 = 32;

/// On Linux the library encodes the icons of all rows again at each change of anything, and sends all of them when the
/// menu is read. With more rows than this, icons are 16 px, which is a quarter of the data.
const MAX_LARGE_ICONS: Option<usize> = if cfg!(any(target_os = "macos", windows)) { None } else { Some(24) };
const SMALL_ROW_SIZE: u32 = 16;

/// The colours of all icons of this platform.
pub const PALETTE: Palette = if cfg!(target_os = "macos") { Palette::Template } else { Palette::AnyPanel };

/// The rendered icons of one menu.
pub struct IconCache {
    size: u32,
    rendered: Vec<(IconState, Icon)>,
}

impl IconCache {
    /// An empty cache for a menu, whose number of icons decides on their size.
    pub fn for_menu(items: &[Item]) -> IconCache {
        let too_many = MAX_LARGE_ICONS.is_some_and(|max| icon_count(items) > max);
        let size = if too_many { SMALL_ROW_SIZE } else { ROW_SIZE };
        IconCache { size, rendered: Vec::new() }
    }

    /// Sets the icon of a row. `None`: the row keeps what it has.
    pub fn set(&mut self, row: &Submenu, state: Option<IconState>) {
        if let Some(icon) = state.and_then(|state| self.get(state)) {
            #[cfg(target_os = "macos")]
            row.set_icon_templated(Some(icon));
            #[cfg(not(target_os = "macos"))]
            row.set_icon(Some(icon));
        }
    }

    fn get(&mut self, state: IconState) -> Option<Icon> {
        let state = state.step();
        if let Some((_, icon)) = self.rendered.iter().find(|(rendered, _)| *rendered == state) {
            return Some(icon.clone());
        }
        let Picture { rgba, size } = icon::row(state, self.size, PALETTE);
        let icon = Icon::from_rgba(rgba, size, size).ok()?;
        self.rendered.push((state, icon.clone()));
        Some(icon)
    }
}
