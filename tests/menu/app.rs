//! Events in, effects out.

use super::*;
use quota_tray::app::state_machine::{App, AppEvent, Effect};
use quota_tray::config::Choice;
use quota_tray::presenter::icon_state::IconState;
use quota_tray::presenter::tray_host::TrayHostStatus;
use quota_tray::quota::alert::AlertHistory;
use quota_tray::quota::notification::Notification;
use quota_tray::tray::content::TrayContent;
use quota_tray::tray::menu::Action;

fn app() -> App {
    restarted(AlertHistory::default())
}

fn restarted(memory: AlertHistory) -> App {
    App::new(Settings::default(), "/auth".into(), memory, Snapshot::default(), Locale::UTC)
}

/// A snapshot whose one window had so much left so many minutes ago.
fn left(percent: f64, minutes: i64) -> Snapshot {
    let window = window("5-hour", 100.0 - percent, 60);
    Scene::of(vec![claude("a@x.org").read(minutes, &[window])]).snapshot
}

fn handle(app: &mut App, event: AppEvent) -> Vec<Effect> {
    app.handle(event, now())
}

/// The effects other than showing the tray and reading the autostart entry, each in short.
fn other_effects(app: &mut App, event: AppEvent) -> Vec<String> {
    let short = |effect: Effect| match effect {
        Effect::Show(_) | Effect::ReadStartAtLogin => String::new(),
        Effect::SaveAlerts(_) => "save alerts".to_owned(),
        Effect::Notify(notices) => {
            let words = notices.iter().map(|notice| notice.message(now(), Locale::UTC, false).0);
            format!("notify {}", words.collect::<Vec<_>>().join(", "))
        }
        other => format!("{other:?}"),
    };
    handle(app, event).into_iter().map(short).filter(|effect| !effect.is_empty()).collect()
}

#[track_caller]
fn drawing(effects: Vec<Effect>) -> TrayContent {
    let mut drawings = effects.into_iter().filter_map(|effect| match effect {
        Effect::Show(content) => Some(content),
        _ => None,
    });
    let drawing = drawings.next().expect("a drawing");
    assert_eq!(drawings.next(), None, "one drawing is enough");
    drawing
}

#[test]
fn a_click_asks_for_what_its_item_says() {
    for (action, effect) in [
        (Action::Refresh, Effect::Refresh),
        (Action::OpenFolder, Effect::OpenFolder),
        (Action::OpenSettings, Effect::OpenSettings),
        (Action::Quit, Effect::Quit),
    ] {
        assert_eq!(handle(&mut app(), AppEvent::Clicked(action)), [effect]);
    }
    for choice in [Choice::RefreshMinutes(15), Choice::NotifyBelow(50.0, true), Choice::HideEmail(true)] {
        let effects = handle(&mut app(), AppEvent::Clicked(Action::Choose(choice)));
        assert_eq!(effects, [Effect::InvalidateMenu, Effect::SaveChoice(choice)]);
    }
    assert_eq!(handle(&mut app(), AppEvent::Quit), [Effect::Quit]);
}

#[test]
fn every_choice_in_the_menu_turns_the_setting_round() {
    fn checks(items: &[Item]) -> Vec<(String, Action, bool)> {
        let each = |item: &Item| match item {
            Item::Check(label, action, on) => vec![(label.clone(), *action, *on)],
            Item::Submenu(_, _, items) => checks(items),
            _ => vec![],
        };
        items.iter().flat_map(each).collect()
    }
    let all = checks(&app().menu(now()).items());
    assert_eq!(all.len(), 9);
    for (label, action, on) in all {
        let fits = match action {
            Action::Choose(Choice::RefreshMinutes(minutes)) => {
                on == (minutes == 5) && (label.contains(&minutes.to_string()) || minutes == 1)
            }
            Action::Choose(Choice::NotifyBelow(percent, switch)) => {
                on != switch && on == [20.0, 5.0].contains(&percent) && label.contains(&format!("{percent}%"))
            }
            Action::Choose(Choice::HideEmail(switch)) => switch && !on,
            _ => false,
        };
        assert!(fits, "{label}: {action:?}, {on}");
    }
}

