//! The icons in front of the menu's rows. Many accounts share few of them, so each is rendered once per menu.

use crate::presenter::icon_state::IconState;
use crate::tray::icon::{self, Palette, Picture};
use tray_icon::menu::{Icon, Submenu};

/// Twice the 16 px of a menu, for high-DPI screens.
const ROW_SIZE: u32 = 32;

/// The colours of all icons of this platform.
pub const PALETTE: Palette = if cfg!(target_os = "macos") { Palette::Template } else { Palette::AnyPanel };

/// The rendered icons of one menu.
#[derive(Default)]
pub struct IconCache {
    rendered: Vec<(IconState, Icon)>,
}

impl IconCache {
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
        let Picture { rgba, size } = icon::row(state, ROW_SIZE, PALETTE);
        let icon = Icon::from_rgba(rgba, size, size).ok()?;
        self.rendered.push((state, icon.clone()));
        Some(icon)
    }
}
