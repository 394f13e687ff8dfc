//! One account as it is displayed: its row, and the rows below it.

use crate::presenter::icon_state::IconState;
use crate::presenter::snapshot_presenter::Presenter;
use crate::presenter::{format, messages};
use crate::quota::{AccountId, AccountUsage, Failure, UsageState, Window};
use chrono::{DateTime, TimeDelta, Utc};

/// An account's row, and what is displayed below it.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountRow {
    /// The account.
    pub id: AccountId,
    /// Whether it is pinned to the top.
    pub is_pinned: bool,
    /// "Claude · alice@example.com — 42% left".
    pub label: String,
    /// The state of the gauge in front of it. `None`: the account is disabled, and nothing is displayed below its row.
    pub icon_state: Option<IconState>,
    /// Its quota windows, in the provider's order.
    pub windows: Vec<WindowRow>,
    /// The plan, what is paid beyond it, and other facts.
    pub facts: Vec<String>,
    /// When it was updated and will be again, and how long its login is valid.
    pub notes: Vec<String>,
    /// What went wrong, and what helps, as a sentence.
    pub error: Option<String>,
}

/// A quota window below an account's row.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowRow {
    /// "5-hour".
    pub title: String,
    /// Percent left, 0 to 100. `None`: the window has been reset since the last valid response.
    pub remaining: Option<f64>,
    /// The icon state for that percentage. `None`: it is not known, or the window does not count.
    pub icon_state: Option<IconState>,
    /// "resets in 2 h 10 m (15:10)". `None`: no reset is known.
    pub reset: Option<String>,
    /// The same without the time of day.
    pub short_reset: Option<String>,
    /// Whether the settings ignore it.
    pub is_ignored: bool,
}

impl WindowRow {
    /// "5-hour: 42% left — resets in 2 h 10 m (15:10)".
    pub fn label(&self) -> String {
        let label = messages::window(&self.title, self.remaining, self.reset.as_deref());
        if self.is_ignored { messages::ignored(&label) } else { label }
    }

    /// "42% left"; empty where that is not known.
    pub fn remaining_label(&self) -> String {
        self.remaining.map(messages::remaining).unwrap_or_default()
    }
}

