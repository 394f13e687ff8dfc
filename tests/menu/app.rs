//! The effects of events.

use super::*;
use quota_tray::app::state_machine::{App, AppEvent, Effect};
use quota_tray::config::{AccountSettings, Choice, MenuForm, WindowSettings};
use quota_tray::presenter::icon_state::IconState;
use quota_tray::presenter::tray_host::TrayHostStatus;
use quota_tray::quota::alert::AlertHistory;
use quota_tray::tray::content::TrayContent;
use quota_tray::tray::menu::Action;

pub fn app() -> App {
    restarted_app(AlertHistory::default())
}

pub fn restarted_app(history: AlertHistory) -> App {
    App::new(Settings::default(), "/auth".into(), history, Snapshot::default(), Locale::UTC)
}

/// A snapshot with one window that had `percent` left `minutes` ago.
pub fn left(percent: f64, minutes: i64) -> Snapshot {
    let window = window("5-hour", 100.0 - percent, 60);
    MenuFixture::of(vec![claude("a@x.org").with_usage(minutes, &[window])]).snapshot
}

/// The effects of an event and of the autostart status it reads, which is that of a system without autostart.
pub fn handle(app: &mut App, event: AppEvent) -> Vec<Effect> {
    let mut effects = app.handle(event, now());
    if effects.contains(&Effect::ReadStartAtLogin) {
        effects.extend(app.handle(AppEvent::StartsAtLogin(Ok(None)), now()));
    }
    effects
}

pub fn id() -> AccountId {
    AccountId::file("claude-a@x.org.json".into())
}

#[track_caller]
pub fn shown_content(effects: Vec<Effect>) -> TrayContent {
    let mut contents = effects.into_iter().filter_map(|effect| match effect {
        Effect::Show(content) => Some(content),
        _ => None,
    });
    let content = contents.next().expect("shown content");
    assert_eq!(contents.next(), None, "shown more than once");
    content
}

pub fn items(content: TrayContent) -> Vec<Item> {
    content.menu.items(now())
}

#[test]
fn click_on_an_item_has_its_effect() {
    for (action, effect) in [
        (Action::Refresh, Effect::Refresh),
        (Action::OpenFolder, Effect::OpenFolder),
        (Action::OpenSettings, Effect::OpenSettings),
        (Action::RenameAccount(id()), Effect::RenameAccount(id())),
        (Action::Quit, Effect::Quit),
    ] {
        assert_eq!(handle(&mut app(), AppEvent::Clicked(action)), [effect]);
    }
    for choice in [
        Choice::RefreshMinutes(15),
        Choice::NotifyBelow(50.0, true),
        Choice::HideEmail(true),
        Choice::HideAccount(id(), true),
        Choice::PinAccount(id(), true),
    ] {
        let effects = handle(&mut app(), AppEvent::Clicked(Action::Choose(choice.clone())));
        assert_eq!(effects, [Effect::InvalidateMenu, Effect::SaveChoice(choice)]);
    }
    assert_eq!(handle(&mut app(), AppEvent::Quit), [Effect::Quit]);
}

