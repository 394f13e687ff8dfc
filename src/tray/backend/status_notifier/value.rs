//! Values of properties, as D-Bus variants.

use crate::tray::backend::status_notifier::pixmap::Pixmap;
use serde::{Serialize, Serializer};
use zbus::as_variant;
use zbus::{ObjectPath, Signature, Type};

/// The value of a property. It is serialized as a variant.
pub enum Value {
    Bool(bool),
    I32(i32),
    U32(u32),
    Text(String),
    Path(ObjectPath<'static>),
    Texts(Vec<String>),
    Bytes(Vec<u8>),
    Pixmaps(Vec<Pixmap>),
    ToolTip(ToolTip),
}

/// The tooltip of an icon. Some hosts read its texts as markup, others as plain text.
#[derive(Serialize, Type)]
pub struct ToolTip {
    pub icon_name: String,
    pub icon: Vec<Pixmap>,
    pub title: String,
    pub text: String,
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}

impl Type for Value {
    const SIGNATURE: &'static Signature = &Signature::Variant;
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Bool(value) => as_variant::serialize(value, serializer),
            Value::I32(value) => as_variant::serialize(value, serializer),
            Value::U32(value) => as_variant::serialize(value, serializer),
            Value::Text(value) => as_variant::serialize(value, serializer),
            Value::Path(value) => as_variant::serialize(value, serializer),
            Value::Texts(value) => as_variant::serialize(value, serializer),
            Value::Bytes(value) => as_variant::serialize(value, serializer),
            Value::Pixmaps(value) => as_variant::serialize(value, serializer),
            Value::ToolTip(value) => as_variant::serialize(value, serializer),
        }
    }
}
