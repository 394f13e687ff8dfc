//! The items of the submenu "Settings".

use crate::config::{Choice, Settings};
use crate::presenter::{Presenter, format, messages};
use crate::tray::menu::item::{Action, Item};

/// The choices that are always offered.
const REFRESH_MINUTES: [u32; 4] = [1, 5, 15, 30];
const THRESHOLDS: [f64; 4] = [50.0, 20.0, 10.0, 5.0];

/// The items. `starts_at_login`: `None` where that can't be changed.
pub fn settings_items(presenter: &Presenter<'_>, starts_at_login: Option<bool>) -> Vec<Item> {
    let settings = presenter.settings;
    let mut items: Vec<_> = refresh_minutes(settings)
        .into_iter()
        .map(|minutes| {
            let choice = Action::Choose(Choice::RefreshMinutes(minutes));
            Item::Radio(messages::refresh_every(minutes), choice, minutes == settings.refresh_minutes)
        })
        .collect();
    items.push(Item::Separator);
    items.extend(thresholds(settings).into_iter().map(|threshold| {
        let on = settings.thresholds.contains(&threshold);
        let choice = Action::Choose(Choice::NotifyBelow(threshold, !on));
        let percent = format::plain_number(threshold, presenter.locale);
        Item::Check(messages::notify_below(&percent), choice, on)
    }));
    items.push(Item::Separator);
    let choice = Action::Choose(Choice::HideEmail(!settings.hide_email));
    items.push(Item::Check(messages::HIDE_EMAIL.into(), choice, settings.hide_email));
    if let Some(on) = starts_at_login {
        items.push(Item::Check(messages::START_AT_LOGIN.into(), Action::StartAtLogin(!on), on));
    }
    items
}

/// The choices that are always offered, and the current setting if it is not one of them.
fn refresh_minutes(settings: &Settings) -> Vec<u32> {
    let mut minutes = REFRESH_MINUTES.to_vec();
    if !minutes.contains(&settings.refresh_minutes) {
        minutes.push(settings.refresh_minutes);
        minutes.sort_unstable();
    }
    minutes
}

/// The thresholds that are always offered, and those of the settings, in descending order.
fn thresholds(settings: &Settings) -> Vec<f64> {
    let mut thresholds = [&THRESHOLDS, settings.thresholds.as_slice()].concat();
    thresholds.sort_by(|a, b| b.total_cmp(a));
    thresholds.dedup();
    thresholds
}
