//! Single rows.

use super::*;
use quota_tray::config::MenuForm;

/// The row of an account, without what is below it.
fn row(usage: AccountUsage) -> String {
    let mut fixture = MenuFixture::of(vec![usage]);
    fixture.settings.menu = MenuForm::Accounts;
    match fixture.account_items().as_slice() {
        [Item::Submenu(Submenu { label, .. }) | Item::Note(label)] => label.trim().to_owned(),
        other => panic!("expected one row, not {other:?}"),
    }
}

#[test]
fn each_failure_has_a_short_text_in_the_row_and_a_sentence_below_it() {
    for (failure, short, sentence) in [
        (Failure::Unreachable("api.example.com".into()), "unreachable", "Could not reach api.example.com"),
        (Failure::TimedOut(15), "timed out", "No response within 15 s"),
        (Failure::TlsError("api.example.com".into()), "TLS error", "TLS error with api.example.com"),
        (Failure::SignInAgain, "sign in again", "Sign in again"),
        (Failure::Expired("start CLIProxyAPI".into()), "token expired", "Token expired: start CLIProxyAPI"),
        (
            Failure::Expired(RenewalFailure::ResponsesLost { responses_lost: 3, retry_at: ahead(130) }),
            "token expired",
            "response was lost 3 times; trying again at 15:10, or sign in again",
        ),
        (
            Failure::Rejected(RenewalFailure::Unsent { unsent: Box::new(Failure::TimedOut(15)) }),
            "token rejected",
            "could not renew it: no response within 15 s",
        ),
        (Failure::RateLimited(ahead(130)), "rate limited until 15:10", "Rate limited until 15:10"),
        (Failure::RateLimited(ahead(24 * 60)), "rate limited until 18 Sep, 13:00", "until 18 Sep, 13:00"),
        (Failure::Server(502), "server error 502", "Server error 502"),
        (
            Failure::InvalidResponse("it is empty".into()),
            "unexpected response",
            "Unexpected response: it is empty",
        ),
        (
            Failure::InvalidFile("could not use x.json: it is empty".into()),
            "invalid credential file",
            "Could not use x.json: it is empty",
        ),
        (Failure::Internal("a panic".into()), "internal error", "report it: a panic"),
    ] {
        let accounts = |form, usage: AccountUsage| {
            let mut fixture = MenuFixture::of(vec![usage]);
            fixture.settings.menu = form;
            fixture.accounts()
        };
        let never = claude("a@x.org").with_failure(failure.clone());
        let stale =
            claude("a@x.org").with_usage(12, &[window_without_reset("Weekly", 58.0)]).with_failure(failure);
        let windows = accounts(MenuForm::Windows, stale.clone());
        let below = windows.split("Weekly").last().expect("a row").split_whitespace().collect::<Vec<_>>();
        assert!(below.join(" ").contains(sentence), "below the windows: {windows}");
        let [never, stale] = [never, stale].map(|usage| accounts(MenuForm::Accounts, usage));
        for rows in [&never, &stale] {
            let first = rows.lines().next().expect("a row");
            assert!(first.contains(short), "{rows}");
            // A long sentence continues in the next row.
            let rows = rows.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(rows.contains(sentence), "{rows}");
        }
        assert!(!never.contains('%'), "{never}");
        assert!(stale.contains("42% left") && stale.contains("12 min ago"), "{stale}");
    }
}

#[test]
fn percentage_is_rounded_in_the_row_and_followed_by_left_below_it() {
    for (used, words) in [
        (0.0, "a@x.org — 100% · Weekly"),
        (99.0, "! a@x.org — 1% · Weekly"),
        (99.5, "! a@x.org — under 1% · Weekly"),
        (100.0, "× a@x.org — 0% · Weekly"),
        (80.4, "a@x.org — 20% · Weekly"),
        (80.6, "! a@x.org — 19% · Weekly"),
    ] {
        let usage = claude("a@x.org").with_usage(2, &[window_without_reset("Weekly", used)]);
        assert_eq!(row(usage.clone()).replace('\u{2005}', ""), words);
        let left = words.split(['—', '·']).nth(1).expect("a percentage").trim();
        assert!(MenuFixture::of(vec![usage]).accounts().contains(&format!("Weekly: {left} left")));
    }
}

