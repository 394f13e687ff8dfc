//! The style "gauge", and the states without a percentage, which all styles draw as a gauge.

use crate::presenter::icon_state::IconState;
use crate::tray::icon::canvas::Canvas;
use crate::tray::icon::glyphs;
use crate::tray::icon::palette::Ink;

/// Angles of the arc, in degrees clockwise from three o'clock, since y points down.
const EMPTY: f32 = 135.0;
const FULL: f32 = 405.0;
const TOP: f32 = 270.0;

/// Draws the gauge of a state. `stale`: its level, unless it is low, is out of date.
///
/// `refreshing` adds three dots in the opening; no pixel of the gauge changes. [`IconState::Refreshing`] has dots already
/// and [`IconState::NoAccounts`] has nothing to refresh: both look the same with and without.
pub fn draw(canvas: &mut Canvas, state: IconState, stale: bool, refreshing: bool) {
    let mut gauge = Gauge::new(canvas);
    gauge.state(state, stale);
    if refreshing && !matches!(state, IconState::Refreshing | IconState::NoAccounts) {
        gauge.dots(gauge.radius - gauge.bar, 1.0);
    }
}

/// Lengths are in cells from the gauge's centre.
struct Gauge<'a> {
    canvas: &'a mut Canvas,
    /// In cells from the picture's upper left corner.
    centre: (f32, f32),
    /// Outer radius.
    radius: f32,
    /// Thickness of the arc.
    arc: f32,
    /// Thickness of a level without a symbol in the middle: one cell more at 16 px, so that the track is clearly
    /// thinner.
    thick: f32,
    /// Thickness of everything straight: bar, exclamation mark, plus, dots. A whole number.
    bar: f32,
}

impl Gauge<'_> {
    fn new(canvas: &mut Canvas) -> Gauge<'_> {
        let (cells, bar) = (canvas.cells, canvas.stroke);
        // A stroke of 3 cells can be centred in 21 cells but not in 22, so one column at the right and one row at the
        // top stay empty: the top, because the open bottom makes the gauge look too high.
        let spare = (cells - bar) % 2.0;
        let radius = (cells - spare) / 2.0;
        let arc = (cells * 0.18).round().max(1.0);
        let thick = if cells < 20.0 && canvas.pixels_per_cell == 1.0 { (arc + 1.0).min(radius) } else { arc };
        Gauge { canvas, centre: (radius, radius + spare), radius, arc, thick, bar }
    }

    fn state(&mut self, state: IconState, stale: bool) {
        let (bar, inner) = (self.bar, self.radius - self.arc);
        match state {
            IconState::Fine(percent) if stale => {
                self.level(percent, self.arc, Ink::Neutral);
                self.question_mark();
            }
            IconState::Fine(percent) => self.level(percent, self.thick, Ink::Fine),
            IconState::Low(percent) => {
                self.level(percent, self.arc, Ink::Low);
                let height = self.centred(inner * 1.65);
                let (x, y) = self.at_centre((-bar / 2.0, -height / 2.0));
                glyphs::exclamation_mark(self.canvas, (x, y), (bar, height), Ink::Low);
            }
            IconState::Exhausted => {
                self.sector(EMPTY, FULL, 0.0, self.arc, Ink::Alarm);
                let width = self.centred(inner * 1.65);
                self.rect((-width / 2.0, -bar / 2.0), (width, bar), Ink::Alarm);
            }
            IconState::Error => {
                self.stroke(EMPTY, TOP - 20.0, Ink::Neutral);
                self.stroke(TOP + 20.0, FULL, Ink::Neutral);
                self.cross(self.centred(inner * 1.45) / 2.0, bar * 0.7);
            }
            IconState::NoAccounts => {
                for dash in 0..8 {
                    let middle = TOP + 45.0 * dash as f32;
                    self.stroke(middle - 11.0, middle + 11.0, Ink::Neutral);
                }
                let width = self.centred(inner * 1.2);
                self.rect((-width / 2.0, -bar / 2.0), (width, bar), Ink::Neutral);
                self.rect((-bar / 2.0, -width / 2.0), (bar, width), Ink::Neutral);
            }
            IconState::Refreshing => {
                self.track(EMPTY);
                self.dots(-bar / 2.0, 2.0);
            }
        }
    }

    /// An arc up to the level, then the track; the gap of one cell between them shows the level without colour.
    fn level(&mut self, percent: f64, thickness: f32, ink: Ink) {
        let end = EMPTY + (FULL - EMPTY) * percent as f32 / 100.0;
        let gap = (1.0 / (self.radius - self.arc / 2.0)).to_degrees();
        self.sector(EMPTY, end, 0.0, thickness, ink);
        self.track(end + gap);
    }

    /// The track, which is what is used, from `start` to the full end. It is two cells wide, so that it has whole
    /// pixels at 16 px and is still thinner than the level.
    fn track(&mut self, start: f32) {
        self.sector(start, FULL, (self.arc - 3.0).max(0.0), self.arc - 1.0, Ink::Track);
    }

    /// An arc that shows no level: one cell thinner, so that it does not look like a full gauge.
    fn stroke(&mut self, from: f32, to: f32, ink: Ink) {
        self.sector(from, to, 0.0, (self.arc - 1.0).max(1.0), ink);
    }

    /// Three dots with their upper edge at `y`.
    fn dots(&mut self, y: f32, gap: f32) {
        for index in [-1.0, 0.0, 1.0] {
            let x = index * (self.bar + gap) - self.bar / 2.0;
            self.rect((x, y), (self.bar, self.bar), Ink::Refresh);
        }
    }

    fn question_mark(&mut self) {
        let inner = self.radius - self.arc;
        let (width, height) = (self.centred(inner * 1.3), self.centred(inner * 1.65));
        let corner = self.at_centre((-width / 2.0, -height / 2.0));
        glyphs::question_mark(self.canvas, corner, (width, height), self.bar, Ink::Neutral);
    }

    /// The whole number nearest to `length` that can be centred like the bar.
    fn centred(&self, length: f32) -> f32 {
        let odd = self.bar % 2.0;
        ((length - odd) / 2.0).round().max(0.0) * 2.0 + odd
    }

    /// A position from the centre as one from the picture's upper left corner.
    fn at_centre(&self, (x, y): (f32, f32)) -> (f32, f32) {
        (x + self.centre.0, y + self.centre.1)
    }

    /// A part of the ring, between two depths below its outer edge.
    fn sector(&mut self, from: f32, to: f32, outer: f32, inner: f32, ink: Ink) {
        if from >= to || outer >= inner {
            return; // the gauge is full, or too small for a track
        }
        // A polygon with corners at most 3° apart differs from the circle by 0.04 px at a radius of 128 px.
        let parts = ((to - from) / 3.0).ceil();
        let corner = |part: f32, depth: f32| {
            let (sin, cos) = (from + (to - from) * part / parts).to_radians().sin_cos();
            let radius = (self.radius - depth).max(0.0);
            self.at_centre((radius * cos, radius * sin))
        };
        let there = (0..=parts as u32).map(|part| corner(part as f32, outer));
        let back = (0..=parts as u32).rev().map(|part| corner(part as f32, inner));
        let corners: Vec<_> = there.chain(back).collect();
        self.canvas.polygon(&corners, ink);
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
        let corners: Vec<_> = corners.into_iter().map(|corner| self.at_centre(corner)).collect();
        self.canvas.polygon(&corners, Ink::Alarm);
    }

    fn rect(&mut self, corner: (f32, f32), extent: (f32, f32), ink: Ink) {
        let corner = self.at_centre(corner);
        self.canvas.rect(corner, extent, ink);
    }
}
