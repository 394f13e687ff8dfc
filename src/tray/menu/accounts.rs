//! The menu items of the accounts.

use crate::config::Choice;
use crate::presenter::account_list::MAX_ROW_WIDTH;
use crate::presenter::account_rows::AccountRow;
use crate::presenter::menu_rows::{MenuAccount, MenuProvider, MenuRows};
use crate::presenter::{Presenter, messages};
use crate::quota::AccountUsage;
use crate::text;
use crate::tray::menu::item::{Action, Item, Submenu, SubmenuKey};

/// The items of the accounts. Without accounts, a message says what to do.
pub fn account_items(rows: MenuRows) -> Vec<Item> {
    let mut items: Vec<_> = rows.remarks.iter().flat_map(|remark| sentence(remark)).collect();
    items.extend(rows.accounts.into_iter().flat_map(account));
    if !items.is_empty() && !rows.providers.is_empty() {
        items.push(Item::Separator);
    }
    items.extend(rows.providers.into_iter().map(provider));
    items
}

fn provider(row: MenuProvider) -> Item {
    Item::Submenu(Submenu {
        key: SubmenuKey::Provider(row.provider),
        label: row.label,
        icon_state: Some(row.icon_state),
        items: row.accounts.into_iter().flat_map(account).collect(),
    })
}

/// The row of an account, and the rows below it.
fn account(row: MenuAccount) -> impl Iterator<Item = Item> {
    let MenuAccount { label, rows, details } = row;
    let header = match details.icon_state {
        // Disabled: there are no details.
        None => Item::Note(label),
        icon_state => {
            let key = SubmenuKey::Account(details.id.clone());
            Item::Submenu(Submenu { key, label, icon_state, items: detail_items(details) })
        }
    };
    std::iter::once(header).chain(rows.into_iter().map(Item::Text))
}

fn detail_items(row: AccountRow) -> Vec<Item> {
    let mut items: Vec<_> = row.windows.iter().map(|window| Item::Text(window.label())).collect();
    if !items.is_empty() {
        items.push(Item::Separator);
    }
    let errors = row.error_rows();
    items.extend(row.facts.into_iter().map(Item::Text));
    items.extend(row.notes.into_iter().map(Item::Note));
    items.extend(errors.into_iter().map(Item::Text));
    items.push(Item::Separator);
    let pin = Action::Choose(Choice::PinAccount(row.id.clone(), !row.is_pinned));
    items.push(Item::Check(messages::PIN_ACCOUNT.into(), pin, row.is_pinned));
    let hide = Action::Choose(Choice::HideAccount(row.id.clone(), true));
    items.push(Item::Action(messages::HIDE_ACCOUNT.into(), Some(hide)));
    items.push(Item::Action(messages::RENAME_ACCOUNT.into(), Some(Action::RenameAccount(row.id))));
    items
}

/// The submenu from which hidden accounts are shown again. `None`: none is hidden.
pub fn hidden_accounts(presenter: &Presenter<'_>) -> Option<Item> {
    let hidden = &presenter.snapshot.hidden;
    let show = |usage: &AccountUsage| {
        let action = Action::Choose(Choice::HideAccount(usage.account.id.clone(), false));
        Item::Action(
            messages::show_account(&usage.account.label(presenter.settings.hide_email)),
            Some(action),
        )
    };
    (!hidden.is_empty()).then(|| {
        Item::Submenu(Submenu {
            key: SubmenuKey::HiddenAccounts,
            label: messages::hidden_accounts(hidden.len()),
            icon_state: None,
            items: hidden.iter().map(show).collect(),
        })
    })
}

/// A sentence as items: one per line, broken between words.
pub fn sentence(text: &str) -> impl Iterator<Item = Item> + use<> {
    text::wrap(text, MAX_ROW_WIDTH).into_iter().map(Item::Text)
}