#[test]
fn the_tray_is_drawn_when_it_can_be_and_with_each_snapshot() {
    let mut app = app();
    assert_eq!(drawing(handle(&mut app, AppEvent::Started)).icon_state, IconState::Refreshing);
    let drawn = drawing(handle(&mut app, AppEvent::Snapshot(left(43.0, 1))));
    assert_eq!(
        (drawn.icon_state, drawn.refreshing, drawn.title.as_str()),
        (IconState::Fine(42.5), false, "")
    );
    assert!(drawn.tooltip.contains("43% left"), "{}", drawn.tooltip);
    assert_eq!(drawn.items, app.menu(now()).items());
    let refreshing = Snapshot { refreshing: true, ..left(43.0, 1) };
    assert!(drawing(handle(&mut app, AppEvent::Snapshot(refreshing))).refreshing);
}

#[test]
fn without_a_tray_host_the_accounts_are_shown_in_the_terminal() {
    for (status, removes_icon) in [
        (TrayHostStatus::Missing, false),
        (TrayHostStatus::NotResponding, false),
        (TrayHostStatus::NoSessionBus, true),
    ] {
        let mut app = app();
        let content = drawing(handle(&mut app, AppEvent::Started));
        assert_eq!(handle(&mut app, AppEvent::Host(TrayHostStatus::Present)), []);
        let advice = status.advice().expect("something is missing");
        let mut effects = vec![Effect::PrintAdvice(advice), Effect::ShowInTerminal(advice)];
        effects.splice(0..0, removes_icon.then_some(Effect::RemoveIcon));
        assert_eq!(handle(&mut app, AppEvent::Host(status)), effects);
        assert_eq!(handle(&mut app, AppEvent::Host(status)), [], "the same again");
        let refreshing = Snapshot { refreshing: true, ..left(43.0, 1) };
        let effects = handle(&mut app, AppEvent::Snapshot(refreshing));
        assert_eq!(effects, [Effect::ShowInTerminal(advice)]);
        handle(&mut app, AppEvent::Snapshot(Snapshot::default()));
        assert_eq!(drawing(handle(&mut app, AppEvent::Host(TrayHostStatus::Present))), content);
    }
}

#[test]
fn icon_that_is_not_registered_is_created_again_each_time() {
    let mut app = app();
    for _ in 0..2 {
        let effects = handle(&mut app, AppEvent::Host(TrayHostStatus::NotRegistered));
        assert!(matches!(effects[..], [Effect::RecreateIcon, Effect::Show(_)]), "{effects:?}");
        assert_eq!(handle(&mut app, AppEvent::Host(TrayHostStatus::Present)), []);
    }
}

#[test]
fn check_item_that_is_clicked_is_shown_again_even_if_nothing_changes() {
    let mut app = app();
    let content = drawing(handle(&mut app, AppEvent::Started));
    handle(&mut app, AppEvent::Clicked(Action::Choose(Choice::RefreshMinutes(5))));
    assert_eq!(drawing(handle(&mut app, AppEvent::Settings(Ok(Settings::default())))), content);
    assert_eq!(handle(&mut app, AppEvent::Settings(Ok(Settings::default()))), []);

    let effects = handle(&mut app, AppEvent::Clicked(Action::StartAtLogin(true)));
    assert_eq!(effects, [Effect::InvalidateMenu, Effect::SetStartAtLogin(true)]);
    assert_eq!(drawing(handle(&mut app, AppEvent::StartsAtLogin(Ok(None)))), content);
    assert_eq!(handle(&mut app, AppEvent::StartsAtLogin(Ok(None))), []);
    let failed = handle(&mut app, AppEvent::StartsAtLogin(Err("could not change the entry".into())));
    assert!(drawn(&drawing(failed).items).starts_with("could not change the entry"));
}

#[test]
fn complete_snapshot_reads_whether_the_program_starts_at_login() {
    let mut app = app();
    assert!(handle(&mut app, AppEvent::Snapshot(left(43.0, 1))).contains(&Effect::ReadStartAtLogin));
    let refreshing = Snapshot { refreshing: true, ..left(43.0, 1) };
    assert!(!handle(&mut app, AppEvent::Snapshot(refreshing)).contains(&Effect::ReadStartAtLogin));
}

