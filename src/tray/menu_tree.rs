//! What the tray of macOS and Windows needs to know about a menu: the actions by the ids of their items, and whether it
//! can be changed in place. Pure, and tested on every platform.

use crate::tray::menu::{Action, Item};
use std::collections::HashMap;

/// The action of each clickable item, by its id. An id is the position in the menu, such as `/0/2`, so that an item
/// keeps its id as long as the shape of the menu stays the same.
pub fn actions_by_id(items: &[Item]) -> HashMap<String, Action> {
    let mut actions = HashMap::new();
    collect(items, "", &mut actions);
    actions
}

fn collect(items: &[Item], path: &str, actions: &mut HashMap<String, Action>) {
    for (index, item) in items.iter().enumerate() {
        let id = format!("{path}/{index}");
        match item {
            Item::Action(_, Some(action)) | Item::Check(_, action, _) | Item::Radio(_, action, _) => {
                actions.insert(id, action.clone());
            }
            Item::Submenu(submenu) => collect(&submenu.items, &id, actions),
            _ => {}
        }
    }
}

/// Whether one menu can be changed into the other by changing its rows in place.
pub fn same_shape(old: &[Item], new: &[Item]) -> bool {
    old.len() == new.len()
        && old.iter().zip(new).all(|pair| match pair {
            (Item::Submenu(old), Item::Submenu(new)) => same_shape(&old.items, &new.items),
            (
                Item::Text(_) | Item::Note(_) | Item::Action(..),
                Item::Text(_) | Item::Note(_) | Item::Action(..),
            ) => true,
            (old, new) => std::mem::discriminant(old) == std::mem::discriminant(new),
        })
}

/// Doubles ampersands: the library reads a single one as the mark of a mnemonic.
pub fn escape_mnemonic(label: &str) -> String {
    label.replace('&', "&&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tray::menu::{Submenu, SubmenuKey};

    fn row(label: &str, items: Vec<Item>) -> Item {
        let key = SubmenuKey::Settings;
        Item::Submenu(Submenu { key, label: label.into(), icon_state: None, items })
    }

    fn text(label: &str) -> Item {
        Item::Text(label.into())
    }

    #[test]
    fn item_id_is_its_position() {
        let quit = Item::Action("Quit".into(), Some(Action::Quit));
        let off = Item::Action("Refreshing…".into(), None);
        let check = Item::Check("Start at login".into(), Action::StartAtLogin(true), false);
        let items = [text("a"), row("b", vec![Item::Separator, check]), off, quit];
        let actions = actions_by_id(&items);
        assert_eq!(actions.len(), 2);
        assert_eq!(actions["/1/1"], Action::StartAtLogin(true));
        assert_eq!(actions["/3"], Action::Quit);
    }

    #[test]
    fn shape_is_the_number_and_kind_of_rows_not_their_labels() {
        let account = |windows: &[&str]| row("a", windows.iter().map(|label| text(label)).collect());
        let old = [account(&["5-hour"]), text("b"), Item::Separator];
        assert!(same_shape(&old, &[account(&["Weekly"]), Item::Note("c".into()), Item::Separator]));
        for new in [
            vec![account(&["5-hour", "Weekly"]), text("b"), Item::Separator],
            vec![account(&["5-hour"]), Item::Separator, Item::Separator],
            vec![account(&["5-hour"]), text("b")],
            vec![text("a"), text("b"), Item::Separator],
        ] {
            assert!(!same_shape(&old, &new), "{new:?}");
        }
    }
}
