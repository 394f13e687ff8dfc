//! The whole menu.

use crate::presenter::{Presenter, messages};
use crate::tray::menu::accounts::{account_items, hidden_accounts, sentence};
use crate::tray::menu::item::{Action, Item, Submenu, SubmenuKey};
use crate::tray::menu::settings::settings_items;

/// What the menu is built from.
#[derive(Clone, Copy)]
pub struct Menu<'a> {
    /// Provides the rows of the accounts.
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
        items.extend(account_items(self.presenter.menu_rows()));
        items.push(Item::Separator);
        items.extend(self.presenter.refreshed().map(Item::Note));
        items.push(match self.presenter.snapshot.refreshing {
            true => Item::Action(messages::REFRESHING.into(), None),
            false => Item::Action(messages::REFRESH_NOW.into(), Some(Action::Refresh)),
        });
        items.extend(hidden_accounts(&self.presenter));
        items.push(Item::Submenu(Submenu {
            key: SubmenuKey::Settings,
            label: messages::SETTINGS.into(),
            icon_state: None,
            items: settings_items(&self.presenter, self.starts_at_login),
        }));
        items.push(Item::Action(messages::OPEN_FOLDER.into(), Some(Action::OpenFolder)));
        items.push(Item::Action(messages::OPEN_SETTINGS.into(), Some(Action::OpenSettings)));
        items.push(Item::Separator);
        items.push(Item::Action(messages::QUIT.into(), Some(Action::Quit)));
        items
    }
}
