//! Accounts that are named, hidden or pinned.

use super::*;
use insta::assert_snapshot;
use quota_tray::config::{AccountSettings, Choice};
use quota_tray::output::json::Report;
use quota_tray::tray::menu::Action;
use serde_json::Value;

fn settings(accounts: &[(&str, AccountSettings)]) -> Settings {
    let accounts = accounts.iter().map(|(id, settings)| (AccountId::file((*id).into()), settings.clone()));
    Settings { accounts: accounts.collect(), ..Settings::default() }
}

fn named(name: &str) -> AccountSettings {
    AccountSettings { name: Some(name.into()), ..AccountSettings::default() }
}

fn hidden() -> AccountSettings {
    AccountSettings { hide: true, ..AccountSettings::default() }
}

fn pinned() -> AccountSettings {
    AccountSettings { pin: true, ..AccountSettings::default() }
}

/// Two accounts; the lower one is Bob's.
fn two() -> MenuFixture {
    MenuFixture::of(vec![
        claude("alice@x.org").with_usage(2, &[window_without_reset("Weekly", 58.0)]),
        codex("bob@x.org").with_usage(2, &[window_without_reset("Weekly", 97.0)]),
    ])
}

#[test]
fn given_name_is_shown_even_with_hidden_addresses() {
    let mut fixture = two().with_settings(settings(&[("codex-bob@x.org.json", named("Work"))]));
    fixture.settings.hide_email = true;
    assert!(fixture.accounts().contains("+ Codex · Work + Low"), "{}", fixture.accounts());
    assert!(fixture.accounts().contains("+ Claude · a…e + Fine"), "{}", fixture.accounts());
    assert!(fixture.presenter().tooltip().starts_with("Codex · Work\n"));
}

#[test]
fn hidden_account_counts_for_nothing_and_can_be_shown_again() {
    let fixture = two().with_settings(settings(&[("codex-bob@x.org.json", hidden())]));
    assert!(!fixture.accounts().contains("bob"), "{}", fixture.accounts());
    assert_eq!(fixture.presenter().label(), "Quota Tray: 42% left");
    assert!(fixture.presenter().tooltip().starts_with("Claude · alice@x.org\n"));
    assert_snapshot!(fixture.menu().split("> Refresh now").nth(1).and_then(|rest| rest.split("+ Settings").next()).expect("rows").trim(), @"
    + Hidden accounts (1) +
        > Show Codex · bob@x.org
    ");
    let items = fixture.items();
    let submenu = items.iter().find_map(|item| match item {
        Item::Submenu(submenu) if submenu.key == SubmenuKey::HiddenAccounts => Some(&submenu.items[..]),
        _ => None,
    });
    let id = fixture.snapshot.hidden[0].account.id.clone();
    let show = Action::Choose(Choice::HideAccount(id, false));
    assert!(matches!(submenu, Some([Item::Action(_, Some(action))]) if *action == show), "{submenu:?}");
}

#[test]
fn without_a_visible_account_the_menu_says_that_all_are_hidden() {
    let both = [("codex-bob@x.org.json", hidden()), ("claude-alice@x.org.json", hidden())];
    let fixture = two().with_settings(settings(&both));
    assert_eq!(fixture.accounts(), "All accounts are hidden");
    assert!(fixture.menu().contains("+ Hidden accounts (2) +"));
}

#[test]
fn pinned_account_is_first_in_every_form() {
    let fixture = two().with_settings(settings(&[("codex-bob@x.org.json", pinned())]));
    assert!(fixture.accounts().starts_with("+ Codex · bob@x.org"), "{}", fixture.accounts());
    let many =
        many_accounts(|n, usage| usage.with_usage(1, &[window_without_reset("Weekly", 100.0 - n as f64)]));
    let many = many.with_settings(settings(&[("codex-u24@x.org.json", pinned())]));
    let accounts = many.accounts();
    let rows: Vec<_> = accounts.lines().filter(|row| !row.starts_with(' ')).collect();
    assert!(rows[0].contains("Codex · u24@x.org") && rows[1].contains("Claude · u01@x.org"), "{accounts}");
    assert!(accounts.contains("12 accounts — lowest 2% left + Low(2.0)\n    +   u24@x.org"), "{accounts}");
}

#[test]
fn submenu_of_an_account_pins_hides_and_renames_it() {
    let fixture = two().with_settings(settings(&[("codex-bob@x.org.json", pinned())]));
    let items = fixture.account_items();
    let Item::Submenu(Submenu { key: SubmenuKey::Account(id), items, .. }) = &items[0] else {
        panic!("not an account: {:?}", items[0]);
    };
    let actions = &items[items.len() - ACCOUNT_ACTIONS..];
    assert_snapshot!(menu_text(actions), @"
    ---
    [x] Pin to the top
    > Hide this account
    > Rename in the settings file…
    ");
    let Item::Check(_, Action::Choose(choice), true) = &actions[1] else { panic!("{:?}", actions[1]) };
    assert_eq!(*choice, Choice::PinAccount(id.clone(), false));
}

#[test]
fn json_lists_every_account_and_says_which_are_hidden() {
    let bob = AccountSettings { name: Some("Work".into()), ..hidden() };
    let fixture = two().with_settings(settings(&[("codex-bob@x.org.json", bob)]));
    let json = Report::new(&fixture.snapshot, false, now(), Locale::UTC).json();
    let report: Value = serde_json::from_str(&json).expect("JSON");
    let fields = |n: usize| ["email", "name", "hidden"].map(|key| report["accounts"][n][key].clone());
    assert_eq!(fields(0), [Value::from("alice@x.org"), Value::Null, Value::Null]);
    assert_eq!(fields(1), [Value::from("bob@x.org"), "Work".into(), true.into()]);
}
