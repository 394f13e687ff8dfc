//! Text of a window: remaining and used percentage, and reset time.

use super::*;
use quota_tray::config::Settings;
use quota_tray::output::json::Report;
use quota_tray::presenter::Presenter;
use quota_tray::presenter::format::{duration, percent, reset_time};
use quota_tray::quota::alert::{self, AlertHistory, Rules};
use serde_json::json;
use std::path::Path;

#[test]
fn remaining_is_100_minus_used_and_never_below_0() {
    for (used, remaining) in
        [(0.0, 100.0), (1.0, 99.0), (42.5, 57.5), (100.0, 0.0), (120.0, 0.0), (-5.0, 100.0)]
    {
        let window = Window::new("key", "title", used).unwrap();
        assert_percent(window.remaining_percent(), remaining, &used.to_string());
        assert_percent(window.used_percent() + window.remaining_percent(), 100.0, &used.to_string());
    }
}

#[test]
fn percentage_is_rounded_and_0_means_exhausted() {
    let cases = [
        (0.0, "0%"),
        (f64::MIN_POSITIVE, "under 1%"),
        (0.000_1, "under 1%"),
        (0.4, "under 1%"),
        (0.5, "under 1%"),
        (0.99, "under 1%"),
        (0.999_999, "under 1%"),
        (1.0, "1%"),
        (1.4, "1%"),
        (1.6, "2%"),
        (41.6, "42%"),
        (57.4, "57%"),
        (99.4, "99%"),
        (100.0, "100%"),
    ];
    for (value, expected) in cases {
        assert_eq!(percent(value), expected, "{value}");
    }
}

#[test]
fn reset_is_shown_relative_and_in_local_time() {
    let summer = Locale::of_zone(|at| {
        // Central Europe in the autumn of 2026: the clocks go back on 25 October, 01:00 UTC.
        let hours = if at < utc("2026-10-25T01:00:00Z") { 2 } else { 1 };
        FixedOffset::east_opt(hours * 3600).unwrap()
    });
    let west = Locale::of_zone(|_| FixedOffset::west_opt(9 * 3600 + 1800).unwrap());
    let cases = [
        ("2026-09-17T13:10:00Z", ZONE, "in 3 hours (17 Sep 2026, 15:10)"),
        ("2026-09-17T13:10:00Z", Locale::UTC, "in 3 hours (17 Sep 2026, 13:10)"),
        ("2026-09-17T13:10:00Z", west, "in 3 hours (17 Sep 2026, 03:40)"),
        ("2026-09-17T13:10:00.9Z", ZONE, "in 3 hours (17 Sep 2026, 15:10)"),
        ("2026-09-17T11:10:00Z", ZONE, "in 1 hour (17 Sep 2026, 13:10)"),
        ("2026-09-17T10:40:00Z", ZONE, "in 30 minutes (17 Sep 2026, 12:40)"),
        ("2026-09-17T10:11:00Z", ZONE, "in 1 minute (17 Sep 2026, 12:11)"),
        ("2026-09-20T10:10:00Z", ZONE, "in 3 days (20 Sep 2026, 12:10)"),
        ("2026-09-18T10:10:00Z", ZONE, "in 1 day (18 Sep 2026, 12:10)"),
        ("2026-10-27T10:10:00Z", summer, "in 40 days (27 Oct 2026, 11:10)"),
        ("2026-12-31T23:30:00Z", ZONE, "in 106 days (1 Jan 2027, 01:30)"),
    ];
    for (at, locale, expected) in cases {
        assert_eq!(reset_time(utc(at), now(), locale), expected, "{at}");
    }
}

#[test]
fn passed_reset_is_never_negative() {
    for at in ["2026-09-17T10:10:00Z", "2026-09-17T10:09:59Z", "2026-09-10T10:10:00Z", "1970-01-01T00:00:00Z"]
    {
        let message = reset_time(utc(at), now(), ZONE);
        assert!(!message.contains('-') && !message.contains("in 0"), "{at}: {message}");
        assert!(message.ends_with(')'), "{at}: {message}");
        let message = duration(utc(at) - now());
        assert!(!message.contains('-'), "{at}: {message}");
    }
}

#[test]
fn short_duration_is_hours_and_minutes() {
    assert_eq!(duration(TimeDelta::seconds(2 * 3600 + 10 * 60)), "2 h 10 m");
}

/// The accounts of the menu as text, for one account with this response.
fn menu(provider: Provider, body: &[u8]) -> String {
    with_presenter(provider, body, |view| view.account_list().to_text())
}

