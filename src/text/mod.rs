//! Text from outside (names, addresses, file names, error texts) made safe for what displays it, and text made to fit.
//! Pure, and below everything else.

mod addresses;
mod escape;
mod hidden;
mod wrap;

pub use addresses::hide_addresses;
pub use escape::{escape_json, escape_markup, without_markup};
pub use hidden::{escape_hidden, is_hidden, label, path};
pub use wrap::{pad_to_width, truncate_to_utf16, truncate_to_width, width, wrap};
