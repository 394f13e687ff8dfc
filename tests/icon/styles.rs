//! The styles: what each of them draws for a content.

use super::*;
use quota_tray::presenter::icon_state::IconFigure;

/// A state in each style; bars have it on both sides.
pub fn each_style(state: IconState) -> [IconContent; 3] {
    let bar = state.has_level().then_some(state);
    [IconFigure::Gauge, IconFigure::Number, IconFigure::Bars([bar, bar])]
        .map(|figure| IconContent { figure, ..IconContent::gauge(state) })
}

/// Every state in every style, stale, and while refreshing.
pub fn contents() -> Vec<IconContent> {
    let each = STATES.into_iter().flat_map(each_style);
    let stale = each_style(IconState::Fine(20.0)).map(|content| IconContent { stale: true, ..content });
    let refreshing =
        each_style(IconState::Low(60.0)).map(|content| IconContent { refreshing: true, ..content });
    each.chain(stale).chain(refreshing).collect()
}

/// A pixel of this opacity: covered, half covered or empty.
pub fn letter(alpha: u8) -> char {
    match alpha {
        0..64 => '.',
        64..192 => '+',
        _ => '#',
    }
}

/// The opacity of a picture, a letter a pixel.
fn text(picture: &Picture) -> String {
    let rows = picture.rgba.chunks(picture.size as usize * 4);
    let row = |row: &[u8]| row.as_chunks::<4>().0.iter().map(|pixel| letter(pixel[3])).collect::<String>();
    rows.map(row).collect::<Vec<_>>().join("\n")
}

fn number(state: IconState, size: u32) -> Picture {
    let [_, content, _] = each_style(state);
    tray(content, size, Palette::AnyPanel)
}

fn bars(windows: [Option<IconState>; 2], stale: bool, size: u32) -> Picture {
    let state = windows[0].or(windows[1]).expect("a window");
    let content = IconContent { state, figure: IconFigure::Bars(windows), stale, refreshing: false };
    tray(content, size, Palette::AnyPanel)
}

