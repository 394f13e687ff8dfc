//! The pictures of the tray: distinct without colour, readable on any panel, sharp, valid at any size.

#[path = "icon/styles.rs"]
mod styles;

use quota_tray::presenter::icon_state::{IconContent, IconState};
use quota_tray::tray::icon::{Palette, Picture, SIZES, row, tray, tray_sizes};

const PALETTES: [Palette; 4] =
    [Palette::AnyPanel, Palette::DarkPanel, Palette::LightPanel, Palette::Template];

/// One of each state; the two with a level have the same level, so that only the shape differs.
const STATES: [IconState; 6] = [
    IconState::NoAccounts,
    IconState::Refreshing,
    IconState::Fine(20.0),
    IconState::Low(20.0),
    IconState::Exhausted,
    IconState::Error,
];

/// White, Breeze; GNOME, Adwaita Dark, Cinnamon, Breeze Dark.
const LIGHT_PANELS: [[u8; 3]; 2] = [[0xff; 3], [0xef, 0xf0, 0xf1]];
const DARK_PANELS: [[u8; 3]; 4] = [[0x00; 3], [0x1e; 3], [0x2e; 3], [0x31, 0x36, 0x3b]];

/// The panels that the colours of a palette are for.
fn panels(palette: Palette) -> Vec<[u8; 3]> {
    match palette {
        Palette::AnyPanel => [&LIGHT_PANELS[..], &DARK_PANELS].concat(),
        // Darker or lighter than most, for which there are colours only if the other side doesn't count.
        Palette::DarkPanel => [&DARK_PANELS[..], &[[0x3c; 3]]].concat(),
        Palette::LightPanel => [&LIGHT_PANELS[..], &[[0xdc; 3], [0xc8; 3]]].concat(),
        Palette::Template => vec![[0xff; 3]],
    }
}

/// Each palette with each of its panels.
fn palettes_and_panels() -> impl Iterator<Item = (Palette, [u8; 3])> {
    PALETTES.into_iter().flat_map(|palette| panels(palette).into_iter().map(move |panel| (palette, panel)))
}

/// Each palette with the first of its light panels and of its dark ones: for what takes long.
fn palettes_and_outermost_panels() -> impl Iterator<Item = (Palette, [u8; 3])> {
    palettes_and_panels().filter(|(_, panel)| [[0x00; 3], [0xff; 3]].contains(panel))
}

/// The gauge of a state.
fn gauge(state: IconState, refreshing: bool, size: u32, palette: Palette) -> Picture {
    tray(IconContent { refreshing, ..IconContent::gauge(state) }, size, palette)
}

fn pixels(picture: &Picture) -> impl Iterator<Item = [u8; 4]> + '_ {
    picture.rgba.as_chunks::<4>().0.iter().copied()
}

