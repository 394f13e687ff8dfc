//! The icon as a tray host reads it, decoded from the properties of `org.kde.StatusNotifierItem`.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use zbus::OwnedVariant;

/// What a panel draws and says about the item.
#[derive(Clone, Debug, PartialEq)]
pub struct Icon {
    /// The program's own, stable name.
    pub id: String,
    /// What the icon shows, in words.
    pub title: String,
    /// `XAyatanaLabel`: displayed beside the icon; empty for none.
    pub label: String,
    /// Whether the left button opens the menu.
    pub item_is_menu: bool,
    /// `Active`, `Passive` (hidden by most panels) or `NeedsAttention`.
    pub status: String,
    /// The same picture in each size it is offered in.
    pub pixmaps: Vec<Pixmap>,
    pub tooltip: ToolTip,
}

/// What a panel shows while the pointer is over the icon.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolTip {
    pub title: String,
    pub text: String,
}

/// One picture: 32 bits per pixel in the order alpha, red, green, blue.
#[derive(Clone, PartialEq)]
pub struct Pixmap {
    pub width: i32,
    pub height: i32,
    pub argb: Vec<u8>,
}

impl Icon {
    /// Decodes the reply to `GetAll`.
    pub(super) fn from_properties(mut properties: HashMap<String, OwnedVariant>) -> zbus::Result<Self> {
        let mut take = |name: &str| {
            properties.remove(name).ok_or_else(|| zbus::Error::Failure(format!("the icon has no {name}")))
        };
        let pixmaps: Vec<(i32, i32, Vec<u8>)> = take("IconPixmap")?.try_into()?;
        type RawToolTip = (String, Vec<(i32, i32, Vec<u8>)>, String, String);
        let (_icon_name, _pixmaps, title, text): RawToolTip = take("ToolTip")?.try_into()?;
        Ok(Self {
            id: take("Id")?.try_into()?,
            title: take("Title")?.try_into()?,
            label: take("XAyatanaLabel")?.try_into()?,
            item_is_menu: take("ItemIsMenu")?.try_into()?,
            status: take("Status")?.try_into()?,
            pixmaps: pixmaps
                .into_iter()
                .map(|(width, height, argb)| Pixmap { width, height, argb })
                .collect(),
            tooltip: ToolTip { title, text },
        })
    }
}

/// Sizes and a fingerprint in place of thousands of numbers.
impl fmt::Debug for Pixmap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fingerprint = DefaultHasher::new();
        self.argb.hash(&mut fingerprint);
        write!(f, "{}x{} #{:016x}", self.width, self.height, fingerprint.finish())
    }
}
