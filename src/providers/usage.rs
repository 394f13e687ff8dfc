//! The usage request, and what its response means.

use crate::config::Endpoints;
use crate::platform::clock;
use crate::platform::secret::Secret;
use crate::providers::http::{Headers, Http, Response};
use crate::providers::proxy::Proxy;
use crate::providers::retry_after::retry_at;
use crate::providers::spec::ProviderSpec;
use crate::providers::windows;
use crate::quota::{Failure, Usage};
use chrono::{DateTime, Utc};
use serde_json::Value;
use zeroize::Zeroizing;

/// What a usage request needs to know of an account.
#[derive(Debug, Clone)]
pub struct UsageRequest {
    /// The access token.
    pub access_token: Secret,
    /// The value of the account header: the workspace. `None`: the personal account.
    pub workspace: Option<String>,
    /// Whether the account is marked as FedRAMP.
    pub is_fedramp: bool,
    /// How the request travels.
    pub proxy: Proxy,
}

impl ProviderSpec {
    /// Requests the usage of an account.
    ///
    /// # Errors
    /// Why there is no usage.
    pub async fn fetch_usage(
        &self,
        http: &Http,
        settings: &Endpoints,
        request: &UsageRequest,
    ) -> Result<Usage, Failure> {
        let endpoint = self.usage_endpoint(settings);
        let headers = self.usage_headers(settings, request)?;
        let response = http.get(&endpoint, &request.proxy, headers).await?;
        self.read_response(&response, clock::now())
    }

    fn usage_headers(&self, settings: &Endpoints, request: &UsageRequest) -> Result<Headers, Failure> {
        let mut headers = Headers::default();
        let bearer = Zeroizing::new(format!("Bearer {}", request.access_token.expose()));
        headers.set_secret("authorization", &bearer)?;
        headers.set("accept", "application/json")?;
        headers.set("user-agent", self.user_agent(settings))?;
        for (name, value) in self.usage.headers {
            headers.set(name, value)?;
        }
        if let (Some(name), Some(workspace)) = (self.usage.account_header, &request.workspace) {
            headers.set(name, workspace)?;
        }
        if let Some((name, value)) = self.usage.fedramp_header.filter(|_| request.is_fedramp) {
            headers.set(name, value)?;
        }
        Ok(headers)
    }

    /// What a response means. `now` is the moment of its arrival.
    ///
    /// # Errors
    /// It holds no usage.
    pub fn read_response(&self, response: &Response, now: DateTime<Utc>) -> Result<Usage, Failure> {
        if response.status == 200 {
            return self.parse_body(&response.body, now).map_err(Failure::InvalidResponse);
        }
        Err((self.usage.classify)(response).unwrap_or_else(|| failure(response, now)))
    }

    /// Reads the body of a response with status 200. The error says what is wrong with it.
    pub fn parse_body(&self, body: &[u8], now: DateTime<Utc>) -> Result<Usage, String> {
        let document: Value = serde_json::from_slice(body).map_err(|error| not_json(body, &error))?;
        let mut usage = (self.parse)(&document, now)?;
        windows::normalize(&mut usage.windows);
        Ok(usage)
    }
}

fn not_json(body: &[u8], error: &serde_json::Error) -> String {
    let start = body.trim_ascii_start();
    if start.is_empty() {
        return "it is empty".to_owned();
    }
    if start.starts_with(b"<") {
        return "it is a web page; check whether your network has a sign-in page".to_owned();
    }
    format!("it is not JSON (line {}, column {})", error.line(), error.column())
}

/// What a response other than a success means.
fn failure(response: &Response, now: DateTime<Utc>) -> Failure {
    match response.status {
        401 | 403 => refusal(response),
        429 => Failure::RateLimited(retry_at(response.retry_after.as_deref(), now)),
        status @ 300..=399 => Failure::InvalidResponse(format!(
            "it is a redirect ({status}), which is not followed; check whether your network has a sign-in page"
        )),
        status => Failure::Server(status),
    }
}

/// What a 401 or 403 means. Only `SignInAgain` is about the token, and may be cured by renewing it once; a block or a
/// missing scope is not.
fn refusal(response: &Response) -> Failure {
    // CodexBar#3367, Claude-Usage-Tracker#277, openai/codex#16052: a challenge, or a web page, from Cloudflare.
    let is_challenge =
        response.cf_mitigated.as_ref().is_some_and(|value| value.to_lowercase().contains("challenge"));
    let is_page = response.status == 403 && response.body.trim_ascii_start().starts_with(b"<");
    if is_challenge || is_page {
        return Failure::Blocked;
    }
    // A few such requests bring a 429 for the whole host, for an hour (claude-swap PR#322).
    let body_has = |word: &str| response.body.windows(word.len()).any(|part| part == word.as_bytes());
    if response.status == 403 && body_has("permission_error") && body_has("user:profile") {
        return Failure::CannotReadUsage;
    }
    Failure::SignInAgain
}
