//! The icon state, the tooltip and the title beside the icon.

use super::*;
use quota_tray::presenter::icon_state::IconState;
use quota_tray::text::truncate_to_utf16;

#[test]
fn icon_state_is_the_lowest_account_or_one_of_the_other_states() {
    let left = |percent: f64| {
        vec![claude("a@x.org").with_usage(1, &[window_without_reset("Weekly", 100.0 - percent)])]
    };
    let off = AccountUsage { disabled: true, ..left(1.0).remove(0) };
    let failed = claude("b@x.org").with_failure(Failure::Server(500));
    let expired = claude("b@x.org").with_failure(Failure::Expired("x".into()));
    let loading = AccountUsage { loading: true, ..claude("c@x.org") };
    for (accounts, icon_state) in [
        (vec![], IconState::NoAccounts),
        (vec![off.clone()], IconState::NoAccounts),
        (left(42.0), IconState::Fine(42.0)),
        (left(20.0), IconState::Fine(20.0)),
        (left(19.5), IconState::Fine(19.5)),
        (left(19.4), IconState::Low(19.4)),
        (left(0.0), IconState::Exhausted),
        (vec![failed.clone()], IconState::Error),
        (vec![expired.clone()], IconState::Error),
        (vec![loading.clone()], IconState::Refreshing),
        (vec![failed.clone(), loading], IconState::Refreshing),
        ([left(42.0), vec![failed, expired, off]].concat(), IconState::Fine(42.0)),
        (
            [left(42.0), vec![codex("d@x.org").with_usage(1, &[window_without_reset("Weekly", 100.0)])]]
                .concat(),
            IconState::Exhausted,
        ),
    ] {
        let fixture = MenuFixture::of(accounts);
        assert_eq!(fixture.presenter().icon_state(), icon_state, "{}", fixture.accounts());
    }
}

#[test]
fn unreadable_folder_is_the_error_state_and_the_first_scan_is_not() {
    let mut fixture = MenuFixture::of(vec![]);
    fixture.snapshot.problem = Some("could not read it".into());
    assert_eq!(fixture.presenter().icon_state(), IconState::Error);
    fixture.snapshot = Snapshot { refreshing: true, ..Snapshot::default() };
    assert_eq!(fixture.presenter().icon_state(), IconState::Refreshing);
}

#[test]
fn low_state_follows_the_thresholds() {
    let mut fixture =
        MenuFixture::of(vec![claude("a@x.org").with_usage(1, &[window_without_reset("Weekly", 60.0)])]);
    for (thresholds, icon_state) in [
        (vec![50.0], IconState::Low(40.0)),
        (vec![5.0, 50.0], IconState::Low(40.0)),
        (vec![40.0], IconState::Fine(40.0)),
        (vec![], IconState::Fine(40.0)),
    ] {
        fixture.settings.thresholds = thresholds;
        assert_eq!(fixture.presenter().icon_state(), icon_state);
    }
}

#[test]
fn cached_value_counts_until_its_window_resets() {
    let stale = |reset| {
        claude("a@x.org").with_usage(30, &[window("5-hour", 97.0, reset)]).with_failure(Failure::TimedOut(15))
    };
    assert_eq!(MenuFixture::of(vec![stale(10)]).presenter().icon_state(), IconState::Low(3.0));
    assert_eq!(MenuFixture::of(vec![stale(-10)]).presenter().icon_state(), IconState::Error);
}

/// The refreshing state would mean that the first response is pending.
#[test]
fn group_of_failed_accounts_has_the_error_state() {
    let fixture = many_accounts(|_, usage| usage.with_failure(Failure::Unreachable("api".into())));
    for item in fixture.account_items() {
        if let Item::Submenu(Submenu { label, icon_state, .. }) = item {
            assert_eq!(icon_state, Some(IconState::Error), "{label}");
        }
    }
}

#[test]
fn tooltip_is_the_lowest_account_and_its_reset() {
    let fixture = MenuFixture::of(vec![
        claude("alice@x.org").with_usage(2, &[window("5-hour", 58.0, 130)]),
        codex("bob@x.org").with_usage(2, &[window("5-hour", 30.0, 20), window("Weekly", 96.5, 4_615)]),
    ]);
    insta::assert_snapshot!(fixture.presenter().tooltip(), @"
    Codex · bob@x.org
    Weekly: 4% left — resets on 20 Sep, 17:55
    ");
    let today = MenuFixture::of(vec![codex("bob@x.org").with_usage(2, &[window("5-hour", 94.0, 130)])]);
    assert_eq!(today.presenter().tooltip(), "Codex · bob@x.org\n5-hour: 6% left — resets at 15:10");
}

#[test]
fn tooltip_without_a_number_is_the_first_row_of_the_menu() {
    let words = |fixture: MenuFixture| fixture.presenter().tooltip();
    assert_eq!(words(MenuFixture::of(vec![])), "No account is connected");
    let expired = words(MenuFixture::of(vec![claude("a@x.org").with_failure(Failure::Expired("x".into()))]));
    assert_eq!(expired, "Claude · a@x.org — token expired");
}

#[test]
fn tooltip_is_truncated_to_the_platform_limit_at_a_character_boundary() {
    let units = |text: &str| text.encode_utf16().count();
    let tooltip =
        MenuFixture::of(vec![claude(&"ö😀".repeat(90)).with_usage(2, &[window("5-hour", 58.0, 130)])])
            .presenter()
            .tooltip();
    for max in 0..200 {
        let truncated = truncate_to_utf16(&tooltip, max);
        assert!(
            units(&truncated) <= max.max(1) && tooltip.starts_with(truncated.trim_end_matches('…')),
            "{max}: {truncated}"
        );
    }
}

#[test]
fn title_is_shown_only_if_enabled() {
    let mut fixture =
        MenuFixture::of(vec![claude("a@x.org").with_usage(2, &[window_without_reset("Weekly", 99.6)])]);
    assert_eq!(fixture.presenter().title(), "");
    fixture.settings.show_title = true;
    assert_eq!(fixture.presenter().title(), "under 1%");
    fixture.snapshot.accounts.clear();
    assert_eq!(fixture.presenter().title(), "");
}

#[test]
fn label_describes_the_icon() {
    let label = |fixture: MenuFixture| fixture.presenter().label();
    let fixture = |used| {
        MenuFixture::of(vec![claude("a@x.org").with_usage(2, &[window_without_reset("Weekly", used)])])
    };
    for (used, words) in [
        (58.0, "Quota Tray: 42% left"),
        (80.0, "Quota Tray: 20% left"),
        (88.0, "Quota Tray: 12% left, low"),
        (99.6, "Quota Tray: under 1% left, low"),
        (100.0, "Quota Tray: used up"),
    ] {
        assert_eq!(label(fixture(used)), words);
    }
    assert_eq!(label(MenuFixture::of(vec![])), "Quota Tray: no account is connected");
    assert_eq!(label(MenuFixture::of(vec![claude("a@x.org")])), "Quota Tray: no data yet");
    let failed = MenuFixture::of(vec![claude("a@x.org").with_failure(Failure::SignInAgain)]);
    assert_eq!(label(failed), "Quota Tray: usage unavailable");
}
