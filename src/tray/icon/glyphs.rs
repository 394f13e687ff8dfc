//! Digits and marks, made of straight strokes on whole cells.
//!
//! A font would need hinting at sizes as small as these. Instead, a digit consists of the segments of a seven-segment
//! display, with the outer corners cut off, so that each stroke is a whole number of pixels wide at every size.

use crate::tray::icon::canvas::Canvas;
use crate::tray::icon::palette::Ink;

/// Where a digit is drawn: its upper left corner, its width and height, and the width of its strokes, in cells. All are
/// whole numbers.
#[derive(Clone, Copy)]
pub struct GlyphBox {
    pub corner: (f32, f32),
    pub width: f32,
    pub height: f32,
    pub stroke: f32,
}

// The segments of a digit, as bits: a at the top, then clockwise, g in the middle.
const A: u8 = 1;
const B: u8 = 1 << 1;
const C: u8 = 1 << 2;
const D: u8 = 1 << 3;
const E: u8 = 1 << 4;
const F: u8 = 1 << 5;
const G: u8 = 1 << 6;

/// The segments of 0 to 9. 1 and 7 are not drawn from these, because they would look alike.
const SEGMENTS: [u8; 10] = [
    A | B | C | D | E | F,
    B | C,
    A | B | G | E | D,
    A | B | G | C | D,
    F | G | B | C,
    A | F | G | C | D,
    A | F | G | E | C | D,
    A | B | C,
    A | B | C | D | E | F | G,
    G | F | A | B | C | D,
];

/// Draws a digit, 0 to 9.
pub fn digit(canvas: &mut Canvas, digit: u8, place: GlyphBox, ink: Ink) {
    let GlyphBox { corner: (x, y), width, height, stroke } = place;
    match digit {
        1 => return one(canvas, place, ink),
        7 => return seven(canvas, place, ink),
        _ => {}
    }
    let segments = SEGMENTS[usize::from(digit % 10)];
    let has = |segment: u8| segments & segment != 0;
    // The upper half is the smaller one, as in print.
    let middle = ((height - stroke) / 2.0).floor();
    let (right, bottom) = (x + width, y + height);
    let (upper, lower) = (middle + stroke, height - middle);
    for (segment, corner, extent) in [
        (A, (x, y), (width, stroke)),
        (B, (right - stroke, y), (stroke, upper)),
        (C, (right - stroke, y + middle), (stroke, lower)),
        (D, (x, bottom - stroke), (width, stroke)),
        (E, (x, y + middle), (stroke, lower)),
        (F, (x, y), (stroke, upper)),
        (G, (x, y + middle), (width, stroke)),
    ] {
        if has(segment) {
            canvas.rect(corner, extent, ink);
        }
    }
    // A corner is cut off where two segments meet and neither continues.
    let cut = stroke / 2.0;
    for (is_corner, at, towards) in [
        (has(A) && has(F), (x, y), (cut, cut)),
        (has(A) && has(B), (right, y), (-cut, cut)),
        (has(D) && has(E), (x, bottom), (cut, -cut)),
        (has(D) && has(C), (right, bottom), (-cut, -cut)),
        (has(G) && has(F) && !has(E), (x, y + upper), (cut, -cut)),
        (has(G) && has(E) && !has(F), (x, y + middle), (cut, cut)),
        (has(G) && has(B) && !has(C), (right, y + upper), (-cut, -cut)),
        (has(G) && has(C) && !has(B), (right, y + middle), (-cut, cut)),
    ] {
        if is_corner {
            canvas.chamfer(at, towards);
        }
    }
}

/// A stem with a flag. The flag is left out where only the stem has room.
fn one(canvas: &mut Canvas, GlyphBox { corner: (x, y), width, height, stroke }: GlyphBox, ink: Ink) {
    let stem = x + ((width - stroke) / 2.0).ceil();
    canvas.rect((stem, y), (stroke, height), ink);
    if stem - x >= stroke {
        let (left, flag) = (stem - stroke, y + stroke / 2.0);
        canvas.rect((left, flag), (stroke, stroke), ink);
        canvas.chamfer((stem, y), (stroke / 2.0, stroke / 2.0));
    }
}

/// A bar with a slanted stem.
fn seven(canvas: &mut Canvas, GlyphBox { corner: (x, y), width, height, stroke }: GlyphBox, ink: Ink) {
    let (right, knee, bottom) = (x + width, y + stroke, y + height);
    let foot = x + ((width - stroke) / 2.0).floor() - 1.0;
    canvas.rect((x, y), (width, stroke), ink);
    canvas.polygon(&[(right - stroke, knee), (right, knee), (foot + stroke, bottom), (foot, bottom)], ink);
}

/// Draws "<" as high as wide, in the middle of its place.
pub fn less_than(
    canvas: &mut Canvas,
    GlyphBox { corner: (x, y), width, height, stroke }: GlyphBox,
    ink: Ink,
) {
    let (middle, reach) = (y + height / 2.0, (width * 0.6).ceil());
    let (right, slant) = (x + width - 1.0, stroke * 1.2);
    canvas.polygon(
        &[
            (right, middle - reach),
            (right, middle - reach + slant),
            (x + slant, middle),
            (right, middle + reach - slant),
            (right, middle + reach),
            (x, middle + slant / 2.0),
            (x, middle - slant / 2.0),
        ],
        ink,
    );
}

/// Draws "!": a stem as wide as its place, a gap of one cell, and a square dot.
pub fn exclamation_mark(canvas: &mut Canvas, (x, y): (f32, f32), (width, height): (f32, f32), ink: Ink) {
    canvas.rect((x, y), (width, height - width - 1.0), ink);
    canvas.rect((x, y + height - width), (width, width), ink);
}

/// Draws "?".
pub fn question_mark(
    canvas: &mut Canvas,
    (x, y): (f32, f32),
    (width, height): (f32, f32),
    stroke: f32,
    ink: Ink,
) {
    let (right, stem) = (x + width, x + (width - stroke) / 2.0);
    let end = y + height - stroke - 1.0;
    let middle = end - stroke;
    canvas.rect((x, y), (width, stroke), ink);
    canvas.rect((x, y), (stroke, stroke + 1.0), ink);
    canvas.rect((right - stroke, y), (stroke, end - y), ink);
    canvas.rect((stem, middle), (right - stem, stroke), ink);
    canvas.rect((stem, y + height - stroke), (stroke, stroke), ink);
    let cut = stroke - 0.5;
    canvas.chamfer((x, y), (cut, cut));
    canvas.chamfer((right, y), (-cut, cut));
    canvas.chamfer((right, end), (-cut, -cut));
}
