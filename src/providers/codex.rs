//! Codex: `GET https://chatgpt.com/backend-api/wham/usage`.
//!
//! Rate limits of the same shape are in three places: `rate_limit`, `code_review_rate_limit`, and each element of
//! `additional_rate_limits`. Any of them may be null, and elements may be garbage. A monthly allowance is beside them.

use crate::providers::generic;
use crate::providers::http::Response;
use crate::providers::json::{amount, nothing_in, number, percentage, reset, text};
use crate::providers::spec::{
    CredentialKeys, IdTokenClaims, ProviderSpec, RenewalApi, TokenRequestEncoding, UsageApi,
};
use crate::providers::windows::MAX_WINDOWS;
use crate::quota::money::MAX_AMOUNT;
use crate::quota::{CreditBalance, Fact, Failure, Provider, Usage, Window, timestamp};
use chrono::{DateTime, Utc};
use serde_json::Value;

impl Provider {
    /// OpenAI's Codex, part of the ChatGPT subscriptions.
    pub const CODEX: Provider = Provider::new("codex", "Codex");
}

/// Codex.
pub const SPEC: ProviderSpec = ProviderSpec {
    provider: Provider::CODEX,
    usage: UsageApi {
        url: "https://chatgpt.com/backend-api/wham/usage",
        user_agent: "codex-cli",
        headers: &[],
        // Without it team accounts get the personal quota.
        account_header: Some("chatgpt-account-id"),
        // openai/codex, `bearer_auth_provider.rs`.
        fedramp_header: Some(("x-openai-fedramp", "true")),
        classify,
    },
    renewal: Some(RenewalApi {
        url: "https://auth.openai.com/oauth/token",
        client_id: "app_EMoamEEZ73f0CkXaXp7hrann",
        scope: Some("openid profile email"),
        encoding: TokenRequestEncoding::Form,
    }),
    credential: CredentialKeys {
        // The members of a workspace share its `account_id`, so it does not name a person.
        account: None,
        organization: &[],
        workspace: Some("account_id"),
        id_token: Some(IdTokenClaims {
            object: "https://api.openai.com/auth",
            // CLIProxyAPI#2532, #3497.
            workspace: "chatgpt_account_id",
            is_fedramp: "chatgpt_account_is_fedramp",
        }),
    },
    usage_page: Some("https://chatgpt.com/codex/settings/usage"),
    parse,
};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

fn parse(document: &Value, now: DateTime<Utc>) -> Result<Usage, String> {
    let mut windows = Vec::new();
    let main = document.get("rate_limit").filter(|limit| !limit.is_null());
    if let Some(limit) = main {
        windows.extend(rate_limit(limit, None, "", now));
    }
    windows.extend(allowance(document, now));
    if let Some(limit) = document.get("code_review_rate_limit") {
        windows.extend(rate_limit(limit, Some("Code review"), "code_review_rate_limit.", now));
    }
    for extra in document.get("additional_rate_limits").and_then(Value::as_array).into_iter().flatten() {
        let name =
            extra.get("limit_name").and_then(text).or_else(|| extra.get("metered_feature").and_then(text));
        if windows.len() >= MAX_WINDOWS {
            break;
        }
        if let (Some(name), Some(limit)) = (name, extra.get("rate_limit")) {
            windows.extend(rate_limit(limit, Some(&name), &format!("{name}."), now));
        }
    }
    // The generic reader is for unknown shapes, not for the known one without a window.
    if windows.is_empty() && main.is_none() {
        windows = generic::parse(document, now);
    }
    let plan = document.get("plan_type").and_then(text);
    // Without a cap, such a plan has no window.
    let is_by_use = main.is_none() && plan.as_deref().is_some_and(|plan| plan.ends_with("usage_based"));
    let is_error = document.get("error").is_some_and(|error| !error.is_null());
    if windows.is_empty() && (!is_by_use || is_error) {
        return Err(nothing_in(document));
    }
    let facts = reset_credits(document).into_iter().chain(credits(document)).collect();
    Ok(Usage { windows, plan, extra_usage: None, facts })
}

/// A response with status 402 can say that the workspace was deactivated, which only another login changes.
fn classify(response: &Response) -> Option<Failure> {
    let is_deactivated = response.status == 402 && is_deactivated(&response.body);
    is_deactivated.then_some(Failure::WorkspaceDeactivated)
}

fn is_deactivated(body: &[u8]) -> bool {
    let Ok(document) = serde_json::from_slice::<Value>(body) else { return false };
    let places = [Some(&document), document.get("detail"), document.get("error")];
    let codes =
        places.into_iter().flatten().flat_map(|place| [Some(place), place.get("code"), place.get("type")]);
    codes.flatten().any(|code| code == "deactivated_workspace")
}

