//! The interface `org.kde.StatusNotifierItem`: the icon's properties.

use crate::text::without_markup;
use crate::tray::backend::status_notifier::menu;
use crate::tray::backend::status_notifier::pixmap;
use crate::tray::backend::status_notifier::state::{Changes, ItemState};
use crate::tray::backend::status_notifier::value::{ToolTip, Value};
use crate::tray::content::TrayContent;
use zbus::Connection;

/// The interface.
pub const INTERFACE: &str = "org.kde.StatusNotifierItem";

/// The path of the object, which the specification fixes.
pub const PATH: &str = "/StatusNotifierItem";

/// The longest label that is common: panels reserve its width.
const LABEL_GUIDE: &str = "100%";

/// The names of all properties.
///
/// Those with `XAyatana` are an extension by Ayatana: MATE and GNOME's AppIndicator extension display the label beside
/// the icon. `IconAccessibleDesc` is part of it, too; GNOME's extension logs an error where it is missing.
pub const PROPERTIES: [&str; 21] = [
    "AttentionAccessibleDesc",
    "AttentionIconName",
    "AttentionIconPixmap",
    "AttentionMovieName",
    "Category",
    "IconAccessibleDesc",
    "IconName",
    "IconPixmap",
    "IconThemePath",
    "Id",
    "ItemIsMenu",
    "Menu",
    "OverlayIconName",
    "OverlayIconPixmap",
    "Status",
    "Title",
    "ToolTip",
    "WindowId",
    "XAyatanaLabel",
    "XAyatanaLabelGuide",
    "XAyatanaOrderingIndex",
];

impl ItemState {
    /// The value of a property. `None`: there is no such property.
    pub fn property(&self, name: &str) -> Option<Value> {
        let content = self.content.as_ref();
        let text = |of: fn(&TrayContent) -> &str| Value::from(content.map_or("", of));
        Some(match name {
            "Category" => "ApplicationStatus".into(),
            "Id" => "quota-tray".into(),
            // Screen readers read the title. Panels use it in their lists of icons, and some display it above the
            // tooltip.
            "Title" | "IconAccessibleDesc" | "AttentionAccessibleDesc" => {
                content.map_or_else(String::new, |content| without_markup(&content.label)).as_str().into()
            }
            "Status" => content.map_or("Active", status).into(),
            "XAyatanaLabel" => text(|content| &content.title),
            "XAyatanaLabelGuide" => LABEL_GUIDE.into(),
            "XAyatanaOrderingIndex" => Value::U32(0),
            "IconPixmap" | "AttentionIconPixmap" => Value::Pixmaps(
                content.map_or_else(Vec::new, |content| pixmap::icon(content.icon, self.palette)),
            ),
            "OverlayIconPixmap" => Value::Pixmaps(Vec::new()),
            "IconName" | "AttentionIconName" | "AttentionMovieName" | "OverlayIconName" | "IconThemePath" => {
                "".into()
            }
            "ToolTip" => Value::ToolTip(ToolTip {
                icon_name: String::new(),
                icon: Vec::new(),
                // Some hosts take these as markup, others as plain text.
                title: content.map(|content| without_markup(&content.label)).unwrap_or_default(),
                text: content.map(|content| without_markup(&content.tooltip)).unwrap_or_default(),
            }),
            // The left button opens the menu.
            "ItemIsMenu" => Value::Bool(true),
            "Menu" => Value::Path(menu::PATH),
            "WindowId" => Value::I32(0),
            _ => return None,
        })
    }
}

fn status(content: &TrayContent) -> &'static str {
    match content {
        TrayContent { needs_attention: true, .. } => "NeedsAttention",
        TrayContent { passive: true, .. } => "Passive",
        _ => "Active",
    }
}

/// Emits the signals of a change, except those of the menu.
///
/// # Errors
/// The bus is gone.
pub async fn emit_changes(
    connection: &Connection,
    changes: &Changes,
    content: &TrayContent,
) -> zbus::Result<()> {
    if changes.icon {
        emit(connection, "NewIcon", &()).await?;
    }
    if content.needs_attention && (changes.icon || changes.status) {
        emit(connection, "NewAttentionIcon", &()).await?;
    }
    if changes.label {
        emit(connection, "NewTitle", &()).await?;
    }
    if changes.label || changes.tooltip {
        emit(connection, "NewToolTip", &()).await?;
    }
    if changes.title {
        emit(connection, "XAyatanaNewLabel", &(content.title.as_str(), LABEL_GUIDE)).await?;
    }
    if changes.status {
        emit(connection, "NewStatus", &status(content)).await?;
    }
    Ok(())
}

/// Emits the signals of an icon whose colours have changed.
///
/// # Errors
/// The bus is gone.
pub async fn emit_new_icon(connection: &Connection) -> zbus::Result<()> {
    emit(connection, "NewIcon", &()).await?;
    emit(connection, "NewAttentionIcon", &()).await
}

async fn emit<B: serde::Serialize + zbus::DynamicType>(
    connection: &Connection,
    signal: &str,
    body: &B,
) -> zbus::Result<()> {
    connection.emit_signal(None::<&str>, PATH, INTERFACE, signal, body).await
}
