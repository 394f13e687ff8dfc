//! The effects that follow from alerts: notifications, and what is saved.

use super::*;
use crate::app::{app, handle, id, left, restarted_app, shown_content};
use quota_tray::app::state_machine::{App, AppEvent, Effect};
use quota_tray::config::{AccountSettings, WindowSettings};
use quota_tray::presenter::icon_state::IconState;
use quota_tray::quota::notification::Notification;
use quota_tray::tray::notify::NotificationAction;
use std::collections::BTreeMap;

/// The effects other than showing the tray and reading the autostart entry, each abbreviated.
fn other_effects(app: &mut App, event: AppEvent) -> Vec<String> {
    let short = |effect: Effect| match effect {
        Effect::Show(_) | Effect::ReadStartAtLogin => String::new(),
        Effect::SaveAlerts(_) => "save alerts".to_owned(),
        Effect::Notify(notifications) => {
            let words =
                notifications.iter().map(|notification| notification.message(now(), Locale::UTC, false).0);
            format!("notify {}", words.collect::<Vec<_>>().join(", "))
        }
        Effect::CloseNotifications(_) => "close notifications".to_owned(),
        other => format!("{other:?}"),
    };
    handle(app, event).into_iter().map(short).filter(|effect| !effect.is_empty()).collect()
}

#[test]
fn hidden_account_is_neither_shown_nor_notified_until_it_is_shown_again() {
    let mut app = app();
    let account = AccountSettings { hide: true, ..AccountSettings::default() };
    let hidden = Settings { accounts: BTreeMap::from([(id(), account)]), ..Settings::default() };
    handle(&mut app, AppEvent::Settings(Ok(hidden)));
    let content = shown_content(handle(&mut app, AppEvent::Snapshot(left(3.0, 1))));
    assert_eq!(
        (content.icon.state, content.tooltip.as_str()),
        (IconState::NoAccounts, "All accounts are hidden")
    );
    let effects = other_effects(&mut app, AppEvent::Settings(Ok(Settings::default())));
    assert_eq!(effects, ["save alerts", "notify Claude 5-hour: 3% left"]);
    assert_eq!(app.presenter(now()).icon_state(), IconState::Low(3.0));
}

/// Settings that hide the account of [`left`], or ignore its window.
fn settings_without_it() -> [Settings; 2] {
    let account = AccountSettings { hide: true, ..AccountSettings::default() };
    let window = WindowSettings { ignore: true, ..WindowSettings::default() };
    [
        Settings { accounts: BTreeMap::from([(id(), account)]), ..Settings::default() },
        Settings { windows: BTreeMap::from([("5-hour".to_owned(), window)]), ..Settings::default() },
    ]
}

#[test]
fn notification_about_what_becomes_hidden_or_ignored_is_closed() {
    for settings in settings_without_it() {
        let mut app = app();
        handle(&mut app, AppEvent::Snapshot(left(3.0, 1)));
        let effects = handle(&mut app, AppEvent::Settings(Ok(settings)));
        let is_closing = |effect: &Effect| matches!(effect, Effect::CloseNotifications(_));
        assert!(effects.iter().any(is_closing), "{effects:?}");
    }
}

#[test]
fn held_notification_about_what_becomes_hidden_or_ignored_is_not_shown_later() {
    for settings in [None].into_iter().chain(settings_without_it().map(Some)) {
        let is_shown = settings.is_none();
        let mut app = app();
        let later = now() + TimeDelta::hours(2);
        let mut snapshot = left(3.0, 1);
        snapshot.accounts[0].last_usage.as_mut().expect("usage").windows[0].resets_at = Some(ahead(300));
        handle(&mut app, AppEvent::Notification(NotificationAction::Snooze));
        handle(&mut app, AppEvent::Snapshot(snapshot.clone()));
        if let Some(settings) = settings {
            handle(&mut app, AppEvent::Settings(Ok(settings)));
        }
        let effects = app.handle(AppEvent::Snapshot(snapshot), later);
        assert_eq!(effects.iter().any(|effect| matches!(effect, Effect::Notify(_))), is_shown, "{effects:?}");
    }
}

