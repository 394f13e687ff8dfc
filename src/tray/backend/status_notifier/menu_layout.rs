//! The menu as tray hosts know it: items with numeric ids, and what differs between two menus. Pure.
//!
//! A host names an item by its id, in a click as well, and it may have read the menu before the latest change. So an
//! id is never given to an item that does something else.

use crate::presenter::icon_state::IconState;
use crate::tray::menu::{Action, Item, Submenu};
use std::collections::HashSet;
use std::mem::discriminant;

/// The id of the root, which is the menu itself.
pub const ROOT: i32 = 0;

/// An item with its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Unique for the life of the menu.
    pub id: i32,
    /// The key of the item. `None`: it has none.
    key: Option<String>,
    /// What is displayed.
    pub properties: Properties,
    /// What a click does. `None`: nothing.
    pub action: Option<Action>,
    /// The items of its submenu.
    pub children: Vec<Node>,
}

/// What is displayed of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Properties {
    /// The kind of item.
    pub kind: Kind,
    /// The text. Empty for a separator.
    pub label: String,
    /// Whether it can be clicked.
    pub enabled: bool,
    /// The icon in front of the text.
    pub icon: Option<IconState>,
}

/// The kind of an item. `Check` and `Radio` have their state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A label, with or without an action.
    Standard,
    /// A check mark.
    Check(bool),
    /// One of several choices.
    Radio(bool),
    /// An item with a submenu.
    Submenu,
    /// A line.
    Separator,
}

/// What differs between two menus.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Items came, went or moved, or have another kind.
    Layout,
    /// Only properties of these items changed; none at all, if it is empty.
    Properties(Vec<ChangedItem>),
}

/// An item whose properties changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedItem {
    /// Its id.
    pub id: i32,
    /// Whether its icon changed, too.
    pub icon: bool,
}

/// The menu that tray hosts know.
#[derive(Debug)]
pub struct MenuLayout {
    /// The root.
    pub root: Node,
    /// Changes with every [`Change::Layout`].
    pub revision: u32,
    last_id: i32,
}

impl Default for MenuLayout {
    /// An empty menu.
    fn default() -> MenuLayout {
        let properties = Properties { kind: Kind::Submenu, label: String::new(), enabled: true, icon: None };
        let root = Node { id: ROOT, key: None, properties, action: None, children: Vec::new() };
        MenuLayout { root, revision: 1, last_id: ROOT }
    }
}

impl MenuLayout {
    /// Replaces the items, which keep their ids as far as they are the same ones.
    pub fn update(&mut self, items: Vec<Item>) -> Change {
        let old = std::mem::take(&mut self.root.children);
        let mut changed = Vec::new();
        let (children, same_layout) = self.number(items, old, &mut changed);
        self.root.children = children;
        if same_layout {
            return Change::Properties(changed);
        }
        self.revision = self.revision.wrapping_add(1);
        Change::Layout
    }

    /// Has hosts read the whole menu again after the next [`update`](MenuLayout::update): no item keeps its id.
    pub fn invalidate(&mut self) {
        self.root.children.clear();
    }

    /// The item with this id.
    pub fn find(&self, id: i32) -> Option<&Node> {
        self.root.find(id)
    }

    /// The ids of all items.
    pub fn ids(&self) -> Vec<i32> {
        self.root.ids()
    }

    /// Gives ids to `items`, and collects those whose properties differ from `old`. Also returns whether the items are the
    /// same ones in the same places.
    fn number(
        &mut self,
        items: Vec<Item>,
        old: Vec<Node>,
        changed: &mut Vec<ChangedItem>,
    ) -> (Vec<Node>, bool) {
        let mut same_layout = items.len() == old.len();
        let mut old: Vec<_> = old.into_iter().map(Some).collect();
        let keys: HashSet<_> = items.iter().filter_map(Item::key).collect();
        let mut nodes = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let key = item.key();
            let (properties, action, below) = split(item);
            let at = predecessor(&old, index, key.as_ref(), &properties, &keys);
            same_layout &= at == Some(index);
            let before = at.and_then(|at| old[at].take());
            let id = before.as_ref().map_or_else(|| self.next_id(), |node| node.id);
            let (old_properties, old_children) =
                before.map_or((None, Vec::new()), |node| (Some(node.properties), node.children));
            if let Some(old) = old_properties.filter(|old| *old != properties) {
                changed.push(ChangedItem { id, icon: old.icon != properties.icon });
            }
            let (children, same_below) = self.number(below, old_children, changed);
            same_layout &= same_below;
            nodes.push(Node { id, key, properties, action, children });
        }
        (nodes, same_layout)
    }

    fn next_id(&mut self) -> i32 {
        self.last_id += 1;
        self.last_id
    }
}

/// The place of the old item that the new one at `index` continues: one with the same key; without a key, the one in the
/// same place, if that has none that occurs among the new `keys`. `None`: the item is new.
fn predecessor(
    old: &[Option<Node>],
    index: usize,
    key: Option<&String>,
    properties: &Properties,
    keys: &HashSet<String>,
) -> Option<usize> {
    let same_kind = |node: &Node| discriminant(&node.properties.kind) == discriminant(&properties.kind);
    let same_key = |node: &Option<Node>| {
        node.as_ref().is_some_and(|node| key.is_some() && node.key.as_ref() == key && same_kind(node))
    };
    // Mostly the one in the same place; with an account more or less, one further down or up.
    if old.get(index).is_some_and(same_key) {
        return Some(index);
    }
    old.iter().position(same_key).or_else(|| {
        let node = old.get(index)?.as_ref()?;
        let is_free = node.key.as_ref().is_none_or(|old_key| key.is_none() && !keys.contains(old_key));
        (same_kind(node) && is_free).then_some(index)
    })
}

