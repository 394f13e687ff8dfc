//! All words of the menu, the icon and the tooltip: what a translation would replace, in one place. Numbers
//! and moments come in as text already, by [`crate::presenter::format`].

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
pub const OFFLINE: &str = "Offline: showing what was last known";
pub const LOOKING: &str = "Looking for accounts…";
pub const NO_ACCOUNT: &str = "No account is connected";
pub const ASKING_FIRST: &str = "Asking for the first time…";
pub const NEVER_UPDATED: &str = "Never updated";
pub const SWITCHED_OFF: &str = "switched off";
pub const UNCONFIRMED: &str = "reset, not yet confirmed";
pub const NO_KNOWN_WINDOW: &str = "no known window";
pub const BILLED_BY_USE: &str = "usage-based billing";
pub const LOADING: &str = "loading…";
pub const NO_NUMBER: &str = "no number";
pub const NO_WINDOW: &str = "no quota window";
pub const NOTHING_KNOWN: &str = "nothing known yet";

/// What the icon shows, for those who do not see it. That a refresh is under way is left out: it would be
/// read aloud every few minutes.
pub fn face(face: IconState) -> String {
    match face {
        IconState::NoAccounts => format!("{NAME}: no account is connected"),
        IconState::Refreshing => format!("{NAME}: nothing known yet"),
        IconState::Fine(rest) => format!("{NAME}: {}", left(rest)),
        IconState::Low(rest) => format!("{NAME}: {}, low", left(rest)),
        IconState::Exhausted => format!("{NAME}: used up"),
        IconState::Error => format!("{NAME}: no number for any account"),
    }
}

pub fn sign_in(folder: impl Display) -> String {
    format!(
        "Sign in to Claude or Codex with CLIProxyAPI, VibeProxy or DroidProxy: logins in {folder} appear here by \
         themselves"
    )
}

pub fn left(rest: f64) -> String {
    format!("{} left", percent(rest))
}

pub fn lowest(rest: f64) -> String {
    format!("lowest {}", left(rest))
}

pub fn accounts(count: usize) -> String {
    if count == 1 { "1 account".into() } else { format!("{count} accounts") }
}

/// The row of a provider with many accounts.
pub fn provider(name: &str, accounts: &str, rest: &str) -> String {
    format!("{name} · {accounts} — {rest}")
}

/// The row of an account.
pub fn account(name: &str, facts: &[String]) -> String {
    format!("{name} — {}", facts.join(" · "))
}

/// The row of a window. `rest`: what is left, where its number still holds.
pub fn window(title: &str, rest: Option<f64>, reset: Option<&str>) -> String {
    match (rest.map(left), reset) {
        (Some(left), Some(reset)) => format!("{title}: {left} — {reset}"),
        (Some(left), None) => format!("{title}: {left}"),
        (None, reset) => format!("{title}: {}", reset.unwrap_or(UNCONFIRMED)),
    }
}

pub fn unconfirmed_since(clock: &str) -> String {
    format!("reset at {clock}, not yet confirmed")
}

/// `clock`: left out where there is little room.
pub fn resets(stretch: &str, clock: Option<&str>) -> String {
    match clock {
        Some(clock) => format!("resets in {stretch} ({clock})"),
        None => format!("resets in {stretch}"),
    }
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

pub fn held_until(clock: &str) -> String {
    format!("Not asked again before {clock}")
}

/// How long a login holds; `None`: neither is known.
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
