//! The labels of the menu, the icon, the tooltip and the actions of notifications: what a translation would replace.
//! Numbers and times are passed as text, made by [`crate::presenter::format`]. The messages of notifications are in
//! `notifications.rs`, those of failures in `failures.rs`.

use crate::presenter::format::percent;
use crate::presenter::icon_state::IconState;
use std::fmt::Display;

pub const NAME: &str = "Quota Tray";
pub const REFRESH_NOW: &str = "Refresh now";
pub const REFRESHING: &str = "Refreshing…";
pub const SETTINGS: &str = "Settings";
pub const OPEN_FOLDER: &str = "Open credentials folder";
pub const OPEN_SETTINGS: &str = "Open settings file";
pub const QUIT: &str = "Quit Quota Tray";
pub const HIDE_EMAIL: &str = "Hide e-mail addresses";
pub const START_AT_LOGIN: &str = "Start at login";
pub const OFFLINE: &str = "Offline: showing the last known values";
pub const LOOKING_FOR_ACCOUNTS: &str = "Looking for accounts…";
pub const NO_SAVED_VALUES: &str = "No saved values yet; run `quota-tray status` to fetch them";
pub const ALL_HIDDEN: &str = "All accounts are hidden";
pub const HIDE_ACCOUNT: &str = "Hide this account";
pub const PIN_ACCOUNT: &str = "Pin to the top";
pub const RENAME_ACCOUNT: &str = "Rename in the settings file…";
pub const NO_ACCOUNT: &str = "No account is connected";
pub const FIRST_REQUEST: &str = "Fetching usage…";
pub const NEVER_UPDATED: &str = "Never updated";
pub const DISABLED: &str = "disabled";
pub const UNCONFIRMED: &str = "reset, not yet confirmed";
pub const NO_KNOWN_WINDOW: &str = "no known quota window";
pub const ALL_IGNORED: &str = "all quota windows ignored";
pub const BILLED_BY_USE: &str = "usage-based billing";
pub const LOADING: &str = "loading…";
pub const NO_USAGE: &str = "usage unavailable";
pub const NO_WINDOW: &str = "no quota window";
pub const NO_DATA_YET: &str = "no data yet";
/// Actions of a notification.
pub const SHOW: &str = "Show";
pub const SNOOZE: &str = "Snooze 1 h";

/// What the icon shows, as text for a screen reader.
pub fn icon(state: impl Display) -> String {
    format!("{NAME}: {state}")
}

/// An icon state in words. A refresh in progress is not mentioned: a screen reader would read it aloud every few
/// minutes.
pub fn icon_state(state: IconState) -> String {
    match state {
        IconState::NoAccounts => "no account is connected".into(),
        IconState::Refreshing => NO_DATA_YET.into(),
        IconState::Fine(left) => remaining(left),
        IconState::Low(left) => format!("{}, low", remaining(left)),
        IconState::Exhausted => "used up".into(),
        IconState::Error => NO_USAGE.into(),
    }
}

/// What an icon of one provider or account shows: "Claude 42% left".
pub fn icon_of(name: &str, state: &str) -> String {
    format!("{name} {state}")
}

/// Percentages that are last known values. `clock`: when they were received.
pub fn as_of(levels: &str, clock: &str) -> String {
    format!("{levels}, as of {clock}")
}

/// What the icon shows if the setting `icon.shows` matches no account.
pub fn no_match(shows: &str) -> String {
    format!("no account matches the setting icon.shows, \"{shows}\"")
}

/// What the icon shows if its account is disabled.
pub fn is_disabled(name: &str) -> String {
    format!("{name} is disabled")
}

/// How to connect an account; `folder` has the credential files.
pub fn sign_in(folder: impl Display) -> String {
    format!(
        "Sign in to Claude or Codex with CLIProxyAPI, VibeProxy or DroidProxy: logins in {folder} appear here \
         automatically"
    )
}

/// "42% left".
pub fn remaining(left: f64) -> String {
    format!("{} left", percent(left))
}

