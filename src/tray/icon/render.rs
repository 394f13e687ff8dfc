//! Renders the tray icon at each size, and the icon of a menu row.

use crate::presenter::icon_state::{IconContent, IconFigure, IconState};
use crate::tray::icon::canvas::{Canvas, Picture};
use crate::tray::icon::palette::Palette;
use crate::tray::icon::{bars, gauge, number};

/// The sizes in which the icon is offered to a panel, in pixels: the usual ones of panels, and twice these for high-DPI
/// screens. A panel picks the one that fits and does not scale it.
pub const SIZES: [u32; 6] = [16, 22, 24, 32, 44, 64];

/// Renders the tray icon, `size` pixels square; a size of 0 is drawn as 1.
pub fn tray(content: IconContent, size: u32, palette: Palette) -> Picture {
    let IconContent { state, figure, stale, refreshing } = content.step();
    let mut canvas = Canvas::new(size, palette);
    match figure {
        IconFigure::Gauge => gauge::draw(&mut canvas, state, stale, refreshing),
        IconFigure::Number => number::draw(&mut canvas, state, stale, refreshing),
        IconFigure::Bars(windows) if state.has_level() => {
            bars::draw(&mut canvas, windows, stale, refreshing);
        }
        IconFigure::Bars(_) => gauge::draw(&mut canvas, state, stale, refreshing),
    }
    canvas.into_picture()
}

/// Renders the tray icon in each of [`SIZES`].
pub fn tray_sizes(content: IconContent, palette: Palette) -> [Picture; SIZES.len()] {
    SIZES.map(|size| tray(content, size, palette))
}

/// Renders the icon in front of an account's row in the menu, `size` pixels square: a gauge without the refresh mark.
pub fn row(state: IconState, size: u32, palette: Palette) -> Picture {
    tray(IconContent::gauge(state), size, palette)
}