#[test]
fn new_threshold_is_evaluated_at_once() {
    let mut app = app();
    handle(&mut app, AppEvent::Snapshot(left(43.0, 1)));
    let settings = |thresholds: &[f64]| Settings { thresholds: thresholds.to_vec(), ..Settings::default() };
    let effects = other_effects(&mut app, AppEvent::Settings(Ok(settings(&[50.0]))));
    assert_eq!(effects, ["save alerts", "notify Claude 5-hour: 43% left"]);
    // A removed threshold causes no reset notification.
    let effects = other_effects(&mut app, AppEvent::Settings(Ok(settings(&[5.0]))));
    assert_eq!(effects, ["save alerts", "close notifications"]);
    assert_eq!(other_effects(&mut app, AppEvent::Snapshot(left(43.0, 0))), ["save alerts"]);
}

#[test]
fn alerts_are_evaluated_after_the_last_response_and_saved_before_they_are_shown() {
    let mut app = app();
    let half = Snapshot { refreshing: true, ..left(15.0, 1) };
    assert_eq!(other_effects(&mut app, AppEvent::Snapshot(half)), [""; 0]);
    let effects = other_effects(&mut app, AppEvent::Snapshot(left(15.0, 1)));
    assert_eq!(effects, ["save alerts", "notify Claude 5-hour: 15% left"]);
    assert_eq!(other_effects(&mut app, AppEvent::Snapshot(left(15.0, 1))), [""; 0], "the same usage again");
    assert_eq!(
        other_effects(&mut app, AppEvent::Snapshot(left(14.0, 0))),
        ["save alerts"],
        "new usage on the same side of the threshold"
    );
}

#[test]
fn restart_repeats_no_alert() {
    let effects = handle(&mut app(), AppEvent::Snapshot(left(15.0, 5)));
    let history = effects.into_iter().find_map(|effect| match effect {
        Effect::SaveAlerts(history) => Some(history),
        _ => None,
    });
    let mut app = restarted_app(history.expect("remembered"));
    assert_eq!(other_effects(&mut app, AppEvent::Snapshot(left(14.0, 1))), ["save alerts"]);
    let effects = other_effects(&mut app, AppEvent::Snapshot(left(4.0, 0)));
    assert_eq!(effects, ["save alerts", "notify Claude 5-hour: 4% left"]);
}

#[test]
fn thresholds_and_reset_notification_follow_the_settings() {
    let mut app = app();
    let settings = Settings { thresholds: vec![50.0], notify_on_reset: false, ..Settings::default() };
    handle(&mut app, AppEvent::Settings(Ok(settings)));
    let effects = other_effects(&mut app, AppEvent::Snapshot(left(49.0, 9)));
    assert_eq!(effects, ["save alerts", "notify Claude 5-hour: 49% left"]);
    let mut after_reset = left(100.0, 1);
    after_reset.accounts[0].last_usage.as_mut().expect("usage").windows[0].resets_at = Some(ahead(300));
    let effects = other_effects(&mut app, AppEvent::Snapshot(after_reset));
    assert_eq!(effects, ["save alerts", "close notifications"]);
}

#[test]
fn low_window_notifies_once_of_its_reset() {
    let mut app = app();
    handle(&mut app, AppEvent::Snapshot(left(0.0, 9)));
    let mut after_reset = left(100.0, 1);
    after_reset.accounts[0].last_usage.as_mut().expect("usage").windows[0].resets_at = Some(ahead(300));
    let effects = handle(&mut app, AppEvent::Snapshot(after_reset.clone()));
    assert!(
        matches!(effects.as_slice(), [Effect::ReadStartAtLogin, Effect::SaveAlerts(_), Effect::Notify(notifications), Effect::Show(_)]
            if matches!(notifications.as_slice(), [Notification::Reset(_)])),
        "{effects:?}"
    );
    after_reset.accounts[0].updated_at = Some(now());
    assert_eq!(other_effects(&mut app, AppEvent::Snapshot(after_reset)), ["save alerts"]);
}

#[test]
fn cached_values_of_a_failed_request_are_not_evaluated() {
    let mut stale = left(3.0, 1);
    stale.accounts[0].record(Err(Failure::TimedOut(15)), now());
    assert_eq!(other_effects(&mut app(), AppEvent::Snapshot(stale)), [""; 0]);
}