/// "lowest 42% left".
pub fn lowest(left: f64) -> String {
    format!("lowest {}", remaining(left))
}

pub fn accounts(count: usize) -> String {
    if count == 1 { "1 account".into() } else { format!("{count} accounts") }
}

/// At the end of a list that leaves out this many accounts.
pub fn and_more(count: usize) -> String {
    format!("and {count} more")
}

/// The submenu of the accounts that are hidden.
pub fn hidden_accounts(count: usize) -> String {
    format!("Hidden accounts ({count})")
}

/// The item that shows a hidden account again.
pub fn show_account(name: &str) -> String {
    format!("Show {name}")
}

/// The row of a provider with many accounts.
pub fn provider(name: &str, accounts: &str, state: &str) -> String {
    format!("{name} · {accounts} — {state}")
}

/// The row of an account.
pub fn account(name: &str, details: &[String]) -> String {
    format!("{name} — {}", details.join(" · "))
}

/// The name of an account with its plan.
pub fn with_plan(name: &str, plan: &str) -> String {
    format!("{name} · {plan}")
}

/// The lowest window in the row of an account. `left`: a percentage.
pub fn lowest_window(left: &str, title: &str, resets_in: Option<&str>) -> String {
    match resets_in {
        Some(duration) => format!("{left} · {title}, {duration}"),
        None => format!("{left} · {title}"),
    }
}

/// A window and its reset, after the bar.
pub fn window_and_reset(title: &str, reset: Option<&str>) -> String {
    reset.map_or_else(|| title.to_owned(), |reset| format!("{title} · {reset}"))
}

/// The row of a window. `left`: percent left; `None`: not known.
pub fn window(title: &str, left: Option<f64>, reset: Option<&str>) -> String {
    match (left.map(remaining), reset) {
        (Some(left), Some(reset)) => format!("{title}: {left} — {reset}"),
        (Some(left), None) => format!("{title}: {left}"),
        (None, reset) => format!("{title}: {}", reset.unwrap_or(UNCONFIRMED)),
    }
}

/// The row of a window that the settings ignore.
pub fn ignored(window: &str) -> String {
    format!("{window} (ignored)")
}

pub fn unconfirmed_since(clock: &str) -> String {
    format!("reset at {clock}, not yet confirmed")
}

/// When a window resets. `clock`: the time of day; `None`: it is left out.
pub fn resets(duration: &str, clock: Option<&str>) -> String {
    match clock {
        Some(clock) => format!("resets in {duration} ({clock})"),
        None => format!("resets in {duration}"),
    }
}

/// When a window resets. `clock`: the time of day, with the date unless it is today.
pub fn resets_at(clock: &str, is_today: bool) -> String {
    if is_today { format!("resets at {clock}") } else { format!("resets on {clock}") }
}

pub fn reset_note(note: &str) -> String {
    format!("reset: {note}")
}

pub fn updated(clock: &str, next: Option<&str>) -> String {
    match next {
        Some(next) => format!("Updated {clock}, next {next}"),
        None => format!("Updated {clock}"),
    }
}

pub fn next_request(clock: &str) -> String {
    format!("Next request after {clock}")
}

/// How long a login is valid. `None`: neither is known.
pub fn login(renewed: Option<&str>, valid_until: Option<&str>) -> Option<String> {
    match (renewed, valid_until) {
        (Some(renewed), Some(until)) => Some(format!("Login renewed {renewed}, valid until {until}")),
        (Some(renewed), None) => Some(format!("Login renewed {renewed}")),
        (None, Some(until)) => Some(format!("Login valid until {until}")),
        (None, None) => None,
    }
}

pub fn refresh_every(minutes: u32) -> String {
    match minutes {
        1 => "Refresh every minute".into(),
        _ => format!("Refresh every {minutes} minutes"),
    }
}

pub fn notify_below(percent: &str) -> String {
    format!("Notify below {percent}% left")
}
