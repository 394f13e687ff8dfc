//! The items of a menu, and what a click on them does.

use crate::config::Choice;
use crate::presenter::icon_state::IconState;
use crate::quota::{AccountId, Provider};

/// One item of the menu.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Information, such as a quota window. Not greyed, so that it is easy to read; a click does nothing.
    Text(String),
    /// Less important information, greyed.
    Note(String),
    /// A command. Disabled if it has no action.
    Action(String, Option<Action>),
    /// A check item, and whether it is checked.
    Check(String, Action, bool),
    /// A radio item, and whether it is selected. Adjacent radio items are one group.
    Radio(String, Action, bool),
    /// An item with a submenu.
    Submenu(Submenu),
    /// A separator line.
    Separator,
}

/// An item with a submenu.
#[derive(Debug, Clone, PartialEq)]
pub struct Submenu {
    /// Identifies it among the items of the same menu, whatever its label is.
    pub key: SubmenuKey,
    /// What is displayed.
    pub label: String,
    /// The gauge in front of it. `None`: it has none.
    pub icon_state: Option<IconState>,
    /// The items of the submenu.
    pub items: Vec<Item>,
}

/// What a submenu is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SubmenuKey {
    /// An account. With many accounts it can be in the menu twice: among the lowest, and in its provider's submenu.
    Account(AccountId),
    /// All accounts of a provider.
    Provider(Provider),
    /// The accounts that are hidden.
    HiddenAccounts,
    /// The settings.
    Settings,
}

/// What a click on an item does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Refresh now.
    Refresh,
    /// Change a setting.
    Choose(Choice),
    /// Switch starting at login on or off.
    StartAtLogin(bool),
    /// Open the folder with the credential files.
    OpenFolder,
    /// Open the settings file.
    OpenSettings,
    /// Open the settings file with a section for the name of this account.
    RenameAccount(AccountId),
    /// End the program.
    Quit,
}

impl Item {
    /// Identifies the item among the items of the same menu, and stays the same when its label or its state changes.
    /// `None`: only its position identifies it, as with texts, separators and disabled actions.
    pub fn key(&self) -> Option<String> {
        match self {
            Item::Action(_, Some(action)) | Item::Check(_, action, _) | Item::Radio(_, action, _) => {
                Some(action.key())
            }
            Item::Submenu(submenu) => Some(submenu.key.text()),
            Item::Text(_) | Item::Note(_) | Item::Action(_, None) | Item::Separator => None,
        }
    }
}

impl SubmenuKey {
    fn text(&self) -> String {
        match self {
            SubmenuKey::Account(id) => format!("account {}", id.text()),
            SubmenuKey::Provider(provider) => format!("provider {}", provider.key()),
            SubmenuKey::HiddenAccounts => "hidden accounts".into(),
            SubmenuKey::Settings => "settings".into(),
        }
    }
}

impl Action {
    /// Does not contain the value that a click sets, which changes with each click.
    fn key(&self) -> String {
        match self {
            Action::Refresh => "refresh".into(),
            Action::Choose(Choice::RefreshMinutes(minutes)) => format!("refresh minutes {minutes}"),
            Action::Choose(Choice::NotifyBelow(percent, _)) => format!("notify below {percent}"),
            Action::Choose(Choice::HideEmail(_)) => "hide e-mail".into(),
            Action::Choose(Choice::HideAccount(id, _)) => format!("hide account {}", id.text()),
            Action::Choose(Choice::PinAccount(id, _)) => format!("pin account {}", id.text()),
            Action::RenameAccount(id) => format!("rename account {}", id.text()),
            Action::StartAtLogin(_) => "start at login".into(),
            Action::OpenFolder => "open folder".into(),
            Action::OpenSettings => "open settings".into(),
            Action::Quit => "quit".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_of_an_item_does_not_change_with_its_label_or_state() {
        let account = |label: &str, icon_state| {
            let key = SubmenuKey::Account(AccountId::file("a.json".into()));
            Item::Submenu(Submenu { key, label: label.into(), icon_state, items: Vec::new() })
        };
        let notify = |on: bool| Item::Check("x".into(), Action::Choose(Choice::NotifyBelow(20.0, !on)), on);
        let refresh = |label: &str| Item::Action(label.into(), Some(Action::Refresh));
        for (one, other) in [
            (account("42%", None), account("41%", Some(IconState::Error))),
            (notify(true), notify(false)),
            (refresh("Refresh"), refresh("Refresh now")),
        ] {
            assert!(one.key().is_some());
            assert_eq!(one.key(), other.key());
        }
        for item in [Item::Text("x".into()), Item::Action("x".into(), None), Item::Separator] {
            assert_eq!(item.key(), None);
        }
    }
}
