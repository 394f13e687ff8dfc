//! The style "bars": two windows of one account side by side.

use crate::presenter::icon_state::IconState;
use crate::tray::icon::canvas::Canvas;
use crate::tray::icon::glyphs;
use crate::tray::icon::number::{refresh_dots, rows};
use crate::tray::icon::palette::Ink;

/// Draws a bar for each window, filled from the bottom. `None`: the percentage is not known.
pub fn draw(canvas: &mut Canvas, windows: [Option<IconState>; 2], stale: bool, refreshing: bool) {
    let cells = canvas.cells;
    let (top, height) = rows(canvas);
    let gap = 2.0;
    let width = ((cells - gap) / 2.0 - 1.0).floor();
    // So that an exclamation mark can be centred in the bar.
    let width = width - (width - canvas.stroke) % 2.0;
    let left = ((cells - gap) / 2.0 - width).floor();
    for (window, x) in windows.into_iter().zip([left, left + width + gap]) {
        Bar { canvas, x, top, width, height }.draw(window, stale);
    }
    if refreshing {
        refresh_dots(canvas);
    }
}

/// One bar; lengths in cells.
struct Bar<'a> {
    canvas: &'a mut Canvas,
    x: f32,
    top: f32,
    width: f32,
    height: f32,
}

impl Bar<'_> {
    fn draw(&mut self, window: Option<IconState>, stale: bool) {
        match window {
            Some(IconState::Fine(percent)) if stale => {
                self.level(percent, Ink::Neutral);
                self.stripes();
            }
            Some(IconState::Fine(percent)) => _ = self.level(percent, Ink::Fine),
            Some(IconState::Low(percent)) => {
                let level = self.level(percent, Ink::Low);
                self.exclamation_mark(level);
            }
            Some(IconState::Exhausted) => self.frame((self.canvas.stroke * 0.75).round(), Ink::Alarm),
            _ => self.dashes(),
        }
    }

    /// A frame, filled up to the level, but at least one stroke high. Returns that height.
    fn level(&mut self, percent: f64, ink: Ink) -> f32 {
        let level = (self.height * percent as f32 / 100.0).round().max(self.canvas.stroke);
        self.frame(1.0, Ink::Track);
        let y = self.top + self.height - level;
        self.canvas.erase((self.x, y), (self.width, level));
        self.canvas.rect((self.x, y), (self.width, level), ink);
        level
    }

    fn frame(&mut self, thickness: f32, ink: Ink) {
        let inside = |length: f32| length - 2.0 * thickness;
        self.canvas.rect((self.x, self.top), (self.width, self.height), ink);
        let corner = (self.x + thickness, self.top + thickness);
        self.canvas.erase(corner, (inside(self.width), inside(self.height)));
    }

    /// An exclamation mark above the level, or cut out of the level where there is no room above.
    fn exclamation_mark(&mut self, level: f32) {
        let stroke = self.canvas.stroke;
        let x = self.x + (self.width - stroke) / 2.0;
        // One cell is the frame; one cell each stays free below the frame and above the level.
        let above = self.height - level - 3.0;
        if above > 2.0 * stroke {
            glyphs::exclamation_mark(self.canvas, (x, self.top + 2.0), (stroke, above), Ink::Low);
            return;
        }
        let bottom = self.top + self.height - stroke;
        let from = bottom - (level - 2.0 * stroke);
        self.canvas.erase((x, from), (stroke, bottom - from - stroke - 1.0));
        self.canvas.erase((x, bottom - stroke), (stroke, stroke));
    }

    /// Gaps across the bar, in its level and in its frame.
    fn stripes(&mut self) {
        let stroke = self.canvas.stroke;
        let mut y = stroke;
        while y < self.height - 1.0 {
            self.canvas.erase((self.x, self.top + self.height - y - 1.0), (self.width, 1.0));
            y += stroke + 1.0;
        }
    }

    /// A dashed line in place of the bar, for a percentage that is not known.
    fn dashes(&mut self) {
        let stroke = self.canvas.stroke;
        let x = self.x + (self.width - stroke) / 2.0;
        let gap = (self.height / 5.0).floor().max(1.0);
        let dash = ((self.height - 2.0 * gap) / 3.0).floor();
        for index in [0.0, 1.0, 2.0] {
            let y = self.top + index * (dash + gap);
            self.canvas.rect((x, y), (stroke, dash), Ink::Track);
        }
    }
}