fn linear(channel: u8) -> f64 {
    let c = f64::from(channel) / 255.0;
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

/// Relative luminance as in WCAG 2.1.
fn luminance([r, g, b]: [u8; 3]) -> f64 {
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

fn contrast(a: f64, b: f64) -> f64 {
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The picture on a panel, as grey 0 to 255.
fn grey(picture: &Picture, panel: [u8; 3]) -> Vec<f64> {
    let weigh = |[r, g, b]: [u8; 3]| 0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b);
    pixels(picture)
        .map(|[rgb @ .., alpha]| {
            let share = f64::from(alpha) / 255.0;
            weigh(rgb) * share + weigh(panel) * (1.0 - share)
        })
        .collect()
}

/// How many pixels of two pictures are clearly different in grey (by a fifth of the scale).
fn clearly_different(a: &Picture, b: &Picture, panel: [u8; 3]) -> usize {
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

/// 44 px also as a panel of 22 px scales it.
#[test]
fn states_differ_without_colour() {
    for (palette, panel) in palettes_and_outermost_panels() {
        for size in SIZES {
            let pictures = STATES.map(|state| (state, gauge(state, false, size, palette)));
            assert_all_differ(&pictures, palette, panel, size * size / 20);
        }
        let pictures = STATES.map(|state| (state, halved(&gauge(state, false, 44, palette))));
        assert_all_differ(&pictures, palette, panel, 22 * 22 / 20);
    }
}

/// Each two of these pictures are clearly different in at least `min` pixels.
#[track_caller]
fn assert_all_differ<T: std::fmt::Debug>(
    pictures: &[(T, Picture)],
    palette: Palette,
    panel: [u8; 3],
    min: u32,
) {
    for (at, (one, a)) in pictures.iter().enumerate() {
        for (other, b) in &pictures[at + 1..] {
            let differing = clearly_different(a, b, panel);
            let size = a.size;
            assert!(
                differing >= min as usize,
                "{one:?} and {other:?}, {size} px, {palette:?} on {panel:x?}: {differing} pixels, not {min}"
            );
        }
    }
}

#[test]
fn distant_levels_are_clearly_different() {
    for (one, other) in [(80.0, 42.0), (42.0, 15.0), (80.0, 15.0)] {
        for size in SIZES {
            for (palette, panel) in palettes_and_panels() {
                let [a, b] = [one, other].map(|p| row(IconState::Fine(p), size, palette));
                let differing = clearly_different(&a, &b, panel);
                let min = (size * size / 40) as usize;
                assert!(differing >= min, "{one} and {other}, {size} px on {panel:x?}: {differing} pixels");
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
                steps.iter().map(|p| opacity_sum(&gauge(icon_state(*p), false, size, palette))).collect();
            for (at, pair) in sums.windows(2).enumerate() {
                assert!(pair[0] < pair[1], "{:?} at {size} px: {pair:?}", icon_state(steps[at]));
            }
        }
    }
}

/// Also the track, which shows how much is used.
#[test]
fn every_shape_has_contrast_on_each_panel_of_its_palette() {
    for palette in [Palette::AnyPanel, Palette::DarkPanel, Palette::LightPanel] {
        for content in styles::contents() {
            for picture in tray_sizes(content, palette) {
                let size = picture.size;
                let mut solid: Vec<_> = pixels(&picture).filter(|p| p[3] == 255).collect();
                let min = (size * size / 22) as usize;
                assert!(solid.len() >= min, "{content:?} at {size} px: {} solid pixels", solid.len());
                solid.dedup();
                for ([rgb @ .., _], panel) in solid
                    .iter()
                    .flat_map(|pixel| panels(palette).into_iter().map(move |panel| (pixel, panel)))
                {
                    let ratio = contrast(luminance(*rgb), luminance(panel));
                    assert!(ratio >= 3.0, "{content:?}, {palette:?}: {rgb:x?} on {panel:x?} has {ratio:.2}");
                }
            }
        }
    }
}

/// A track of half-covered pixels vanished at 16 px on black.
#[test]
fn track_is_two_pixels_wide_at_16_px() {
    let picture = gauge(IconState::Refreshing, false, 16, Palette::DarkPanel);
    let alpha = |x: usize, y: usize| picture.rgba[(y * 16 + x) * 4 + 3];
    for along in [7, 8] {
        for (name, across) in [
            ("top", [0, 1, 2].map(|depth| alpha(along, depth))),
            ("left", [0, 1, 2].map(|depth| alpha(depth, along))),
            ("right", [0, 1, 2].map(|depth| alpha(15 - depth, along))),
        ] {
            assert!(across[0] >= 240 && across[1] == 255 && across[2] <= 20, "{name}: {across:?}");
        }
    }
}

#[test]
fn exclamation_mark_has_whole_pixels_at_16_px() {
    let picture = gauge(IconState::Low(50.0), false, 16, Palette::AnyPanel);
    let rows: Vec<String> = (3..13)
        .map(|y| (6..10).map(|x| styles::letter(picture.rgba[(y * 16 + x) * 4 + 3])).collect())
        .collect();
    assert_eq!(rows, ["....", ".##.", ".##.", ".##.", ".##.", ".##.", "....", ".##.", ".##.", "...."]);
}

#[test]
fn straight_strokes_have_no_blurred_edge() {
    // The middle of the gauge has only straight strokes; the cross is oblique.
    for icon_state in
        [IconState::Low(50.0), IconState::Exhausted, IconState::NoAccounts, IconState::Refreshing]
    {
        for (scale, size) in [(1, 16), (1, 22), (1, 24), (1, 32), (1, 44), (2, 32), (2, 44), (3, 48), (4, 64)]
        {
            let picture = gauge(icon_state, false, size, Palette::AnyPanel);
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
                (gauge(icon_state, false, size, palette), gauge(icon_state, true, size, palette));
            let added =
                pixels(&still).zip(pixels(&refreshing)).filter(|(a, b)| a[3] == 0 && b[3] == 255).count();
            assert!(added >= (size * size / 24) as usize, "{icon_state:?} at {size} px: {added} pixels");
            let is_unchanged = pixels(&still).zip(pixels(&refreshing)).all(|(a, b)| a[3] == 0 || a == b);
            assert!(is_unchanged, "{icon_state:?} at {size} px: the mark paints over the gauge");
        }
        for icon_state in [IconState::NoAccounts, IconState::Refreshing] {
            assert_eq!(gauge(icon_state, false, size, palette), gauge(icon_state, true, size, palette));
        }
    }
}

#[test]
fn corners_are_empty_and_template_is_black() {
    for (icon_state, refreshing) in STATES.iter().flat_map(|f| [(*f, false), (*f, true)]) {
        for size in SIZES {
            for picture in PALETTES.map(|palette| gauge(icon_state, refreshing, size, palette)) {
                let n = size as usize;
                for corner in [0, n - 1, n * (n - 1), n * n - 1] {
                    assert_eq!(picture.rgba[corner * 4 + 3], 0, "{icon_state:?} at {size} px");
                }
            }
            let template = gauge(icon_state, refreshing, size, Palette::Template);
            assert!(pixels(&template).all(|p| p[..3] == [0, 0, 0]), "{icon_state:?} at {size} px");
            assert!(pixels(&template).any(|p| p[3] == 255), "{icon_state:?} at {size} px is empty");
        }
    }
}

#[test]
fn half_covered_pixel_keeps_its_colour() {
    // Premultiplied bytes would darken every edge.
    for size in SIZES {
        let picture = gauge(IconState::NoAccounts, false, size, Palette::AnyPanel);
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
    fn draw(state: IconState, size: u32) {
        for content in styles::each_style(state) {
            let picture = tray(IconContent { refreshing: true, ..content }, size, Palette::AnyPanel);
            assert_eq!(picture.size, size.max(1));
            assert_eq!(picture.rgba.len(), (picture.size * picture.size * 4) as usize);
        }
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
            gauge(given, false, 44, Palette::AnyPanel),
            gauge(step, false, 44, Palette::AnyPanel),
            "{given:?}"
        );
        assert_eq!(row(given, 16, Palette::AnyPanel), gauge(step, false, 16, Palette::AnyPanel), "{given:?}");
    }
    for size in (16..=32).chain([44, 48]) {
        let steps: Vec<Picture> =
            (2..=40).map(|s| row(IconState::Fine(f64::from(s) * 2.5), size, Palette::AnyPanel)).collect();
        let same = steps.windows(2).position(|pair| pair[0] == pair[1]);
        assert_eq!(same, None, "two neighbouring steps look the same at {size} px");
    }
}