#[test]
fn changed_settings_reach_the_refresher_and_the_menu_and_the_same_ones_change_nothing() {
    let mut app = app();
    let changed = Settings { refresh_minutes: 15, show_title: true, ..Settings::default() };
    assert_eq!(handle(&mut app, AppEvent::Settings(Ok(Settings::default()))), []);
    let effects = handle(&mut app, AppEvent::Settings(Ok(changed.clone())));
    assert_eq!(effects[0], Effect::Reconfigure(changed.clone()));
    assert!(drawn(&drawing(effects).items).contains("[x] Refresh every 15 minutes"));
    assert_eq!(app.settings(), &changed);
    assert_eq!(handle(&mut app, AppEvent::Settings(Ok(changed))), []);
}

#[test]
fn settings_of_what_is_shown_and_told_ask_nobody() {
    for change in [
        |settings: &mut Settings| settings.hide_email = true,
        |settings: &mut Settings| settings.show_title = true,
        |settings: &mut Settings| settings.thresholds = vec![30.0],
        |settings: &mut Settings| settings.notify_on_reset = false,
    ] {
        let (mut app, mut settings) = (app(), Settings::default());
        handle(&mut app, AppEvent::Snapshot(left(43.0, 1)));
        change(&mut settings);
        let effects = handle(&mut app, AppEvent::Settings(Ok(settings)));
        assert!(matches!(effects[..], [Effect::Show(_)]), "{effects:?}");
    }
}

#[test]
fn a_threshold_that_is_chosen_is_judged_at_once() {
    let mut app = app();
    handle(&mut app, AppEvent::Snapshot(left(43.0, 1)));
    let settings = |thresholds: &[f64]| Settings { thresholds: thresholds.to_vec(), ..Settings::default() };
    let effects = other_effects(&mut app, AppEvent::Settings(Ok(settings(&[50.0]))));
    assert_eq!(effects, ["save alerts", "notify Claude 5-hour: 43% left"]);
    // Without it nothing is given back.
    assert_eq!(other_effects(&mut app, AppEvent::Settings(Ok(settings(&[5.0])))), ["save alerts"]);
    assert_eq!(other_effects(&mut app, AppEvent::Snapshot(left(43.0, 0))), ["save alerts"]);
}

#[test]
fn broken_settings_are_said_and_the_old_ones_hold_until_they_are_mended() {
    let mut app = app();
    let rows = |effects| drawn(&drawing(effects).items);
    let broken = handle(&mut app, AppEvent::Settings(Err("line 3 is wrong".into())));
    assert_eq!(broken.len(), 1);
    assert!(rows(broken).starts_with("line 3 is wrong"));
    assert_eq!(app.settings(), &Settings::default());
    let worse = handle(&mut app, AppEvent::Settings(Err("line 4 is wrong".into())));
    assert!(rows(worse).starts_with("line 4 is wrong"));
    assert!(rows(handle(&mut app, AppEvent::Snapshot(left(50.0, 1)))).starts_with("line 4 is wrong"));

    let mended = handle(&mut app, AppEvent::Settings(Ok(Settings::default())));
    assert_eq!(mended.len(), 1, "nothing has changed, so there is nothing to go on with");
    assert!(!rows(mended).contains("wrong"));
}

#[test]
fn a_settings_file_that_cannot_be_used_is_told_in_a_sentence_and_not_in_a_drawing() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("config.toml");
    std::fs::write(&file, "hide_email = true\nrefresh_minute = 5\n").expect("written");
    let error = quota_tray::config::load(&file).expect_err("a wrong key").to_string();
    let items = drawing(handle(&mut app(), AppEvent::Settings(Err(error)))).items;
    let rows: Vec<_> = items.iter().take_while(|item| **item != Item::Separator).map(draw).collect();
    let sentence = rows.join(" ");
    assert!(sentence.contains("line 2") && sentence.contains("refresh_minute"), "{sentence}");
    assert!(!sentence.contains("^^") && !sentence.contains(" | "), "{sentence}");
}

