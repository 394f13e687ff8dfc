//! What must hold of everything that is read from outside, whatever stood there.

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

/// Text from outside is cut at 60 characters and an ellipsis; the words around it are ours.
const MOST_LETTERS: usize = 61;

/// The moment of every answer: 17 September 2026.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_789_639_800, 0).expect("in range")
}

/// Reads `body` as an answer of `provider`, and follows the reading to all places it is shown in.
pub fn answer(provider: Provider, body: &[u8]) {
    match REGISTRY.spec(provider).expect("registered").parse_body(body, now()) {
        Ok(reading) => {
            sound(&reading);
            shown(provider, reading);
        }
        Err(complaint) => one_line(&complaint, 200),
    }
}

/// What holds of a good reading.
fn sound(reading: &Usage) {
    // An account that is billed by use has none.
    assert!(reading.windows.len() <= MAX_WINDOWS, "{} windows", reading.windows.len());
    let keys: HashSet<_> = reading.windows.iter().map(|window| &window.key).collect();
    assert_eq!(keys.len(), reading.windows.len(), "two windows share a key: {reading:?}");
    reading.windows.iter().for_each(sound_window);
    if let Some(plan) = &reading.plan {
        one_line(plan, MOST_LETTERS);
    }
    assert!(reading.facts.len() <= 8, "{reading:?}");
    for words in reading.fact_labels(now(), Locale::UTC) {
        one_line(&words, 200);
    }
    if let Some(ExtraUsage { spent, limit, currency }) = &reading.extra_usage {
        assert!(spent.is_finite() && limit.is_none_or(f64::is_finite), "{reading:?}");
        if let Some(currency) = currency {
            one_line(currency, MOST_LETTERS);
        }
    }
}

/// What holds of each window.
pub fn sound_window(window: &Window) {
    let (used, left) = (window.used_percent(), window.remaining_percent());
    assert!((0.0..=100.0).contains(&used) && (0.0..=100.0).contains(&left), "{window:?}");
    assert!((used + left - 100.0).abs() < 1e-9, "{window:?}");
    assert!(used.is_sign_positive() && left.is_sign_positive(), "a negative zero: {window:?}");
    assert!(window.length_seconds != Some(0), "{window:?}");
    assert!(window.key.chars().count() <= MOST_LETTERS + "weekly_scoped.#32".len(), "{window:?}");
    // "Code review (5-hour)" around a name from outside.
    one_line(&window.title, MOST_LETTERS + 40);
    if let Some(note) = &window.reset_note {
        one_line(note, MOST_LETTERS);
    }
}

/// Text that fits a menu: something in it, on one line, without control characters, not too long.
pub fn one_line(text: &str, most: usize) {
    assert!(!text.trim().is_empty(), "nothing to read");
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(text.chars().count() <= most, "{} letters: {text:?}", text.chars().count());
}

/// Shows a reading in the menu, in notices and in the report, and keeps it over a restart.
fn shown(provider: Provider, reading: Usage) {
    let account = Account { id: AccountId::file("a.json".into()), provider, email: "a@example.com".into(), identity: None };
    let mut usage = AccountUsage::unknown(account);
    usage.record(Ok(reading), now());
    let snapshot = Snapshot { accounts: vec![usage], updated_at: Some(now()), ..Snapshot::default() };

    let kept = serde_json::to_string(&snapshot).expect("plain data is always JSON");
    let back: Snapshot = serde_json::from_str(&kept).expect("what was kept can be read again");
    let moments = |snapshot: &Snapshot| -> Vec<_> {
        snapshot.accounts[0].windows().iter().map(|window| (window.key.clone(), window.resets_at)).collect()
    };
    assert_eq!(moments(&back), moments(&snapshot), "{kept}");

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
        let Effect::Notify(notices) = effect else { continue };
        for (title, text) in notices.iter().map(|notice| notice.message(now(), Locale::UTC, false)) {
            one_line(&title, 200);
            one_line(&text, 400);
        }
    }
    // The same answer once more is no news.
    let again = app.handle(AppEvent::Snapshot(snapshot), now());
    assert!(!again.iter().any(|effect| matches!(effect, Effect::Notify(_))), "{again:?}");
}
