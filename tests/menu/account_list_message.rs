//! The list of all accounts as a notification.

use super::*;
use quota_tray::presenter::icon_state::{IconContent, IconState};

/// The title and the lines.
fn message(fixture: &MenuFixture) -> (String, Vec<String>) {
    let message = fixture.presenter().account_list_message();
    (message.title, message.text.lines().map(str::to_owned).collect())
}

fn left(usage: AccountUsage, percent: f64) -> AccountUsage {
    usage.with_usage(2, &[window("5-hour", 100.0 - percent, 60), window("Weekly", 1.0, 6000)])
}

#[test]
fn account_list_has_a_line_for_each_account_below_what_the_icon_shows() {
    let one = MenuFixture::of(vec![left(claude("bob@x.org"), 42.0), left(claude("al@x.org"), 80.0)]);
    let lines = ["al@x.org — 80% left".to_owned(), "bob@x.org — 42% left".to_owned()];
    assert_eq!(message(&one), ("Quota Tray: 42% left".to_owned(), lines.to_vec()));

    let failed = codex("bob@x.org").with_failure(Failure::SignInAgain);
    let several = MenuFixture::of(vec![left(claude("bob@x.org"), 12.0), failed]);
    let (title, lines) = message(&several);
    assert_eq!(title, "Quota Tray: 12% left, low");
    assert_eq!(lines, ["Claude · bob@x.org — 12% left", "Codex · bob@x.org — sign in again"]);
}

#[test]
fn account_list_of_many_accounts_has_the_eight_lowest_and_how_many_more() {
    let many = many_accounts(|n, usage| match n {
        1..=4 => usage.with_failure(Failure::SignInAgain),
        n => left(usage, 100.0 - n as f64),
    });
    let (_, lines) = message(&many);
    assert_eq!(lines.len(), 9, "{lines:#?}");
    assert_eq!(lines[0], "Codex · u24@x.org — 76% left");
    assert_eq!(lines[7], "Claude · u17@x.org — 83% left");
    assert_eq!(lines[8], "and 16 more");

    let eight = MenuFixture::of((0..8).map(|n| left(claude(&format!("u{n}@x.org")), 50.0)).collect());
    assert_eq!(message(&eight).1.len(), 8);
}

#[test]
fn account_list_without_accounts_says_what_to_do() {
    let (title, lines) = message(&MenuFixture::of(vec![]));
    assert_eq!(title, "Quota Tray: no account is connected");
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[1].starts_with("Sign in to Claude or Codex"), "{lines:#?}");
}

#[test]
fn account_list_has_the_picture_of_the_icon_without_the_refresh_mark() {
    let mut fixture = MenuFixture::of(vec![left(claude("a@x.org"), 10.0)]);
    fixture.snapshot.refreshing = true;
    let icon = fixture.presenter().account_list_message().icon;
    assert_eq!(icon, IconContent::gauge(IconState::Low(10.0)));
}

#[test]
fn account_list_shortens_addresses_with_hide_email() {
    let mut fixture = MenuFixture::of(vec![left(claude("alice@x.org"), 42.0)]);
    fixture.settings.hide_email = true;
    assert_eq!(message(&fixture).1, ["a…e — 42% left"]);
}