#[test]
fn each_check_and_radio_item_sets_its_setting() {
    fn checks(items: &[Item]) -> Vec<(String, Action, bool)> {
        let each = |item: &Item| match item {
            Item::Check(label, action, on) | Item::Radio(label, action, on) => {
                vec![(label.clone(), action.clone(), *on)]
            }
            Item::Submenu(submenu) => checks(&submenu.items),
            _ => vec![],
        };
        items.iter().flat_map(each).collect()
    }
    let all = checks(&app().menu().items(now()));
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
fn tray_is_shown_at_start_and_with_each_snapshot() {
    let mut app = app();
    assert_eq!(shown_content(handle(&mut app, AppEvent::Started)).icon.state, IconState::Refreshing);
    let content = shown_content(handle(&mut app, AppEvent::Snapshot(left(43.0, 1))));
    assert_eq!(
        (content.icon.state, content.icon.refreshing, content.title.as_str()),
        (IconState::Fine(42.5), false, "")
    );
    assert!(content.tooltip.contains("43% left"), "{}", content.tooltip);
    assert_eq!(items(content), app.menu().items(now()));
    let refreshing = Snapshot { refreshing: true, ..left(43.0, 1) };
    assert!(shown_content(handle(&mut app, AppEvent::Snapshot(refreshing))).icon.refreshing);
}

#[test]
fn without_a_tray_host_the_accounts_are_shown_in_the_terminal() {
    for status in [TrayHostStatus::Missing, TrayHostStatus::NotResponding, TrayHostStatus::NoSessionBus] {
        let mut app = app();
        let content = shown_content(handle(&mut app, AppEvent::Started));
        assert_eq!(handle(&mut app, AppEvent::Host(TrayHostStatus::Present)), []);
        let advice = status.advice().expect("something is missing");
        let effects = [Effect::PrintAdvice(advice), Effect::ShowInTerminal(advice)];
        assert_eq!(handle(&mut app, AppEvent::Host(status)), effects);
        assert_eq!(handle(&mut app, AppEvent::Host(status)), [], "the same again");
        let refreshing = Snapshot { refreshing: true, ..left(43.0, 1) };
        let effects = handle(&mut app, AppEvent::Snapshot(refreshing));
        assert_eq!(effects, [Effect::ShowInTerminal(advice)]);
        handle(&mut app, AppEvent::Snapshot(Snapshot::default()));
        assert_eq!(shown_content(handle(&mut app, AppEvent::Host(TrayHostStatus::Present))), content);
    }
}

#[test]
fn check_item_that_is_clicked_is_shown_again_even_if_nothing_changes() {
    let mut app = app();
    let content = shown_content(handle(&mut app, AppEvent::Started));
    handle(&mut app, AppEvent::Clicked(Action::Choose(Choice::RefreshMinutes(5))));
    assert_eq!(shown_content(handle(&mut app, AppEvent::Settings(Ok(Settings::default())))), content);
    assert_eq!(handle(&mut app, AppEvent::Settings(Ok(Settings::default()))), []);

    let effects = handle(&mut app, AppEvent::Clicked(Action::StartAtLogin(true)));
    assert_eq!(effects, [Effect::InvalidateMenu, Effect::SetStartAtLogin(true)]);
    assert_eq!(shown_content(handle(&mut app, AppEvent::StartsAtLogin(Ok(None)))), content);
    assert_eq!(handle(&mut app, AppEvent::StartsAtLogin(Ok(None))), []);
    let failed = handle(&mut app, AppEvent::StartsAtLogin(Err("could not change the entry".into())));
    assert!(menu_text(&items(shown_content(failed))).starts_with("could not change the entry"));
}

#[test]
fn autostart_status_is_read_before_the_menu_is_shown_so_that_it_changes_once() {
    let mut app = app();
    for event in [AppEvent::Started, AppEvent::Snapshot(left(43.0, 1))] {
        let effects = app.handle(event, now());
        assert_eq!(effects[0], Effect::ReadStartAtLogin);
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Show(_))), "{effects:?}");
        let content = shown_content(app.handle(AppEvent::StartsAtLogin(Ok(Some(true))), now()));
        assert!(menu_text(&items(content)).contains("[x] Start at login"));
        assert_eq!(app.handle(AppEvent::StartsAtLogin(Ok(Some(true))), now()), []);
    }
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
    assert!(menu_text(&items(shown_content(effects))).contains("(o) Refresh every 15 minutes"));
    assert_eq!(app.settings(), &changed);
    assert_eq!(handle(&mut app, AppEvent::Settings(Ok(changed))), []);
}

