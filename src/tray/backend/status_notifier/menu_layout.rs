//! The menu as tray hosts read it: items with numeric ids, and what differs between two menus. Pure.
//!
//! A host refers to an item by its id, also in a click, and it may have read the menu before the latest change. So an
//! id is never reused for another item.

use crate::presenter::icon_state::IconState;
use crate::tray::menu::{Action, Item, Submenu};
use std::collections::HashMap;
use std::mem::discriminant;

/// The id of the root, which is the menu itself.
const ROOT: i32 = 0;

/// An item with its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Never reused.
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
pub enum MenuChange {
    /// Items were added, removed or moved, or are of another kind.
    Layout,
    /// Only properties of these items changed. Empty: nothing changed.
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

/// The menu that tray hosts read.
#[derive(Debug)]
pub struct MenuLayout {
    /// The root.
    pub root: Node,
    /// Increases with every [`MenuChange::Layout`].
    pub revision: u32,
    last_id: i32,
    /// The actions of the previous layout, by id: a host may not have read the new one yet.
    previous_actions: HashMap<i32, Action>,
}

impl Default for MenuLayout {
    /// An empty menu.
    fn default() -> MenuLayout {
        let properties = Properties { kind: Kind::Submenu, label: String::new(), enabled: true, icon: None };
        let root = Node { id: ROOT, key: None, properties, action: None, children: Vec::new() };
        MenuLayout { root, revision: 1, last_id: ROOT, previous_actions: HashMap::new() }
    }
}

impl MenuLayout {
    /// Replaces the items. They keep their ids if they are the same ones in the same places. Otherwise all of them get new
    /// ids: GNOME's AppIndicator extension (version 46) mixes up the order of items that move, and does not read the
    /// properties of an id again.
    pub fn update(&mut self, items: Vec<Item>) -> MenuChange {
        let mut changed = Vec::new();
        if is_same_layout(&self.root.children, &items) {
            replace_properties(&mut self.root.children, items, &mut changed);
            return MenuChange::Properties(changed);
        }
        self.previous_actions.clear();
        collect_actions(&self.root, &mut self.previous_actions);
        self.root.children = self.number(items);
        self.revision = self.revision.wrapping_add(1);
        MenuChange::Layout
    }

    /// Makes the next [`update`](MenuLayout::update) a new layout, with new ids, so that hosts read the whole menu
    /// again.
    pub fn invalidate(&mut self) {
        collect_actions(&self.root, &mut self.previous_actions);
        self.root.children.clear();
    }

    /// The item with this id.
    pub fn find(&self, id: i32) -> Option<&Node> {
        self.root.find(id)
    }

    /// What a click on the item with this id does; the item may be of the previous layout. `None`: there is no such
    /// item.
    pub fn action(&self, id: i32) -> Option<Option<Action>> {
        match self.find(id) {
            Some(node) => Some(node.action.clone()),
            None => self.previous_actions.get(&id).cloned().map(Some),
        }
    }

    /// The ids of all items.
    pub fn ids(&self) -> Vec<i32> {
        self.root.ids()
    }

