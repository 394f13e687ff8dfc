//! The states of the icon, as values: [`tray::icon`](crate::tray::icon) draws them, the formats for bars name them.
//! `Presenter::icon_state_of` (`snapshot_presenter.rs`) decides which percentage is low, `Presenter::icon_state`
//! (`summary.rs`) which state is shown.

/// A state of the icon. States differ in shape, not by colour alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum IconState {
    /// No account is connected.
    NoAccounts,
    /// No percentage is known yet: the first response is awaited.
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
        let round = |percent: f64| ((percent / 2.5).round() * 2.5).clamp(5.0, 100.0);
        match self {
            IconState::Fine(p) | IconState::Low(p) if p.is_nan() => IconState::Error,
            IconState::Fine(p) | IconState::Low(p) if p <= 0.0 => IconState::Exhausted,
            IconState::Fine(p) => IconState::Fine(round(p)),
            IconState::Low(p) => IconState::Low(round(p)),
            IconState::NoAccounts | IconState::Refreshing | IconState::Exhausted | IconState::Error => self,
        }
    }
}
