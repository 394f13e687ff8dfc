//! The colours of a picture, for light and for dark panels.

/// The colours of a picture, by the panel that is behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// For a panel of unknown colour: readable on light and dark panels alike.
    AnyPanel,
    /// Light colours, for a dark panel.
    DarkPanel,
    /// Dark colours, for a light panel.
    LightPanel,
    /// A macOS template: black, only the opacity differs.
    Template,
}

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// A level that is not low.
    Fine,
    /// A level below a threshold.
    Low,
    /// Used up; the cross of an error.
    Alarm,
    /// The dots of a refresh in progress.
    Refresh,
    /// A level that is out of date; a shape without a level.
    Neutral,
    /// What is used of a quota.
    Track,
}

impl Palette {
    /// The colour, and its opacity from 0 to 1.
    ///
    /// Each has a contrast of 3:1 or more (WCAG 2.1, 1.4.11) on the panels it is for; `tests/icon.rs` lists them. A
    /// colour for any panel is a mid-tone with a relative luminance of 0.22 to 0.25. That is enough on white and on
    /// black, and on what is close to them, without a halo, which would blur the edges. On a panel of medium grey no
    /// colour can do that.
    pub fn colour(self, ink: Ink) -> ([u8; 3], f32) {
        let (any, dark, light) = match ink {
            Ink::Fine => (0x14995a, 0x3ecf82, 0x0b7a43),
            Ink::Low => (0xd2690c, 0xffab40, 0xb05000),
            Ink::Alarm => (0xe54a50, 0xff7070, 0xc01f2c),
            Ink::Refresh => (0x3d85d8, 0x6cb2ff, 0x1f62b5),
            Ink::Neutral => (0x7d828a, 0xc9ced6, 0x4a4f57),
            Ink::Track => (0x7d828a, 0x8f959d, 0x686d76),
        };
        let colour: u32 = match self {
            Palette::AnyPanel => any,
            Palette::DarkPanel => dark,
            Palette::LightPanel => light,
            Palette::Template => return ([0; 3], if ink == Ink::Track { 0.5 } else { 1.0 }),
        };
        let [_, rgb @ ..] = colour.to_be_bytes();
        (rgb, 1.0)
    }
}
