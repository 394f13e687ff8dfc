//! The menu as a value: a tree of items, made from the presenter's rows. Pure.

use crate::config::{Choice, Settings};
use crate::presenter::account_list::{AccountList, MAX_ROW_WIDTH, ProviderRow};
use crate::presenter::account_rows::AccountRow;
use crate::presenter::icon_state::IconState;
use crate::presenter::{Presenter, format, messages};
use crate::text;

/// The choices of the settings menu.
const REFRESH_MINUTES: [u32; 4] = [1, 5, 15, 30];
const THRESHOLDS: [f64; 4] = [50.0, 20.0, 10.0, 5.0];

/// One item of the menu.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Something to read. Not greyed, since it is what the menu is opened for; a click does nothing.
    Text(String),
    /// Something less important to read, greyed.
    Note(String),
    /// Something to do. Disabled where there is no action.
    Action(String, Option<Action>),
    /// Something to switch, and whether it is on.
    Check(String, Action, bool),
    /// Something with more below it, and a gauge in front where it is an account.
    Submenu(String, Option<IconState>, Vec<Item>),
    /// A line.
    Separator,
}

/// What a click on an item does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// Refresh now.
    Refresh,
    /// Change a setting.
    Choose(Choice),
    /// Start the program at login, or no longer.
    StartAtLogin(bool),
    /// Show the credential files.
    OpenFolder,
    /// Edit the settings.
    OpenSettings,
    /// End the program.
    Quit,
}

/// What the menu is made from.
#[derive(Clone, Copy)]
pub struct Menu<'a> {
    /// Makes the rows of the accounts.
    pub presenter: Presenter<'a>,
    /// A message about the program itself, such as a settings file that can't be used.
    pub problem: Option<&'a str>,
    /// Whether the program is started at login. `None`: that can't be changed here.
    pub starts_at_login: Option<bool>,
}

impl Menu<'_> {
    /// The whole menu.
    pub fn items(&self) -> Vec<Item> {
        let mut items = Vec::new();
        if let Some(problem) = self.problem {
            items.extend(sentence(&self.presenter.message(problem)));
            items.push(Item::Separator);
        }
        items.extend(account_items(self.presenter.account_list()));
        items.push(Item::Separator);
        items.extend(self.presenter.refreshed().map(Item::Note));
        items.push(match self.presenter.snapshot.refreshing {
            true => Item::Action(messages::REFRESHING.into(), None),
            false => Item::Action(messages::REFRESH_NOW.into(), Some(Action::Refresh)),
        });
        items.push(Item::Submenu(messages::SETTINGS.into(), None, self.settings()));
        items.push(Item::Action(messages::OPEN_FOLDER.into(), Some(Action::OpenFolder)));
        items.push(Item::Action(messages::OPEN_SETTINGS.into(), Some(Action::OpenSettings)));
        items.push(Item::Separator);
        items.push(Item::Action(messages::QUIT.into(), Some(Action::Quit)));
        items
    }

    fn settings(&self) -> Vec<Item> {
        let settings = self.presenter.settings;
        let mut items: Vec<_> = refresh_minutes(settings)
            .into_iter()
            .map(|minutes| {
                let choice = Action::Choose(Choice::RefreshMinutes(minutes));
                Item::Check(messages::refresh_every(minutes), choice, minutes == settings.refresh_minutes)
            })
            .collect();
        items.push(Item::Separator);
        items.extend(thresholds(settings).into_iter().map(|threshold| {
            let on = settings.thresholds.contains(&threshold);
            let choice = Action::Choose(Choice::NotifyBelow(threshold, !on));
            let percent = format::plain_number(threshold, self.presenter.locale);
            Item::Check(messages::notify_below(&percent), choice, on)
        }));
        items.push(Item::Separator);
        let choice = Action::Choose(Choice::HideEmail(!settings.hide_email));
        items.push(Item::Check(messages::HIDE_EMAIL.into(), choice, settings.hide_email));
        if let Some(on) = self.starts_at_login {
            items.push(Item::Check(messages::START_AT_LOGIN.into(), Action::StartAtLogin(!on), on));
        }
        items
    }
}

/// The usual choices, and the one in the settings file where it is not among them.
fn refresh_minutes(settings: &Settings) -> Vec<u32> {
    let mut minutes = REFRESH_MINUTES.to_vec();
    if !minutes.contains(&settings.refresh_minutes) {
        minutes.push(settings.refresh_minutes);
        minutes.sort_unstable();
    }
    minutes
}

/// The usual thresholds and those in the settings file, from high to low.
fn thresholds(settings: &Settings) -> Vec<f64> {
    let mut thresholds = [&THRESHOLDS, settings.thresholds.as_slice()].concat();
    thresholds.sort_by(|a, b| b.total_cmp(a));
    thresholds.dedup();
    thresholds
}

/// The items of the accounts, or what to do where there are none.
pub fn account_items(list: AccountList) -> Vec<Item> {
    let mut items: Vec<_> = list.remarks.iter().flat_map(|remark| sentence(remark)).collect();
    items.extend(list.accounts.into_iter().map(account));
    if !items.is_empty() && !list.providers.is_empty() {
        items.push(Item::Separator);
    }
    items.extend(list.providers.into_iter().map(provider));
    items
}

fn provider(row: ProviderRow) -> Item {
    Item::Submenu(row.label, Some(row.icon_state), row.accounts.into_iter().map(account).collect())
}

fn account(row: AccountRow) -> Item {
    if row.icon_state.is_none() {
        return Item::Note(row.label);
    }
    let mut items: Vec<_> = row.windows.iter().map(|window| Item::Text(window.label())).collect();
    if !items.is_empty() {
        items.push(Item::Separator);
    }
    let errors = row.error_rows();
    items.extend(row.facts.into_iter().map(Item::Text));
    items.extend(row.notes.into_iter().map(Item::Note));
    items.extend(errors.into_iter().map(Item::Text));
    Item::Submenu(row.label, row.icon_state, items)
}

/// A sentence as items, between the words of which it is broken.
fn sentence(text: &str) -> impl Iterator<Item = Item> + use<> {
    text::wrap(text, MAX_ROW_WIDTH).into_iter().map(Item::Text)
}