fn with_presenter<T>(provider: Provider, body: &[u8], see: impl FnOnce(Presenter) -> T) -> T {
    let snapshot = snapshot(provider, REGISTRY.spec(provider).unwrap().parse_body(body, now()).unwrap());
    let settings = Settings::default();
    let auth_dir = Path::new("/home/a/.cli-proxy-api");
    see(Presenter { snapshot: &snapshot, settings: &settings, auth_dir, now: now(), locale: ZONE })
}

/// The facts that the menu and `status` show of an account with this response.
pub(super) fn facts(provider: Provider, body: &Value) -> Vec<String> {
    with_presenter(provider, body.to_string().as_bytes(), |view| view.account_rows().remove(0).facts)
}

/// The row of an account with this response.
pub(super) fn row(provider: Provider, body: &Value) -> String {
    with_presenter(provider, body.to_string().as_bytes(), |view| view.account_rows().remove(0).label)
}

#[test]
fn menu_row_shows_the_reset_in_short_form() {
    let body = json!({"five_hour": {"utilization": 58.0, "resets_at": "2026-09-17T12:20:00Z"}}).to_string();
    let menu = menu(Provider::CLAUDE, body.as_bytes());
    assert!(menu.contains("Claude · a@b.c — 42% left"), "{menu}");
    let row = menu.lines().find(|line| line.contains("5-hour")).unwrap();
    assert!(row.contains("42% left") && row.contains("resets in 2 h 10 m"), "{menu}");
}

#[test]
fn every_percentage_says_whether_it_is_left_or_used() {
    let rules = Rules { thresholds: vec![20.0, 5.0], on_reset: true };
    for (provider, name, body) in all_fixtures() {
        let Ok(usage) = REGISTRY.spec(provider).unwrap().parse_body(&body, now()) else { continue };
        let mut texts = vec![menu(provider, &body), with_presenter(provider, &body, |view| view.tooltip())];
        for notification in
            alert::evaluate(&mut AlertHistory::default(), &snapshot(provider, usage), &rules, now())
        {
            let (title, text) = notification.message(now(), ZONE, false);
            texts.push(format!("{title}: {}", text.replace('\n', "; ")));
        }
        for line in texts.iter().flat_map(|text| text.lines()) {
            let said = line.contains("left") || line.contains("used");
            assert!(said || !line.contains('%'), "{} {name}: {line:?}", provider.name());
        }
    }
}

#[test]
fn reset_that_is_not_a_date_is_shown_verbatim() {
    let menu = menu(Provider::CODEX, &fixture(Provider::CODEX, "unknown_shape"));
    let row = menu.lines().find(|line| line.contains("Full")).unwrap();
    assert!(row.contains("on your renewal date"), "{menu}");
}

#[test]
fn plan_is_shown_as_a_fact() {
    let codex = menu(Provider::CODEX, &fixture(Provider::CODEX, "prolite"));
    assert!(codex.contains("Plan: Pro Lite"), "{codex}");
}

#[test]
fn extra_usage_is_shown_as_a_fact() {
    let claude = menu(Provider::CLAUDE, &fixture(Provider::CLAUDE, "extra_usage"));
    assert!(claude.contains("Extra usage $3.20 of $50.00"), "{claude}");
}

#[test]
fn status_json_matches_the_documented_example() {
    let now = utc("2026-11-20T12:00:00Z");
    let body = json!({"five_hour": {"utilization": 42.0, "resets_at": "2026-11-20T15:00:00Z"}}).to_string();
    let usage = REGISTRY.spec(Provider::CLAUDE).unwrap().parse_body(body.as_bytes(), now).unwrap();
    let mut account_usage = account(Provider::CLAUDE, Usage::default());
    account_usage.record(Ok(usage), now);
    let snapshot = Snapshot { accounts: vec![account_usage], updated_at: Some(now), ..Snapshot::default() };
    let report = Report::new(&snapshot, false, now, Locale::UTC).json();
    let expected = json!({"generated_at": "2026-11-20T12:00:00Z",
        "accounts": [{"id": "claude-a@b.c.json", "provider": "claude", "email": "a@b.c", "plan": null,
            "state": "ok", "error": null, "updated_at": "2026-11-20T12:00:00Z",
            "lowest_remaining_percent": 58.0,
            "windows": [{"key": "five_hour", "title": "5-hour", "used_percent": 42.0,
                "remaining_percent": 58.0, "resets_at": "2026-11-20T15:00:00Z",
                "reset_text": "in 3 hours (20 Nov 2026, 15:00)", "window_seconds": 18000}]}]});
    // The order of the keys is part of the example.
    assert_eq!(report, expected.to_string());
}