impl Node {
    fn ids(&self) -> Vec<i32> {
        std::iter::once(self.id).chain(self.children.iter().flat_map(Node::ids)).collect()
    }

    fn find(&self, id: i32) -> Option<&Node> {
        if self.id == id {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(id))
    }
}

fn split(item: Item) -> (Properties, Option<Action>, Vec<Item>) {
    let properties = |kind, label, enabled| Properties { kind, label, enabled, icon: None };
    match item {
        Item::Text(label) => (properties(Kind::Standard, label, true), None, Vec::new()),
        Item::Note(label) => (properties(Kind::Standard, label, false), None, Vec::new()),
        Item::Action(label, action) => {
            (properties(Kind::Standard, label, action.is_some()), action, Vec::new())
        }
        Item::Check(label, action, on) => {
            (properties(Kind::Check(on), label, true), Some(action), Vec::new())
        }
        Item::Radio(label, action, on) => {
            (properties(Kind::Radio(on), label, true), Some(action), Vec::new())
        }
        Item::Submenu(Submenu { label, icon_state, items, .. }) => {
            // Icons that look the same are the same.
            let icon = icon_state.map(IconState::step);
            (Properties { icon, ..properties(Kind::Submenu, label, true) }, None, items)
        }
        Item::Separator => (properties(Kind::Separator, String::new(), true), None, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::AccountId;
    use crate::tray::menu::SubmenuKey;

    fn text(label: &str) -> Item {
        Item::Text(label.into())
    }

    fn account(label: &str, windows: &[&str]) -> Item {
        let key = SubmenuKey::Account(AccountId::file(label.split(' ').next().unwrap_or_default().into()));
        let items = windows.iter().map(|label| text(label)).collect();
        Item::Submenu(Submenu { key, label: label.into(), icon_state: None, items })
    }

    fn text_of(id: i32) -> ChangedItem {
        ChangedItem { id, icon: false }
    }

    fn ids(layout: &MenuLayout) -> Vec<i32> {
        layout.root.children.iter().map(|node| node.id).collect()
    }

    fn menu(items: Vec<Item>) -> MenuLayout {
        let mut layout = MenuLayout::default();
        assert_eq!(layout.update(items), Change::Layout);
        layout
    }

    #[test]
    fn same_items_change_nothing_and_other_labels_only_properties() {
        let items = || vec![account("alice — 42% left", &["5-hour: 42%"]), text("b"), Item::Separator];
        let mut layout = menu(items());
        let (before, revision) = (layout.root.clone(), layout.revision);
        assert_eq!(layout.update(items()), Change::Properties(Vec::new()));
        assert_eq!(layout.root, before);
        let changed =
            layout.update(vec![account("alice — 41% left", &["5-hour: 41%"]), text("b"), Item::Separator]);
        let account = &layout.root.children[0];
        assert_eq!(changed, Change::Properties(vec![text_of(account.id), text_of(account.children[0].id)]));
        assert_eq!((layout.revision, account.properties.label.as_str()), (revision, "alice — 41% left"));
    }

    #[test]
    fn item_that_moves_keeps_its_id_and_a_new_one_gets_its_own() {
        let quit = || Item::Action("Quit".into(), Some(Action::Quit));
        let a = || account("a", &["5-hour"]);
        let mut layout = menu(vec![a(), quit()]);
        let [a_id, quit_id] = ids(&layout)[..] else { panic!("two items") };
        let revision = layout.revision;
        for new in [account("b", &[]), text("new")] {
            assert_eq!(layout.update(vec![new, a(), quit()]), Change::Layout);
            let new_ids = ids(&layout);
            assert_eq!(new_ids[1..], [a_id, quit_id]);
            assert!(new_ids[0] > quit_id && layout.revision > revision);
        }
        let a = a_id;
        assert_eq!(layout.update(vec![quit()]), Change::Layout);
        assert_eq!(ids(&layout), [quit_id]);
        assert_eq!(layout.find(a), None, "an item that is gone is not clicked");
    }

    #[test]
    fn id_never_passes_to_an_item_with_another_action() {
        let mut layout = menu(vec![Item::Action("Open folder".into(), Some(Action::OpenFolder))]);
        let folder = ids(&layout)[0];
        layout.update(vec![Item::Action("Quit".into(), Some(Action::Quit))]);
        assert_eq!(layout.find(folder), None);
        // "Refresh now" and "Refreshing…" are the same item.
        let mut layout = menu(vec![Item::Action("Refresh now".into(), Some(Action::Refresh))]);
        let refresh = ids(&layout);
        let change = layout.update(vec![Item::Action("Refreshing…".into(), None)]);
        assert_eq!((change, ids(&layout)), (Change::Properties(vec![text_of(refresh[0])]), refresh));
    }

    #[test]
    fn check_item_keeps_its_id_when_it_is_toggled() {
        let check = |on: bool| Item::Check("Start at login".into(), Action::StartAtLogin(!on), on);
        let mut layout = menu(vec![check(false)]);
        let id = ids(&layout)[0];
        assert_eq!(layout.update(vec![check(true)]), Change::Properties(vec![text_of(id)]));
        assert_eq!(layout.find(id).and_then(|node| node.action.clone()), Some(Action::StartAtLogin(false)));
    }

    #[test]
    fn invalidated_menu_is_read_again() {
        let mut layout = menu(vec![text("a")]);
        let old = ids(&layout);
        layout.invalidate();
        assert_eq!(layout.update(vec![text("a")]), Change::Layout);
        assert_ne!(ids(&layout), old);
    }
}
