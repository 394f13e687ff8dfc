//! Pictures in the formats that tray hosts read: pixmaps for the icon, PNG files for the rows of the menu.

use crate::presenter::icon_state::{IconContent, IconState};
use crate::tray::icon::{self, Palette, Picture};
use serde::Serialize;

/// A picture as in StatusNotifierItem: ARGB32, not premultiplied, in network byte order.
#[derive(Serialize, zbus::Type)]
pub struct Pixmap {
    width: i32,
    height: i32,
    argb: Vec<u8>,
}

/// The icon in all sizes. A host that finds none that fits scales one, which blurs it.
pub fn icon(content: IconContent, palette: Palette) -> Vec<Pixmap> {
    icon::tray_sizes(content, palette).into_iter().map(pixmap).collect()
}

fn pixmap(picture: Picture) -> Pixmap {
    let mut argb = picture.rgba;
    for pixel in argb.as_chunks_mut::<4>().0 {
        pixel.rotate_right(1);
    }
    let side = i32::try_from(picture.size).unwrap_or(i32::MAX);
    Pixmap { width: side, height: side, argb }
}

/// The icon of a menu row as a PNG file. `None`: it could not be encoded.
pub fn row_png(state: IconState, size: u32, palette: Palette) -> Option<Vec<u8>> {
    let Picture { rgba, size } = icon::row(state, size, palette);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size, size);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().ok()?.write_image_data(&rgba).ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presenter::icon_state::IconFigure;

    #[test]
    fn pixmap_has_alpha_first() {
        let picture = Picture { rgba: vec![1, 2, 3, 4, 5, 6, 7, 8], size: 1 };
        assert_eq!(pixmap(picture).argb, [4, 1, 2, 3, 8, 5, 6, 7]);
    }

    #[test]
    fn icon_is_offered_in_all_sizes() {
        let state = IconState::Low(12.0);
        let content = IconContent { state, figure: IconFigure::Gauge, stale: false, refreshing: false };
        let pixmaps = icon(content, Palette::AnyPanel);
        let sides: Vec<_> = pixmaps.iter().map(|pixmap| (pixmap.width, pixmap.height)).collect();
        assert_eq!(sides, [16, 22, 24, 32, 44, 64].map(|side| (side, side)));
        assert!(
            pixmaps.iter().all(|pixmap| pixmap.argb.len() == (pixmap.width * pixmap.height * 4) as usize)
        );
    }
}
