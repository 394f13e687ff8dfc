//! Which notifications are shown, held back and closed.

use super::*;
use quota_tray::app::state_machine::{App, AppEvent, Effect};
use quota_tray::config::Quiet;
use quota_tray::quota::alert::AlertHistory;
use quota_tray::quota::alert::delivery::Delivery;
use quota_tray::quota::notification::Notification;
use quota_tray::tray::menu::Action;
use quota_tray::tray::notify::NotificationAction;
use std::collections::VecDeque;

/// The app, and the alert history that it saved last.
struct Running {
    app: App,
    saved: AlertHistory,
    settings: Settings,
    /// The notifications of which the app does not know yet whether they were shown, oldest first.
    sent: VecDeque<Notification>,
}

impl Running {
    fn new(settings: Settings) -> Running {
        let saved = AlertHistory::default();
        let app = App::new(settings.clone(), "/auth".into(), saved.clone(), Snapshot::default(), Locale::UTC);
        Running { app, saved, settings, sent: VecDeque::new() }
    }

    /// After a restart, which keeps what was saved.
    fn restarted(self) -> Running {
        let saved = serde_json::to_string(&self.saved).expect("plain data");
        let saved: AlertHistory = serde_json::from_str(&saved).expect("its own form");
        let app =
            App::new(self.settings.clone(), "/auth".into(), saved.clone(), Snapshot::default(), Locale::UTC);
        Running { app, saved, settings: self.settings, sent: VecDeque::new() }
    }

    /// What is done about notifications and hooks at an event at this minute, abbreviated.
    fn effects(&mut self, minute: i64, event: AppEvent) -> Vec<String> {
        let mut effects = Vec::new();
        for effect in self.app.handle(event, ahead(minute)) {
            match effect {
                Effect::SaveAlerts(history) => self.saved = history,
                Effect::Notify(notifications) => {
                    let title = |one: &Notification| one.message(ahead(minute), Locale::UTC, false).0;
                    effects.extend(notifications.iter().map(title));
                    self.sent.extend(notifications);
                }
                Effect::CloseNotifications(windows) => {
                    effects.extend(windows.iter().map(|id| format!("close {}", id.window)));
                }
                Effect::OpenPage(address) => effects.push(format!("open {address}")),
                Effect::RunHooks(calls) => {
                    effects.extend(calls.iter().map(|call| format!("hook {}", call.event.name())));
                }
                _ => {}
            }
        }
        effects
    }

    /// The oldest notification that was sent has this outcome.
    fn delivered(&mut self, minute: i64, delivery: Delivery) {
        let windows = self.sent.pop_front().expect("one was sent").low_windows();
        let effects = self.effects(minute, AppEvent::Delivered { windows, delivery });
        assert_eq!(effects, NOTHING);
    }

    /// The same for a response at this minute with this percentage left in each window, which reset at minute 300.
    fn left(&mut self, minute: i64, left: &[f64]) -> Vec<String> {
        self.effects(minute, AppEvent::Snapshot(snapshot(minute, left, 300)))
    }
}

fn snapshot(minute: i64, left: &[f64], reset: i64) -> Snapshot {
    let titles = ["5-hour", "Weekly", "Opus"];
    let windows: Vec<_> =
        titles.iter().zip(left).map(|(title, left)| window(title, 100.0 - left, reset)).collect();
    MenuFixture::of(vec![claude("a@x.org").with_usage(-minute, &windows)]).snapshot
}

/// Quiet from 13:00, which is minute 0, to 15:00.
fn quiet() -> Settings {
    let hour = |hour| chrono::NaiveTime::from_hms_opt(hour, 0, 0).expect("a time of day");
    Settings { quiet: Quiet::hours(hour(13), hour(15)), ..Settings::default() }
}

const NOTHING: [&str; 0] = [];

#[test]
fn quiet_hours_end_with_one_notification_of_what_is_still_true() {
    let mut running = Running::new(quiet());
    assert_eq!(running.left(10, &[15.0, 50.0, 50.0]), NOTHING);
    assert_eq!(running.left(20, &[4.0, 18.0, 50.0]), NOTHING);
    let mut running = running.restarted();
    assert_eq!(running.left(119, &[4.0, 18.0, 50.0]), NOTHING);
    assert_eq!(running.left(120, &[4.0, 17.0, 19.0]), ["3 quota windows low"]);
    assert_eq!(running.left(125, &[4.0, 17.0, 19.0]), NOTHING);
    assert_eq!(running.left(130, &[0.0, 17.0, 19.0]), ["Claude 5-hour used up"]);
}

#[test]
fn one_window_that_is_low_after_quiet_hours_is_named() {
    let mut running = Running::new(quiet());
    running.left(10, &[15.0]);
    assert_eq!(running.left(125, &[14.0]), ["Claude 5-hour: 14% left"]);
}

