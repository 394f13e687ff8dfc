//! The one way out: HTTPS with a time-out, a limit on what is read, and no redirects.

use super::door::Door;
use super::tls;
use crate::config::Endpoint;
use crate::credentials::Proxy;
use crate::quota::Failure;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{self, HeaderMap};
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// From the first byte of the connection to the last of the answer.
pub const TIME_OUT: Duration = Duration::from_secs(15);

/// For a new token longer: giving up early could lose it.
pub const TOKEN_TIME_OUT: Duration = Duration::from_secs(30);

/// Until the connection is there, TLS included: a request that has not gone out has used up no token.
const CONNECT_TIME_OUT: Duration = Duration::from_secs(10);

/// A program on this machine answers at once or not at all.
const PROBE_TIME_OUT: Duration = Duration::from_millis(700);

/// No usage answer is near this long; what is longer is something else, or means harm.
pub const MOST_BYTES: usize = 1024 * 1024;

/// How long a 429 without a usable `Retry-After` is taken to hold: the providers count in windows of
/// five minutes, and asking on keeps the block alive.
pub const COOL_DOWN: TimeDelta = TimeDelta::minutes(5);

/// A `Retry-After` beyond this is taken for a mistake.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(24);

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The `Retry-After` header as it stands.
    pub retry_after: Option<String>,
    /// The body, unpacked.
    pub body: Vec<u8>,
}

/// The HTTP clients, each made when it is first needed. Connections are kept and shared between accounts,
/// until it is time to rest.
#[derive(Default)]
pub struct Http {
    clients: Mutex<Clients>,
    doors: Mutex<HashMap<(Proxy, String), Door>>,
}

#[derive(Default)]
struct Clients {
    /// `None`: it was not needed yet.
    tls: Option<rustls::ClientConfig>,
    made: HashMap<(Proxy, Purpose), reqwest::Client>,
}

/// What a client is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    /// Questions, any number of them over one connection.
    Asking,
    /// New tokens: each over a connection of its own.
    Renewing,
}

impl Http {
    /// Asks for `endpoint`.
    ///
    /// # Errors
    /// No answer, not in time, or too long a one.
    pub async fn get(
        &self,
        endpoint: &Endpoint,
        proxy: &Proxy,
        headers: HeaderMap,
    ) -> Result<Answer, Failure> {
        let request = self.client(proxy, Purpose::Asking)?.get(endpoint.url().clone()).headers(headers);
        let pass = match self.door(endpoint, proxy) {
            Some(door) => Some(door.pass().await),
            None => None,
        };
        let answer = send(request, endpoint.host(), proxy).await;
        if let (Ok(_), Some(pass)) = (&answer, pass) {
            pass.answered();
        }
        answer
    }

    /// `None` where each request has a connection of its own in any case: without TLS there is no HTTP/2.
    fn door(&self, endpoint: &Endpoint, proxy: &Proxy) -> Option<Door> {
        let url = endpoint.url();
        (url.scheme() == "https").then(|| {
            lock(&self.doors).entry((proxy.clone(), url.authority().to_owned())).or_default().clone()
        })
    }

    /// Whether a page on this machine answers with `words` in its first lines.
    pub async fn says(&self, endpoint: &Endpoint, words: &str) -> bool {
        let asked = async {
            let client = self.client(&Proxy::Direct, Purpose::Asking)?;
            let request = client.get(endpoint.url().clone()).timeout(PROBE_TIME_OUT);
            send(request, endpoint.host(), &Proxy::Direct).await
        };
        asked.await.is_ok_and(|answer| String::from_utf8_lossy(&answer.body).contains(words))
    }

    pub(super) fn client(&self, proxy: &Proxy, purpose: Purpose) -> Result<reqwest::Client, Failure> {
        let mut clients = lock(&self.clients);
        let key = (proxy.clone(), purpose);
        if let Some(client) = clients.made.get(&key) {
            return Ok(client.clone());
        }
        let no_client = |error: &dyn Error| Failure::Internal(format!("no HTTP client: {error}"));
        let tls = match clients.tls.clone() {
            Some(tls) => tls,
            None => clients.tls.insert(tls::config().map_err(|error| no_client(&error))?).clone(),
        };
        let client = build(proxy, purpose, tls).map_err(|error| no_client(&error))?;
        clients.made.insert(key, client.clone());
        Ok(client)
    }

