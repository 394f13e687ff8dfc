//! What the icon shows with the settings of `[icon]`, and its label, tooltip and title.

use super::*;
use quota_tray::config::{IconStyle, ShownAccounts};
use quota_tray::presenter::icon_state::{IconContent, IconFigure, IconState};

/// Two Claude accounts and a Codex one, which is the lowest.
fn three_accounts() -> MenuFixture {
    MenuFixture::of(vec![
        claude("alice@x.org").with_usage(2, &[five_hours(58.0), week(30.0)]),
        claude("carol@x.org").with_usage(2, &[five_hours(10.0), week(85.0)]),
        codex("bob@x.org").with_usage(2, &[five_hours(90.0), week(96.5)]),
    ])
}

fn five_hours(used: f64) -> Window {
    with_length(window("5-hour", used, 130), 5)
}

fn week(used: f64) -> Window {
    with_length(window("Weekly", used, 4_615), 168)
}

fn with_length(mut window: Window, hours: u64) -> Window {
    window.length_seconds = Some(hours * 3600);
    window
}

fn only(name: &str) -> ShownAccounts {
    ShownAccounts::Only(name.into())
}

#[test]
fn icon_and_its_texts_are_about_the_accounts_that_the_setting_selects() {
    let mut fixture = three_accounts();
    fixture.settings.show_title = true;
    for (shows, state, title, label, tooltip) in [
        (
            ShownAccounts::All,
            IconState::Low(5.0),
            "4%",
            "Quota Tray: 4% left, low",
            "Codex · bob@x.org\nWeekly: 4%",
        ),
        (
            only("claude"),
            IconState::Low(15.0),
            "15%",
            "Quota Tray: Claude 15% left, low",
            "Claude · carol@x.org\nWeekly: 15%",
        ),
        (
            only("claude-alice@x.org.json"),
            IconState::Fine(42.5),
            "42%",
            "Quota Tray: alice@x.org 42% left",
            "Claude · alice@x.org\n5-hour: 42%",
        ),
    ] {
        fixture.settings.icon.shows = shows;
        let presenter = fixture.presenter();
        assert_eq!(presenter.icon_content(), IconContent::gauge(state));
        assert_eq!((presenter.title().as_str(), presenter.label().as_str()), (title, label));
        assert!(presenter.tooltip().starts_with(tooltip), "{}", presenter.tooltip());
        assert_eq!(
            presenter.icon_state(),
            IconState::Low(3.5),
            "the formats for bars are about all accounts"
        );
    }
}

#[test]
fn setting_that_matches_no_account_is_reported_in_label_and_tooltip() {
    let mut fixture = three_accounts();
    fixture.settings.show_title = true;
    fixture.settings.icon.shows = only("claude-dave@x.org.json");
    let words = |fixture: &MenuFixture| {
        let presenter = fixture.presenter();
        assert_eq!(presenter.icon_content(), IconContent::gauge(IconState::NoAccounts));
        assert_eq!(presenter.title(), "");
        (presenter.label(), presenter.tooltip())
    };
    let sentence = "o account matches the setting icon.shows, \"claude-dave@x.org.json\"";
    assert_eq!(words(&fixture), (format!("Quota Tray: n{sentence}"), format!("N{sentence}")));
    fixture.settings.hide_email = true;
    assert!(!words(&fixture).0.contains('@') && !words(&fixture).1.contains('@'), "{:?}", words(&fixture));
    fixture.settings.hide_email = false;
    fixture.snapshot.accounts.clear();
    let none = "no account is connected";
    assert_eq!(words(&fixture), (format!("Quota Tray: {none}"), "No account is connected".into()));
}

#[test]
fn accounts_that_are_not_listed_yet_are_not_missing() {
    let mut fixture = three_accounts();
    fixture.settings.icon.shows = only("codex-bob@x.org.json");
    fixture.snapshot = Snapshot { refreshing: true, ..Snapshot::default() };
    let content = fixture.presenter().icon_content();
    assert_eq!((content.state, content.refreshing), (IconState::Refreshing, true));
    assert_eq!(fixture.presenter().label(), "Quota Tray: no data yet");
}

