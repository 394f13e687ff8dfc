//! Whole menus.

use super::*;
use insta::assert_snapshot;
use quota_tray::config::MenuForm;
use quota_tray::quota::ExtraUsage;

#[test]
fn menu_without_accounts_says_how_to_connect_one() {
    assert_snapshot!(MenuFixture::of(vec![]).menu(), @"
    No account is connected
    Sign in to Claude or Codex with CLIProxyAPI, VibeProxy or
    DroidProxy: logins in /home/u/.cli-proxy-api appear here
    automatically
    ---
    (Updated 12:58, next 13:03)
    > Refresh now
    + Settings +
        ( ) Refresh every minute
        (o) Refresh every 5 minutes
        ( ) Refresh every 15 minutes
        ( ) Refresh every 30 minutes
        ---
        [ ] Notify below 50% left
        [x] Notify below 20% left
        [ ] Notify below 10% left
        [x] Notify below 5% left
        ---
        [ ] Hide e-mail addresses
    > Open credentials folder
    > Open settings file
    ---
    > Quit Quota Tray
    ");
}

#[test]
fn menu_before_the_first_response_shows_loading() {
    let mut fixture = MenuFixture::of(vec![]);
    fixture.snapshot = Snapshot { refreshing: true, ..Snapshot::default() };
    assert_eq!(fixture.accounts(), "Looking for accounts…");
    fixture.snapshot.accounts = vec![AccountUsage { loading: true, ..claude("alice@x.org") }];
    assert_snapshot!(fixture.accounts(), @"
    + Claude · alice@x.org — loading… + Refreshing
        (Fetching usage…)
    ");
}

#[test]
fn unreadable_folder_is_reported_in_place_of_the_accounts() {
    let mut fixture = MenuFixture::of(vec![]);
    fixture.snapshot.problem =
        Some("could not read the folder /home/u/.cli-proxy-api: permission denied; check its owner".into());
    assert_snapshot!(fixture.accounts(), @"
    could not read the folder /home/u/.cli-proxy-api: permission
    denied; check its owner
    ");
}

#[test]
fn up_to_five_accounts_have_a_row_for_each_window() {
    let mut alice = claude("alice@example.com")
        .with_usage(2, &[window("5-hour", 94.0, 74), window("Weekly", 10.0, 4_615)]);
    alice.last_usage.as_mut().expect("usage").plan = Some("max".into());
    let fixture = MenuFixture::of(vec![
        alice,
        claude("carol@example.com").with_failure(Failure::SignInAgain),
        claude("dave@example.com")
            .with_usage(31, &[window("5-hour", 20.0, 100), window("Weekly", 85.0, 900)])
            .with_failure(Failure::TimedOut(15)),
        codex("bob@example.com").with_usage(
            2,
            &[window("5-hour", 100.0, 9), window_without_reset("Weekly", 0.0), unnamed("Nimbus quill", 99.0)],
        ),
        codex("frank@example.com").with_usage(2, &[window("5-hour", 97.0, -1), window("Weekly", 99.5, 50)]),
    ]);
    assert_snapshot!(fixture.accounts(), @"
    + Claude · alice@example.com · Max + Low(6.0)
        5-hour: 6% left — resets in 1 h 14 m (14:14)
        Weekly: 90% left — resets in 3 d 4 h (20 Sep, 17:55)
        ---
        Plan: Max
        (Updated 12:58)
    ! ▰▱▱▱▱▱▱▱   6%  5-hour · resets in 1 h 14 m
      ▰▰▰▰▰▰▰▱  90%  Weekly · resets in 3 d 4 h
    + Claude · carol@example.com + Error
        (Never updated)
        Sign in again with CLIProxyAPI: the login is no longer accepted
      Sign in again with CLIProxyAPI: the login is no longer accepted
    + Claude · dave@example.com — 31 min ago + Low(15.0)
        5-hour: 80% left — resets in 1 h 40 m (14:40)
        Weekly: 15% left — resets in 15 h (18 Sep, 04:00)
        ---
        (Updated 12:29)
        No response within 15 s
    ? ▰▰▰▰▰▰▱▱  80%  5-hour · resets in 1 h 40 m
    ! ▰▱▱▱▱▱▱▱  15%  Weekly · resets in 15 h
      No response within 15 s
    + Codex · bob@example.com + Exhausted
        5-hour: 0% left — resets in 9 m (13:09)
        Weekly: 100% left
        Nimbus quill: 1% left
        ---
        (Updated 12:58)
    × ▱▱▱▱▱▱▱▱   0%  5-hour · resets in 9 m
      ▰▰▰▰▰▰▰▰ 100%  Weekly
    + Codex · frank@example.com + Low(0.5)
        5-hour: reset at 12:59, not yet confirmed
        Weekly: under 1% left — resets in 50 m (13:50)
        ---
        (Updated 12:58)
    ? 5-hour · reset at 12:59, not yet confirmed
    ! ▰▱▱▱▱▱▱▱ under 1%  Weekly · resets in 50 m
    ");
}

#[test]
fn account_without_a_window_says_why_in_its_header() {
    let mut billed = claude("a@x.org").with_usage(2, &[]);
    billed.last_usage.as_mut().expect("usage").extra_usage =
        Some(ExtraUsage { spent: 2119.26, limit: Some(5000.0), currency: Some("USD".into()) });
    let fixture = MenuFixture::of(vec![
        billed,
        claude("b@x.org").with_usage(2, &[unnamed("Nimbus quill", 99.0)]),
        AccountUsage { loading: true, ..claude("c@x.org") },
        AccountUsage { disabled: true, ..claude("d@x.org") },
    ]);
    let accounts = fixture.accounts();
    let rows: Vec<_> = accounts.lines().filter(|row| !row.starts_with("    ")).collect();
    assert_snapshot!(rows.join("\n"), @"
    + Claude · a@x.org — usage-based billing + Refreshing
      Spent $2119.26 of $5000.00
    + Claude · b@x.org — no known quota window + Refreshing
    + Claude · c@x.org — loading… + Refreshing
    (Claude · d@x.org — disabled)
    ");
}

#[test]
fn old_usage_is_marked_without_an_error_and_offline() {
    let usage = claude("a@x.org").with_usage(31, &[window("Weekly", 58.0, 130)]);
    let rows = |fixture: &MenuFixture| {
        let accounts = fixture.accounts();
        let rows: Vec<_> =
            accounts.lines().filter(|row| !row.starts_with("    ")).map(str::to_owned).collect();
        rows.join("\n")
    };
    assert_snapshot!(rows(&MenuFixture::of(vec![usage.clone()])), @"
    + Claude · a@x.org — 31 min ago + Refreshing
    ? ▰▰▰▱▱▱▱▱  42%  Weekly · resets in 2 h 10 m
    ");
    let mut offline = MenuFixture::of(vec![usage.with_failure(Failure::Unreachable("api".into()))]);
    offline.snapshot.offline = true;
    assert_snapshot!(rows(&offline), @"
    Offline: showing the last known values
    + Claude · a@x.org — 31 min ago + Error
    ? ▰▰▰▱▱▱▱▱  42%  Weekly · resets in 2 h 10 m
    ");
}

#[test]
fn menu_setting_chooses_the_form_for_any_number_of_accounts() {
    let account =
        |n: usize| claude(&format!("u{n:02}@x.org")).with_usage(2, &[window_without_reset("Weekly", 58.0)]);
    for (form, count, has_windows, is_grouped) in [
        (MenuForm::Auto, 5, true, false),
        (MenuForm::Auto, 6, false, false),
        (MenuForm::Windows, 20, true, false),
        (MenuForm::Windows, 21, true, true),
        (MenuForm::Accounts, 1, false, false),
        (MenuForm::Accounts, 21, false, true),
    ] {
        let mut fixture = MenuFixture::of((0..count).map(account).collect());
        fixture.settings.menu = form;
        let accounts = fixture.accounts();
        let rows: Vec<_> = accounts.lines().filter(|row| !row.starts_with("    ")).collect();
        let is_window = |row: &&str| *row == "  ▰▰▰▱▱▱▱▱  42%  Weekly";
        assert_eq!(rows.iter().any(is_window), has_windows, "{form:?} {count}: {accounts}");
        let is_group = |row: &&str| row.contains("accounts — lowest");
        assert_eq!(rows.iter().any(is_group), is_grouped, "{form:?} {count}");
    }
}

#[test]
fn six_accounts_have_a_row_each_with_the_lowest_window_and_a_submenu_of_details() {
    let fixture = MenuFixture::of(vec![
        claude("alice@example.com")
            .with_usage(2, &[window("5-hour", 58.0, 130), window("Weekly", 10.0, 4_615)]),
        claude("Bob@example.com").with_usage(
            2,
            &[window("5-hour", 85.0, 45), window_without_reset("Weekly", 0.0), unnamed("Nimbus quill", 99.0)],
        ),
        claude("carol@example.com").with_failure(Failure::SignInAgain),
        claude("dave@example.com")
            .with_usage(31, &[window("5-hour", 20.0, 100)])
            .with_failure(Failure::TimedOut(15)),
        claude("erin@example.com")
            .with_failure(Failure::Expired("start CLIProxyAPI, or sign in again".into())),
        codex("alice@example.com")
            .with_usage(2, &[window("5-hour", 100.0, 9), window("Weekly", 99.5, 1_500)]),
        codex("frank@example.com").with_usage(2, &[window("5-hour", 97.0, -1)]),
        AccountUsage { loading: true, ..codex("grace@example.com") },
        AccountUsage { disabled: true, ..codex("heidi@example.com") },
    ]);
    assert_snapshot!(fixture.accounts(), @"
    +   Claude · alice@example.com — 42% · 5-hour, 2 h 10 m + Fine(42.0)
        5-hour: 42% left — resets in 2 h 10 m (15:10)
        Weekly: 90% left — resets in 3 d 4 h (20 Sep, 17:55)
        ---
        (Updated 12:58)
    + ! Claude · Bob@example.com — 15% · 5-hour, 45 m + Low(15.0)
        5-hour: 15% left — resets in 45 m (13:45)
        Weekly: 100% left
        Nimbus quill: 1% left
        ---
        (Updated 12:58)
    + ? Claude · carol@example.com — sign in again + Error
        (Never updated)
        Sign in again with CLIProxyAPI: the login is no longer accepted
    + ? Claude · dave@example.com — 80% · 5-hour, 1 h 40 m · 31 min ago · timed out + Error
        5-hour: 80% left — resets in 1 h 40 m (14:40)
        ---
        (Updated 12:29)
        No response within 15 s
    + ? Claude · erin@example.com — token expired + Error
        (Never updated)
        Token expired: start CLIProxyAPI, or sign in again
    + × Codex · alice@example.com — 0% · 5-hour, 9 m + Exhausted
        5-hour: 0% left — resets in 9 m (13:09)
        Weekly: under 1% left — resets in 1 d 1 h (18 Sep, 14:00)
        ---
        (Updated 12:58)
    + ? Codex · frank@example.com — reset, not yet confirmed + Refreshing
        5-hour: reset at 12:59, not yet confirmed
        ---
        (Updated 12:58)
    +   Codex · grace@example.com — loading… + Refreshing
        (Fetching usage…)
    (  Codex · heidi@example.com — disabled)
    ");
}

#[test]
fn more_than_twenty_accounts_are_grouped_with_the_five_lowest_on_top() {
    let fixture = many_accounts(|n, usage| match n {
        24 => usage.with_failure(Failure::Server(502)),
        _ => usage.with_usage(1, &[window_without_reset("Weekly", 100.0 - n as f64)]),
    });
    let menu = fixture.accounts();
    let rows: Vec<_> = menu.lines().filter(|row| !row.starts_with(' ')).collect();
    assert_snapshot!(rows.join("\n"), @"
    + ! Claude · u01@x.org — 1% · Weekly + Low(1.0)
    + ! Codex · u02@x.org — 2% · Weekly + Low(2.0)
    + ! Claude · u03@x.org — 3% · Weekly + Low(3.0)
    + ! Codex · u04@x.org — 4% · Weekly + Low(4.0)
    + ! Claude · u05@x.org — 5% · Weekly + Low(5.0)
    ---
    + Claude · 12 accounts — lowest 1% left + Low(1.0)
    + Codex · 12 accounts — lowest 2% left + Low(2.0)
    ");
    assert_eq!(menu.matches("\n    + ").count(), 24);
    assert!(!menu.contains("\n    + ! Claude ·"), "the provider's name is not repeated: {menu}");
}

#[test]
fn hidden_addresses_appear_nowhere() {
    let mut fixture = MenuFixture::of(vec![
        claude("alice@example.com").with_usage(2, &[window_without_reset("Weekly", 30.0)]),
        codex("bob@example.com").with_failure(Failure::RateLimited(ahead(7))),
        AccountUsage { disabled: true, ..codex("c@example.com") },
    ]);
    fixture.settings.hide_email = true;
    assert_snapshot!(fixture.accounts(), @"
    + Claude · a…e + Fine(70.0)
        Weekly: 70% left
        ---
        (Updated 12:58)
      ▰▰▰▰▰▰▱▱  70%  Weekly
    + Codex · b…b + Error
        (Never updated)
        Rate limited until 13:07
      Rate limited until 13:07
    (Codex · c… — disabled)
    ");
    assert_eq!(fixture.menu().find('@'), None);
    assert_eq!(fixture.presenter().tooltip().find('@'), None);
}

#[test]
fn menu_during_a_refresh_says_so_and_keeps_last_values() {
    let mut fixture = MenuFixture::of(vec![
        claude("alice@x.org").with_usage(2, &[window_without_reset("Weekly", 30.0)]),
        claude("bob@x.org"),
    ]);
    fixture.snapshot.refreshing = true;
    fixture.snapshot.accounts.iter_mut().for_each(|usage| usage.loading = true);
    assert_snapshot!(fixture.menu().split("+ Settings").next().expect("rows"), @"
    + Claude · alice@x.org + Fine(70.0)
        Weekly: 70% left
        ---
        (Updated 12:58)
      ▰▰▰▰▰▰▱▱  70%  Weekly
    + Claude · bob@x.org — loading… + Refreshing
        (Fetching usage…)
    ---
    (Updated 12:58, next 13:03)
    (> Refreshing…)
    ");
}

#[test]
fn custom_settings_are_listed_in_order_among_the_usual_choices() {
    let mut fixture = MenuFixture::of(vec![]);
    fixture.settings.refresh_minutes = 7;
    fixture.settings.thresholds = vec![12.5, 5.0, 90.0];
    fixture.settings.hide_email = true;
    let items = fixture.items();
    let settings = items
        .iter()
        .find(|item| matches!(item, Item::Submenu(submenu) if submenu.key == SubmenuKey::Settings));
    assert_snapshot!(item_text(settings.expect("settings")), @"
    + Settings +
        ( ) Refresh every minute
        ( ) Refresh every 5 minutes
        (o) Refresh every 7 minutes
        ( ) Refresh every 15 minutes
        ( ) Refresh every 30 minutes
        ---
        [x] Notify below 90% left
        [ ] Notify below 50% left
        [ ] Notify below 20% left
        [x] Notify below 12.5% left
        [ ] Notify below 10% left
        [x] Notify below 5% left
        ---
        [x] Hide e-mail addresses
    ");
}

#[test]
fn program_problem_is_at_the_top() {
    let mut fixture =
        MenuFixture::of(vec![claude("alice@x.org").with_usage(2, &[window_without_reset("Weekly", 30.0)])]);
    fixture.problem = Some(
        "could not use the settings file /home/u/config.toml: line 1: unknown key refresh_minute".into(),
    );
    assert_snapshot!(fixture.menu().split("> Refresh").next().expect("rows"), @"
    could not use the settings file /home/u/config.toml: line 1:
    unknown key refresh_minute
    ---
    + Claude · alice@x.org + Fine(70.0)
        Weekly: 70% left
        ---
        (Updated 12:58)
      ▰▰▰▰▰▰▱▱  70%  Weekly
    ---
    (Updated 12:58, next 13:03)
    ");
}
