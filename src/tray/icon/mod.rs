//! Renders the tray icon, and the small icon in front of an account's menu row.
//!
//! Pure: an [`IconContent`](crate::presenter::icon_state::IconContent), a size and a palette in, pixels out. One drawing
//! per style serves every size. The style "gauge" is an arc over 270°, from empty (lower left) through the top to
//! full (lower right). The thick part is what is left, the thin track what is used. The symbol in the middle
//! distinguishes the states without colour, and the opening at the bottom is kept free for the refresh mark:
//!
//! | state | gauge | number | bars |
//! |---|---|---|---|
//! | fine | arc to the level | digits | bar to the level |
//! | low | exclamation mark in the arc | underlined digits | exclamation mark on the bar |
//! | exhausted | closed arc with a bar, as on a no-entry sign | tile with an exclamation mark | empty frame |
//! | stale | question mark in the arc | digits with a dashed underline | striped bar |
//! | not known | – | – | dashed track |
//!
//! States without a percentage are the same in each style: the arc broken at the top with a cross (error), a dashed
//! circle with a plus (no accounts: connect one), the track with three dots (refreshing).
//!
//! **Crispness.** A picture is laid out in cells of whole pixels, 16 to 31 of them a side for the usual sizes: 44 px is
//! 22 cells of 2 px. A 44 px bitmap that a panel scales to 22 px is on whole pixels again, and straight strokes have no
//! blurred edges at any size.

mod bars;
mod canvas;
mod gauge;
mod glyphs;
mod number;
mod palette;
mod render;

pub use canvas::Picture;
pub use palette::Palette;
pub use render::{SIZES, row, tray, tray_sizes};
