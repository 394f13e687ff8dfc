//! The service that grants a quota.
//!
//! A plain value, so that no list here has to grow with each provider: the constants (`Provider::CLAUDE`) are defined
//! beside the providers' parsers, and `Deserialize` beside their list, in [`crate::providers`].

use serde::{Serialize, Serializer};
use std::fmt;

/// A provider. The order, which is the order of the menu, is by key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Provider {
    key: &'static str,
    name: &'static str,
}

impl Provider {
    /// `key` is unique among the providers, in lower case; `name` is displayed.
    pub const fn new(key: &'static str, name: &'static str) -> Provider {
        Provider { key, name }
    }

    /// The displayed name: "Claude".
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The `type` of a credential file, and the `provider` of JSON, metrics and hooks: "claude".
    pub const fn key(self) -> &'static str {
        self.key
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Serialize for Provider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key)
    }
}
