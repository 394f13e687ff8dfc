//! Single rows.

use super::*;

/// The row of an account, without what is below it.
fn row(usage: AccountUsage) -> String {
    match Scene::of(vec![usage]).account_items().as_slice() {
        [Item::Submenu(label, ..) | Item::Note(label)] => label.clone(),
        other => panic!("expected one row, not {other:?}"),
    }
}

#[test]
fn each_failure_has_its_words_in_the_row_and_a_sentence_below_it() {
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
        let never = Scene::of(vec![claude("a@x.org").failed(failure.clone())]).accounts();
        let stale = Scene::of(vec![claude("a@x.org").read(12, &[endless("Weekly", 58.0)]).failed(failure)])
            .accounts();
        for rows in [&never, &stale] {
            let first = rows.lines().next().expect("a row");
            assert!(first.contains(short), "{rows}");
            // A long sentence goes on in the next row.
            let rows = rows.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(rows.contains(sentence), "{rows}");
        }
        assert!(!never.contains('%'), "{never}");
        assert!(stale.contains("42% left") && stale.contains("12 min ago"), "{stale}");
    }
}

#[test]
fn a_percentage_is_always_said_to_be_left() {
    for (used, words) in [
        (0.0, "100% left"),
        (99.0, "1% left"),
        (99.5, "under 1% left"),
        (100.0, "0% left"),
        (57.6, "42% left"),
    ] {
        let usage = claude("a@x.org").read(2, &[endless("Weekly", used)]);
        assert_eq!(row(usage.clone()), format!("Claude · a@x.org — {words}"));
        assert!(Scene::of(vec![usage]).accounts().contains(&format!("Weekly: {words}")));
    }
}

#[test]
fn odd_names_are_shown_as_they_are_and_never_push_the_number_out() {
    for name in ["R&D_team@x.org", "_", "zoë+😀@x.org", "عمر@x.org", "a&&b__c", &"long".repeat(100)] {
        let row = row(codex(name).read(2, &[endless("Weekly", 58.0)]));
        assert_eq!(row, format!("Codex · {name} — 42% left"));
    }
}

#[test]
fn a_reset_that_was_told_in_words_is_repeated_in_them() {
    let mut noted = endless("Weekly", 58.0);
    noted.reset_note = Some("tomorrow".into());
    let rows = Scene::of(vec![codex("a@x.org").read(2, &[noted])]).accounts();
    assert!(rows.contains("Weekly: 42% left") && rows.contains("tomorrow"), "{rows}");
}

#[test]
fn a_window_nobody_knows_is_shown_and_counts_for_nothing() {
    let usage = claude("a@x.org").read(2, &[endless("Weekly", 58.0), unnamed("Nimbus quill", 100.0)]);
    assert_eq!(row(usage.clone()), "Claude · a@x.org — 42% left");
    assert!(Scene::of(vec![usage]).accounts().contains("Nimbus quill: 0% left"));
}

#[test]
fn no_menu_begins_or_ends_with_a_line_or_has_two_in_a_row() {
    #[track_caller]
    fn check(items: &[Item]) {
        let line = |item: &Item| *item == Item::Separator;
        assert!(!items.first().is_some_and(line) && !items.last().is_some_and(line), "{}", drawn(items));
        assert!(!items.windows(2).any(|pair| line(&pair[0]) && line(&pair[1])), "{}", drawn(items));
        for item in items {
            if let Item::Submenu(_, _, items) = item {
                check(items);
            }
        }
    }
    let scenes = [
        Scene::of(vec![]),
        Scene::of(vec![claude("a@x.org"), codex("b@x.org").read(2, &[endless("Weekly", 1.0)])]),
        Scene::of(vec![claude("a@x.org").failed(Failure::SignInAgain)]),
        Scene { problem: Some("a sentence".into()), ..Scene::of(vec![]) },
        crowd(|_, usage| usage.read(2, &[endless("Weekly", 1.0)])),
        crowd(|_, usage| AccountUsage { loading: true, ..usage }),
        crowd(|_, usage| AccountUsage { disabled: true, ..usage }),
    ];
    scenes.iter().for_each(|scene| check(&scene.items()));
}

#[test]
fn twenty_accounts_still_have_a_row_each() {
    let mut scene = crowd(|_, usage| usage.read(2, &[endless("Weekly", 1.0)]));
    scene.snapshot.accounts.truncate(20);
    assert_eq!(scene.account_items().len(), 20);
}

#[test]
fn account_list_as_text_has_the_rows_of_the_menu() {
    let text = |scene: &Scene| scene.presenter().account_list().to_text();
    let accounts = vec![
        claude("a@x.org").read(2, &[endless("Weekly", 99.0)]).failed(Failure::TimedOut(15)),
        AccountUsage { disabled: true, ..codex("b@x.org") },
    ];
    insta::assert_snapshot!(text(&Scene::of(accounts)), @"
    Claude · a@x.org — 1% left · 2 min ago · timed out
      Weekly: 1% left
      Updated 12:58
      No response within 15 s
    Codex · b@x.org — disabled
    ");
    let many = text(&crowd(|_, usage| usage.read(2, &[endless("Weekly", 1.0)])));
    let claude =
        "Claude · 12 accounts — lowest 99% left\n  Claude · u01@x.org — 99% left\n    Weekly: 99% left\n";
    assert!(many.contains(claude), "{many}");
}
