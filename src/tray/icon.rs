//! Renders the tray icon, and the small icon in front of an account's menu row.
//!
//! Pure: an [`IconState`] and a size in, pixels out. One drawing serves every size. It is a gauge whose arc runs over
//! 270°, from empty (lower left) through the top to full (lower right). The thick part is what is left, the hairline
//! what is used. The symbol in the middle distinguishes the states without colour, and the opening at the bottom is
//! kept free for the refresh mark:
//!
//! | state | arc | middle |
//! |---|---|---|
//! | fine | filled to the level | empty |
//! | low | filled to the level | exclamation mark |
//! | exhausted | solid, one stroke | bar, as on a no-entry sign |
//! | error | broken at the top | cross |
//! | no accounts | whole circle, dashed | plus: connect one |
//! | refreshing | hairline only | three dots |
//!
//! **Crispness.** A picture is laid out in cells of whole pixels, 16 to 31 of them a side for the usual sizes: 44 px is
//! 22 cells of 2 px. So the 44 px bitmap that a Linux panel scales to 22 px falls on whole pixels again, and straight
//! strokes have no blurred edge at any size.

use crate::presenter::icon_state::IconState;
use ab_glyph_rasterizer::{Rasterizer, point};

/// Straight (non-premultiplied) RGBA, row by row, `size * size * 4` bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub rgba: Vec<u8>,
    /// Width and height in pixels.
    pub size: u32,
}

/// The colours of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// Colours readable on light and dark panels alike.
    Colour,
    /// A macOS template: black, only the alpha differs.
    Template,
}

/// Renders the tray icon, `size` pixels square; a size of 0 is drawn as 1.
///
/// `refreshing` adds three dots in the opening of the gauge; no pixel of the gauge changes.
/// [`IconState::Refreshing`] has dots already and [`IconState::NoAccounts`] has nothing to refresh: both look the same
/// with and without.
pub fn tray(state: IconState, refreshing: bool, size: u32, palette: Palette) -> Picture {
    let state = state.step();
    let mut pen = Pen::new(size, palette);
    pen.gauge(state);
    if refreshing && !matches!(state, IconState::Refreshing | IconState::NoAccounts) {
        pen.dots(pen.radius - pen.bar, 1.0);
    }
    pen.picture
}

/// Renders the icon in front of an account's row in the menu, `size` pixels square: the tray icon without the refresh
/// mark.
pub fn row(state: IconState, size: u32, palette: Palette) -> Picture {
    tray(state, false, size, palette)
}

// Trays do not report whether the panel is light or dark. So every colour is a mid-tone with a relative luminance of
// 0.19 to 0.24: it has a contrast of 3:1 or more (WCAG 2.1, 1.4.11) on white, #f0f0f0, #202020 and black alike, and
// needs no halo, which would blur the edges.
const GREEN: u32 = 0x14995a;
const AMBER: u32 = 0xd2690c;
const RED: u32 = 0xdc3f45;
const BLUE: u32 = 0x3b82d6;
const GREY: u32 = 0x7b8088;

/// Opacity of the hairline. It may be faint: the end of the thick arc shows the level.
const HAIRLINE: f32 = 0.6;

/// Angles of the arc, in degrees clockwise from three o'clock, since y points down.
const EMPTY: f32 = 135.0;
const FULL: f32 = 405.0;
const TOP: f32 = 270.0;

/// Draws with lengths in cells from the gauge's centre, x to the right and y down.
struct Pen {
    picture: Picture,
    /// Computes how much of each pixel a shape covers; empty between two shapes.
    coverage: Rasterizer,
    /// The gauge's centre, in cells from the picture's upper left corner.
    centre: (f32, f32),
    pixels_per_cell: f32,
    palette: Palette,
    /// Outer radius of the gauge.
    radius: f32,
    /// Thickness of the arc.
    arc: f32,
    /// Thickness of everything straight: bar, exclamation mark, plus, dots. A whole number.
    bar: f32,
}

impl Pen {
    fn new(size: u32, palette: Palette) -> Pen {
        let size = size.max(1);
        let pixels_per_cell = (1..=size / 16).rev().find(|n| size.is_multiple_of(*n)).unwrap_or(1);
        let cells = size / pixels_per_cell;
        let bar = (cells as f32 / 8.0).round().max(1.0);
        // A stroke of 3 cells can be centred in 21 cells, not in 22: one column at the right and one row at the top
        // are left empty. At the top, since the open bottom makes the gauge look too high anyway.
        let spare = (cells as f32 - bar) % 2.0;
        let radius = (cells as f32 - spare) / 2.0;
        let side = size as usize;
        Pen {
            picture: Picture { rgba: vec![0; side * side * 4], size },
            coverage: Rasterizer::new(side, side),
            centre: (radius, radius + spare),
            pixels_per_cell: pixels_per_cell as f32,
            palette,
            radius,
            arc: (cells as f32 * 0.18).round().max(1.0),
            bar,
        }
    }

    fn gauge(&mut self, state: IconState) {
        let (bar, inner) = (self.bar, self.radius - self.arc);
        match state {
            IconState::Fine(percent) => self.level(percent, GREEN),
            IconState::Low(percent) => {
                self.level(percent, AMBER);
                let height = self.centred(inner * 1.65);
                self.rect((-bar / 2.0, -height / 2.0), (bar, height - bar - 1.0), AMBER);
                self.rect((-bar / 2.0, height / 2.0 - bar), (bar, bar), AMBER);
            }
            IconState::Exhausted => {
                self.stroke(EMPTY, FULL, RED);
                let width = self.centred(inner * 1.65);
                self.rect((-width / 2.0, -bar / 2.0), (width, bar), RED);
            }
            IconState::Error => {
                self.stroke(EMPTY, TOP - 20.0, GREY);
                self.stroke(TOP + 20.0, FULL, GREY);
                self.cross(self.centred(inner * 1.45) / 2.0, bar * 0.7);
            }
            IconState::NoAccounts => {
                for dash in 0..8 {
                    let middle = TOP + 45.0 * dash as f32;
                    self.stroke(middle - 11.0, middle + 11.0, GREY);
                }
                let width = self.centred(inner * 1.2);
                self.rect((-width / 2.0, -bar / 2.0), (width, bar), GREY);
                self.rect((-bar / 2.0, -width / 2.0), (bar, width), GREY);
            }
            IconState::Refreshing => {
                self.hairline(EMPTY);
                self.dots(-bar / 2.0, 2.0);
            }
        }
    }

