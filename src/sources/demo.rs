//! Five made-up accounts behind a scripted provider. Needs no account and no network.

use crate::platform::clock;
use crate::providers::REGISTRY;
use crate::providers::http::Response;
use crate::quota::{Account, AccountId, AccountStatus, Failure, Provider, Usage};
use crate::sources::{AccountList, AccountSource, BoxFuture, Capabilities, ListedAccount, SourceLogin};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::time::Duration;

/// The response time of the scripted provider.
const LATENCY: Duration = Duration::from_millis(600);

/// Percent of Bob's 5-hour window that is used per second: from 30 % left it falls below 20 % after 10 seconds, within
/// the third refresh.
const USED_PER_SECOND: f64 = 1.0;

/// The made-up accounts.
pub struct Demo {
    started_at: DateTime<Utc>,
}

impl Demo {
    /// The accounts of a demo that starts now.
    #[expect(clippy::new_without_default, reason = "the moment of its creation matters")]
    pub fn new() -> Demo {
        Demo { started_at: clock::now() }
    }
}

impl AccountSource for Demo {
    fn capabilities(&self) -> Capabilities {
        Capabilities { renews_tokens: false, passive_usage: false, sign_in: "sign in again" }
    }

    fn list(&self) -> BoxFuture<'_, AccountList> {
        let accounts = [
            (Provider::CLAUDE, "alice@example.com"),
            (Provider::CLAUDE, "bob@example.com"),
            (Provider::CLAUDE, "carol@example.com"),
            (Provider::CODEX, "alice@example.com"),
            (Provider::CODEX, "team@example.com"),
        ]
        .map(|(provider, email)| {
            let id = AccountId::file(format!("{}-{email}.json", provider.key()));
            let account = Account { id, provider, email: email.into(), identity: None, given_name: None };
            let login = DemoLogin { account: account.clone(), started_at: self.started_at };
            ListedAccount { account, status: AccountStatus::Active, login: Some(Box::new(login)) }
        });
        let list = AccountList { accounts: accounts.into(), fingerprint: 0, problem: None };
        Box::pin(std::future::ready(list))
    }
}

struct DemoLogin {
    account: Account,
    started_at: DateTime<Utc>,
}

impl SourceLogin for DemoLogin {
    fn fetch(&self) -> BoxFuture<'_, Result<Usage, Failure>> {
        Box::pin(async {
            tokio::time::sleep(LATENCY).await;
            let now = clock::now();
            let (status, body) = self.response(now);
            let response = Response { status, body: body.to_string().into_bytes(), ..Response::default() };
            REGISTRY.spec(self.account.provider)?.read_response(&response, now)
        })
    }
}

impl DemoLogin {
    /// The status and the body of the provider's response.
    fn response(&self, now: DateTime<Utc>) -> (u16, Value) {
        let after = |minutes: i64| (self.started_at + TimeDelta::minutes(minutes)).to_rfc3339();
        let epoch = |minutes: i64| (self.started_at + TimeDelta::minutes(minutes)).timestamp();
        let seconds = (now - self.started_at).as_seconds_f64();
        match (self.account.provider, self.account.email.split('@').next().unwrap_or_default()) {
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
                    "five_hour": {"utilization": (70.0 + USED_PER_SECOND * seconds).min(94.0), "resets_at": after(75)},
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
