//! The text of a new settings file, and the keys that it no longer names.

/// A new settings file: every key with its default, commented out.
pub const TEMPLATE: &str = include_str!("template.toml");

/// A key that was renamed and is still read under its former name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormerKey {
    pub table: &'static str,
    pub former: &'static str,
    pub current: &'static str,
}

/// Every renamed key.
pub const FORMER_KEYS: [FormerKey; 1] =
    [FormerKey { table: "limits", former: "asks_per_five_minutes", current: "requests_per_five_minutes" }];
