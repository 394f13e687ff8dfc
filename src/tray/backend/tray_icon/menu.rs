//! Menu rows → the library's menu, and changes of a menu in place.

use crate::presenter::icon_state::IconState;
use crate::tray::backend::tray_icon::icon_cache::IconCache;
use crate::tray::menu::Item;
use crate::tray::menu_tree::escape_mnemonic;
use tray_icon::menu::{CheckMenuItem, Error, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};

/// A menu of the library, and what it shows.
pub struct PlatformMenu {
    /// The library's menu.
    pub menu: Menu,
    /// The rows that it shows. Empty after [`invalidate`](PlatformMenu::invalidate).
    pub items: Vec<Item>,
    handles: Vec<ItemHandle>,
}

/// A menu item of the library.
enum ItemHandle {
    Item(MenuItem),
    Check(CheckMenuItem),
    Submenu(Submenu, Vec<ItemHandle>),
    Separator,
}

impl PlatformMenu {
    /// Builds a menu.
    pub fn new(items: Vec<Item>) -> PlatformMenu {
        let menu = Menu::new();
        let handles = build(&items, "", &mut IconCache::default(), &mut |item| menu.append(item));
        PlatformMenu { menu, handles, items }
    }

    /// Changes the rows in place; `items` must have the same shape.
    pub fn update(&mut self, items: Vec<Item>) {
        update(&self.items, &items, &self.handles, &mut IconCache::default());
        self.items = items;
    }

    /// To be called when the platform has toggled an item by itself: the next content replaces the whole menu.
    pub fn invalidate(&mut self) {
        self.items.clear();
    }
}

/// Builds the library's items and passes each to `append`. Ids are as in `menu_tree`.
fn build(
    items: &[Item],
    path: &str,
    icons: &mut IconCache,
    append: &mut dyn FnMut(&dyn IsMenuItem) -> Result<(), Error>,
) -> Vec<ItemHandle> {
    let mut handles = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let id = format!("{path}/{index}");
        let handle = match item {
            Item::Text(label) => ItemHandle::Item(MenuItem::with_id(id, escape_mnemonic(label), true, None)),
            Item::Note(label) => ItemHandle::Item(MenuItem::with_id(id, escape_mnemonic(label), false, None)),
            Item::Action(label, action) => {
                ItemHandle::Item(MenuItem::with_id(id, escape_mnemonic(label), action.is_some(), None))
            }
            // The library has no radio items.
            Item::Check(label, _, on) | Item::Radio(label, _, on) => {
                ItemHandle::Check(CheckMenuItem::with_id(id, escape_mnemonic(label), true, *on, None))
            }
            Item::Submenu(row) => {
                let submenu = Submenu::with_id(id.as_str(), escape_mnemonic(&row.label), true);
                icons.set(&submenu, row.icon_state);
                let children = build(&row.items, &id, icons, &mut |item| submenu.append(item));
                ItemHandle::Submenu(submenu, children)
            }
            Item::Separator => ItemHandle::Separator,
        };
        let appended = match &handle {
            ItemHandle::Item(item) => append(item),
            ItemHandle::Check(item) => append(item),
            ItemHandle::Submenu(item, _) => append(item),
            ItemHandle::Separator => append(&PredefinedMenuItem::separator()),
        };
        if let Err(error) = appended {
            log::warn!("could not add a menu item: {error}");
        }
        handles.push(handle);
    }
    handles
}

fn update(old: &[Item], new: &[Item], handles: &[ItemHandle], icons: &mut IconCache) {
    for ((old, new), handle) in old.iter().zip(new).zip(handles) {
        if old == new {
            continue;
        }
        match (handle, new) {
            (ItemHandle::Item(item), Item::Text(label) | Item::Note(label) | Item::Action(label, _)) => {
                item.set_text(escape_mnemonic(label));
                item.set_enabled(matches!(new, Item::Text(_) | Item::Action(_, Some(_))));
            }
            (ItemHandle::Check(item), Item::Check(label, _, on) | Item::Radio(label, _, on)) => {
                item.set_text(escape_mnemonic(label));
                item.set_checked(*on);
            }
            (ItemHandle::Submenu(item, handles), Item::Submenu(new)) => {
                if let Item::Submenu(old) = old {
                    if old.label != new.label {
                        item.set_text(escape_mnemonic(&new.label));
                    }
                    if old.icon_state.map(IconState::step) != new.icon_state.map(IconState::step) {
                        icons.set(item, new.icon_state);
                    }
                    update(&old.items, &new.items, handles, icons);
                }
            }
            _ => {}
        }
    }
}