/// Pictures side by side.
fn beside(pictures: &[Picture]) -> String {
    let texts: Vec<String> = pictures.iter().map(text).collect();
    let rows = 0..pictures[0].size as usize;
    let row = |at: usize| texts.iter().map(|text| text.lines().nth(at).expect("a row")).collect::<Vec<_>>();
    rows.map(|at| row(at).join("  ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn digits_at_16_px() {
    let numbers = |numbers: [f64; 5]| beside(&numbers.map(|percent| number(IconState::Fine(percent), 16)));
    insta::assert_snapshot!(numbers([10.0, 23.0, 45.0, 67.0, 89.0]), @"
    ................  ................  ................  ................  ................
    ...+#....+#####+  ######+..######+  ##...##..+######  +######..#######  +#####+..+#####+
    .####....#######  #######..#######  ##...##..#######  #######..#######  #######..#######
    .####....##...##  .....##.......##  ##...##..##.....  ##............##  ##...##..##...##
    ...##....##...##  .....##.......##  ##...##..##.....  ##...........+#+  ##...##..##...##
    ...##....##...##  .....##.......##  ##...##..##.....  ##...........##.  ##...##..##...##
    ...##....##...##  +######..#######  #######..######+  ######+.....+#+.  #######..#######
    ...##....##...##  ######+..#######  +######..+######  #######.....##..  #######..+######
    ...##....##...##  ##............##  .....##.......##  ##...##.....##..  ##...##.......##
    ...##....##...##  ##............##  .....##.......##  ##...##....+#+..  ##...##.......##
    ...##....##...##  ##............##  .....##.......##  ##...##....##...  ##...##.......##
    ...##....#######  #######..#######  .....##..#######  #######...+#+...  #######..#######
    ...##....+#####+  +######..######+  .....##..######+  +#####+...##....  +#####+..######+
    ................  ................  ................  ................  ................
    ................  ................  ................  ................  ................
    ................  ................  ................  ................  ................
    ");
    insta::assert_snapshot!(numbers([100.0, 99.5, 7.0, 1.0, 0.4]), @"
    ................  ................  ................  ................  ................
    ##.+####+.+####+  ##.+####+.+####+  ....#######.....  .......+#.......  ............+#..
    ##.######.######  ##.######.######  ....#######.....  .....####.......  .....+....####..
    ##.##..##.##..##  ##.##..##.##..##  .........##.....  .....####.......  ...+##....####..
    ##.##..##.##..##  ##.##..##.##..##  ........+#+.....  .......##.......  ..###+......##..
    ##.##..##.##..##  ##.##..##.##..##  ........##......  .......##.......  +###+.......##..
    ##.##..##.##..##  ##.##..##.##..##  .......+#+......  .......##.......  ###.........##..
    ##.##..##.##..##  ##.##..##.##..##  .......##.......  .......##.......  ###.........##..
    ##.##..##.##..##  ##.##..##.##..##  .......##.......  .......##.......  +###+.......##..
    ##.##..##.##..##  ##.##..##.##..##  ......+#+.......  .......##.......  ..###+......##..
    ##.##..##.##..##  ##.##..##.##..##  ......##........  .......##.......  ...+##......##..
    ##.######.######  ##.######.######  .....+#+........  .......##.......  .....+......##..
    ##.+####+.+####+  ##.+####+.+####+  .....##.........  .......##.......  ............##..
    ................  ................  ................  ................  ................
    ................  ................  ................  ................  ................
    ................  ................  ................  ................  ................
    ");
}

#[test]
fn digits_at_22_px() {
    let numbers = |numbers: [f64; 3]| beside(&numbers.map(|percent| number(IconState::Fine(percent), 22)));
    insta::assert_snapshot!(numbers([26.0, 47.0, 100.0]), @"
    ......................  ......................  ......................
    #########....#########  ###....###..##########  ###..######...######..
    ##########..##########  ###....###..##########  ###.########.########.
    ##########..##########  ###....###..##########  ###.########.########.
    .......###..###.......  ###....###.........###  ###.###..###.###..###.
    .......###..###.......  ###....###........+##+  ###.###..###.###..###.
    .......###..###.......  ###....###........###.  ###.###..###.###..###.
    .......###..###.......  ###....###.......+##+.  ###.###..###.###..###.
    .#########..#########.  ##########.......+##+.  ###.###..###.###..###.
    ##########..##########  ##########.......###..  ###.###..###.###..###.
    #########...##########  .#########......+##+..  ###.###..###.###..###.
    ###.........###....###  .......###......+##+..  ###.###..###.###..###.
    ###.........###....###  .......###......###...  ###.###..###.###..###.
    ###.........###....###  .......###.....+##+...  ###.###..###.###..###.
    ###.........###....###  .......###.....+##+...  ###.###..###.###..###.
    ##########..##########  .......###.....###....  ###.########.########.
    ##########..##########  .......###....+##+....  ###.########.########.
    .#########...########.  .......###....###.....  ###..######...######..
    ......................  ......................  ......................
    ......................  ......................  ......................
    ......................  ......................  ......................
    ......................  ......................  ......................
    ");
}

#[test]
fn marks_of_the_number_at_16_px() {
    let [_, fine, _] = each_style(IconState::Fine(42.0));
    let [_, low, _] = each_style(IconState::Low(12.0));
    let [_, exhausted, _] = each_style(IconState::Exhausted);
    let contents = [
        IconContent { stale: true, ..fine },
        IconContent { refreshing: true, ..fine },
        IconContent { stale: true, ..low },
        exhausted,
    ];
    let pictures = contents.map(|content| tray(content, 16, Palette::AnyPanel));
    insta::assert_snapshot!(beside(&pictures), @"
    ................  ................  ................  ................
    ##...##..######+  ##...##..######+  ...+#....######+  .+############+.
    ##...##..#######  ##...##..#######  .####....#######  +##############+
    ##...##.......##  ##...##.......##  .####.........##  #######..#######
    ##...##.......##  ##...##.......##  ...##.........##  #######..#######
    ##...##.......##  ##...##.......##  ...##.........##  #######..#######
    #######..+######  #######..+######  ...##....+######  #######..#######
    +######..######+  +######..######+  ...##....######+  #######..#######
    .....##..##.....  .....##..##.....  ...##....##.....  ################
    .....##..##.....  .....##..##.....  ...##....##.....  #######..#######
    .....##..##.....  .....##..##.....  ...##....##.....  #######..#######
    .....##..#######  .....##..#######  ...##....#######  +##############+
    .....##..+######  .....##..+######  ...##....+######  .+############+.
    ................  ................  ................  ................
    #####......#####  ...##..##..##...  ################  ................
    #####......#####  ...##..##..##...  ################  ................
    ");
}

#[test]
fn bars_at_16_px() {
    let fine = |percent: f64| Some(IconState::Fine(percent));
    let pictures = [
        bars([fine(42.0), fine(75.0)], false, 16),
        bars([fine(42.0), fine(75.0)], true, 16),
        bars([Some(IconState::Low(12.0)), Some(IconState::Low(80.0))], false, 16),
        bars([Some(IconState::Exhausted), None], false, 16),
    ];
    insta::assert_snapshot!(beside(&pictures), @"
    ................  ................  ................  ................
    .######..######.  .######..######.  .######..######.  .######....##...
    .#....#..#....#.  .#....#..#....#.  .#....#..#....#.  .######....##...
    .#....#..#....#.  .#....#..#....#.  .#.##.#..######.  .##..##.........
    .#....#..######.  ................  .#.##.#..######.  .##..##.........
    .#....#..######.  .#....#..######.  .#.##.#..##..##.  .##..##....##...
    .#....#..######.  .#....#..######.  .#.##.#..##..##.  .##..##....##...
    .#....#..######.  ................  .#....#..##..##.  .##..##.........
    .######..######.  .######..######.  .#.##.#..######.  .##..##.........
    .######..######.  .######..######.  .#.##.#..##..##.  .##..##....##...
    .######..######.  ................  .#....#..##..##.  .##..##....##...
    .######..######.  .######..######.  .######..######.  .######.........
    .######..######.  .######..######.  .######..######.  .######.........
    ................  ................  ................  ................
    ................  ................  ................  ................
    ................  ................  ................  ................
    ");
}

#[test]
fn states_differ_without_colour_in_each_style() {
    for style in 0..3 {
        let of_style = |state: IconState| each_style(state)[style];
        let stale = IconContent { stale: true, ..of_style(IconState::Fine(20.0)) };
        let contents: Vec<_> = STATES.into_iter().map(of_style).chain([stale]).collect();
        for (size, (palette, panel)) in
            SIZES.into_iter().flat_map(|size| palettes_and_outermost_panels().map(move |on| (size, on)))
        {
            let pictures: Vec<_> =
                contents.iter().map(|content| (content, tray(*content, size, palette))).collect();
            assert_all_differ(&pictures, palette, panel, size * size / 32);
        }
    }
}

#[test]
fn different_numbers_look_different() {
    let numbers: Vec<f64> = [0.5].into_iter().chain((1..=100).map(f64::from)).collect();
    for size in [16, 22, 24] {
        let picture = |percent: &f64| (*percent, number(IconState::Fine(*percent), size));
        let pictures: Vec<_> = numbers.iter().map(picture).collect();
        assert_all_differ(&pictures, Palette::AnyPanel, [0xff; 3], size * size / 50);
    }
}

#[test]
fn higher_bar_is_never_less_filled() {
    for size in SIZES {
        let sums: Vec<u64> = (2..=40)
            .map(|step| Some(IconState::Fine(f64::from(step) * 2.5)))
            .map(|level| opacity_sum(&bars([level, level], false, size)))
            .collect();
        assert!(sums.is_sorted() && sums[0] * 3 < sums[38] * 2, "{size} px: {sums:?}");
    }
}

#[test]
fn bars_have_whole_pixels() {
    for size in SIZES {
        for [a, b] in [[42.0, 75.0], [5.0, 100.0]] {
            let picture = bars([Some(IconState::Fine(a)), Some(IconState::Low(b))], false, size);
            assert!(pixels(&picture).all(|pixel| [0, 255].contains(&pixel[3])), "{size} px");
        }
    }
}

#[test]
fn content_is_the_same_where_the_picture_is() {
    let fine = |percent: f64| IconState::Fine(percent);
    for (one, other) in [(42.0, 41.8), (0.3, 0.9), (99.5, 100.0)] {
        let [a, b] = [fine(one), fine(other)].map(|state| each_style(state)[1].step());
        assert_eq!(a, b, "the numbers of {one} and {other}");
    }
    let low = IconContent::gauge(IconState::Low(10.0));
    assert_eq!(IconContent { stale: true, ..low }.step(), low, "a low level can't be more than that");
    let stale = IconContent { stale: true, ..IconContent::gauge(fine(50.0)) };
    assert_ne!(stale.step(), IconContent::gauge(fine(50.0)));
}

#[test]
fn icon_has_a_picture_in_each_size() {
    let pictures = tray_sizes(IconContent::gauge(IconState::Low(12.0)), Palette::DarkPanel);
    assert_eq!(pictures.map(|picture| picture.size), [16, 22, 24, 32, 44, 64]);
}
