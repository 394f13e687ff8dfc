//! The time that the pure parts take: parsing responses and credentials, building the menu and the pictures,
//! evaluating alerts. `cargo bench --bench pure`.
//!
//! A refresh does each of these once per account (pictures: only if a step of the gauge changes), so
//! 1,000 accounts should take far less time than the network.

use std::fs;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use divan::{Bencher, black_box};
use quota_tray::config::Settings;
use quota_tray::credentials::file::Document;
use quota_tray::credentials::{rewrite, store};
use quota_tray::presenter::Locale;
use quota_tray::presenter::Presenter;
use quota_tray::presenter::icon_state::{IconContent, IconFigure, IconState};
use quota_tray::providers::{self, REGISTRY};
use quota_tray::quota::alert::{self, AlertHistory, Rules};
use quota_tray::quota::{Account, AccountId, AccountUsage, Provider, Snapshot, Usage, Window};
use quota_tray::tray::icon::{self, Palette};
use quota_tray::tray::menu::Menu;
use serde_json::{Value, json};

fn main() {
    divan::main();
}

const ACCOUNTS: [usize; 3] = [5, 200, 1000];

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_789_600_000, 0).expect("in range")
}

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("could not read {}: {error}", path.display()))
}

/// The bytes of a response → its windows.
#[divan::bench(args = [
    "claude/max.json",
    "claude/every_bucket.json",
    "codex/plus.json",
    "codex/pro.json",
    "codex/unknown_shape.json",
])]
fn parse_response(bencher: Bencher, name: &str) {
    let provider = if name.starts_with("claude") { Provider::CLAUDE } else { Provider::CODEX };
    let body = fixture(name);
    let spec = REGISTRY.spec(provider).expect("registered");
    bencher.bench(|| spec.parse_body(black_box(&body), now()).expect("a good response"));
}

/// The generic parser alone, with a document of unknown shape that is already JSON.
#[divan::bench]
fn guess_windows(bencher: Bencher) {
    let document: Value = serde_json::from_slice(&fixture("codex/unknown_shape.json")).expect("JSON");
    bencher.bench(|| providers::generic::parse(black_box(&document), now()));
}

/// A credential file as CLIProxyAPI writes it, with a token as long as Codex has them.
fn credential() -> String {
    let token = "eyJhbGciOiJSUzI1NiIs".repeat(90);
    json!({
        "access_token": token,
        "account_id": "5f3c2a10-0000-4000-8000-000000000001",
        "disabled": false,
        "email": "alice@example.com",
        "expired": "2026-09-18T22:39:03+08:00",
        "id_token": token,
        "last_refresh": "2026-09-17T22:39:03+08:00",
        "refresh_token": "rt_0000000000000000000000000000000000000000000000",
        "type": "codex",
    })
    .to_string()
}

/// Bytes of a credential file → a login, its secrets wiped again.
#[divan::bench]
fn read_credential(bencher: Bencher) {
    let (text, id) = (credential(), AccountId::file("codex-alice@example.com.json".to_owned()));
    bencher.bench(|| {
        let document = Document::parse(black_box(text.as_bytes())).expect("an object");
        store::read_login(&REGISTRY, &id, Path::new("/nowhere"), &document, None)
    });
}

/// What a renewal changes in a credential file.
#[divan::bench]
fn splice_credential(bencher: Bencher) {
    let (text, token) = (credential(), "eyJhbGciOiJSUzI1NiIs".repeat(90));
    bencher.bench(|| {
        let changes = [
            ("access_token", token.as_str()),
            ("refresh_token", "rt_1"),
            ("id_token", &token),
            ("expired", "2026-09-28T22:39:03+08:00"),
            ("last_refresh", "2026-09-18T22:39:03+08:00"),
        ];
        rewrite::splice(black_box(&text), &changes).expect("an object")
    });
}

/// A snapshot → all rows of the menu.
#[divan::bench(args = ACCOUNTS)]
fn menu_rows(bencher: Bencher, accounts: usize) {
    let (snapshot, settings) = (snapshot(accounts), Settings::default());
    let presenter = Presenter {
        snapshot: &snapshot,
        settings: &settings,
        auth_dir: Path::new("/home/alice/.cli-proxy-api"),
        now: now() + TimeDelta::minutes(1),
        locale: Locale::UTC,
    };
    let menu = Menu { presenter, problem: None, starts_at_login: None };
    bencher.bench(|| black_box(menu).items());
}

/// The tray's icon in all sizes that a panel is offered, in each style.
#[divan::bench(args = ["gauge", "number", "bars"])]
fn tray_icon(bencher: Bencher, style: &str) {
    let state = IconState::Low(17.5);
    let figure = match style {
        "number" => IconFigure::Number,
        "bars" => IconFigure::Bars([Some(state), Some(IconState::Fine(60.0))]),
        _ => IconFigure::Gauge,
    };
    let content = IconContent { state, figure, stale: false, refreshing: true };
    bencher.bench(|| icon::tray_sizes(black_box(content), Palette::AnyPanel));
}

/// The picture in front of an account's row, as large as the menu has it.
#[divan::bench]
fn row_picture() -> icon::Picture {
    icon::row(black_box(IconState::Fine(42.0)), 32, Palette::AnyPanel)
}

/// The usual case: a refresh that changed nothing, evaluated with the history of the previous one.
#[divan::bench(args = ACCOUNTS)]
fn evaluate_alerts(bencher: Bencher, accounts: usize) {
    let rules = Rules { thresholds: vec![20.0, 5.0], on_reset: true };
    let mut snapshot = snapshot(accounts);
    let mut history = AlertHistory::default();
    alert::evaluate(&mut history, &snapshot, &rules, now());
    let later = now() + TimeDelta::minutes(5);
    for usage in &mut snapshot.accounts {
        usage.updated_at = Some(later);
    }
    bencher
        .with_inputs(|| history.clone())
        .bench_local_refs(|history| alert::evaluate(history, black_box(&snapshot), &rules, later));
}

/// Accounts of both kinds, their windows anywhere between full and empty.
fn snapshot(accounts: usize) -> Snapshot {
    let accounts = (0..accounts).map(|number| {
        let provider = [Provider::CLAUDE, Provider::CODEX][number % 2];
        let email = format!("person{number}@example.com");
        let id = AccountId::file(format!("{}-{email}.json", provider.key()));
        let mut usage =
            AccountUsage::unknown(Account { id, provider, email, identity: None, given_name: None });
        let used = |step: usize| (number * step % 100) as f64;
        let windows =
            vec![window("five_hour", "5-hour", used(7), 2), window("seven_day", "Weekly", used(3), 80)];
        let received = Usage { windows, plan: Some("plus".to_owned()), ..Usage::default() };
        usage.record(Ok(received), now());
        usage
    });
    Snapshot { accounts: accounts.collect(), updated_at: Some(now()), ..Snapshot::default() }
}

fn window(key: &str, title: &str, used: f64, hours: i64) -> Window {
    let mut window = Window::new(key, title, used).expect("a number");
    window.resets_at = Some(now() + TimeDelta::hours(hours));
    window
}