#[test]
fn window_that_reset_in_quiet_hours_is_not_notified_afterwards() {
    let mut running = Running::new(quiet());
    assert_eq!(running.left(10, &[15.0]), NOTHING);
    assert_eq!(running.effects(60, AppEvent::Snapshot(snapshot(60, &[100.0], 700))), NOTHING);
    assert_eq!(running.effects(125, AppEvent::Snapshot(snapshot(125, &[99.0], 700))), NOTHING);

    let mut running = Running::new(quiet());
    assert_eq!(running.left(10, &[15.0]), NOTHING);
    let reset = running.effects(330, AppEvent::Snapshot(snapshot(330, &[100.0], 700)));
    assert_eq!(reset, NOTHING, "the user was not notified that it was low");
}

#[test]
fn notification_from_before_quiet_hours_is_closed_in_them_once_it_is_not_true() {
    let mut running = Running::new(quiet());
    assert_eq!(running.left(-10, &[15.0]), ["Claude 5-hour: 15% left"]);
    let reset = running.effects(60, AppEvent::Snapshot(snapshot(60, &[100.0], 700)));
    assert_eq!(reset, ["close 5-hour"]);
}

#[test]
fn hooks_run_in_quiet_hours() {
    let mut settings = quiet();
    settings.hooks.on_low = vec!["hook".into()];
    assert_eq!(Running::new(settings).left(10, &[15.0]), ["hook low"]);
}

#[test]
fn quiet_hours_that_are_removed_from_the_settings_end_at_once() {
    let mut running = Running::new(quiet());
    running.left(10, &[15.0]);
    let effects = running.effects(11, AppEvent::Settings(Ok(Settings::default())));
    assert_eq!(effects, ["Claude 5-hour: 15% left"]);
}

#[test]
fn snooze_holds_notifications_back_for_an_hour_across_a_restart() {
    let mut running = Running::new(Settings::default());
    assert_eq!(running.left(0, &[15.0, 50.0]), ["Claude 5-hour: 15% left"]);
    assert_eq!(running.effects(1, AppEvent::Notification(NotificationAction::Snooze)), NOTHING);
    assert_eq!(running.left(30, &[4.0, 50.0]), NOTHING);
    let mut running = running.restarted();
    assert_eq!(running.left(60, &[4.0, 50.0]), NOTHING);
    assert_eq!(running.left(61, &[3.0, 50.0]), ["Claude 5-hour: 3% left"]);
    assert_eq!(running.left(70, &[0.0, 19.0]), ["Claude 5-hour used up", "Claude Weekly: 19% left"]);
}

#[test]
fn snooze_set_while_the_clock_was_ahead_does_not_last() {
    let mut running = Running::new(Settings::default());
    running.effects(10_000, AppEvent::Notification(NotificationAction::Snooze));
    assert_eq!(running.left(5, &[15.0]), ["Claude 5-hour: 15% left"]);
}

#[test]
fn notification_is_closed_when_its_window_resets_without_a_new_response() {
    let mut running = Running::new(Settings::default());
    let low = snapshot(0, &[15.0, 4.0], 30);
    let notified = running.effects(0, AppEvent::Snapshot(low.clone()));
    assert_eq!(notified, ["Claude 5-hour: 15% left", "Claude Weekly: 4% left"]);
    assert_eq!(running.effects(29, AppEvent::Snapshot(low.clone())), NOTHING);
    assert_eq!(running.effects(30, AppEvent::Snapshot(low.clone())), ["close 5-hour", "close weekly"]);
    assert_eq!(running.effects(31, AppEvent::Snapshot(low)), NOTHING);
}

#[test]
fn notification_of_a_removed_account_is_closed() {
    let mut running = Running::new(Settings::default());
    running.left(0, &[15.0]);
    let empty = MenuFixture::of(vec![]).snapshot;
    assert_eq!(running.effects(1, AppEvent::Snapshot(empty)), ["close 5-hour"]);
}

#[test]
fn show_opens_the_usage_page_of_the_provider() {
    let mut running = Running::new(Settings::default());
    for (provider, page) in [
        (Provider::CLAUDE, "open https://claude.ai/settings/usage"),
        (Provider::CODEX, "open https://chatgpt.com/codex/settings/usage"),
    ] {
        let show = AppEvent::Notification(NotificationAction::Show(provider));
        assert_eq!(running.effects(0, show), [page]);
    }
}

#[test]
fn notification_that_was_not_shown_is_sent_with_the_next_refresh_and_once_only() {
    let mut running = Running::new(Settings::default());
    assert_eq!(running.left(0, &[15.0]), ["Claude 5-hour: 15% left"]);
    running.delivered(0, Delivery::NotShown);
    assert_eq!(running.left(5, &[14.0]), ["Claude 5-hour: 14% left"]);
    running.delivered(5, Delivery::NotShown);
    let mut running = running.restarted();
    assert_eq!(running.left(10, &[13.0]), ["Claude 5-hour: 13% left"]);
    assert_eq!(running.left(12, &[13.0]), NOTHING, "it is on its way");
    running.delivered(12, Delivery::Shown);
    assert_eq!(running.left(15, &[12.0]), NOTHING);
    assert_eq!(running.restarted().left(20, &[12.0]), NOTHING);
}