#[test]
fn display_and_notification_settings_send_no_request() {
    for change in [
        |settings: &mut Settings| settings.hide_email = true,
        |settings: &mut Settings| settings.show_title = true,
        |settings: &mut Settings| settings.thresholds = vec![30.0],
        |settings: &mut Settings| settings.notify_on_reset = false,
        |settings: &mut Settings| settings.menu = MenuForm::Accounts,
        |settings: &mut Settings| _ = settings.accounts.insert(id(), AccountSettings::default()),
        |settings: &mut Settings| _ = settings.windows.insert("Weekly".into(), WindowSettings::default()),
    ] {
        let (mut app, mut settings) = (app(), Settings::default());
        handle(&mut app, AppEvent::Snapshot(left(43.0, 1)));
        change(&mut settings);
        let effects = handle(&mut app, AppEvent::Settings(Ok(settings)));
        assert!(matches!(effects[..], [Effect::Show(_)]), "{effects:?}");
    }
}

#[test]
fn invalid_settings_are_reported_and_the_old_ones_kept_until_fixed() {
    let mut app = app();
    let rows = |effects| menu_text(&items(shown_content(effects)));
    let broken = handle(&mut app, AppEvent::Settings(Err("line 3 is wrong".into())));
    assert_eq!(broken.len(), 1);
    assert!(rows(broken).starts_with("line 3 is wrong"));
    assert_eq!(app.settings(), &Settings::default());
    let worse = handle(&mut app, AppEvent::Settings(Err("line 4 is wrong".into())));
    assert!(rows(worse).starts_with("line 4 is wrong"));
    assert!(rows(handle(&mut app, AppEvent::Snapshot(left(50.0, 1)))).starts_with("line 4 is wrong"));

    let fixed = handle(&mut app, AppEvent::Settings(Ok(Settings::default())));
    assert_eq!(fixed.len(), 1, "unchanged settings are not applied again");
    assert!(!rows(fixed).contains("wrong"));
}

#[test]
fn invalid_settings_file_is_reported_in_a_sentence_without_a_source_excerpt() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("config.toml");
    std::fs::write(&file, "hide_email = true\nrefresh_minute = 5\n").expect("written");
    let error = quota_tray::config::load(&file).expect_err("a wrong key").to_string();
    let items = items(shown_content(handle(&mut app(), AppEvent::Settings(Err(error)))));
    let rows: Vec<_> = items.iter().take_while(|item| **item != Item::Separator).map(item_text).collect();
    let sentence = rows.join(" ");
    assert!(sentence.contains("line 2") && sentence.contains("refresh_minute"), "{sentence}");
    assert!(!sentence.contains("^^") && !sentence.contains(" | "), "{sentence}");
}

#[test]
fn file_that_could_not_be_opened_is_reported_until_the_next_click() {
    let mut app = app();
    let problem = "could not open /home/u/config.toml: no program is installed".to_owned();
    let content = shown_content(handle(&mut app, AppEvent::NotOpened(problem.clone())));
    assert!(menu_text(&items(content)).starts_with("could not open /home/u/config.toml"));
    assert!(
        menu_text(&items(shown_content(handle(&mut app, AppEvent::Snapshot(left(43.0, 1))))))
            .starts_with("could not open")
    );
    let effects = handle(&mut app, AppEvent::Clicked(Action::OpenSettings));
    assert!(matches!(effects[..], [Effect::Show(_), Effect::OpenSettings]), "{effects:?}");
    assert!(!menu_text(&items(shown_content(effects))).contains("could not open"));
}

#[test]
fn changed_auth_dir_is_named_in_the_menu() {
    let mut app = app();
    handle(&mut app, AppEvent::Snapshot(MenuFixture::of(vec![]).snapshot));
    let moved = Settings { auth_dir: "/elsewhere/logins".into(), ..Settings::default() };
    let rows = menu_text(&items(shown_content(handle(&mut app, AppEvent::Settings(Ok(moved))))));
    assert!(rows.contains("/elsewhere/logins"), "{rows}");
}
