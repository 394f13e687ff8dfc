//! `quota-tray demo`: everything as it is, behind a scripted provider. Needs no account and no network,
//! and touches no real file.

use crate::app::context::Context;
use crate::app::runner;
use crate::cli::error::{CommandError, runtime};
use crate::cli::status;
use crate::config::Settings;
use crate::engine::accounts::{FetchOutcome, Scan, Source};
use crate::engine::refresher;
use crate::platform::folder_watch::FolderWatch;
use crate::platform::paths::Paths;
use crate::platform::stdio;
use crate::providers::REGISTRY;
use crate::providers::http::Response;
use crate::quota::{Account, AccountId, AccountStatus, Provider, Snapshot};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Often enough that something is seen to happen.
const INTERVAL: Duration = Duration::from_secs(5);

/// How long the made-up server thinks.
const LATENCY: Duration = Duration::from_millis(600);

/// Percent of the falling window that is used up in a second: from 70 % it is below 20 % left after
/// 10 seconds, within the third refresh.
const FALL: f64 = 1.0;

/// Shows the demo in the tray, or prints it `once`.
///
/// # Errors
/// The tray can't be run.
pub fn run(once: bool) -> Result<ExitCode, CommandError> {
    let script = Arc::new(Script { began: crate::platform::clock::now() });
    let system = |source| CommandError::System { what: "make a temporary folder".into(), source };
    let folder = tempfile::Builder::new().prefix("quota-tray-demo-").tempdir().map_err(system)?;
    let path = folder.path().to_owned();
    if once {
        let snapshot = runtime()?.block_on(refresher::once(script, Snapshot::default()));
        stdio::print(&status::text(&snapshot, &Settings::default(), &path))?;
        return Ok(ExitCode::SUCCESS);
    }
    let paths = Paths {
        config_file: path.join("config.toml"),
        state_dir: path.join("state"),
        runtime_dir: path.join("run"),
        home: path.clone(),
    };
    let context = Context::new(paths, Some(path))?;
    Ok(runner::run_with(context, move |_| (INTERVAL, script.clone()), folder)?)
}

/// Five accounts and what their providers answer.
struct Script {
    began: DateTime<Utc>,
}

impl Source for Script {
    type Login = Account;

    async fn scan(&self) -> Scan<Account> {
        let accounts = [
            (Provider::CLAUDE, "alice@example.com"),
            (Provider::CLAUDE, "bob@example.com"),
            (Provider::CLAUDE, "carol@example.com"),
            (Provider::CODEX, "alice@example.com"),
            (Provider::CODEX, "team@example.com"),
        ]
        .map(|(provider, email)| {
            let id = AccountId::file(format!("{}-{email}.json", provider.key()));
            let account = Account { id, provider, email: email.into(), identity: None };
            (account.clone(), AccountStatus::Asked, Some(account))
        });
        Scan { accounts: accounts.into(), signature: 0, problem: None }
    }

    async fn fetch(&self, account: Account) -> FetchOutcome {
        tokio::time::sleep(LATENCY).await;
        let now = crate::platform::clock::now();
        let (status, body) = self.answer(&account, now);
        let answer = Response { status, body: body.to_string().into_bytes(), ..Response::default() };
        REGISTRY.spec(account.provider).and_then(|spec| spec.read_response(&answer, now)).into()
    }

    fn watch(&self, _changes: mpsc::Sender<()>) -> Option<FolderWatch> {
        None
    }
}

impl Script {
    /// What the account's provider says, in its own form.
    fn answer(&self, account: &Account, now: DateTime<Utc>) -> (u16, Value) {
        let after = |minutes: i64| (self.began + TimeDelta::minutes(minutes)).to_rfc3339();
        let epoch = |minutes: i64| (self.began + TimeDelta::minutes(minutes)).timestamp();
        let seconds = (now - self.began).as_seconds_f64();
        match (account.provider, account.email.split('@').next().unwrap_or_default()) {
            (Provider::CLAUDE, "alice") => (
                200,
                json!({
                    "five_hour": {"utilization": 36.0, "resets_at": after(130)},
                    "seven_day": {"utilization": 58.0, "resets_at": after(4_500)},
                    "seven_day_opus": {"utilization": 12.0, "resets_at": after(4_500)},
                    "extra_usage": {"is_enabled": true, "monthly_limit": 5_000, "used_credits": 320.0,
                        "currency": "USD", "decimal_places": 2},
                }),
            ),
            (Provider::CLAUDE, "bob") => (
                200,
                json!({
                    "five_hour": {"utilization": (70.0 + FALL * seconds).min(94.0), "resets_at": after(75)},
                    "seven_day": {"utilization": 41.0, "resets_at": after(7_000)},
                }),
            ),
            (Provider::CLAUDE, _) => (401, json!({"error": {"type": "authentication_error"}})),
            (Provider::CODEX, "team") => (
                200,
                json!({
                    "plan_type": "team",
                    "rate_limit": {"limit_reached": false, "primary_window":
                        {"used_percent": 97, "limit_window_seconds": 18_000, "reset_at": epoch(42)},
                        "secondary_window":
                        {"used_percent": 64, "limit_window_seconds": 604_800, "reset_at": epoch(5_300)}},
                }),
            ),
            _ => (
                200,
                json!({
                    "plan_type": "plus",
                    "rate_limit": {"limit_reached": false, "primary_window":
                        {"used_percent": 22, "limit_window_seconds": 18_000, "reset_at": epoch(190)},
                        "secondary_window":
                        {"used_percent": 9, "limit_window_seconds": 604_800, "reset_at": epoch(8_000)}},
                    "code_review_rate_limit": {"primary_window":
                        {"used_percent": 0, "limit_window_seconds": 604_800, "reset_at": epoch(8_000)}},
                }),
            ),
        }
    }
}
