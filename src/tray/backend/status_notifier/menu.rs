//! The interface `com.canonical.dbusmenu`: the menu as hosts read it.

use crate::presenter::icon_state::IconState;
use crate::tray::backend::status_notifier::menu_layout::{ChangedItem, Kind, MenuChange, MenuLayout, Node};
use crate::tray::backend::status_notifier::pixmap;
use crate::tray::backend::status_notifier::value::Value;
use crate::tray::icon::Palette;
use serde::{Serialize, Serializer};
use std::collections::HashMap;
use zbus::{Connection, ObjectPath, Signature, Type, as_variant};

/// The name of the interface.
pub const INTERFACE: &str = "com.canonical.dbusmenu";

/// The path of the menu.
pub const PATH: ObjectPath<'static> = ObjectPath::from_static_str_unchecked("/MenuBar");

/// The names of all properties of the interface.
pub const PROPERTIES: [&str; 4] = ["IconThemePath", "Status", "TextDirection", "Version"];

/// The size of the icons in front of rows, in pixels. GTK hosts do not scale them.
const ROW_ICON_SIZE: u32 = 16;

/// The properties of an item, by name.
pub type ItemProperties = HashMap<&'static str, Value>;

/// An item as `GetLayout` returns it: `(ia{sv}av)`.
#[derive(Serialize, Type)]
pub struct Layout {
    id: i32,
    properties: ItemProperties,
    children: Vec<Child>,
}

/// A child item, which is encoded as a variant.
struct Child(Layout);

impl Type for Child {
    const SIGNATURE: &'static Signature = &Signature::Variant;
}

impl Serialize for Child {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_variant::serialize(&self.0, serializer)
    }
}

/// Which properties of items a host has requested.
pub struct Filter {
    /// Their names. Empty: all properties.
    pub names: Vec<String>,
}

impl Filter {
    fn includes(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }
}

/// The value of a property of the interface. `None`: there is no such property.
pub fn property(name: &str) -> Option<Value> {
    Some(match name {
        "Version" => Value::U32(3),
        "TextDirection" => "ltr".into(),
        "Status" => "normal".into(),
        "IconThemePath" => Value::Texts(Vec::new()),
        _ => return None,
    })
}

/// Encodes items for tray hosts. Many rows share few icons, so each icon is encoded once.
pub struct ItemEncoder<'a> {
    palette: Palette,
    filter: &'a Filter,
    icons: Vec<(Option<Vec<u8>>, IconState)>,
}

impl ItemEncoder<'_> {
    /// An encoder for one reply or signal.
    pub fn new(palette: Palette, filter: &Filter) -> ItemEncoder<'_> {
        ItemEncoder { palette, filter, icons: Vec::new() }
    }

    /// An item, and the items below it to the given depth; -1: all of them.
    pub fn layout(&mut self, node: &Node, depth: i32) -> Layout {
        let below: &[Node] = if depth == 0 { &[] } else { &node.children };
        Layout {
            id: node.id,
            properties: self.properties(node),
            children: below.iter().map(|child| Child(self.layout(child, (depth - 1).max(-1)))).collect(),
        }
    }

    /// The properties of an item. Those with the default value are left out.
    pub fn properties(&mut self, node: &Node) -> ItemProperties {
        let mut properties = ItemProperties::new();
        let mut add = |name, value| _ = self.filter.includes(name).then(|| properties.insert(name, value));
        if node.properties.kind == Kind::Separator {
            add("type", "separator".into());
            return properties;
        }
        if !node.properties.label.is_empty() {
            add("label", Value::Text(label(&node.properties.label)));
        }
        if !node.properties.enabled {
            add("enabled", Value::Bool(false));
        }
        if let Some((kind, state)) = toggle(node.properties.kind) {
            add("toggle-type", kind.into());
            add("toggle-state", state);
        }
        if node.properties.kind == Kind::Submenu {
            add("children-display", "submenu".into());
        }
        if let Some(png) = self.icon(node) {
            properties.insert("icon-data", Value::Bytes(png));
        }
        properties
    }

    /// The properties that may have changed, including those that now have their default value.
    fn changed_properties(&mut self, node: &Node, changed: ChangedItem) -> ItemProperties {
        let mut properties = ItemProperties::from([
            ("label", Value::Text(label(&node.properties.label))),
            ("enabled", Value::Bool(node.properties.enabled)),
        ]);
        if let Some((_, state)) = toggle(node.properties.kind) {
            properties.insert("toggle-state", state);
        }
        if let Some(png) = changed.icon.then(|| self.icon(node)).flatten() {
            properties.insert("icon-data", Value::Bytes(png));
        }
        properties
    }

    fn icon(&mut self, node: &Node) -> Option<Vec<u8>> {
        let state = node.properties.icon.filter(|_| self.filter.includes("icon-data"))?;
        if let Some((png, _)) = self.icons.iter().find(|(_, encoded)| *encoded == state) {
            return png.clone();
        }
        let png = pixmap::row_png(state, ROW_ICON_SIZE, self.palette);
        self.icons.push((png.clone(), state));
        png
    }
}

fn toggle(kind: Kind) -> Option<(&'static str, Value)> {
    match kind {
        Kind::Check(on) => Some(("checkmark", Value::I32(on.into()))),
        Kind::Radio(on) => Some(("radio", Value::I32(on.into()))),
        Kind::Standard | Kind::Submenu | Kind::Separator => None,
    }
}

/// A single underscore would mark the next letter as the access key.
fn label(text: &str) -> String {
    text.replace('_', "__")
}

/// The signal of a change.
pub enum MenuSignal {
    /// `LayoutUpdated`: revision and the item below which something changed.
    Layout(u32, i32),
    /// `ItemsPropertiesUpdated`: the new properties, and the names of those that are removed.
    Properties(Vec<(i32, ItemProperties)>, Vec<(i32, Vec<&'static str>)>),
}

/// The signal of a change. `None`: nothing changed.
pub fn signal(menu: &MenuLayout, change: &MenuChange, palette: Palette) -> Option<MenuSignal> {
    let changed = match change {
        MenuChange::Layout => return Some(MenuSignal::Layout(menu.revision, menu.root.id)),
        MenuChange::Properties(changed) if changed.is_empty() => return None,
        MenuChange::Properties(changed) => changed,
    };
    let filter = Filter { names: Vec::new() };
    let mut encoder = ItemEncoder::new(palette, &filter);
    let nodes = changed.iter().filter_map(|changed| Some((*changed, menu.find(changed.id)?)));
    let (mut updated, mut removed) = (Vec::new(), Vec::new());
    for (changed, node) in nodes {
        updated.push((node.id, encoder.changed_properties(node, changed)));
        if changed.icon && node.properties.icon.is_none() {
            removed.push((node.id, vec!["icon-data"]));
        }
    }
    Some(MenuSignal::Properties(updated, removed))
}

/// Emits the signal of a change.
///
/// # Errors
/// The bus is gone.
pub async fn emit(connection: &Connection, signal: &MenuSignal) -> zbus::Result<()> {
    match signal {
        MenuSignal::Layout(revision, parent) => {
            let body = (*revision, *parent);
            connection.emit_signal(None::<&str>, PATH, INTERFACE, "LayoutUpdated", &body).await
        }
        MenuSignal::Properties(updated, removed) => {
            let body = (updated, removed);
            connection.emit_signal(None::<&str>, PATH, INTERFACE, "ItemsPropertiesUpdated", &body).await
        }
    }
}