    fn number(&mut self, items: Vec<Item>) -> Vec<Node> {
        let mut nodes = Vec::with_capacity(items.len());
        for item in items {
            self.last_id += 1;
            let (id, key) = (self.last_id, item.key());
            let (properties, action, below) = split(item);
            nodes.push(Node { id, key, properties, action, children: self.number(below) });
        }
        nodes
    }
}

/// Whether the items are the same ones in the same places, whatever their labels and icons are. "Refresh now" with its
/// action and "Refreshing…" without one are the same item.
fn is_same_layout(old: &[Node], new: &[Item]) -> bool {
    old.len() == new.len()
        && old.iter().zip(new).all(|(old, new)| {
            let below: &[Item] = match new {
                Item::Submenu(submenu) => &submenu.items,
                _ => &[],
            };
            let key = new.key();
            discriminant(&old.properties.kind) == discriminant(&kind(new))
                && (old.key == key || old.key.is_none() || key.is_none())
                && is_same_layout(&old.children, below)
        })
}

/// Replaces what is displayed of each item, and collects the items that differ from before.
fn replace_properties(nodes: &mut [Node], items: Vec<Item>, changed: &mut Vec<ChangedItem>) {
    for (node, item) in nodes.iter_mut().zip(items) {
        node.key = item.key();
        let (properties, action, below) = split(item);
        if node.properties != properties {
            changed.push(ChangedItem { id: node.id, icon: node.properties.icon != properties.icon });
        }
        (node.properties, node.action) = (properties, action);
        replace_properties(&mut node.children, below, changed);
    }
}

fn collect_actions(node: &Node, actions: &mut HashMap<i32, Action>) {
    actions.extend(node.action.clone().map(|action| (node.id, action)));
    node.children.iter().for_each(|child| collect_actions(child, actions));
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

fn kind(item: &Item) -> Kind {
    match item {
        Item::Text(_) | Item::Note(_) | Item::Action(..) => Kind::Standard,
        Item::Check(_, _, on) => Kind::Check(*on),
        Item::Radio(_, _, on) => Kind::Radio(*on),
        Item::Submenu(_) => Kind::Submenu,
        Item::Separator => Kind::Separator,
    }
}

fn split(item: Item) -> (Properties, Option<Action>, Vec<Item>) {
    let kind = kind(&item);
    let properties = |label, enabled| Properties { kind, label, enabled, icon: None };
    match item {
        Item::Text(label) => (properties(label, true), None, Vec::new()),
        Item::Note(label) => (properties(label, false), None, Vec::new()),
        Item::Action(label, action) => (properties(label, action.is_some()), action, Vec::new()),
        Item::Check(label, action, _) | Item::Radio(label, action, _) => {
            (properties(label, true), Some(action), Vec::new())
        }
        Item::Submenu(Submenu { label, icon_state, items, .. }) => {
            // Percentages with the same picture count as equal.
            let icon = icon_state.map(IconState::step);
            (Properties { icon, ..properties(label, true) }, None, items)
        }
        Item::Separator => (properties(String::new(), true), None, Vec::new()),
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
        assert_eq!(layout.update(items), MenuChange::Layout);
        layout
    }

    #[test]
    fn same_items_change_nothing_and_other_labels_only_properties() {
        let items = || vec![account("alice — 42% left", &["5-hour: 42%"]), text("b"), Item::Separator];
        let mut layout = menu(items());
        let (before, revision) = (layout.root.clone(), layout.revision);
        assert_eq!(layout.update(items()), MenuChange::Properties(Vec::new()));
        assert_eq!(layout.root, before);
        let changed =
            layout.update(vec![account("alice — 41% left", &["5-hour: 41%"]), text("b"), Item::Separator]);
        let account = &layout.root.children[0];
        assert_eq!(
            changed,
            MenuChange::Properties(vec![text_of(account.id), text_of(account.children[0].id)])
        );
        assert_eq!((layout.revision, account.properties.label.as_str()), (revision, "alice — 41% left"));
    }

    #[test]
    fn items_of_another_layout_have_new_ids_and_a_late_click_has_its_effect() {
        let quit = || Item::Action("Quit".into(), Some(Action::Quit));
        let a = || account("a", &["5-hour"]);
        for new in
            [vec![account("b", &[]), a(), quit()], vec![quit(), a()], vec![text("a"), quit()], vec![quit()]]
        {
            let mut layout = menu(vec![a(), quit()]);
            let (old, revision) = (ids(&layout), layout.revision);
            assert_eq!(layout.update(new), MenuChange::Layout);
            assert!(ids(&layout).iter().all(|id| !old.contains(id)) && layout.revision > revision);
            assert_eq!(layout.action(old[1]), Some(Some(Action::Quit)));
            assert_eq!((layout.find(old[0]), layout.action(old[0])), (None, None));
        }
    }

    #[test]
    fn id_never_passes_to_an_item_with_another_action() {
        let mut layout = menu(vec![Item::Action("Open folder".into(), Some(Action::OpenFolder))]);
        let folder = ids(&layout)[0];
        layout.update(vec![Item::Action("Quit".into(), Some(Action::Quit))]);
        assert_eq!(layout.find(folder), None);
        assert_eq!(layout.action(folder), Some(Some(Action::OpenFolder)));
        // "Refresh now" and "Refreshing…" are the same item.
        let mut layout = menu(vec![Item::Action("Refresh now".into(), Some(Action::Refresh))]);
        let refresh = ids(&layout);
        let change = layout.update(vec![Item::Action("Refreshing…".into(), None)]);
        assert_eq!((change, ids(&layout)), (MenuChange::Properties(vec![text_of(refresh[0])]), refresh));
        assert_eq!(layout.action(ids(&layout)[0]), Some(None));
    }

    #[test]
    fn check_item_keeps_its_id_when_it_is_toggled() {
        let check = |on: bool| Item::Check("Start at login".into(), Action::StartAtLogin(!on), on);
        let mut layout = menu(vec![check(false)]);
        let id = ids(&layout)[0];
        assert_eq!(layout.update(vec![check(true)]), MenuChange::Properties(vec![text_of(id)]));
        assert_eq!(layout.find(id).and_then(|node| node.action.clone()), Some(Action::StartAtLogin(false)));
    }

    #[test]
    fn invalidated_menu_is_read_again() {
        let mut layout = menu(vec![text("a")]);
        let old = ids(&layout);
        layout.invalidate();
        assert_eq!(layout.update(vec![text("a")]), MenuChange::Layout);
        assert_ne!(ids(&layout), old);
    }
}