    /// Closes the connections, once nobody uses them any more. The pool could do so by itself, with a timer
    /// for each.
    pub fn rest(&self) {
        lock(&self.clients).made.clear();
        lock(&self.doors).clear();
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn build(proxy: &Proxy, purpose: Purpose, tls: rustls::ClientConfig) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(TIME_OUT)
        .connect_timeout(CONNECT_TIME_OUT)
        .pool_idle_timeout(None)
        // A token goes to the address it was meant for and nowhere else.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false);
    let builder = match purpose {
        Purpose::Asking => builder,
        Purpose::Renewing => builder.timeout(TOKEN_TIME_OUT).pool_max_idle_per_host(0),
    };
    match proxy {
        Proxy::System => builder,
        Proxy::Direct => builder.no_proxy(),
        Proxy::Via(url) => builder.no_proxy().proxy(reqwest::Proxy::all(url.clone())?),
    }
    .build()
}

async fn send(request: reqwest::RequestBuilder, host: &str, proxy: &Proxy) -> Result<Answer, Failure> {
    let mut response = request.send().await.map_err(|error| failure(&error, host, proxy))?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error, host, proxy))? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(Failure::NotUnderstood("it is longer than 1 MiB".into()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status: response.status().as_u16(), retry_after: retry_after(&response), body })
}

pub(super) fn retry_after(response: &reqwest::Response) -> Option<String> {
    response.headers().get(header::RETRY_AFTER)?.to_str().ok().map(str::to_owned)
}

/// What went wrong, by what the user can do about it.
pub(super) fn failure(error: &reqwest::Error, host: &str, proxy: &Proxy) -> Failure {
    // The address may hold what nobody should read in a log, and the host is named anyway.
    let told: Vec<_> = causes(error).map(ToString::to_string).collect();
    log::debug!("request to {host}: {}", told.join(": "));
    if error.is_timeout() && !error.is_connect() {
        return Failure::TimedOut(TIME_OUT.as_secs());
    }
    if causes(error).any(is_tls) {
        return Failure::NotTrusted(host.to_owned());
    }
    if error.is_connect() {
        return Failure::Unreachable(match proxy {
            Proxy::Via(url) => format!("{host} through the proxy {}", url.host_str().unwrap_or_default()),
            _ => host.to_owned(),
        });
    }

    if causes(error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_parse)) {
        return Failure::NotUnderstood("it is not HTTP, or its headers have no end".into());
    }
    if error.is_decode() {
        return Failure::NotUnderstood("it could not be unpacked, or broke off".into());
    }
    Failure::BrokeOff(host.to_owned())
}

/// `io::Error` hides what it carries from `source()`, and the connector puts one into another.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let carried = || error.downcast_ref::<std::io::Error>()?.get_ref();
    error.is::<rustls::Error>() || carried().is_some_and(|carried| is_tls(carried))
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source())
}

/// When to ask again after a 429. `Retry-After` is in seconds, or a date of RFC 9110; 0, nonsense
/// and nothing at all mean [`COOL_DOWN`].
pub fn retry_at(retry_after: Option<&str>, now: DateTime<Utc>) -> DateTime<Utc> {
    let wait = retry_after.map(str::trim).and_then(|text| match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() => {
            // The cast saturates, and the end is capped.
            Some(TimeDelta::seconds((seconds.ceil() as i64).clamp(0, LONGEST_WAIT.num_seconds())))
        }
        Ok(_) => None,
        Err(_) => Some(DateTime::<Utc>::from(httpdate::parse_http_date(text).ok()?) - now),
    });
    now + wait.filter(|wait| *wait > TimeDelta::zero()).unwrap_or(COOL_DOWN).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_at_once() {
        let now: DateTime<Utc> = "2026-09-17T15:00:00Z".parse().expect("a moment");
        for (header, minutes) in [
            (None, 5.0),
            (Some("0"), 5.0),
            (Some("-3"), 5.0),
            (Some(""), 5.0),
            (Some("soon"), 5.0),
            (Some("nan"), 5.0),
            (Some("600"), 10.0),
            (Some(" 3600 "), 60.0),
            (Some("1e300"), 24.0 * 60.0),
            (Some("Thu, 17 Sep 2026 15:10:00 GMT"), 10.0),
            (Some("Thu, 17 Sep 2026 14:10:00 GMT"), 5.0),
            (Some("Fri, 17 Sep 2083 14:10:00 GMT"), 24.0 * 60.0),
        ] {
            let wait = retry_at(header, now) - now;
            assert_eq!(wait.num_seconds() as f64 / 60.0, minutes, "{header:?}");
        }
    }
}
