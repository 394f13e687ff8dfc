//! Invariants of everything that is parsed from outside input.

use chrono::{DateTime, Utc};
use quota_tray::output::json::Report;
use quota_tray::config::Settings;
use quota_tray::providers::REGISTRY;
use quota_tray::providers::windows::MAX_WINDOWS;
use quota_tray::quota::alert::AlertHistory;
use quota_tray::quota::{Account, AccountId, AccountUsage, ExtraUsage, Provider, Usage, Snapshot, Window};
use quota_tray::presenter::Locale;
use quota_tray::app::state_machine::{App, Effect, AppEvent};
use std::collections::HashSet;

/// The maximum length of outside text: 60 characters and an ellipsis. Text around it is the program's.
const MAX_CHARS: usize = 61;

/// The current time in every target: 17 September 2026.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_789_639_800, 0).expect("in range")
}

/// Parses `body` as a response of `provider` and shows its usage wherever the program does.
pub fn response(provider: Provider, body: &[u8]) {
    match REGISTRY.spec(provider).expect("registered").parse_body(body, now()) {
        Ok(usage) => {
            assert_valid(&usage);
            assert_displayable(provider, usage);
        }
        Err(error) => one_line(&error, 200),
    }
}

/// Asserts what holds for any usage.
fn assert_valid(usage: &Usage) {
    // An account with usage-based billing has no windows.
    assert!(usage.windows.len() <= MAX_WINDOWS, "{} windows", usage.windows.len());
    let keys: HashSet<_> = usage.windows.iter().map(|window| &window.key).collect();
    assert_eq!(keys.len(), usage.windows.len(), "two windows share a key: {usage:?}");
    usage.windows.iter().for_each(assert_valid_window);
    if let Some(plan) = &usage.plan {
        one_line(plan, MAX_CHARS);
    }
    assert!(usage.facts.len() <= 8, "{usage:?}");
    for label in usage.fact_labels(now(), Locale::UTC) {
        one_line(&label, 200);
    }
    if let Some(ExtraUsage { spent, limit, currency }) = &usage.extra_usage {
        assert!(spent.is_finite() && limit.is_none_or(f64::is_finite), "{usage:?}");
        if let Some(currency) = currency {
            one_line(currency, MAX_CHARS);
        }
    }
}

/// Asserts what holds for any window.
pub fn assert_valid_window(window: &Window) {
    let (used, left) = (window.used_percent(), window.remaining_percent());
    assert!((0.0..=100.0).contains(&used) && (0.0..=100.0).contains(&left), "{window:?}");
    assert!((used + left - 100.0).abs() < 1e-9, "{window:?}");
    assert!(used.is_sign_positive() && left.is_sign_positive(), "a negative zero: {window:?}");
    assert!(window.length_seconds != Some(0), "{window:?}");
    assert!(window.key.chars().count() <= MAX_CHARS + "weekly_scoped.#32".len(), "{window:?}");
    // "Code review (5-hour)" around a name from outside.
    one_line(&window.title, MAX_CHARS + 40);
    if let Some(note) = &window.reset_note {
        one_line(note, MAX_CHARS);
    }
}

/// Asserts that text fits a menu: not empty, one line, no control characters, at most `max` characters.
pub fn one_line(text: &str, max: usize) {
    assert!(!text.trim().is_empty(), "empty text");
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(text.chars().count() <= max, "{} characters: {text:?}", text.chars().count());
}

/// Shows usage in the menu, in notifications and in the report, and restores it as after a restart.
fn assert_displayable(provider: Provider, usage: Usage) {
    let account = Account { id: AccountId::file("a.json".into()), provider, email: "a@example.com".into(), identity: None, given_name: None };
    let mut account_usage = AccountUsage::unknown(account);
    account_usage.record(Ok(usage), now());
    let snapshot = Snapshot { accounts: vec![account_usage], updated_at: Some(now()), ..Snapshot::default() };

    let saved = serde_json::to_string(&snapshot).expect("plain data is always JSON");
    let restored: Snapshot = serde_json::from_str(&saved).expect("a saved snapshot can be restored");
    let reset_times = |snapshot: &Snapshot| -> Vec<_> {
        snapshot.accounts[0].windows().iter().map(|window| (window.key.clone(), window.resets_at)).collect()
    };
    assert_eq!(reset_times(&restored), reset_times(&snapshot), "{saved}");

    let report = Report::new(&snapshot, false, now(), Locale::UTC).json();
    let report: serde_json::Value = serde_json::from_str(&report).expect("the report is JSON");
    for window in report["accounts"][0]["windows"].as_array().expect("windows") {
        assert!(window["used_percent"].is_number(), "{report}");
    }

    let mut app =
        App::new(Settings::default(), "/home/u".into(), AlertHistory::default(), Snapshot::default(), Locale::UTC);
    let effects = app.handle(AppEvent::Snapshot(snapshot.clone()), now());
    assert!(matches!(effects.first(), Some(Effect::Show(_))), "{effects:?}");
    for effect in &effects {
        let Effect::Notify(notifications) = effect else { continue };
        for (title, text) in notifications.iter().map(|notification| notification.message(now(), Locale::UTC, false)) {
            one_line(&title, 200);
            one_line(&text, 400);
        }
    }
    // The same response again causes no notification.
    let again = app.handle(AppEvent::Snapshot(snapshot), now());
    assert!(!again.iter().any(|effect| matches!(effect, Effect::Notify(_))), "{again:?}");
}
