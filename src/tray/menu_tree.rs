//! What a platform's tray has to know of a menu beside its rows. Pure, as the menu is.

use crate::tray::menu::{Action, Item};
use std::collections::HashMap;

/// What each row asks for when it is clicked, by its id. Ids are places in the menu, such as `/0/2`, so that an
/// item keeps its id while the shape of the menu stays.
pub fn actions_by_id(items: &[Item]) -> HashMap<String, Action> {
    let mut actions = HashMap::new();
    collect(items, "", &mut actions);
    actions
}

fn collect(items: &[Item], path: &str, actions: &mut HashMap<String, Action>) {
    for (index, item) in items.iter().enumerate() {
        let id = format!("{path}/{index}");
        match item {
            Item::Action(_, Some(action)) | Item::Check(_, action, _) => {
                actions.insert(id, *action);
            }
            Item::Submenu(_, _, items) => collect(items, &id, actions),
            _ => {}
        }
    }
}

/// Whether one menu can be made into the other by changing its rows where they stand.
pub fn same_shape(old: &[Item], new: &[Item]) -> bool {
    old.len() == new.len()
        && old.iter().zip(new).all(|pair| match pair {
            (Item::Submenu(_, _, old), Item::Submenu(_, _, new)) => same_shape(old, new),
            (
                Item::Text(_) | Item::Note(_) | Item::Action(..),
                Item::Text(_) | Item::Note(_) | Item::Action(..),
            ) => true,
            (old, new) => std::mem::discriminant(old) == std::mem::discriminant(new),
        })
}

/// How many rows have a picture.
pub fn pictures_in(items: &[Item]) -> usize {
    let of = |item: &Item| match item {
        Item::Submenu(_, face, items) => usize::from(face.is_some()) + pictures_in(items),
        _ => 0,
    };
    items.iter().map(of).sum()
}

/// The same menu without its pictures.
pub fn words_only(items: Vec<Item>) -> Vec<Item> {
    let of = |item| match item {
        Item::Submenu(label, _, items) => Item::Submenu(label, None, words_only(items)),
        other => other,
    };
    items.into_iter().map(of).collect()
}

/// An ampersand would underline the next letter.
pub fn escape(label: &str) -> String {
    label.replace('&', "&&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presenter::icon_state::IconState;

    fn row(label: &str, face: Option<IconState>, items: Vec<Item>) -> Item {
        Item::Submenu(label.into(), face, items)
    }

    fn text(label: &str) -> Item {
        Item::Text(label.into())
    }

    #[test]
    fn an_item_is_known_by_its_place() {
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
    fn rows_may_change_their_words_and_not_their_kind_or_number() {
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
    fn pictures_are_counted_at_every_depth() {
        let account = row("a", Some(IconState::Error), vec![text("b")]);
        let provider = row("Claude", Some(IconState::Exhausted), vec![account.clone(), account.clone()]);
        let menu = vec![account, Item::Separator, provider, row("Settings", None, Vec::new())];
        assert_eq!(pictures_in(&menu), 4);
        let words = words_only(menu.clone());
        assert_eq!(pictures_in(&words), 0);
        assert!(same_shape(&menu, &words));
        assert_eq!(words[0], row("a", None, vec![text("b")]));
    }
}
