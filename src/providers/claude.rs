//! Claude: `GET https://api.anthropic.com/api/oauth/usage`.
//!
//! The response is an object of named buckets, each `{utilization, resets_at}`, next to a list of limits, money and code
//! names that come and go. The API is undocumented, so everything is optional here.

mod billing;
mod buckets;
mod limits;

use crate::providers::json::{nothing_in, number, readable, reset};
use crate::providers::spec::{
    CredentialKeys, ProviderSpec, RenewalApi, TokenRequestEncoding, UsageApi, by_status,
};
use crate::providers::windows::MAX_WINDOWS;
use crate::quota::{Fact, Provider, Usage, Window};
use buckets::{BUCKETS, Bucket, is_bucket};
use chrono::{DateTime, Utc};
use limits::Limits;
use serde_json::{Map, Value};

impl Provider {
    /// Anthropic's Claude subscriptions.
    pub const CLAUDE: Provider = Provider::new("claude", "Claude");
}

/// Claude.
pub const SPEC: ProviderSpec = ProviderSpec {
    provider: Provider::CLAUDE,
    usage: UsageApi {
        url: "https://api.anthropic.com/api/oauth/usage",
        // Requests with other agents got 429 with a token that was accepted with this one (claude-hud#168, #177;
        // claude-usage-extension#34).
        user_agent: "claude-code/2.1.0",
        // The first opens the usage API to OAuth tokens.
        headers: &[("anthropic-beta", "oauth-2025-04-20"), ("content-type", "application/json")],
        account_header: None,
        fedramp_header: None,
        classify: by_status,
    },
    renewal: Some(RenewalApi {
        url: "https://platform.claude.com/v1/oauth/token",
        client_id: "9d1c250a-e61b-44d9-88ed-5944d1962f5e",
        scope: None,
        encoding: TokenRequestEncoding::Form,
    }),
    credential: CredentialKeys {
        account: Some("account_uuid"),
        organization: &["organization_uuid", "organization_name"],
        workspace: None,
        id_token: None,
    },
    usage_page: Some("https://claude.ai/settings/usage"),
    parse,
};

/// Keys of the response that are not buckets: money, the list of limits, shares of a window (which limit nothing), and
/// vouchers that reset a window.
const NOT_BUCKETS: [&str; 6] =
    ["extra_usage", "spend", "limits", "seven_day_breakdown", "weekly_scoped_shares", "cedar_ember"];

/// The keys besides the buckets by which Claude Code recognizes a valid response.
const OTHER_KNOWN_KEYS: [&str; 4] = ["cinder_cove", "extra_usage", "limits", "spend"];

/// The most credits that are shown; only one at a time has been seen.
const MAX_CREDITS: usize = 8;

fn parse(document: &Value, _now: DateTime<Utc>) -> Result<Usage, String> {
    let object = document.as_object().ok_or("it is not an object")?;
    let limits = Limits::of(object);
    let mut windows: Vec<Window> =
        BUCKETS.iter().filter_map(|bucket| known(bucket, object, &limits)).collect();
    for window in limits.scoped() {
        // A model can have its own bucket and be in the list as well.
        if windows.len() < MAX_WINDOWS && !windows.iter().any(|known| same_title(known, &window)) {
            windows.push(window);
        }
    }
    let mut known_keys = BUCKETS.iter().map(|bucket| &bucket.key).chain(&OTHER_KNOWN_KEYS);
    if !windows.is_empty() || known_keys.any(|key| object.contains_key(*key)) {
        windows.extend(object.iter().filter_map(|(key, value)| unknown(key, value)).take(MAX_WINDOWS));
    }
    let credits = object.iter().filter(|(key, _)| !is_bucket(key));
    let credits = credits.filter_map(|(key, value)| billing::credit(key, value)).map(Fact::Credit);
    let facts: Vec<_> = credits.take(MAX_CREDITS).collect();
    let has_something = !facts.is_empty() || billing::is_by_use(object);
    if windows.is_empty() && (!has_something || is_error(object)) {
        return Err(nothing_in(document));
    }
    Ok(Usage { windows, plan: None, extra_usage: billing::extra_usage(object), facts })
}

fn same_title(a: &Window, b: &Window) -> bool {
    a.title.eq_ignore_ascii_case(&b.title)
}

/// The window of a known bucket. A value that is null or missing is taken from the list of limits; if it is not there
/// either, there is no window: null is neither 0 % nor 100 %.
fn known(bucket: &Bucket, object: &Map<String, Value>, limits: &Limits) -> Option<Window> {
    let Bucket { key, title, length_seconds } = *bucket;
    let value = object.get(key);
    let used = value.and_then(utilization).or_else(|| limits.used_percent(key))?;
    let mut window = Window::new(key, title, used)?;
    let resets_at = value.and_then(|value| value.get("resets_at")).and_then(reset);
    window.resets_at = resets_at.or_else(|| limits.resets_at(key, title));
    window.length_seconds = Some(length_seconds);
    Some(window)
}

/// A bucket under a code name: kept if it has a percentage above 0 or a reset, and marked as unknown.
fn unknown(key: &str, value: &Value) -> Option<Window> {
    if is_bucket(key) || NOT_BUCKETS.contains(&key) || billing::is_credit(value) {
        return None;
    }
    let mut window = Window::new(key, readable(key), utilization(value)?)?;
    window.resets_at = value.get("resets_at").and_then(reset);
    window.named = false;
    (window.used_percent() > 0.0 || window.resets_at.is_some()).then_some(window)
}

/// A percentage: 1.0 means 1 % used.
fn utilization(bucket: &Value) -> Option<f64> {
    number(bucket.get("utilization")?)
}

/// Whether it is an error envelope, which occurs with status 200 as well.
fn is_error(object: &Map<String, Value>) -> bool {
    object.get("error").is_some_and(|error| !error.is_null())
        || object.get("type").is_some_and(|kind| kind == "error")
}
