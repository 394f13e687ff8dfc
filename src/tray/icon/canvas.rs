//! Draws shapes onto the pixels of a picture.

use crate::tray::icon::palette::{Ink, Palette};
use ab_glyph_rasterizer::{Rasterizer, point};

/// Straight (non-premultiplied) RGBA, row by row, `size * size * 4` bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub rgba: Vec<u8>,
    /// Width and height in pixels.
    pub size: u32,
}

/// A picture that is being drawn. Lengths and positions are in cells, from the upper left corner, x to the right and y
/// down.
pub struct Canvas {
    picture: Picture,
    palette: Palette,
    /// Computes how much of each pixel a shape covers; empty between two shapes.
    coverage: Rasterizer,
    /// A whole number.
    pub pixels_per_cell: f32,
    /// Width and height in cells: a whole number, at least 1.
    pub cells: f32,
    /// The width of a straight stroke: a whole number, at least 1.
    pub stroke: f32,
}

impl Canvas {
    /// An empty picture of `size` pixels a side; a size of 0 is 1.
    pub fn new(size: u32, palette: Palette) -> Canvas {
        let size = size.max(1);
        let pixels_per_cell = (1..=size / 16).rev().find(|n| size.is_multiple_of(*n)).unwrap_or(1);
        let (side, cells) = (size as usize, (size / pixels_per_cell) as f32);
        Canvas {
            picture: Picture { rgba: vec![0; side * side * 4], size },
            palette,
            coverage: Rasterizer::new(side, side),
            pixels_per_cell: pixels_per_cell as f32,
            cells,
            stroke: (cells / 8.0).round().max(1.0),
        }
    }

    pub fn into_picture(self) -> Picture {
        self.picture
    }

    /// Fills a rectangle. Its edges are rounded to whole pixels.
    pub fn rect(&mut self, corner: (f32, f32), extent: (f32, f32), ink: Ink) {
        let (colour, opacity) = self.palette.colour(ink);
        self.for_pixels(corner, extent, |pixel| blend(pixel, colour, opacity));
    }

    /// Makes a rectangle transparent again.
    pub fn erase(&mut self, corner: (f32, f32), extent: (f32, f32)) {
        self.for_pixels(corner, extent, |pixel| *pixel = [0; 4]);
    }

    fn for_pixels(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), change: impl Fn(&mut [u8; 4])) {
        let side = self.picture.size as usize;
        // A negative length saturates to 0.
        let pixel = |cell: f32| ((cell * self.pixels_per_cell).round() as usize).min(side);
        let columns = pixel(x)..pixel(x + width).max(pixel(x));
        let pixels = self.picture.rgba.as_chunks_mut::<4>().0;
        for row in pixel(y)..pixel(y + height) {
            pixels[row * side..][columns.clone()].iter_mut().for_each(&change);
        }
    }

    /// Cuts off the corner at `(x, y)`, a whole cell, at 45°. `towards`: from there into the shape; both have the length
    /// of the cut.
    pub fn chamfer(&mut self, (x, y): (f32, f32), towards: (f32, f32)) {
        let side = self.picture.size as usize;
        let cut = towards.0.abs() * self.pixels_per_cell;
        let pixel = |corner: f32, towards: f32, distance: usize| {
            let corner = (corner * self.pixels_per_cell).round() as usize;
            if towards > 0.0 { Some(corner + distance) } else { corner.checked_sub(distance + 1) }
        };
        let pixels = self.picture.rgba.as_chunks_mut::<4>().0;
        let distances = 0..cut.ceil() as usize;
        for (across, down) in
            distances.clone().flat_map(|across| distances.clone().map(move |down| (across, down)))
        {
            let (column, row) = (pixel(x, towards.0, across), pixel(y, towards.1, down));
            let (Some(column), Some(row)) = (column.filter(|at| *at < side), row.filter(|at| *at < side))
            else {
                continue;
            };
            // How far the diagonal is from the pixel's nearest corner: from 2 on, all of the pixel is cut off.
            let depth = (cut - (across + down) as f32).clamp(0.0, 2.0);
            let covered = if depth < 1.0 { depth * depth / 2.0 } else { 1.0 - (2.0 - depth).powi(2) / 2.0 };
            let alpha = &mut pixels[row * side + column][3];
            *alpha = (f32::from(*alpha) * (1.0 - covered)).round() as u8;
        }
    }

    /// Fills a polygon whose sides don't cross.
    pub fn polygon(&mut self, corners: &[(f32, f32)], ink: Ink) {
        let (colour, opacity) = self.palette.colour(ink);
        let side = self.picture.size as f32;
        // The rasterizer draws a point beyond an edge (by rounding, or in a picture of a few pixels) at the opposite
        // edge.
        let pixel = |cell: f32| (cell * self.pixels_per_cell).clamp(0.0, side);
        let corner = |&(x, y): &(f32, f32)| point(pixel(x), pixel(y));
        for (from, to) in corners.iter().zip(corners.iter().cycle().skip(1)) {
            self.coverage.draw_line(corner(from), corner(to));
        }
        let pixels = self.picture.rgba.as_chunks_mut::<4>().0;
        self.coverage.for_each_pixel(|at, covered| {
            // A shape leaves most pixels as they are.
            if covered >= 0.5 / 255.0 {
                blend(&mut pixels[at], colour, covered.min(1.0) * opacity);
            }
        });
        self.coverage.clear();
    }
}

/// Blends a colour over a pixel: "source over" with colours that are not premultiplied.
fn blend(pixel: &mut [u8; 4], colour: [u8; 3], opacity: f32) {
    // Most pixels of a shape are opaque.
    if opacity >= 1.0 {
        let [red, green, blue] = colour;
        *pixel = [red, green, blue, 255];
        return;
    }
    let [red, green, blue, alpha] = pixel;
    let below = f32::from(*alpha) / 255.0 * (1.0 - opacity);
    let whole = opacity + below;
    for (channel, source) in [red, green, blue].into_iter().zip(colour) {
        *channel = ((f32::from(source) * opacity + f32::from(*channel) * below) / whole).round() as u8;
    }
    *alpha = (whole * 255.0).round() as u8;
}
