//! The menu as a tray host reads it, decoded from `com.canonical.dbusmenu`.
//!
//! Properties and their defaults: <https://github.com/AyatanaIndicators/libdbusmenu/blob/master/libdbusmenu-glib/dbus-menu.xml>.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use zbus::{OwnedVariant, Structure, Variant};

/// The reply to `GetLayout(0, -1, [])`.
#[derive(Clone, Debug, PartialEq)]
pub struct Menu {
    /// Increases when items are added, removed or moved; new labels don't change it.
    pub revision: u32,
    /// The top level, top to bottom, separators included.
    pub items: Vec<MenuItem>,
}

/// One item with the items of its submenu.
#[derive(Clone, Debug, PartialEq)]
pub struct MenuItem {
    /// The id in a click; all items get new ones whenever the layout changes.
    pub id: i32,
    /// The text as a panel draws it, access-key marks removed; empty for a separator.
    pub label: String,
    pub enabled: bool,
    /// Only shown items are kept, so this is true for each item of a [`Menu`].
    visible: bool,
    pub separator: bool,
    /// `None` for an item that is no check mark.
    pub checked: Option<bool>,
    /// The picture beside the text, a PNG file; empty for none.
    pub icon_png: Vec<u8>,
    pub children: Vec<MenuItem>,
}

/// `(ia{sv}av)`, as dbusmenu nests items.
pub(super) type Layout = (i32, HashMap<String, OwnedVariant>, Vec<OwnedVariant>);

impl Menu {
    pub(super) fn from_layout(revision: u32, layout: Layout) -> zbus::Result<Self> {
        let root = MenuItem::from_layout(layout)?;
        Ok(Self { revision, items: root.children })
    }

    /// The items of the top level without separators: the accounts first, then the actions.
    pub fn rows(&self) -> Vec<&MenuItem> {
        self.items.iter().filter(|item| !item.separator).collect()
    }

    /// The labels of [`rows`](Self::rows).
    pub fn labels(&self) -> Vec<&str> {
        self.rows().into_iter().map(|item| &*item.label).collect()
    }

    /// The first item whose label contains `part`; the top level is searched before the submenus,
    /// since an account's row and its details share words. `"alice@example.com — 42% left"`
    /// is the account whose submenu has "42% left".
    pub fn find(&self, part: &str) -> Option<&MenuItem> {
        let account = || {
            let (account, detail) = part.split_once(" — ")?;
            self.items.iter().find(|item| item.label.contains(account) && item.shows(detail))
        };
        find(&self.items, part).or_else(account)
    }

    /// Whether some item's label contains `part`.
    pub fn shows(&self, part: &str) -> bool {
        self.find(part).is_some()
    }

    /// Like [`find`](Self::find), but panics if there is no such item.
    #[track_caller]
    pub fn item(&self, part: &str) -> &MenuItem {
        match self.find(part) {
            Some(item) => item,
            None => panic!("the menu has no item with {part:?}:\n{self}"),
        }
    }
}

impl MenuItem {
    /// The first item below this one whose label contains `part`.
    pub fn find(&self, part: &str) -> Option<&MenuItem> {
        find(&self.children, part)
    }

    /// Whether some item below this one has `part` in its label.
    pub fn shows(&self, part: &str) -> bool {
        self.find(part).is_some()
    }

    fn from_layout((id, properties, children): Layout) -> zbus::Result<Self> {
        let property = |name: &str| properties.get(name).map(|value| &**value);
        let text = |name: &str| match property(name) {
            Some(Variant::Str(text)) => text.as_str(),
            _ => "",
        };
        // A property with its default value is left out: `enabled` and `visible` are true by default.
        let is_off = |name: &str| property(name) == Some(&Variant::Bool(false));
        let mut items = Vec::new();
        for child in children {
            let child = Self::from_layout(layout_of(child)?)?;
            if child.visible {
                items.push(child);
            }
        }
        Ok(Self {
            id,
            label: without_access_key(text("label")),
            enabled: !is_off("enabled"),
            visible: !is_off("visible"),
            separator: text("type") == "separator",
            checked: (!text("toggle-type").is_empty())
                .then(|| property("toggle-state") == Some(&Variant::I32(1))),
            icon_png: match properties.get("icon-data") {
                Some(data) => data.clone().try_into()?,
                None => Vec::new(),
            },
            children: items,
        })
    }
}

/// A child comes as a variant that holds the same structure as the root.
fn layout_of(child: OwnedVariant) -> zbus::Result<Layout> {
    let fields = Structure::try_from(Variant::from(child))?.into_fields();
    let [id, properties, children] = <[Variant<'_>; 3]>::try_from(fields)
        .map_err(|fields| zbus::Error::Failure(format!("not a menu item: {fields:?}")))?;
    let properties: HashMap<String, Variant<'_>> = properties.try_into()?;
    let children: Vec<Variant<'_>> = children.try_into()?;
    Ok((
        id.try_into()?,
        properties
            .into_iter()
            .map(|(name, value)| Ok((name, value.try_into_owned()?)))
            .collect::<zbus::Result<_>>()?,
        children.into_iter().map(|child| child.try_into_owned()).collect::<zbus::Result<_>>()?,
    ))
}

/// dbusmenu marks the access key with `_` before it and writes an underscore as `__`.
fn without_access_key(label: &str) -> String {
    label.replace("__", "\0").replace('_', "").replace('\0', "_")
}

fn find<'a>(items: &'a [MenuItem], part: &str) -> Option<&'a MenuItem> {
    let mut level: VecDeque<&MenuItem> = items.iter().collect();
    while let Some(item) = level.pop_front() {
        if item.label.contains(part) {
            return Some(item);
        }
        level.extend(&item.children);
    }
    None
}

/// Indented text, for failures and snapshots:
///
/// ```text
/// Claude · alice@example.com
///     5-hour: 42% left — resets in 2 h (15:10)
/// ▰▰▰▱▱▱▱▱ 42%  5-hour · resets in 2 h
/// ────
/// [x] Hide e-mail addresses
/// ```
impl fmt::Display for Menu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_items(f, &self.items, 0)
    }
}

fn write_items(f: &mut fmt::Formatter<'_>, items: &[MenuItem], depth: usize) -> fmt::Result {
    for item in items {
        write!(f, "{:1$}", "", 4 * depth)?;
        if item.separator {
            write!(f, "────")?;
        }
        match item.checked {
            Some(true) => write!(f, "[x] ")?,
            Some(false) => write!(f, "[ ] ")?,
            None => {}
        }
        write!(f, "{}", item.label)?;
        writeln!(f, "{}", if item.enabled { "" } else { " (disabled)" })?;
        write_items(f, &item.children, depth + 1)?;
    }
    Ok(())
}