#[test]
fn another_folder_in_the_settings_is_the_one_the_menu_names() {
    let mut app = app();
    handle(&mut app, AppEvent::Snapshot(Scene::of(vec![]).snapshot));
    let moved = Settings { auth_dir: "/elsewhere/logins".into(), ..Settings::default() };
    let rows = drawn(&drawing(handle(&mut app, AppEvent::Settings(Ok(moved)))).items);
    assert!(rows.contains("/elsewhere/logins"), "{rows}");
}

#[test]
fn notices_are_judged_when_all_answers_are_in_and_kept_before_they_are_shown() {
    let mut app = app();
    let half = Snapshot { refreshing: true, ..left(15.0, 1) };
    assert_eq!(other_effects(&mut app, AppEvent::Snapshot(half)), [""; 0]);
    let effects = other_effects(&mut app, AppEvent::Snapshot(left(15.0, 1)));
    assert_eq!(effects, ["save alerts", "notify Claude 5-hour: 15% left"]);
    assert_eq!(other_effects(&mut app, AppEvent::Snapshot(left(15.0, 1))), [""; 0], "the same reading again");
    assert_eq!(
        other_effects(&mut app, AppEvent::Snapshot(left(14.0, 0))),
        ["save alerts"],
        "a new one, nothing new to say"
    );
}

#[test]
fn a_restart_repeats_nothing() {
    let effects = handle(&mut app(), AppEvent::Snapshot(left(15.0, 5)));
    let memory = effects.into_iter().find_map(|effect| match effect {
        Effect::SaveAlerts(memory) => Some(memory),
        _ => None,
    });
    let mut app = restarted(memory.expect("remembered"));
    assert_eq!(other_effects(&mut app, AppEvent::Snapshot(left(14.0, 1))), ["save alerts"]);
    let effects = other_effects(&mut app, AppEvent::Snapshot(left(4.0, 0)));
    assert_eq!(effects, ["save alerts", "notify Claude 5-hour: 4% left"]);
}

#[test]
fn thresholds_and_the_reset_notice_follow_the_settings() {
    let mut app = app();
    let settings = Settings { thresholds: vec![50.0], notify_on_reset: false, ..Settings::default() };
    handle(&mut app, AppEvent::Settings(Ok(settings)));
    let effects = other_effects(&mut app, AppEvent::Snapshot(left(49.0, 9)));
    assert_eq!(effects, ["save alerts", "notify Claude 5-hour: 49% left"]);
    let mut given_back = left(100.0, 1);
    given_back.accounts[0].last_usage.as_mut().expect("read").windows[0].resets_at = Some(ahead(300));
    assert_eq!(other_effects(&mut app, AppEvent::Snapshot(given_back)), ["save alerts"]);
}

#[test]
fn a_window_that_fired_says_once_that_it_was_given_back() {
    let mut app = app();
    handle(&mut app, AppEvent::Snapshot(left(0.0, 9)));
    let mut given_back = left(100.0, 1);
    given_back.accounts[0].last_usage.as_mut().expect("read").windows[0].resets_at = Some(ahead(300));
    let effects = handle(&mut app, AppEvent::Snapshot(given_back.clone()));
    assert!(
        matches!(effects.as_slice(), [Effect::Show(_), Effect::SaveAlerts(_), Effect::Notify(notices), Effect::ReadStartAtLogin]
            if matches!(notices.as_slice(), [Notification::Reset(_)])),
        "{effects:?}"
    );
    given_back.accounts[0].updated_at = Some(now());
    assert_eq!(other_effects(&mut app, AppEvent::Snapshot(given_back)), ["save alerts"]);
}

#[test]
fn last_good_values_of_a_failed_fetch_are_not_judged() {
    let mut stale = left(3.0, 1);
    stale.accounts[0].record(Err(Failure::TimedOut(15)), now());
    assert_eq!(other_effects(&mut app(), AppEvent::Snapshot(stale)), [""; 0]);
}
