//! The states of the icon, as values: [`tray::icon`](crate::tray::icon) draws them, and the formats for bars use their
//! names.
//! `Presenter::icon_state_of` (`snapshot_presenter.rs`) decides which percentage is low, `Presenter::icon_state`
//! (`summary.rs`) which state is shown.

use crate::quota::percent;

/// A state of the icon. States differ in shape, not by colour alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum IconState {
    /// No account is connected.
    NoAccounts,
    /// No percentage is known yet.
    Refreshing,
    /// Percent left, 0 < p <= 100, at or above every alert threshold.
    Fine(f64),
    /// Percent left, 0 < p <= 100, below an alert threshold.
    Low(f64),
    /// 0 % left.
    Exhausted,
    /// No account has a percentage to show.
    Error,
}

impl IconState {
    /// The state that is drawn for this one: its level rounded to a step of 2.5 %, which is one
    /// pixel of arc at 22 px, and never below 5 %, so that what is left stays visible.
    ///
    /// Two states with the same step have the same picture at every size, and two with different
    /// steps have different ones from 16 px on. Redraw when the step changes, not when the state does.
    /// Levels out of range: 0 or less is [`IconState::Exhausted`], more than 100 is 100, not a number is
    /// [`IconState::Error`].
    pub fn step(self) -> IconState {
        self.map_level(|percent| ((percent / 2.5).round() * 2.5).clamp(5.0, 100.0))
    }

    /// The state that is drawn for this one as a number: its level rounded as displayed, and 0.5 for everything under 1
    /// %. Levels out of range as for [`IconState::step`].
    pub fn rounded(self) -> IconState {
        self.map_level(|percent| if percent < 1.0 { 0.5 } else { percent::rounded(percent).min(100.0) })
    }

    /// Whether it has a percentage: fine, low or exhausted.
    pub fn has_level(self) -> bool {
        matches!(self, IconState::Fine(_) | IconState::Low(_) | IconState::Exhausted)
    }

    fn map_level(self, round: impl Fn(f64) -> f64) -> IconState {
        match self {
            IconState::Fine(p) | IconState::Low(p) if p.is_nan() => IconState::Error,
            IconState::Fine(p) | IconState::Low(p) if p <= 0.0 => IconState::Exhausted,
            IconState::Fine(p) => IconState::Fine(round(p)),
            IconState::Low(p) => IconState::Low(round(p)),
            IconState::NoAccounts | IconState::Refreshing | IconState::Exhausted | IconState::Error => self,
        }
    }
}

/// Everything the icon shows, as one value. `Presenter::icon_content` (`summary.rs`) computes it; the icon has to be
/// drawn again where it differs from the one before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IconContent {
    /// The state as a whole: that of the lowest window, or the reason why there is none.
    pub state: IconState,
    /// The form in which it is shown.
    pub figure: IconFigure,
    /// Whether the percentages are out of date. Low ones are drawn as low all the same: until its window resets, an
    /// account can't have more left than in the last response.
    pub stale: bool,
    /// Whether the icon has the mark of a refresh in progress.
    pub refreshing: bool,
}

/// The style of the icon, with what it shows beyond the state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum IconFigure {
    /// An arc as long as the percentage left.
    Gauge,
    /// The percentage left, in digits.
    Number,
    /// A bar for the lowest window of a day or less, and one for the lowest longer window. `None`: there is no such
    /// window, or its percentage is not known.
    Bars([Option<IconState>; 2]),
}

impl IconContent {
    /// A state as a gauge, up to date, without the mark of a refresh.
    pub fn gauge(state: IconState) -> IconContent {
        IconContent { state, figure: IconFigure::Gauge, stale: false, refreshing: false }
    }

    /// The content that is drawn for this one: percentages as they are displayed, or in steps (see [`IconState::step`]),
    /// and `stale` only if it changes the picture. Equal steps have equal pictures.
    pub fn step(self) -> IconContent {
        let is_fine = |state: &IconState| matches!(state, IconState::Fine(_));
        let (state, figure, stale) = match self.figure {
            IconFigure::Gauge => (self.state.step(), IconFigure::Gauge, is_fine(&self.state)),
            IconFigure::Number => (self.state.rounded(), IconFigure::Number, is_fine(&self.state)),
            IconFigure::Bars(windows) => (
                self.state.step(),
                IconFigure::Bars(windows.map(|window| window.map(IconState::step))),
                windows.iter().flatten().any(is_fine),
            ),
        };
        IconContent { state, figure, stale: self.stale && stale, refreshing: self.refreshing }
    }
}
