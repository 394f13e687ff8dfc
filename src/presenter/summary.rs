//! The icon, its label and tooltip, and the text beside it: a summary of all accounts, or of those that the setting
//! `icon.shows` selects.

use crate::config::{IconStyle, ShownAccounts};
use crate::presenter::icon_state::{IconContent, IconFigure, IconState};
use crate::presenter::snapshot_presenter::Presenter;
use crate::presenter::{format, messages};
use crate::quota::{AccountUsage, Window};
use crate::text;

impl Presenter<'_> {
    /// The state of the lowest window of all accounts, or the reason why there is none.
    pub fn icon_state(&self) -> IconState {
        self.state_among(|_| true)
    }

    fn state_among(&self, is_among: impl Fn(&AccountUsage) -> bool) -> IconState {
        let mut accounts = self.snapshot.enabled().filter(|usage| is_among(usage)).peekable();
        if let Some((_, window)) = self.snapshot.lowest_among(self.now, &is_among) {
            self.icon_state_of(window)
        } else if self.snapshot.problem.is_some() {
            IconState::Error
        } else if accounts.peek().is_none() {
            if self.snapshot.updated_at.is_none() { IconState::Refreshing } else { IconState::NoAccounts }
        } else if accounts.any(|usage| usage.error.is_none()) {
            IconState::Refreshing
        } else {
            IconState::Error
        }
    }

    /// Whether no account has a percentage because at least one of them has no quota window at all.
    pub fn has_no_window(&self) -> bool {
        self.has_no_window_among(|_| true)
    }

    fn has_no_window_among(&self, is_among: impl Fn(&AccountUsage) -> bool) -> bool {
        let ok = self.snapshot.enabled().filter(|usage| usage.error.is_none() && is_among(usage));
        self.snapshot.lowest_among(self.now, &is_among).is_none() && { ok }
            .any(AccountUsage::is_billed_by_use)
    }

    /// Whether the icon is about this account.
    fn is_shown(&self, usage: &AccountUsage) -> bool {
        self.settings.icon.shows.includes(&usage.account)
    }

    /// The lowest window of the accounts that the icon is about, and its account.
    fn shown_lowest(&self) -> Option<(&AccountUsage, &Window)> {
        self.snapshot.lowest_among(self.now, |usage| self.is_shown(usage))
    }

    /// The lowest of an account's windows of a day or less, and of its longer ones.
    fn bars<'u>(&self, usage: &'u AccountUsage) -> [Option<&'u Window>; 2] {
        [true, false].map(|is_short| usage.lowest_of(self.now, |window| window.is_short() == is_short))
    }

    /// What the icon shows.
    pub fn icon_content(&self) -> IconContent {
        let lowest = self.shown_lowest().map(|(usage, _)| usage);
        let state_of = |window: &Window| self.icon_state_of(window);
        let figure = match self.settings.icon.style {
            IconStyle::Gauge => IconFigure::Gauge,
            IconStyle::Number => IconFigure::Number,
            IconStyle::Bars => {
                let windows = lowest.map_or([None; 2], |usage| self.bars(usage));
                IconFigure::Bars(windows.map(|window| window.map(state_of)))
            }
        };
        let state = self.state_among(|usage| self.is_shown(usage));
        let stale = lowest.is_some_and(|usage| self.is_stale(usage));
        IconContent { state, figure, stale, refreshing: self.snapshot.refreshing }.step()
    }

    /// What the icon shows, as a sentence for a screen reader.
    pub fn label(&self) -> String {
        let Some((usage, window)) = self.shown_lowest() else {
            return messages::icon(self.without_level());
        };
        let level = |window: &Window| messages::icon_state(self.icon_state_of(window));
        let mut levels = match self.settings.icon.style {
            IconStyle::Gauge | IconStyle::Number => level(window),
            IconStyle::Bars => {
                let bars = self.bars(usage).into_iter().flatten();
                bars.map(|bar| messages::icon_of(&bar.title, &level(bar))).collect::<Vec<_>>().join(", ")
            }
        };
        if let ShownAccounts::Only(name) = &self.settings.icon.shows {
            let account = &usage.account;
            levels = match name == account.provider.key() {
                true => messages::icon_of(account.provider.name(), &levels),
                false => messages::icon_of(&account.name(self.settings.hide_email), &levels),
            };
        }
        if let Some(at) = usage.updated_at.filter(|_| self.is_stale(usage)) {
            levels = messages::as_of(&levels, &format::clock_time(at, self.now, self.locale));
        }
        messages::icon(levels)
    }

    /// The state in words if no percentage is known.
    fn without_level(&self) -> String {
        match self.state_among(|usage| self.is_shown(usage)) {
            IconState::NoAccounts if !self.snapshot.accounts.is_empty() => self.nothing_shown(),
            IconState::Refreshing if self.has_no_window_among(|usage| self.is_shown(usage)) => {
                messages::NO_WINDOW.into()
            }
            state => messages::icon_state(state),
        }
    }

    /// Why the icon is about none of the accounts.
    fn nothing_shown(&self) -> String {
        match &self.settings.icon.shows {
            ShownAccounts::All => messages::icon_state(IconState::NoAccounts),
            ShownAccounts::Only(name) => {
                match self.snapshot.accounts.iter().find(|usage| self.is_shown(usage)) {
                    Some(usage) => messages::is_disabled(&usage.account.label(self.settings.hide_email)),
                    None => messages::no_match(&self.message(&text::label(name))),
                }
            }
        }
    }

    /// The lowest account, its window (in the style "bars" both windows), and when that resets: as a time of day, since
    /// hosts show the tooltip of the last change. If no percentage is known: the first row of the list of accounts, or
    /// why the icon is about none of them.
    pub fn tooltip(&self) -> String {
        let Some((usage, window)) = self.shown_lowest() else {
            return match &self.settings.icon.shows {
                ShownAccounts::Only(_) if !self.snapshot.accounts.is_empty() => self.tooltip_without_level(),
                _ => self.account_list().first_label().unwrap_or_else(|| messages::NAME.into()),
            };
        };
        let mut lines = vec![usage.account.label(self.settings.hide_email)];
        match self.settings.icon.style {
            IconStyle::Gauge | IconStyle::Number => lines.push(self.lasting_window_label(window)),
            IconStyle::Bars => {
                lines
                    .extend(self.bars(usage).into_iter().flatten().map(|bar| self.lasting_window_label(bar)));
            }
        }
        if let Some(at) = usage.updated_at.filter(|_| self.is_stale(usage)) {
            lines.push(messages::updated(&format::clock_time(at, self.now, self.locale), None));
        }
        lines.join("\n")
    }

    fn tooltip_without_level(&self) -> String {
        match self.snapshot.enabled().find(|usage| self.is_shown(usage)) {
            Some(usage) => self.account_row(usage).label,
            None => format::capitalise(&self.nothing_shown()),
        }
    }

    /// The text beside the icon, "42%". Empty: the setting `show_title` is off, or no percentage is known.
    pub fn title(&self) -> String {
        match self.shown_lowest() {
            Some((_, window)) if self.settings.show_title => format::percent(window.remaining_percent()),
            _ => String::new(),
        }
    }

    /// When the last refresh ended, and when the next one is due. `None`: none has ended.
    pub fn refreshed(&self) -> Option<String> {
        let clock = |at| format::clock_time(at, self.now, self.locale);
        let updated = clock(self.snapshot.updated_at?);
        Some(messages::updated(&updated, self.snapshot.next_at.map(clock).as_deref()))
    }
}
