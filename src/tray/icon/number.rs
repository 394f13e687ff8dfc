//! The style "number": the percentage itself.

use crate::presenter::icon_state::IconState;
use crate::tray::icon::canvas::Canvas;
use crate::tray::icon::gauge;
use crate::tray::icon::glyphs::{self, GlyphBox};
use crate::tray::icon::palette::Ink;

/// Draws the percentage of a state: 1 to 100, or "<1". Where nothing is left, it is a tile with an exclamation mark.
/// Below it is at most one mark: three dots while refreshing, otherwise a line if it is low or a dashed line if it is
/// stale. States without a percentage are drawn as gauges.
pub fn draw(canvas: &mut Canvas, state: IconState, stale: bool, refreshing: bool) {
    let (percent, ink, mark) = match state {
        IconState::Fine(percent) if stale => (percent, Ink::Neutral, Mark::Dashes),
        IconState::Fine(percent) => (percent, Ink::Fine, Mark::Nothing),
        IconState::Low(percent) => (percent, Ink::Low, Mark::Line),
        IconState::Exhausted => {
            tile(canvas);
            return mark_below(canvas, if refreshing { Mark::Dots } else { Mark::Nothing }, Ink::Alarm);
        }
        IconState::NoAccounts | IconState::Refreshing | IconState::Error => {
            return gauge::draw(canvas, state, stale, refreshing);
        }
    };
    digits(canvas, percent, ink);
    mark_below(canvas, if refreshing { Mark::Dots } else { mark }, ink);
}

/// What is below the digits.
#[derive(Clone, Copy)]
enum Mark {
    Nothing,
    Line,
    Dashes,
    Dots,
}

/// The upper edge and the height of the digits, in cells.
pub fn rows(canvas: &Canvas) -> (f32, f32) {
    ((canvas.cells / 16.0).round(), (canvas.cells * 0.75).round())
}

fn digits(canvas: &mut Canvas, percent: f64, ink: Ink) {
    let (cells, stroke) = (canvas.cells, canvas.stroke);
    let (top, height) = rows(canvas);
    let place = |x: f32, width: f32| GlyphBox { corner: (x, top), width, height, stroke };
    // A full quota is not "99". Three digits fit if the 1 has no flag and the zeros are narrow.
    if percent >= 100.0 {
        let width = ((cells - stroke - 2.0) / 2.0).floor();
        let x = ((cells - stroke - 2.0 - 2.0 * width) / 2.0).floor();
        glyphs::digit(canvas, 1, place(x, stroke), ink);
        glyphs::digit(canvas, 0, place(x + stroke + 1.0, width), ink);
        return glyphs::digit(canvas, 0, place(x + stroke + width + 2.0, width), ink);
    }
    let gap = 2.0;
    let width = ((cells - gap) / 2.0).floor();
    let (tens, ones) = (percent as u8 / 10, percent as u8 % 10);
    let right = place(width + gap, width);
    if percent < 1.0 {
        glyphs::less_than(canvas, place(0.0, width), ink);
        glyphs::digit(canvas, 1, right, ink);
    } else if tens == 0 {
        glyphs::digit(canvas, ones, place(((cells - width) / 2.0).floor(), width), ink);
    } else {
        glyphs::digit(canvas, tens, place(0.0, width), ink);
        glyphs::digit(canvas, ones, right, ink);
    }
}

/// A tile with an exclamation mark cut out of it.
fn tile(canvas: &mut Canvas) {
    let (cells, stroke) = (canvas.cells, canvas.stroke);
    let (top, height) = rows(canvas);
    canvas.rect((0.0, top), (cells, height), Ink::Alarm);
    for (x, towards_x) in [(0.0, stroke), (cells, -stroke)] {
        canvas.chamfer((x, top), (towards_x, stroke));
        canvas.chamfer((x, top + height), (towards_x, -stroke));
    }
    // An even width can be centred, since all the usual sizes are even.
    let width = (stroke / 2.0).ceil() * 2.0;
    let (x, dot) = ((cells - width) / 2.0, stroke);
    let (from, to) = (top + stroke, top + height - stroke);
    canvas.erase((x, from), (width, to - from - dot - 1.0));
    canvas.erase((x, to - dot), (width, dot));
}

fn mark_below(canvas: &mut Canvas, mark: Mark, ink: Ink) {
    let (cells, stroke) = (canvas.cells, canvas.stroke);
    let y = cells - stroke;
    match mark {
        Mark::Nothing => {}
        Mark::Line => canvas.rect((0.0, y), (cells, stroke), ink),
        Mark::Dashes => {
            let gap = (cells * 0.375).round();
            let width = ((cells - gap) / 2.0).floor();
            canvas.rect((0.0, y), (width, stroke), ink);
            canvas.rect((cells - width, y), (width, stroke), ink);
        }
        Mark::Dots => refresh_dots(canvas),
    }
}

/// Three dots at the bottom.
pub fn refresh_dots(canvas: &mut Canvas) {
    let (cells, stroke) = (canvas.cells, canvas.stroke);
    let x = ((cells - 5.0 * stroke) / 2.0).floor();
    for index in [0.0, 2.0, 4.0] {
        canvas.rect((x + index * stroke, cells - stroke), (stroke, stroke), Ink::Refresh);
    }
}
