//! Properties of a menu that tray backends need besides its rows: ids of items, shape, number of icons. Pure.

use crate::tray::menu::{Action, Item, Submenu};
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

/// The number of rows with an icon, at every depth.
pub fn icon_count(items: &[Item]) -> usize {
    let count = |item: &Item| match item {
        Item::Submenu(submenu) => usize::from(submenu.icon_state.is_some()) + icon_count(&submenu.items),
        _ => 0,
    };
    items.iter().map(count).sum()
}

/// The same menu without icons.
pub fn without_icons(items: Vec<Item>) -> Vec<Item> {
    let remove = |item| match item {
        Item::Submenu(submenu) => {
            let items = without_icons(submenu.items);
            Item::Submenu(Submenu { icon_state: None, items, ..submenu })
        }
        other => other,
    };
    items.into_iter().map(remove).collect()
}

/// Doubles ampersands: the library takes a single one for the mark of the next letter as the access key.
pub fn escape(label: &str) -> String {
    label.replace('&', "&&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presenter::icon_state::IconState;
    use crate::tray::menu::SubmenuKey;

    fn row(label: &str, icon: Option<IconState>, items: Vec<Item>) -> Item {
        let key = SubmenuKey::Settings;
        Item::Submenu(Submenu { key, label: label.into(), icon_state: icon, items })
    }

    fn text(label: &str) -> Item {
        Item::Text(label.into())
    }

    #[test]
    fn item_id_is_its_position() {
        let quit = Item::Action("Quit".into(), Some(Action::Quit));
        let off = Item::Action("Refreshing…".into(), None);
        let check = Item::Check("Start at login".into(), Action::StartAtLogin(true), false);
        let items = [text("a"), row("b", None, vec![Item::Separator, check]), off, quit];
        let actions = actions_by_id(&items);
        assert_eq!(actions.len(), 2);
        assert_eq!(actions["/1/1"], Action::StartAtLogin(true));
        assert_eq!(actions["/3"], Action::Quit);
    }

    #[test]
    fn shape_is_the_number_and_kind_of_rows_not_their_labels() {
        let account = |windows: &[&str]| row("a", None, windows.iter().map(|label| text(label)).collect());
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

    #[test]
    fn icons_are_counted_and_removed_at_every_depth() {
        let account = row("a", Some(IconState::Error), vec![text("b")]);
        let provider = row("Claude", Some(IconState::Exhausted), vec![account.clone(), account.clone()]);
        let menu = vec![account, Item::Separator, provider, row("Settings", None, Vec::new())];
        assert_eq!(icon_count(&menu), 4);
        let plain = without_icons(menu.clone());
        assert_eq!(icon_count(&plain), 0);
        assert!(same_shape(&menu, &plain));
        assert_eq!(plain[0], row("a", None, vec![text("b")]));
    }
}
