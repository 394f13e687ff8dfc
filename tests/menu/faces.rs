//! The icon's face, the tooltip and the text beside the icon.

use super::*;
use quota_tray::presenter::icon_state::IconState;
use quota_tray::text::truncate_to_utf16 as cut;

#[test]
fn the_icon_tells_the_lowest_of_all_accounts_apart_from_the_other_states() {
    let left = |percent: f64| vec![claude("a@x.org").read(1, &[endless("Weekly", 100.0 - percent)])];
    let off = AccountUsage { disabled: true, ..left(1.0).remove(0) };
    let failed = claude("b@x.org").failed(Failure::Server(500));
    let expired = claude("b@x.org").failed(Failure::Expired("x".into()));
    let loading = AccountUsage { loading: true, ..claude("c@x.org") };
    for (accounts, face) in [
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
            [left(42.0), vec![codex("d@x.org").read(1, &[endless("Weekly", 100.0)])]].concat(),
            IconState::Exhausted,
        ),
    ] {
        let scene = Scene::of(accounts);
        assert_eq!(scene.presenter().icon_state(), face, "{}", scene.accounts());
    }
}

#[test]
fn a_folder_that_cannot_be_read_is_an_error_and_the_first_look_is_none() {
    let mut scene = Scene::of(vec![]);
    scene.snapshot.problem = Some("could not read it".into());
    assert_eq!(scene.presenter().icon_state(), IconState::Error);
    scene.snapshot = Snapshot { refreshing: true, ..Snapshot::default() };
    assert_eq!(scene.presenter().icon_state(), IconState::Refreshing);
}

#[test]
fn what_a_number_says_is_low_follows_the_settings() {
    let mut scene = Scene::of(vec![claude("a@x.org").read(1, &[endless("Weekly", 60.0)])]);
    for (thresholds, face) in [
        (vec![50.0], IconState::Low(40.0)),
        (vec![5.0, 50.0], IconState::Low(40.0)),
        (vec![40.0], IconState::Fine(40.0)),
        (vec![], IconState::Fine(40.0)),
    ] {
        scene.settings.thresholds = thresholds;
        assert_eq!(scene.presenter().icon_state(), face);
    }
}

#[test]
fn a_last_good_value_counts_until_its_window_is_given_back() {
    let stale =
        |reset| claude("a@x.org").read(30, &[window("5-hour", 97.0, reset)]).failed(Failure::TimedOut(15));
    assert_eq!(Scene::of(vec![stale(10)]).presenter().icon_state(), IconState::Low(3.0));
    assert_eq!(Scene::of(vec![stale(-10)]).presenter().icon_state(), IconState::Error);
}

/// "First answer still under way" is what the other face says.
#[test]
fn a_group_of_accounts_that_all_failed_shows_the_error_face() {
    let scene = crowd(|_, usage| usage.failed(Failure::Unreachable("api".into())));
    for item in scene.account_items() {
        if let Item::Submenu(label, face, _) = item {
            assert_eq!(face, Some(IconState::Error), "{label}");
        }
    }
}

#[test]
fn the_tooltip_is_the_lowest_account_and_its_reset() {
    let scene = Scene::of(vec![
        claude("alice@x.org").read(2, &[window("5-hour", 58.0, 130)]),
        codex("bob@x.org").read(2, &[window("5-hour", 30.0, 20), window("Weekly", 96.5, 4_615)]),
    ]);
    insta::assert_snapshot!(scene.presenter().tooltip(), @"
    Codex · bob@x.org
    Weekly: 4% left — resets in 3 d 4 h (20 Sep, 17:55)
    ");
}

#[test]
fn without_a_number_the_tooltip_is_what_the_menu_says_first() {
    let words = |scene: Scene| scene.presenter().tooltip();
    assert_eq!(words(Scene::of(vec![])), "No account is connected");
    let expired = words(Scene::of(vec![claude("a@x.org").failed(Failure::Expired("x".into()))]));
    assert_eq!(expired, "Claude · a@x.org — token expired");
}

#[test]
fn a_tooltip_is_cut_to_the_platforms_limit_and_never_within_a_letter() {
    let units = |text: &str| text.encode_utf16().count();
    let exact = "x".repeat(127);
    assert_eq!(cut(&exact, 127), exact);
    assert_eq!(cut(&"x".repeat(128), 127), format!("{}…", "x".repeat(126)));
    // A smiley is two units: one more would be the 128th.
    let smileys = "😀".repeat(64);
    assert_eq!(cut(&smileys, 127), format!("{}…", "😀".repeat(63)));
    assert_eq!(cut(&format!("x{smileys}"), 127), format!("x{}…", "😀".repeat(62)));
    let tooltip = Scene::of(vec![claude(&"ö😀".repeat(90)).read(2, &[window("5-hour", 58.0, 130)])])
        .presenter()
        .tooltip();
    for most in 0..200 {
        let cut = cut(&tooltip, most);
        assert!(
            units(&cut) <= most.max(1) && tooltip.starts_with(cut.trim_end_matches('…')),
            "{most}: {cut}"
        );
    }
}

#[test]
fn the_text_beside_the_icon_is_shown_on_demand_only() {
    let mut scene = Scene::of(vec![claude("a@x.org").read(2, &[endless("Weekly", 99.6)])]);
    assert_eq!(scene.presenter().title(), "");
    scene.settings.show_title = true;
    assert_eq!(scene.presenter().title(), "under 1%");
    scene.snapshot.accounts.clear();
    assert_eq!(scene.presenter().title(), "");
}

#[test]
fn the_label_says_what_the_icon_shows() {
    let label = |scene: Scene| scene.presenter().label();
    let reading = |used| Scene::of(vec![claude("a@x.org").read(2, &[endless("Weekly", used)])]);
    for (used, words) in [
        (58.0, "Quota Tray: 42% left"),
        (80.0, "Quota Tray: 20% left"),
        (88.0, "Quota Tray: 12% left, low"),
        (99.6, "Quota Tray: under 1% left, low"),
        (100.0, "Quota Tray: used up"),
    ] {
        assert_eq!(label(reading(used)), words);
    }
    assert_eq!(label(Scene::of(vec![])), "Quota Tray: no account is connected");
    assert_eq!(label(Scene::of(vec![claude("a@x.org")])), "Quota Tray: no data yet");
    let failed = Scene::of(vec![claude("a@x.org").failed(Failure::SignInAgain)]);
    assert_eq!(label(failed), "Quota Tray: usage unavailable");
}