    /// An arc up to the level, then the hairline; the gap of one cell between them shows the level without colour.
    fn level(&mut self, percent: f64, colour: u32) {
        let end = EMPTY + (FULL - EMPTY) * percent as f32 / 100.0;
        let gap = (1.0 / (self.radius - self.arc / 2.0)).to_degrees();
        self.sector(EMPTY, end, 0.0, self.arc, colour, 1.0);
        self.hairline(end + gap);
    }

    /// What is used, from `start` to the full end.
    fn hairline(&mut self, start: f32) {
        self.sector(start, FULL, 1.0, self.arc - 1.0, GREY, HAIRLINE);
    }

    /// An arc that shows no level: one cell thinner, so that it does not look like a full gauge.
    fn stroke(&mut self, from: f32, to: f32, colour: u32) {
        self.sector(from, to, 0.0, (self.arc - 1.0).max(1.0), colour, 1.0);
    }

    /// Three dots with their upper edge at `y`.
    fn dots(&mut self, y: f32, gap: f32) {
        for index in [-1.0, 0.0, 1.0] {
            let x = index * (self.bar + gap) - self.bar / 2.0;
            self.rect((x, y), (self.bar, self.bar), BLUE);
        }
    }

    /// The whole number nearest to `length` that can be centred like the bar.
    fn centred(&self, length: f32) -> f32 {
        let odd = self.bar % 2.0;
        ((length - odd) / 2.0).round().max(0.0) * 2.0 + odd
    }

    /// A part of the ring, between two depths below its outer edge.
    fn sector(&mut self, from: f32, to: f32, outer: f32, inner: f32, colour: u32, opacity: f32) {
        if from >= to || outer >= inner {
            return; // the gauge is full, or too small for a hairline
        }
        // A polygon with corners at most 3° apart differs from the circle by 0.04 px at a radius of 128 px.
        let parts = ((to - from) / 3.0).ceil();
        let corner = |part: f32, depth: f32| {
            let (sin, cos) = (from + (to - from) * part / parts).to_radians().sin_cos();
            let radius = (self.radius - depth).max(0.0);
            (radius * cos, radius * sin)
        };
        let there = (0..=parts as u32).map(|part| corner(part as f32, outer));
        let back = (0..=parts as u32).rev().map(|part| corner(part as f32, inner));
        let corners: Vec<_> = there.chain(back).collect();
        self.polygon(&corners, colour, opacity);
    }

    /// A diagonal cross that extends `reach` from the centre; its corners are cut off by `cut` on both sides.
    fn cross(&mut self, reach: f32, cut: f32) {
        let near = reach - cut;
        // The notch at the top and the upper right corner; rotated by three quarter turns for the others.
        let quarter = [(0.0, -cut), (near, -reach), (reach, -near)];
        let turn = |(x, y): (f32, f32)| (-y, x);
        let mut corners = quarter.to_vec();
        for at in 0..9 {
            corners.push(turn(corners[at]));
        }
        self.polygon(&corners, RED, 1.0);
    }

    fn rect(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), colour: u32) {
        let (right, bottom) = (x + width.max(0.0), y + height.max(0.0));
        self.polygon(&[(x, y), (right, y), (right, bottom), (x, bottom)], colour, 1.0);
    }

    /// Fills a polygon whose sides don't cross.
    fn polygon(&mut self, corners: &[(f32, f32)], colour: u32, opacity: f32) {
        let side = self.picture.size as f32;
        // A point beyond an edge, by rounding or in a picture of a few pixels, would be drawn at the opposite edge.
        let pixel = |cell: f32, centre: f32| ((cell + centre) * self.pixels_per_cell).clamp(0.0, side);
        let corner = |&(x, y): &(f32, f32)| point(pixel(x, self.centre.0), pixel(y, self.centre.1));
        for (from, to) in corners.iter().zip(corners.iter().cycle().skip(1)) {
            self.coverage.draw_line(corner(from), corner(to));
        }
        let [_, colour @ ..] = match self.palette {
            Palette::Colour => colour.to_be_bytes(),
            Palette::Template => [0; 4],
        };
        let pixels = self.picture.rgba.as_chunks_mut::<4>().0;
        self.coverage
            .for_each_pixel(|at, covered| blend(&mut pixels[at], colour, covered.min(1.0) * opacity));
        self.coverage.clear();
    }
}

/// Blends a colour over a pixel: "source over" with colours that are not premultiplied.
fn blend([red, green, blue, alpha]: &mut [u8; 4], colour: [u8; 3], opacity: f32) {
    // True for most pixels of a picture, for each of its shapes.
    if opacity < 0.5 / 255.0 {
        return;
    }
    let below = f32::from(*alpha) / 255.0 * (1.0 - opacity);
    let whole = opacity + below;
    for (channel, source) in [red, green, blue].into_iter().zip(colour) {
        *channel = ((f32::from(source) * opacity + f32::from(*channel) * below) / whole).round() as u8;
    }
    *alpha = (whole * 255.0).round() as u8;
}