#[test]
fn unusual_names_are_shown_unchanged_with_the_number() {
    for name in ["R&D_team@x.org", "_", "zoë+😀@x.org", "عمر@x.org", "a&&b__c", &"long".repeat(100)] {
        let row = row(codex(name).with_usage(2, &[window_without_reset("Weekly", 58.0)]));
        assert_eq!(row, format!("{name} — 42% · Weekly"));
    }
}

#[test]
fn reset_note_is_shown_verbatim() {
    let mut noted = window_without_reset("Weekly", 58.0);
    noted.reset_note = Some("tomorrow".into());
    let rows = MenuFixture::of(vec![codex("a@x.org").with_usage(2, &[noted])]).accounts();
    assert!(rows.contains("Weekly: 42% left") && rows.contains("tomorrow"), "{rows}");
}

#[test]
fn unnamed_window_is_shown_but_not_counted() {
    let usage = claude("a@x.org")
        .with_usage(2, &[window_without_reset("Weekly", 58.0), unnamed("Nimbus quill", 100.0)]);
    assert_eq!(row(usage.clone()), "a@x.org — 42% · Weekly");
    let accounts = MenuFixture::of(vec![usage]).accounts();
    assert!(accounts.contains("Nimbus quill: 0% left") && !accounts.contains("0%  Nimbus"), "{accounts}");
}

#[test]
fn separators_are_never_first_last_or_adjacent() {
    #[track_caller]
    fn check(items: &[Item]) {
        let line = |item: &Item| *item == Item::Separator;
        assert!(!items.first().is_some_and(line) && !items.last().is_some_and(line), "{}", menu_text(items));
        assert!(!items.windows(2).any(|pair| line(&pair[0]) && line(&pair[1])), "{}", menu_text(items));
        for item in items {
            if let Item::Submenu(submenu) = item {
                check(&submenu.items);
            }
        }
    }
    let fixtures = [
        MenuFixture::of(vec![]),
        MenuFixture::of(vec![
            claude("a@x.org"),
            codex("b@x.org").with_usage(2, &[window_without_reset("Weekly", 1.0)]),
        ]),
        MenuFixture::of(vec![claude("a@x.org").with_failure(Failure::SignInAgain)]),
        MenuFixture { problem: Some("a sentence".into()), ..MenuFixture::of(vec![]) },
        many_accounts(|_, usage| usage.with_usage(2, &[window_without_reset("Weekly", 1.0)])),
        many_accounts(|_, usage| AccountUsage { loading: true, ..usage }),
        many_accounts(|_, usage| AccountUsage { disabled: true, ..usage }),
    ];
    fixtures.iter().for_each(|fixture| check(&fixture.items()));
}

#[test]
fn twenty_accounts_have_a_row_each() {
    let mut fixture = many_accounts(|_, usage| usage.with_usage(2, &[window_without_reset("Weekly", 1.0)]));
    fixture.snapshot.accounts.truncate(20);
    assert_eq!(fixture.account_items().len(), 20);
}

#[test]
fn account_list_as_text_has_the_rows_of_the_menu() {
    let text = |fixture: &MenuFixture| fixture.presenter().account_list().to_text();
    let accounts = vec![
        claude("a@x.org")
            .with_usage(2, &[window_without_reset("Weekly", 99.0)])
            .with_failure(Failure::TimedOut(15)),
        AccountUsage { disabled: true, ..codex("b@x.org") },
    ];
    insta::assert_snapshot!(text(&MenuFixture::of(accounts)), @"
    Claude · a@x.org — 1% left · 2 min ago · timed out
      Weekly: 1% left
      Updated 12:58
      No response within 15 s
    Codex · b@x.org — disabled
    ");
    let many = text(&many_accounts(|_, usage| usage.with_usage(2, &[window_without_reset("Weekly", 1.0)])));
    let claude =
        "Claude · 12 accounts — lowest 99% left\n  Claude · u01@x.org — 99% left\n    Weekly: 99% left\n";
    assert!(many.contains(claude), "{many}");
}