/// One person's monthly share of a workspace: a window whose length differs from month to month. Source: openai/codex, `spend_control_status_details.rs`, `spend_control_limit_details.rs`.
fn allowance(document: &Value, now: DateTime<Utc>) -> Option<Window> {
    let places = ["spend_control", "rate_limit"].into_iter().filter_map(|place| document.get(place));
    places.into_iter().find_map(|place| {
        let limit = place.get("individual_limit")?;
        let value = |key| limit.get(key).and_then(amount);
        let reached = || [place, limit].iter().any(|place| is(place, "reached", true)).then_some(100.0);
        let used = value("used_percent")
            .or_else(|| Some(100.0 - value("remaining_percent")?))
            .or_else(|| percentage(value("used")?, value("limit")?))
            .or_else(|| percentage(value("limit")? - value("remaining")?, value("limit")?))
            .or_else(reached)?;
        let mut window = Window::new("individual_limit", "Monthly allowance", used)?;
        window.resets_at = resets_at(limit, now);
        Some(window)
    })
}

/// How many times the owner may reset an exhausted window.
fn reset_credits(document: &Value) -> Option<Fact> {
    let count = number(document.get("rate_limit_reset_credits")?.get("available_count")?)?;
    // A larger number is a mistake.
    (count.fract() == 0.0 && (1.0..=1e6).contains(&count)).then_some(Fact::ResetCredits(count as u64))
}

/// Bought credits. With a balance of 0, or one that is no number, they count as available, as in Codex itself
/// (openai/codex, `tui/src/status`).
fn credits(document: &Value) -> Option<Fact> {
    let credits = document.get("credits")?;
    if is(credits, "unlimited", true) {
        return Some(Fact::Credits(CreditBalance::Unlimited));
    }
    let balance = credits.get("balance").and_then(amount);
    let balance = balance.filter(|balance| *balance > 0.0 && *balance <= MAX_AMOUNT);
    let left = balance.map_or(CreditBalance::Available, CreditBalance::Left);
    is(credits, "has_credits", true).then_some(Fact::Credits(left))
}

fn is(object: &Value, key: &str, value: bool) -> bool {
    object.get(key).and_then(Value::as_bool) == Some(value)
}

/// The windows of one rate limit, the shorter first: the two have been seen in either order. `name` is that of the limit.
fn rate_limit(limit: &Value, name: Option<&str>, prefix: &str, now: DateTime<Utc>) -> Vec<Window> {
    let reached = is(limit, "limit_reached", true) || is(limit, "allowed", false);
    let mut windows: Vec<_> = [("primary_window", "5-hour"), ("secondary_window", "Weekly")]
        .into_iter()
        .filter_map(|(key, title)| {
            let mut window = window(limit.get(key)?, &format!("{prefix}{key}"), title, reached, now)?;
            if let Some(name) = name {
                window.title = format!("{name} ({})", window.title);
            }
            Some(window)
        })
        .collect();
    if windows.iter().all(|window| window.length_seconds.is_some()) {
        windows.sort_by_key(|window| window.length_seconds);
    }
    windows
}

/// One window. `title` is for windows without a length; otherwise the length names it, since plans whose primary window
/// is a week or a month are common.
fn window(value: &Value, key: &str, title: &str, limit_reached: bool, now: DateTime<Utc>) -> Option<Window> {
    let length = value.get("limit_window_seconds").and_then(number);
    // A window of length 0 is a placeholder for one that does not exist, whatever its percentage.
    if length.is_some_and(|length| length < 1.0) {
        return None;
    }
    let resets_at = resets_at(value, now);
    let used = match value.get("used_percent").and_then(number) {
        Some(used) => used,
        // A reached limit with a known reset is exhausted, with or without a percentage.
        None if limit_reached && resets_at.is_some() => 100.0,
        None => return None,
    };
    let length = length.map(|length| length as u64);
    let mut window = Window::new(key, length.map_or_else(|| title.to_owned(), name_of_length), used)?;
    window.resets_at = resets_at;
    window.length_seconds = length;
    Some(window)
}

fn resets_at(window: &Value, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let after = || timestamp::after(now, number(window.get("reset_after_seconds")?)?);
    window.get("reset_at").and_then(reset).or_else(after)
}

/// 18000 → "5-hour", 604800 → "Weekly".
fn name_of_length(seconds: u64) -> String {
    let rounded = |unit: u64| seconds.saturating_add(unit / 2) / unit;
    match rounded(DAY) {
        7 => "Weekly".into(),
        27..=32 => "Monthly".into(),
        _ if seconds < HOUR => format!("{}-minute", rounded(MINUTE).max(1)),
        _ if seconds <= DAY => format!("{}-hour", rounded(HOUR)),
        days => format!("{days}-day"),
    }
}
