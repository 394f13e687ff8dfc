//! Windows that are ignored, and thresholds of windows and providers.

use super::*;
use insta::assert_snapshot;
use quota_tray::app::state_machine::{App, AppEvent, Effect};
use quota_tray::config::{ProviderSettings, WindowSettings};
use quota_tray::output::json::Report;
use quota_tray::presenter::icon_state::IconState;
use quota_tray::quota::alert::AlertHistory;

fn ignoring(title: &str) -> Settings {
    let ignored = WindowSettings { ignore: true, thresholds: None };
    Settings { windows: [(title.to_owned(), ignored)].into(), ..Settings::default() }
}

/// An account whose Opus window is used up.
fn used_up() -> MenuFixture {
    let windows = [window("5-hour", 58.0, 130), window("Weekly (Opus)", 100.0, 900)];
    MenuFixture::of(vec![claude("a@x.org").with_usage(2, &windows)])
}

#[test]
fn ignored_window_counts_for_nothing_and_is_in_the_details() {
    let fixture = used_up().with_settings(ignoring("Weekly (Opus)"));
    assert_snapshot!(fixture.accounts(), @"
    + Claude · a@x.org + Fine(42.0)
        5-hour: 42% left — resets in 2 h 10 m (15:10)
        Weekly (Opus): 0% left — resets in 15 h (18 Sep, 04:00) (ignored)
        ---
        (Updated 12:58)
      ▰▰▰▱▱▱▱▱  42%  5-hour · resets in 2 h 10 m
    ");
    assert_eq!(fixture.presenter().icon_state(), IconState::Fine(42.0));
    let fixture = used_up().with_settings(ignoring("weekly (opus)"));
    assert_eq!(fixture.presenter().icon_state(), IconState::Fine(42.0), "in lower case");
    let fixture = used_up().with_settings(ignoring("Weekly"));
    assert_eq!(fixture.presenter().icon_state(), IconState::Exhausted, "another title");
}

#[test]
fn ignored_window_sends_no_notification() {
    for (settings, count) in [(Settings::default(), 1), (ignoring("Weekly (Opus)"), 0)] {
        let history = AlertHistory::default();
        let mut app = App::new(settings, "/auth".into(), history, Snapshot::default(), Locale::UTC);
        let effects = app.handle(AppEvent::Snapshot(used_up().snapshot), now());
        let is_notification = |effect: &&Effect| matches!(effect, Effect::Notify(_));
        assert_eq!(effects.iter().filter(is_notification).count(), count, "{effects:?}");
    }
}

#[test]
fn account_with_ignored_windows_only_says_so() {
    let usage = claude("a@x.org").with_usage(2, &[window_without_reset("Weekly", 58.0)]);
    let fixture = MenuFixture::of(vec![usage]).with_settings(ignoring("Weekly"));
    assert!(fixture.accounts().starts_with("+ Claude · a@x.org — all quota windows ignored + Refreshing\n"));
}

#[test]
fn thresholds_of_a_window_come_before_those_of_its_provider_and_these_before_the_general_ones() {
    let thresholds = |percent: f64| Some(vec![percent]);
    let mut settings = Settings { thresholds: vec![20.0], ..Settings::default() };
    settings.providers.codex = ProviderSettings { thresholds: thresholds(50.0) };
    settings.windows =
        [("5-hour".to_owned(), WindowSettings { ignore: false, thresholds: thresholds(10.0) })].into();
    let windows = [window_without_reset("5-hour", 70.0), window_without_reset("Weekly", 70.0)];
    let fixture = MenuFixture::of(vec![
        claude("a@x.org").with_usage(2, &windows),
        codex("a@x.org").with_usage(2, &windows),
        codex("b@x.org").with_usage(2, &[window_without_reset("5-hour", 91.0)]),
    ])
    .with_settings(settings);
    let accounts = fixture.accounts();
    let rows: Vec<_> = accounts.lines().filter(|row| row.contains('▱')).collect();
    assert_snapshot!(rows.join("\n"), @"
      ▰▰▱▱▱▱▱▱  30%  5-hour
      ▰▰▱▱▱▱▱▱  30%  Weekly
      ▰▰▱▱▱▱▱▱  30%  5-hour
    ! ▰▰▱▱▱▱▱▱  30%  Weekly
    ! ▰▱▱▱▱▱▱▱   9%  5-hour
    ");
}

#[test]
fn notification_follows_the_thresholds_of_the_window() {
    let with_thresholds = |percent: f64| {
        let settings = WindowSettings { ignore: false, thresholds: Some(vec![percent]) };
        Settings { windows: [("5-hour".to_owned(), settings)].into(), ..Settings::default() }
    };
    let snapshot =
        MenuFixture::of(vec![claude("a@x.org").with_usage(1, &[window("5-hour", 88.0, 60)])]).snapshot;
    for (percent, count) in [(10.0, 0), (12.0, 0), (13.0, 1)] {
        let history = AlertHistory::default();
        let mut app =
            App::new(with_thresholds(percent), "/auth".into(), history, Snapshot::default(), Locale::UTC);
        let effects = app.handle(AppEvent::Snapshot(snapshot.clone()), now());
        let is_notification = |effect: &&Effect| matches!(effect, Effect::Notify(_));
        assert_eq!(effects.iter().filter(is_notification).count(), count, "{percent}: {effects:?}");
    }
}

#[test]
fn json_marks_ignored_windows_and_leaves_them_out_of_the_lowest_percentage() {
    let fixture = used_up().with_settings(ignoring("Weekly (Opus)"));
    let json = Report::new(&fixture.snapshot, false, now(), Locale::UTC).json();
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let account = &report["accounts"][0];
    assert_eq!(account["lowest_remaining_percent"], 42.0);
    let ignored = |n: usize| account["windows"][n].get("ignored").cloned();
    assert_eq!((ignored(0), ignored(1)), (None, Some(true.into())));
}
