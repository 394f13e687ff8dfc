//! Responses of the usage APIs and how they are parsed. The expected values come from the documented
//! formats of the providers, not from the code.

#[path = "providers/allowance.rs"]
mod allowance;
#[path = "providers/billing.rs"]
mod billing;
#[path = "providers/claude.rs"]
mod claude;
#[path = "providers/codex.rs"]
mod codex;
#[path = "providers/counts.rs"]
mod counts;
#[path = "providers/formatting.rs"]
mod formatting;
#[path = "providers/generic.rs"]
mod generic;
#[path = "providers/hostile.rs"]
mod hostile;
#[path = "providers/large.rs"]
mod large;
#[path = "providers/limits.rs"]
mod limits;
#[path = "providers/numbers.rs"]
mod numbers;
#[path = "providers/requests.rs"]
mod requests;
#[path = "providers/responses.rs"]
mod responses;
#[path = "providers/window_keys.rs"]
mod window_keys;

use chrono::{DateTime, FixedOffset, SecondsFormat, TimeDelta, Utc};
use quota_tray::presenter::Locale;
use quota_tray::providers::REGISTRY;
use quota_tray::quota::{Account, AccountId, AccountUsage, Provider, Snapshot, Usage, Window};
use serde_json::Value;
use std::fmt::Write;
use std::path::PathBuf;

/// The current time in every test, 12:10 in [`ZONE`].
const NOW: &str = "2026-09-17T10:10:00Z";

/// Two hours ahead of UTC.
const ZONE: Locale = Locale::of_zone(|_| FixedOffset::east_opt(2 * 3600).unwrap());

#[track_caller]
fn claude(body: Value) -> Usage {
    parse(Provider::CLAUDE, &body)
}

#[track_caller]
fn codex(body: Value) -> Usage {
    parse(Provider::CODEX, &body)
}

/// The usage that the generic parser reads from a response.
#[track_caller]
fn generic(body: Value) -> Usage {
    codex(body)
}

/// The only window that the generic parser finds in a response.
#[track_caller]
fn only_window(body: Value) -> Window {
    let case = body.to_string();
    let usage = generic(body);
    assert_eq!(usage.windows.len(), 1, "{case}:\n{}", show(&usage));
    usage.windows[0].clone()
}

#[track_caller]
fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    utc(NOW)
}

fn in_seconds(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

fn fixtures(provider: Provider) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(provider.key())
}

#[track_caller]
fn fixture(provider: Provider, name: &str) -> Vec<u8> {
    std::fs::read(fixtures(provider).join(name).with_extension("json")).unwrap()
}

/// Every fixture of both providers.
fn all_fixtures() -> Vec<(Provider, String, Vec<u8>)> {
    let of = |provider: Provider| {
        let names = std::fs::read_dir(fixtures(provider)).unwrap().map(|entry| entry.unwrap().path());
        names.map(move |path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (provider, name, std::fs::read(path).unwrap())
        })
    };
    let all: Vec<_> = REGISTRY.providers().flat_map(of).collect();
    assert!(all.len() > 10, "{all:?}");
    all
}

/// The usage in a valid body.
#[track_caller]
fn parse(provider: Provider, body: &Value) -> Usage {
    match REGISTRY.spec(provider).unwrap().parse_body(body.to_string().as_bytes(), now()) {
        Ok(usage) => usage,
        Err(error) => panic!("{body}\nshould be valid, but: {error}"),
    }
}

/// The error for an invalid body.
#[track_caller]
fn parse_error(provider: Provider, body: &Value) -> String {
    match REGISTRY.spec(provider).unwrap().parse_body(body.to_string().as_bytes(), now()) {
        Ok(usage) => panic!("{body}\nshould be invalid, but was read as:\n{}", show(&usage)),
        Err(error) => error,
    }
}

/// The windows' keys, in their order.
fn keys(usage: &Usage) -> Vec<&str> {
    usage.windows.iter().map(|window| window.key.as_str()).collect()
}

/// The windows' titles, in their order.
fn titles(usage: &Usage) -> Vec<&str> {
    usage.windows.iter().map(|window| window.title.as_str()).collect()
}

/// The only window with this key.
#[track_caller]
fn window<'a>(usage: &'a Usage, key: &str) -> &'a Window {
    let mut found = usage.windows.iter().filter(|window| window.key == key);
    match (found.next(), found.next()) {
        (Some(window), None) => window,
        _ => panic!("not one window {key} in:\n{}", show(usage)),
    }
}

#[track_caller]
fn assert_percent(found: f64, expected: f64, case: &str) {
    assert!((found - expected).abs() < 1e-9, "{case}: {found}, expected {expected}");
}

/// The usage as text, one line per window.
fn show(usage: &Usage) -> String {
    let mut text = String::new();
    for window in &usage.windows {
        let reset = match (&window.resets_at, &window.reset_note) {
            (None, None) => "no reset".to_owned(),
            (None, Some(note)) => format!("reset {note:?}"),
            (Some(at), None) => format!("resets {}", at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            both => format!("{both:?}"),
        };
        let length = window.length_seconds.map_or("no length".into(), |seconds| format!("{seconds} s"));
        let named = if window.named { "named" } else { "not named" };
        let (key, title, used) = (&window.key, &window.title, window.used_percent());
        writeln!(text, "{key} | {title} | {used}% used | {reset} | {length} | {named}").unwrap();
    }
    if let Some(plan) = &usage.plan {
        writeln!(text, "plan {plan}").unwrap();
    }
    if let Some(extra) = &usage.extra_usage {
        writeln!(text, "extra usage {} of {:?} {:?}", extra.spent, extra.limit, extra.currency).unwrap();
    }
    text
}

/// The usage in a fixture as text, or its error.
#[track_caller]
fn shown(provider: Provider, name: &str) -> String {
    match REGISTRY.spec(provider).unwrap().parse_body(&fixture(provider, name), now()) {
        Ok(usage) => show(&usage),
        Err(error) => format!("error: {error}"),
    }
}

/// An account that has just received this usage.
fn account(provider: Provider, usage: Usage) -> AccountUsage {
    let mut account_usage = AccountUsage::unknown(Account {
        id: AccountId::file(format!("{}-a@b.c.json", provider.key())),
        provider,
        email: "a@b.c".into(),
        identity: None,
        given_name: None,
    });
    account_usage.record(Ok(usage), now());
    account_usage
}

/// A finished refresh of one account.
fn snapshot(provider: Provider, usage: Usage) -> Snapshot {
    Snapshot { accounts: vec![account(provider, usage)], updated_at: Some(now()), ..Snapshot::default() }
}
