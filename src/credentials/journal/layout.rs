//! The layout of a journal file: a header, then two slots for responses.

use serde::{Deserialize, Serialize};

/// The size of the header, in bytes: one page.
pub const HEADER_BYTES: usize = 4096;

/// The space for one response, in bytes. Of a longer one only the start is kept as it comes; once it is complete, its
/// tokens alone are written here.
pub const MAX_RESPONSE_BYTES: usize = 32 * 1024;

/// One of the two places for a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// The one behind the header.
    #[default]
    First,
    /// The one behind the first.
    Second,
}

impl Slot {
    /// The other slot.
    pub fn other(self) -> Slot {
        match self {
            Slot::First => Slot::Second,
            Slot::Second => Slot::First,
        }
    }

    /// Where it begins, in bytes.
    pub fn offset(self) -> u64 {
        match self {
            Slot::First => HEADER_BYTES as u64,
            Slot::Second => (HEADER_BYTES + MAX_RESPONSE_BYTES) as u64,
        }
    }
}
