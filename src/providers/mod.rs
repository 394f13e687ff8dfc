//! The providers' usage APIs: one file each, next to what they share.

pub mod claude;
pub mod codex;
mod connection_gate;
pub mod generic;
pub mod http;
pub mod json;
pub mod proxy;
mod tls;
pub mod token_request;
pub mod token_response;

pub use http::Http;

use crate::config::Endpoints;
use crate::credentials::Login;
use crate::quota::{Failure, Provider, Usage, Window};
use chrono::{DateTime, Utc};
use http::Response;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use std::collections::HashSet;

/// No account has as many windows; an answer with more is cut.
pub const MOST_WINDOWS: usize = 32;

/// Asks a provider for the usage of an account.
///
/// # Errors
/// Why there is no reading.
pub async fn usage(http: &Http, endpoints: &Endpoints, login: &Login) -> Result<Usage, Failure> {
    let (endpoint, headers) = request(endpoints, login)?;
    let answer = http.get(endpoint, &login.proxy, headers).await?;
    read(login.account.provider, &answer, crate::platform::clock::now())
}

/// Where an account's usage is asked for, and with which headers.
fn request<'a>(
    endpoints: &'a Endpoints,
    login: &Login,
) -> Result<(&'a crate::config::Endpoint, HeaderMap), Failure> {
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, text: &str| -> Result<(), Failure> {
        let mut value = HeaderValue::from_str(text).map_err(|_| {
            Failure::BrokenFile(format!("could not use {}: a value in it can't be sent", login.account.id))
        })?;
        // Kept out of every log, and out of the compression tables of HTTP/2.
        value.set_sensitive(name == header::AUTHORIZATION);
        headers.insert(name, value);
        Ok(())
    };
    let bearer = zeroize::Zeroizing::new(format!("Bearer {}", login.access_token.expose()));
    put(header::AUTHORIZATION, &bearer)?;
    put(header::ACCEPT, "application/json")?;
    let endpoint = match login.account.provider {
        Provider::Claude => {
            put(HeaderName::from_static(claude::BETA.0), claude::BETA.1)?;
            put(header::CONTENT_TYPE, "application/json")?;
            put(header::USER_AGENT, &endpoints.claude_user_agent)?;
            &endpoints.claude_usage
        }
        Provider::Codex => {
            put(header::USER_AGENT, codex::USER_AGENT)?;
            if let Some(workspace) = &login.workspace {
                put(HeaderName::from_static(codex::ACCOUNT_HEADER), workspace)?;
            }
            if login.is_fedramp {
                put(HeaderName::from_static(codex::FEDRAMP_HEADER), "true")?;
            }
            &endpoints.codex_usage
        }
    };
    Ok((endpoint, headers))
}

/// What an answer says. `now` is when it came.
///
/// # Errors
/// Why it says nothing.
pub fn read(provider: Provider, answer: &Response, now: DateTime<Utc>) -> Result<Usage, Failure> {
    match answer.status {
        200 => parse(provider, &answer.body, now).map_err(Failure::NotUnderstood),
        401 | 403 => Err(refusal(answer)),
        402 if provider == Provider::Codex && codex::is_deactivated(&answer.body) => {
            Err(Failure::WorkspaceDeactivated)
        }
        429 => Err(Failure::RateLimited(http::retry_at(answer.retry_after.as_deref(), now))),
        status @ 300..=399 => Err(Failure::NotUnderstood(format!(
            "it points elsewhere ({status}), where no token is sent; is there a sign-in page of the network?"
        ))),
        status => Err(Failure::Server(status)),
    }
}

/// What a 401 or 403 means. Only `SignInAgain` is about the token, and may be cured by renewing it once; a block or a
/// missing scope is not.
fn refusal(answer: &Response) -> Failure {
    // CodexBar#3367, Claude-Usage-Tracker#277, openai/codex#16052: a challenge, or a web page, from Cloudflare.
    let is_challenge =
        answer.cf_mitigated.as_ref().is_some_and(|value| value.to_lowercase().contains("challenge"));
    let is_page = answer.status == 403 && answer.body.trim_ascii_start().starts_with(b"<");
    if is_challenge || is_page {
        return Failure::Blocked;
    }
    // A few such requests bring a 429 for the whole host, for an hour (claude-swap PR#322).
    if answer.status == 403 && body_has(answer, "permission_error") && body_has(answer, "user:profile") {
        return Failure::CannotReadUsage;
    }
    Failure::SignInAgain
}

fn body_has(answer: &Response, word: &str) -> bool {
    answer.body.windows(word.len()).any(|part| part == word.as_bytes())
}

/// Reads the body of a good answer. The error says what is wrong with it.
pub fn parse(provider: Provider, body: &[u8], now: DateTime<Utc>) -> Result<Usage, String> {
    let document = serde_json::from_slice(body).map_err(|error| {
        let start = body.trim_ascii_start();
        if start.is_empty() {
            "it is empty".to_owned()
        } else if start.starts_with(b"<") {
            "it is a web page; is there a sign-in page of the network?".to_owned()
        } else {
            format!("it is not JSON (line {}, column {})", error.line(), error.column())
        }
    })?;
    let mut reading = match provider {
        Provider::Claude => claude::parse(&document),
        Provider::Codex => codex::parse(&document, now),
    }?;
    reading.windows.truncate(MOST_WINDOWS);
    make_keys_unique(&mut reading.windows);
    Ok(reading)
}

/// What was said of a window is remembered by its key, so no two may share one; and a key is kept, so
/// it is kept short.
fn make_keys_unique(windows: &mut [Window]) {
    let mut known = HashSet::new();
    for window in windows {
        let key = json::tidy(&window.key);
        let mut unique = key.clone();
        let mut count = 1;
        while !known.insert(unique.clone()) {
            count += 1;
            unique = format!("{key}#{count}");
        }
        window.key = unique;
    }
}