impl Presenter<'_> {
    /// The rows of all accounts.
    pub fn account_rows(&self) -> Vec<AccountRow> {
        self.snapshot.accounts.iter().map(|usage| self.account_row(usage)).collect()
    }

    /// The row of an account.
    pub fn account_row(&self, usage: &AccountUsage) -> AccountRow {
        let (id, label) = (usage.account.id.clone(), self.account_label(usage));
        let is_pinned = self.is_pinned(&id);
        if usage.disabled {
            let (windows, facts, notes) = (Vec::new(), Vec::new(), Vec::new());
            return AccountRow { id, is_pinned, label, icon_state: None, windows, facts, notes, error: None };
        }
        AccountRow {
            id,
            is_pinned,
            label,
            icon_state: Some(self.account_icon_state(usage)),
            windows: usage.windows().iter().map(|window| self.window_row(usage, window)).collect(),
            facts: self.facts(usage),
            notes: self.notes(usage),
            error: self.error(usage),
        }
    }

    /// The state of its gauge: not a healthy one if the last request failed or the usage is old.
    fn account_icon_state(&self, usage: &AccountUsage) -> IconState {
        let state = usage.lowest(self.now).map(|window| self.icon_state_of(window));
        match (&usage.error, state) {
            (Some(error), _) if is_about_login(error) => IconState::Error,
            // A percentage that is out of date must not look healthy.
            (Some(_), None | Some(IconState::Fine(_))) => IconState::Error,
            (None, None) => IconState::Refreshing,
            (None, Some(IconState::Fine(_))) if self.is_stale(usage) => IconState::Refreshing,
            (_, Some(state)) => state,
        }
    }

    /// "Claude · alice@example.com — 42% left".
    fn account_label(&self, usage: &AccountUsage) -> String {
        let name = usage.account.label(self.settings.hide_email);
        messages::account(&name, &self.account_details(usage))
    }

    /// What is said about an account in one row: "42% left", or why that is not known.
    pub fn account_details(&self, usage: &AccountUsage) -> Vec<String> {
        if usage.disabled {
            return vec![messages::DISABLED.into()];
        }
        let mut details = Vec::new();
        match usage.lowest(self.now) {
            Some(window) => details.push(messages::remaining(window.remaining_percent())),
            None => details.extend(self.without_percentage(usage)),
        }
        details.extend(self.stale_age(usage));
        details.extend(self.shown_error(usage).map(|error| error.short_message(self.now, self.locale)));
        details
    }

    /// Why no percentage of an account is known. `None`: because of its error.
    pub fn without_percentage(&self, usage: &AccountUsage) -> Option<String> {
        let reason = match usage.last_usage {
            Some(_) if self.has_unconfirmed_windows_only(usage) => messages::UNCONFIRMED,
            Some(_) if usage.is_billed_by_use() => messages::BILLED_BY_USE,
            Some(_) if usage.windows().iter().any(|window| window.ignored) => messages::ALL_IGNORED,
            Some(_) => messages::NO_KNOWN_WINDOW,
            None if usage.state() == UsageState::Loading => messages::LOADING,
            None => return None,
        };
        Some(reason.into())
    }

    /// Whether all of its windows have been reset since the last valid response, so that no percentage is current.
    pub fn has_unconfirmed_windows_only(&self, usage: &AccountUsage) -> bool {
        usage.lowest(self.now).is_none() && usage.windows().iter().any(Window::counts)
    }

    /// The error that is displayed with an account. `None`: it has none, or there is no network, which one remark above
    /// all accounts says.
    pub fn shown_error<'u>(&self, usage: &'u AccountUsage) -> Option<&'u Failure> {
        let is_offline = self.snapshot.offline
            && usage.last_usage.is_some()
            && matches!(usage.error, Some(Failure::Unreachable(_)));
        usage.error.as_ref().filter(|_| !is_offline)
    }

    /// How old the last known values are. `None`: they are current, or there are none.
    pub fn stale_age(&self, usage: &AccountUsage) -> Option<String> {
        let age = usage.updated_at.filter(|at| self.shown_error(usage).is_some() || self.is_old(*at));
        age.map(|at| format::age(at, self.now))
    }

    /// Whether the percentages of an account are last known values: its last request failed, or was too long ago.
    pub fn is_stale(&self, usage: &AccountUsage) -> bool {
        usage.error.is_some() || usage.updated_at.is_some_and(|at| self.is_old(at))
    }

    /// Whether a response is older than it should be: more than one and a half times the refresh interval plus
    /// half a minute.
    fn is_old(&self, at: DateTime<Utc>) -> bool {
        self.now - at > TimeDelta::seconds(i64::from(self.settings.refresh_minutes) * 90 + 30)
    }

    /// A window's row.
    pub fn window_row(&self, usage: &AccountUsage, window: &Window) -> WindowRow {
        let remaining = Some(window.remaining_percent()).filter(|_| !usage.is_unconfirmed(window, self.now));
        WindowRow {
            title: window.title.clone(),
            remaining,
            icon_state: remaining.filter(|_| window.counts()).map(|_| self.icon_state_of(window)),
            is_ignored: window.ignored,
            reset: self.reset(usage, window),
            short_reset: self.short_reset(usage, window),
        }
    }

    /// "5-hour: 42% left — resets at 15:10": without a countdown, for text that is not updated as time passes, such as
    /// a tooltip. The window must not have reset since the last valid response.
    pub fn lasting_window_label(&self, window: &Window) -> String {
        let reset = match (window.resets_at, &window.reset_note) {
            (Some(at), _) if at > self.now => {
                let is_today = format::is_same_day(at, self.now, self.locale);
                Some(messages::resets_at(&self.clock_time(at), is_today))
            }
            (None, Some(note)) => Some(messages::reset_note(note)),
            _ => None,
        };
        messages::window(&window.title, Some(window.remaining_percent()), reset.as_deref())
    }

    fn reset(&self, usage: &AccountUsage, window: &Window) -> Option<String> {
        match (window.resets_at, &window.reset_note) {
            (Some(at), _) if usage.is_unconfirmed(window, self.now) => {
                Some(messages::unconfirmed_since(&self.clock_time(at)))
            }
            (Some(at), _) if at > self.now => {
                Some(messages::resets(&format::duration(at - self.now), Some(&self.clock_time(at))))
            }
            (None, Some(note)) => Some(messages::reset_note(note)),
            _ => None,
        }
    }

    fn short_reset(&self, usage: &AccountUsage, window: &Window) -> Option<String> {
        match window.resets_at {
            Some(_) if usage.is_unconfirmed(window, self.now) => Some(messages::UNCONFIRMED.into()),
            Some(at) if at > self.now => Some(messages::resets(&format::duration(at - self.now), None)),
            _ => self.reset(usage, window),
        }
    }

    fn facts(&self, usage: &AccountUsage) -> Vec<String> {
        usage.last_usage.as_ref().map(|usage| usage.fact_labels(self.now, self.locale)).unwrap_or_default()
    }

    fn notes(&self, usage: &AccountUsage) -> Vec<String> {
        let mut notes = vec![match usage.updated_at {
            Some(at) => messages::updated(&self.clock_time(at), None),
            None if usage.loading => messages::FIRST_REQUEST.into(),
            None => messages::NEVER_UPDATED.into(),
        }];
        notes.extend(self.login(usage));
        let throttled = usage.throttled_until.filter(|until| *until > self.now);
        notes.extend(throttled.map(|until| messages::next_request(&self.clock_time(until))));
        notes
    }

    /// The error of an account as a sentence. `None`: it has none.
    pub fn error(&self, usage: &AccountUsage) -> Option<String> {
        let error = usage.error.as_ref()?.message(self.now, self.locale);
        Some(format::capitalise(&usage.account.redact(error, self.settings.hide_email)))
    }

    /// How long the login is valid. `None` also where the error is about the login.
    fn login(&self, usage: &AccountUsage) -> Option<String> {
        let lifetime = usage.token_lifetime?;
        if usage.error.as_ref().is_some_and(is_about_login) {
            return None;
        }
        let valid_until = lifetime.expires_at.filter(|at| *at > self.now).map(|at| self.clock_time(at));
        let renewed = lifetime.renewed_at.map(|at| format::age(at, self.now));
        messages::login(renewed.as_deref(), valid_until.as_deref())
    }

    fn clock_time(&self, at: DateTime<Utc>) -> String {
        format::clock_time(at, self.now, self.locale)
    }
}

/// Whether an error is about the account's login, so that its owner may have to sign in again.
fn is_about_login(error: &Failure) -> bool {
    use Failure::{CannotReadUsage, Expired, Rejected, SignInAgain, WorkspaceDeactivated};
    matches!(error, Expired(_) | Rejected(_) | SignInAgain | CannotReadUsage | WorkspaceDeactivated)
}