#[test]
fn shown_account_that_is_disabled_or_failed_says_so() {
    let mut fixture = three_accounts();
    fixture.settings.icon.shows = only("codex-bob@x.org.json");
    let bob = fixture.snapshot.accounts.len() - 1;
    fixture.snapshot.accounts[bob].disabled = true;
    assert_eq!(fixture.presenter().label(), "Quota Tray: Codex · bob@x.org is disabled");
    assert_eq!(fixture.presenter().tooltip(), "Codex · bob@x.org is disabled");
    assert_eq!(fixture.presenter().icon_content().state, IconState::NoAccounts);
    fixture.snapshot.accounts[bob] = codex("bob@x.org").with_failure(Failure::SignInAgain);
    assert_eq!(fixture.presenter().label(), "Quota Tray: usage unavailable");
    assert!(fixture.presenter().tooltip().starts_with("Codex · bob@x.org — "));
    assert_eq!(fixture.presenter().icon_content().state, IconState::Error);
}

#[test]
fn number_is_the_percentage_as_it_is_displayed() {
    for (used, state) in [
        (0.0, IconState::Fine(100.0)),
        (0.4, IconState::Fine(100.0)),
        (58.3, IconState::Fine(42.0)),
        (80.4, IconState::Fine(20.0)),
        (93.0, IconState::Low(7.0)),
        (99.3, IconState::Low(0.5)),
        (100.0, IconState::Exhausted),
    ] {
        let mut fixture = MenuFixture::of(vec![claude("a@x.org").with_usage(2, &[week(used)])]);
        fixture.settings.icon.style = IconStyle::Number;
        let content = fixture.presenter().icon_content();
        assert_eq!((content.state, content.figure), (state, IconFigure::Number), "{used}");
    }
}

#[test]
fn bars_are_the_five_hour_and_the_weekly_window_of_the_lowest_account() {
    let mut fixture = three_accounts();
    fixture.settings.icon.style = IconStyle::Bars;
    fixture.settings.icon.shows = only("claude");
    let presenter = fixture.presenter();
    let windows = [Some(IconState::Fine(90.0)), Some(IconState::Low(15.0))];
    let content = presenter.icon_content();
    assert_eq!((content.state, content.figure), (IconState::Low(15.0), IconFigure::Bars(windows)));
    assert_eq!(presenter.label(), "Quota Tray: Claude 5-hour 90% left, Weekly 15% left, low");
    insta::assert_snapshot!(presenter.tooltip(), @"
    Claude · carol@x.org
    5-hour: 90% left — resets at 15:10
    Weekly: 15% left — resets on 20 Sep, 17:55
    ");
}

#[test]
fn bar_of_several_weekly_windows_is_the_lowest_and_one_of_none_is_not_known() {
    let opus = with_length(window("Weekly (Opus)", 60.0, 4_615), 168);
    let mut fixture = MenuFixture::of(vec![claude("a@x.org").with_usage(2, &[week(30.0), opus])]);
    fixture.settings.icon.style = IconStyle::Bars;
    let content = fixture.presenter().icon_content();
    assert_eq!(content.figure, IconFigure::Bars([None, Some(IconState::Fine(40.0))]));
    assert_eq!(fixture.presenter().label(), "Quota Tray: Weekly (Opus) 40% left");
}

#[test]
fn icon_is_stale_after_a_failure_and_says_since_when() {
    let stale = |used| claude("a@x.org").with_usage(30, &[week(used)]).with_failure(Failure::TimedOut(15));
    for style in [IconStyle::Gauge, IconStyle::Number] {
        let mut fixture = MenuFixture::of(vec![stale(58.0)]);
        fixture.settings.icon.style = style;
        assert!(fixture.presenter().icon_content().stale);
        assert_eq!(fixture.presenter().label(), "Quota Tray: 42% left, as of 12:30");
        assert!(
            fixture.presenter().tooltip().ends_with("\nUpdated 12:30"),
            "{}",
            fixture.presenter().tooltip()
        );
        let fixture = MenuFixture::of(vec![stale(90.0)]);
        assert!(!fixture.presenter().icon_content().stale, "a low level can only have become lower");
        assert_eq!(fixture.presenter().label(), "Quota Tray: 10% left, low, as of 12:30");
    }
}
