//! The pictures of the tray: distinct without colour, readable on any panel, sharp, valid at any size.

use quota_tray::presenter::icon_state::IconState;
use quota_tray::tray::icon::{Palette, Picture, row, tray};

const SIZES: [u32; 5] = [16, 22, 24, 32, 44];
const PALETTES: [Palette; 2] = [Palette::Colour, Palette::Template];

/// One of each state; the two with a level have the same level, so that only the shape differs.
const STATES: [IconState; 6] = [
    IconState::NoAccounts,
    IconState::Refreshing,
    IconState::Fine(20.0),
    IconState::Low(20.0),
    IconState::Exhausted,
    IconState::Error,
];

/// Panels, sRGB grey: two light ones, two dark ones.
const PANELS: [u8; 4] = [0xf0, 0xff, 0x20, 0x00];

fn pixels(picture: &Picture) -> impl Iterator<Item = [u8; 4]> + '_ {
    picture.rgba.as_chunks::<4>().0.iter().copied()
}

fn linear(channel: u8) -> f64 {
    let c = f64::from(channel) / 255.0;
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

/// Relative luminance as in WCAG 2.1.
fn luminance([r, g, b, _]: [u8; 4]) -> f64 {
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

fn contrast(a: f64, b: f64) -> f64 {
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The picture on a panel, as grey 0 to 255.
fn grey(picture: &Picture, panel: u8) -> Vec<f64> {
    let over = |c: u8, a: u8| {
        let share = f64::from(a) / 255.0;
        f64::from(c) * share + f64::from(panel) * (1.0 - share)
    };
    pixels(picture)
        .map(|[r, g, b, a]| 0.2126 * over(r, a) + 0.7152 * over(g, a) + 0.0722 * over(b, a))
        .collect()
}

/// How many pixels of two pictures are clearly different in grey (by a fifth of the scale).
fn clearly_different(a: &Picture, b: &Picture, panel: u8) -> usize {
    let pairs = grey(a, panel).into_iter().zip(grey(b, panel));
    pairs.filter(|(a, b)| (a - b).abs() > 51.0).count()
}

/// Half the size, as a panel scales: four pixels become their mean.
fn halved(picture: &Picture) -> Picture {
    let size = picture.size / 2;
    let at = |x: u32, y: u32| {
        let start = ((y * picture.size + x) * 4) as usize;
        <[u8; 4]>::try_from(&picture.rgba[start..start + 4]).unwrap()
    };
    let mut rgba = Vec::new();
    for (y, x) in (0..size).flat_map(|y| (0..size).map(move |x| (y, x))) {
        let four = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(i, j)| at(2 * x + i, 2 * y + j));
        let alpha: u32 = four.iter().map(|p| u32::from(p[3])).sum();
        for channel in 0..3 {
            let sum: u32 = four.iter().map(|p| u32::from(p[channel]) * u32::from(p[3])).sum();
            rgba.push((sum / alpha.max(1)) as u8);
        }
        rgba.push((alpha / 4) as u8);
    }
    Picture { rgba, size }
}

fn opacity_sum(picture: &Picture) -> u64 {
    pixels(picture).map(|p| u64::from(p[3])).sum()
}

#[test]
fn states_differ_without_colour() {
    let draw = |icon_state, size, palette| match size {
        // 44 px as seen on a Linux panel
        0 => halved(&tray(icon_state, false, 44, palette)),
        _ => tray(icon_state, false, size, palette),
    };
    for (at, one) in STATES.iter().enumerate() {
        for other in &STATES[at + 1..] {
            for size in [0, 16, 22, 24, 32, 44] {
                for (panel, palette) in
                    PANELS.map(|p| (p, Palette::Colour)).into_iter().chain([(0xff, Palette::Template)])
                {
                    let (a, b) = (draw(*one, size, palette), draw(*other, size, palette));
                    let differing = clearly_different(&a, &b, panel);
                    let min = (a.size * a.size / 20) as usize;
                    assert!(
                        differing >= min,
                        "{one:?} and {other:?}, {size} px, {palette:?} on {panel:#x}: {differing} pixels, not {min}"
                    );
                }
            }
        }
    }
}

#[test]
fn distant_levels_are_clearly_different() {
    for (one, other) in [(80.0, 42.0), (42.0, 15.0), (80.0, 15.0)] {
        for size in SIZES {
            for panel in PANELS {
                let [a, b] = [one, other].map(|p| row(IconState::Fine(p), size, Palette::Colour));
                let differing = clearly_different(&a, &b, panel);
                let min = (size * size / 24) as usize;
                assert!(differing >= min, "{one} and {other}, {size} px on {panel:#x}: {differing} pixels");
            }
        }
    }
}

#[test]
fn higher_level_is_more_filled() {
    for (size, palette) in SIZES.iter().flat_map(|s| PALETTES.map(|palette| (*s, palette))) {
        for icon_state in [IconState::Fine, IconState::Low] {
            let steps: Vec<f64> = (2..=40).map(|step| f64::from(step) * 2.5).collect();
            let sums: Vec<u64> =
                steps.iter().map(|p| opacity_sum(&tray(icon_state(*p), false, size, palette))).collect();
            for (at, pair) in sums.windows(2).enumerate() {
                assert!(pair[0] < pair[1], "{:?} at {size} px: {pair:?}", icon_state(steps[at]));
            }
        }
    }
}

#[test]
fn main_shape_has_contrast_on_light_and_dark_panels() {
    for (icon_state, size) in STATES.iter().flat_map(|f| SIZES.map(|size| (*f, size))) {
        let picture = tray(icon_state, icon_state != IconState::Refreshing, size, Palette::Colour);
        let solid: Vec<_> = pixels(&picture).filter(|p| p[3] == 255).collect();
        let min = (size * size / 22) as usize;
        assert!(solid.len() >= min, "{icon_state:?} at {size} px: {} solid pixels", solid.len());
        for (pixel, panel) in solid.iter().flat_map(|p| PANELS.map(|panel| (*p, panel))) {
            let ratio = contrast(luminance(pixel), linear(panel));
            assert!(ratio >= 3.0, "{icon_state:?}: {pixel:?} on {panel:#x} has {ratio:.2}");
        }
    }
}

#[test]
fn straight_strokes_have_no_blurred_edge() {
    // The middle of the gauge has only straight strokes; the cross is oblique.
    for icon_state in
        [IconState::Low(50.0), IconState::Exhausted, IconState::NoAccounts, IconState::Refreshing]
    {
        for (scale, size) in [(1, 16), (1, 22), (1, 24), (1, 32), (1, 44), (2, 32), (2, 44), (3, 48), (4, 64)]
        {
            let picture = tray(icon_state, false, size, Palette::Colour);
            // In cells of `scale` pixels the strokes stay sharp when a panel scales by it.
            let cell = |x: u32, y: u32| {
                let inside = (0..scale * scale).map(|i| (x * scale + i % scale, y * scale + i / scale));
                let alphas: Vec<u8> =
                    inside.map(|(x, y)| picture.rgba[((y * size + x) * 4 + 3) as usize]).collect();
                alphas.iter().all(|a| *a == 0) || alphas.iter().all(|a| *a == 255)
            };
            let cells = size / scale;
            let (from, to) = (cells * 3 / 8, cells * 5 / 8);
            for (x, y) in (from..to).flat_map(|y| (from..to).map(move |x| (x, y))) {
                assert!(
                    cell(x, y),
                    "{icon_state:?} at {size} px: ({x}, {y}) in cells of {scale} is half covered"
                );
            }
        }
    }
}

#[test]
fn refresh_mark_is_visible_and_covers_nothing() {
    for (size, palette) in SIZES.iter().flat_map(|s| PALETTES.map(|palette| (*s, palette))) {
        for icon_state in
            [IconState::Fine(100.0), IconState::Low(5.0), IconState::Exhausted, IconState::Error]
        {
            let (still, refreshing) =
                (tray(icon_state, false, size, palette), tray(icon_state, true, size, palette));
            let added =
                pixels(&still).zip(pixels(&refreshing)).filter(|(a, b)| a[3] == 0 && b[3] == 255).count();
            assert!(added >= (size * size / 24) as usize, "{icon_state:?} at {size} px: {added} pixels");
            let is_unchanged = pixels(&still).zip(pixels(&refreshing)).all(|(a, b)| a[3] == 0 || a == b);
            assert!(is_unchanged, "{icon_state:?} at {size} px: the mark paints over the gauge");
        }
        for icon_state in [IconState::NoAccounts, IconState::Refreshing] {
            assert_eq!(tray(icon_state, false, size, palette), tray(icon_state, true, size, palette));
        }
    }
}

#[test]
fn corners_are_empty_and_template_is_black() {
    for (icon_state, refreshing) in STATES.iter().flat_map(|f| [(*f, false), (*f, true)]) {
        for size in SIZES {
            for picture in PALETTES.map(|palette| tray(icon_state, refreshing, size, palette)) {
                let n = size as usize;
                for corner in [0, n - 1, n * (n - 1), n * n - 1] {
                    assert_eq!(picture.rgba[corner * 4 + 3], 0, "{icon_state:?} at {size} px");
                }
            }
            let template = tray(icon_state, refreshing, size, Palette::Template);
            assert!(pixels(&template).all(|p| p[..3] == [0, 0, 0]), "{icon_state:?} at {size} px");
            assert!(pixels(&template).any(|p| p[3] == 255), "{icon_state:?} at {size} px is empty");
        }
    }
}

#[test]
fn half_covered_pixel_keeps_its_colour() {
    // Premultiplied bytes would darken every edge.
    for size in SIZES {
        let picture = tray(IconState::NoAccounts, false, size, Palette::Colour);
        let solid = pixels(&picture).find(|p| p[3] == 255).expect("a solid pixel");
        let edges: Vec<_> = pixels(&picture).filter(|p| (64..255).contains(&p[3])).collect();
        assert!(!edges.is_empty(), "{size} px: a dashed circle without a soft edge");
        for (edge, channel) in edges.iter().flat_map(|e| [(e, 0), (e, 1), (e, 2)]) {
            assert!(edge[channel].abs_diff(solid[channel]) <= 4, "{size} px: {edge:?} beside {solid:?}");
        }
    }
}

#[test]
fn any_size_and_level_has_a_picture() {
    #[track_caller]
    fn draw(icon_state: IconState, size: u32) {
        let picture = tray(icon_state, true, size, Palette::Colour);
        assert_eq!(picture.size, size.max(1));
        assert_eq!(picture.rgba.len(), (picture.size * picture.size * 4) as usize);
    }
    for size in 0..=256 {
        draw(IconState::Low(50.0), size);
    }
    for (icon_state, size) in
        STATES.iter().flat_map(|icon_state| (0..=48).map(move |size| (*icon_state, size)))
    {
        draw(icon_state, size);
    }
    for level in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e-9, 33.3, 250.0] {
        for size in [1, 2, 3, 7, 16, 22, 44] {
            draw(IconState::Fine(level), size);
            draw(IconState::Low(level), size);
        }
    }
}

#[test]
fn levels_of_one_step_have_one_picture() {
    for (given, step) in [
        (IconState::Fine(100.0), IconState::Fine(100.0)),
        (IconState::Fine(98.74), IconState::Fine(97.5)),
        (IconState::Fine(42.0), IconState::Fine(42.5)),
        (IconState::Low(11.0), IconState::Low(10.0)),
        (IconState::Low(0.01), IconState::Low(5.0)),
        (IconState::Fine(f64::INFINITY), IconState::Fine(100.0)),
        (IconState::Low(0.0), IconState::Exhausted),
        (IconState::Fine(-3.0), IconState::Exhausted),
        (IconState::Fine(f64::NAN), IconState::Error),
        (IconState::Error, IconState::Error),
    ] {
        assert_eq!(given.step(), step, "{given:?}");
        assert_eq!(step.step(), step, "{step:?} is a step already");
        assert_eq!(
            tray(given, false, 44, Palette::Colour),
            tray(step, false, 44, Palette::Colour),
            "{given:?}"
        );
        assert_eq!(row(given, 16, Palette::Colour), tray(step, false, 16, Palette::Colour), "{given:?}");
    }
    for size in (16..=32).chain([44, 48]) {
        let steps: Vec<Picture> =
            (2..=40).map(|s| row(IconState::Fine(f64::from(s) * 2.5), size, Palette::Colour)).collect();
        let same = steps.windows(2).position(|pair| pair[0] == pair[1]);
        assert_eq!(same, None, "two neighbouring steps look the same at {size} px");
    }
}
