//! The tray's icon in each state at each usual size, on a light panel and a dark one, as one picture.
//!
//! ```sh
//! cargo run --example icon_sheet > sheet.pam
//! ```
//!
//! Portable Arbitrary Map, which ImageMagick reads; `.ci/pictures` adds the words and makes a PNG of it. The pixels are
//! the program's own, none is scaled.

use quota_tray::presenter::icon_state::IconState;
use quota_tray::tray::icon::{Palette, Picture, tray};
use std::io::{self, Write};

const SIZES: [u32; 5] = [16, 22, 24, 32, 44];
const LIGHT: [u8; 3] = [0xf3; 3];
const DARK: [u8; 3] = [0x26; 3];

/// In the order of the table in `docs/usage.md`.
const STATES: [(IconState, bool); 8] = [
    (IconState::Fine(82.0), false),
    (IconState::Fine(42.0), false),
    (IconState::Low(12.0), false),
    (IconState::Exhausted, false),
    (IconState::Error, false),
    (IconState::Refreshing, false),
    (IconState::Fine(42.0), true),
    (IconState::NoAccounts, false),
];

/// The height of a state's row and the space around an icon, in pixels.
const ROW: u32 = 52;
const SPACE: u32 = 16;

fn main() -> io::Result<()> {
    let panel: u32 = SPACE + SIZES.iter().map(|size| size + SPACE).sum::<u32>();
    let (width, height) = (2 * panel, ROW * STATES.len() as u32);
    let mut sheet = Vec::with_capacity((width * height * 3) as usize);
    for _ in 0..height {
        for colour in [LIGHT, DARK] {
            sheet.extend(colour.repeat(panel as usize));
        }
    }
    for (at, (face, refreshing)) in STATES.into_iter().enumerate() {
        for start in [0, panel] {
            let mut x = start + SPACE;
            for size in SIZES {
                let y = at as u32 * ROW + (ROW - size) / 2;
                lay(&mut sheet, width, (x, y), &tray(face, refreshing, size, Palette::Colour));
                x += size + SPACE;
            }
        }
    }
    let mut out = io::stdout().lock();
    write!(out, "P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n")?;
    out.write_all(&sheet)
}

/// Lays a picture on the sheet as a panel does.
fn lay(sheet: &mut [u8], width: u32, (left, top): (u32, u32), picture: &Picture) {
    for (at, pixel) in picture.rgba.as_chunks::<4>().0.iter().enumerate() {
        let (x, y) = (at as u32 % picture.size, at as u32 / picture.size);
        let start = (((top + y) * width + left + x) * 3) as usize;
        let alpha = u32::from(pixel[3]);
        for channel in 0..3 {
            let below = u32::from(sheet[start + channel]);
            sheet[start + channel] =
                ((u32::from(pixel[channel]) * alpha + below * (255 - alpha)) / 255) as u8;
        }
    }
}