#[test]
fn several_notifications_that_were_not_shown_become_one_summary() {
    let mut running = Running::new(Settings::default());
    assert_eq!(running.left(0, &[15.0, 4.0]), ["Claude 5-hour: 15% left", "Claude Weekly: 4% left"]);
    running.delivered(0, Delivery::NotShown);
    running.delivered(0, Delivery::NotShown);
    assert_eq!(running.left(5, &[15.0, 4.0, 18.0]), ["3 quota windows low"]);
    running.delivered(5, Delivery::NotShown);
    assert_eq!(running.left(10, &[15.0, 4.0, 18.0]), ["3 quota windows low"], "a summary, too");
    running.delivered(10, Delivery::Shown);
    assert_eq!(running.left(15, &[15.0, 4.0, 18.0]), NOTHING);
}

#[test]
fn window_that_has_reset_since_is_not_notified() {
    let mut running = Running::new(Settings::default());
    running.left(0, &[15.0]);
    running.delivered(0, Delivery::NotShown);
    let reset = running.effects(5, AppEvent::Snapshot(snapshot(5, &[100.0], 700)));
    assert_eq!(reset, ["close 5-hour"], "neither that it was low nor that it has reset");
    assert_eq!(running.effects(10, AppEvent::Snapshot(snapshot(10, &[99.0], 700))), NOTHING);
}

#[test]
fn reset_that_was_not_shown_is_not_sent_again() {
    let mut running = Running::new(Settings::default());
    running.left(0, &[15.0]);
    running.delivered(0, Delivery::Shown);
    let reset = running.effects(305, AppEvent::Snapshot(snapshot(305, &[100.0], 700)));
    assert_eq!(reset[0], "Claude 5-hour has reset");
    running.delivered(305, Delivery::NotShown);
    assert_eq!(running.effects(310, AppEvent::Snapshot(snapshot(310, &[99.0], 700))), NOTHING);
}

#[test]
fn lower_threshold_that_is_on_its_way_replaces_one_that_was_not_shown() {
    let mut running = Running::new(Settings::default());
    assert_eq!(running.left(0, &[15.0]), ["Claude 5-hour: 15% left"]);
    assert_eq!(running.left(1, &[4.0]), ["Claude 5-hour: 4% left"]);
    running.delivered(1, Delivery::NotShown);
    assert_eq!(running.left(2, &[4.0]), NOTHING);
    running.delivered(2, Delivery::Shown);
    assert_eq!(running.left(5, &[4.0]), NOTHING);
}

#[test]
fn notification_that_may_have_been_shown_is_sent_once_more_at_most() {
    let mut running = Running::new(Settings::default());
    running.left(0, &[15.0]);
    running.delivered(0, Delivery::Unknown);
    assert_eq!(running.left(5, &[15.0]), ["Claude 5-hour: 15% left"]);
    running.delivered(5, Delivery::NotShown);
    assert_eq!(running.left(10, &[15.0]), ["Claude 5-hour: 15% left"], "the second was certainly not shown");
    running.delivered(10, Delivery::Unknown);
    assert_eq!(running.left(15, &[15.0]), NOTHING);
    assert_eq!(running.left(20, &[4.0]), ["Claude 5-hour: 4% left"]);
    running.delivered(20, Delivery::Unknown);
    assert_eq!(running.left(25, &[4.0]), ["Claude 5-hour: 4% left"], "another notification");
    running.delivered(25, Delivery::Unknown);
    assert_eq!(running.left(30, &[4.0]), NOTHING);
}

#[test]
fn notification_that_was_on_its_way_when_the_program_ended_is_sent_after_the_restart() {
    for quit in [|| AppEvent::Quit, || AppEvent::Clicked(Action::Quit)] {
        let mut running = Running::new(Settings::default());
        running.left(0, &[15.0]);
        running.effects(0, quit());
        assert_eq!(running.restarted().left(5, &[15.0]), ["Claude 5-hour: 15% left"]);
    }
}

#[test]
fn notification_that_was_not_shown_is_sent_when_a_server_starts() {
    let mut running = Running::new(Settings::default());
    running.left(0, &[15.0]);
    assert_eq!(running.effects(0, AppEvent::NotificationServerStarted), NOTHING);
    running.delivered(0, Delivery::NotShown);
    let sent = running.effects(1, AppEvent::NotificationServerStarted);
    assert_eq!(sent, ["Claude 5-hour: 15% left"]);
}

#[test]
fn notification_that_was_not_shown_waits_for_the_end_of_quiet_hours() {
    let mut running = Running::new(quiet());
    assert_eq!(running.left(-10, &[15.0]), ["Claude 5-hour: 15% left"]);
    running.delivered(-10, Delivery::NotShown);
    assert_eq!(running.left(60, &[15.0]), NOTHING);
    assert_eq!(running.effects(61, AppEvent::NotificationServerStarted), NOTHING);
    assert_eq!(running.left(125, &[15.0]), ["Claude 5-hour: 15% left"]);
}
