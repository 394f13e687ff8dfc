//! The tray's icon in each state at each size, on panels of several colours, as one picture.
//!
//! ```sh
//! cargo run --example icon_sheet > sheet.pam                   # the picture of the documentation
//! cargo run --example icon_sheet -- number dark 8 > sheet.pam  # to look at the pixels
//! ```
//!
//! Optional arguments, in this order: the style (gauge, number, bars); the palette (any, dark, light; without one, a
//! light and a dark panel are drawn with the palette for any panel); the factor by which the picture is enlarged.
//!
//! The output is a Portable Arbitrary Map, which ImageMagick reads. `.ci/pictures` adds labels and converts it to PNG.
//! The pixels are those that the program draws.

use quota_tray::presenter::icon_state::{IconContent, IconFigure, IconState};
use quota_tray::tray::icon::{Palette, Picture, SIZES, tray};
use std::io::{self, Write};

type Colour = [u8; 3];

/// The panels of a palette.
fn panels(palette: &str) -> io::Result<(Palette, &'static [Colour])> {
    match palette {
        "" => Ok((Palette::AnyPanel, &[[0xf3; 3], [0x26; 3]])),
        // White, medium grey; Cinnamon, Breeze Dark, GNOME.
        "any" => Ok((Palette::AnyPanel, &[[0xff; 3], [0xa0; 3], [0x2e; 3], [0x31, 0x36, 0x3b], [0x00; 3]])),
        "dark" => Ok((Palette::DarkPanel, &[[0x2e; 3], [0x31, 0x36, 0x3b], [0x00; 3]])),
        "light" => Ok((Palette::LightPanel, &[[0xff; 3], [0xef, 0xf0, 0xf1], [0xc8; 3]])),
        _ => Err(io::Error::other("the palette is any, dark or light")),
    }
}

/// The percentages and marks, in the order of the table in `docs/usage.md`; the second window is for bars.
fn contents(style: &str) -> io::Result<Vec<IconContent>> {
    use IconState::{Error, Exhausted, Fine, Low, NoAccounts, Refreshing};
    let each: &[(IconState, IconState, bool, bool)] = &[
        (Fine(82.0), Fine(60.0), false, false),
        (Fine(42.0), Fine(75.0), false, false),
        (Low(12.0), Fine(64.0), false, false),
        (Exhausted, Fine(30.0), false, false),
        (Fine(42.0), Fine(75.0), true, false),
        (Error, Error, false, false),
        (Refreshing, Refreshing, false, false),
        (Fine(42.0), Fine(75.0), false, true),
        (NoAccounts, NoAccounts, false, false),
    ];
    let more: &[(IconState, IconState, bool, bool)] = match style {
        "number" => &[
            (Fine(100.0), Error, false, false),
            (Fine(98.0), Error, false, false),
            (Fine(76.0), Error, false, false),
            (Fine(53.0), Error, false, false),
            (Fine(31.0), Error, false, false),
            (Low(7.0), Error, false, false),
            (Low(0.4), Error, false, false),
            (Low(10.0), Error, false, true),
        ],
        "bars" => &[
            (Low(70.0), Exhausted, false, false),
            (Low(4.0), Low(95.0), false, true),
            (Fine(100.0), Error, false, false),
        ],
        _ => &[],
    };
    let figure = |first: IconState, second: IconState| match style {
        "number" => Ok(IconFigure::Number),
        "bars" => Ok(IconFigure::Bars([first, second].map(|state| state.has_level().then_some(state)))),
        "gauge" => Ok(IconFigure::Gauge),
        _ => Err(io::Error::other("the style is gauge, number or bars")),
    };
    let content = |&(state, second, stale, refreshing): &(IconState, IconState, bool, bool)| {
        Ok(IconContent { state, figure: figure(state, second)?, stale, refreshing })
    };
    each.iter().chain(more).map(content).collect()
}

/// The height of a state's row and the space around an icon, in pixels.
const ROW: u32 = 72;
const SPACE: u32 = 16;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize, default: &'static str| arguments.get(at).map_or(default, String::as_str);
    let contents = contents(argument(0, "gauge"))?;
    let (palette, panels) = panels(argument(1, ""))?;
    let scale: u32 = argument(2, "1").parse().map_err(io::Error::other)?;

    let panel: u32 = SPACE + SIZES.iter().map(|size| size + SPACE).sum::<u32>();
    let (width, height) = (panel * panels.len() as u32, ROW * contents.len() as u32);
    let mut sheet: Vec<Colour> = Vec::with_capacity((width * height) as usize);
    for _ in 0..height {
        for colour in panels {
            sheet.extend([*colour].repeat(panel as usize));
        }
    }
    for (content, top) in contents.into_iter().zip((0..).step_by(ROW as usize)) {
        for start in (0..width).step_by(panel as usize) {
            let mut x = start + SPACE;
            for size in SIZES {
                lay(&mut sheet, width, (x, top + (ROW - size) / 2), &tray(content, size, palette));
                x += size + SPACE;
            }
        }
    }
    let mut out = io::stdout().lock();
    let (columns, rows) = (width * scale, height * scale);
    write!(out, "P7\nWIDTH {columns}\nHEIGHT {rows}\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n")?;
    for row in sheet.chunks(width as usize) {
        let enlarged: Vec<u8> = row.iter().flat_map(|pixel| pixel.repeat(scale as usize)).collect();
        for _ in 0..scale {
            out.write_all(&enlarged)?;
        }
    }
    Ok(())
}

/// Lays a picture on the sheet as a panel does.
fn lay(sheet: &mut [Colour], width: u32, (left, top): (u32, u32), picture: &Picture) {
    for (at, [rgb @ .., alpha]) in picture.rgba.as_chunks::<4>().0.iter().enumerate() {
        let (x, y) = (at as u32 % picture.size, at as u32 / picture.size);
        let below = &mut sheet[((top + y) * width + left + x) as usize];
        for (channel, source) in below.iter_mut().zip(rgb) {
            let alpha = u32::from(*alpha);
            *channel = ((u32::from(*source) * alpha + u32::from(*channel) * (255 - alpha)) / 255) as u8;
        }
    }
}
