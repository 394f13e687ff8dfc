//! The one way out: HTTPS with a time-out, a limit on what is read, and no redirects.

use crate::config::Endpoint;
use crate::credentials::Proxy;
use crate::credentials::journal::MOST_ANSWER;
use crate::quota::Failure;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{self, HeaderMap};
use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

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

/// An answer of a token endpoint. It holds tokens, so it can't be printed, and is wiped when dropped.
pub struct TokenAnswer {
    /// The status.
    pub status: u16,
    /// The `Retry-After` header as it stands.
    pub retry_after: Option<String>,
    /// The body, unpacked.
    pub body: Zeroizing<Vec<u8>>,
}

/// A request without a whole answer.
#[derive(Debug)]
pub struct Lost {
    /// What went wrong.
    pub failure: Failure,
    /// Whether the server can have got the request.
    pub sent: bool,
}

/// The HTTP clients, one for each way to travel, each made when it is first needed. Connections are
/// kept and shared between accounts.
///
/// They have a thread to themselves, on which nothing is done but to send and to read, and to put the
/// answer of a renewal into its journal. On a thread that is shared, such an answer would lie about
/// while another renewal syncs its files, and a kill in that time would cost a login.
#[derive(Default)]
pub struct Http {
    clients: Mutex<HashMap<Proxy, reqwest::Client>>,
    wire: OnceLock<Option<Wire>>,
}

/// The thread of the connections. It ends with this value.
struct Wire {
    handle: Handle,
    _open: oneshot::Sender<()>,
}

impl Wire {
    fn start() -> io::Result<Wire> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (open, closed) = oneshot::channel();
        let run = move || drop(runtime.block_on(closed));
        std::thread::Builder::new().name("connections".into()).spawn(run)?;
        Ok(Wire { handle, _open: open })
    }
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
        let request = self.client(proxy)?.get(endpoint.url().clone()).headers(headers);
        self.send(request, endpoint, proxy).await
    }

    /// Gets ready to send on a way: to read the system's certificates takes its time.
    ///
    /// # Errors
    /// Nothing can be sent.
    pub fn prepare(&self, proxy: &Proxy) -> Result<(), Failure> {
        self.client(proxy)?;
        self.wire().map(|_| ())
    }

    /// Posts a form to `endpoint`. The body of a 200 is given to `keep` piece by piece as it comes, so
    /// that what has come is kept whatever happens to the rest.
    ///
    /// # Errors
    /// No answer, not in time, or too long a one; and whether the request can have reached the server.
    pub async fn post_form(
        &self,
        endpoint: &Endpoint,
        proxy: &Proxy,
        form: Zeroizing<Vec<u8>>,
        mut keep: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
    ) -> Result<TokenAnswer, Lost> {
        let unsent = |failure| Lost { failure, sent: false };
        let request = self
            .client(proxy)
            .map_err(unsent)?
            .post(endpoint.url().clone())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .timeout(TOKEN_TIME_OUT)
            // The buffer is wiped when the request is done with it.
            .body(bytes::Bytes::from_owner(form));
        let (host, proxy) = (endpoint.host().to_owned(), proxy.clone());
        let post = async move {
            let lost = |error: reqwest::Error| Lost {
                sent: !(error.is_connect() || error.is_builder()),
                failure: failure(&error, &host, &proxy),
            };
            let mut response = request.send().await.map_err(lost)?;
            let status = response.status().as_u16();
            let mut body = Zeroizing::new(Vec::with_capacity(MOST_ANSWER));
            while let Some(chunk) = response.chunk().await.map_err(lost)? {
                if body.len() + chunk.len() > MOST_ANSWER {
                    let failure = Failure::NotUnderstood("it is longer than 32 KiB".into());
                    return Err(Lost { failure, sent: true });
                }
                if status == 200 {
                    let kept = keep(&chunk);
                    kept.map_err(|error| Lost { failure: Failure::Internal(error.to_string()), sent: true })?;
                }
                body.extend_from_slice(&chunk);
            }
            Ok(TokenAnswer { status, retry_after: retry_after(&response), body })
        };
        let posting = self.wire().map_err(unsent)?.handle.spawn(post);
        posting
            .await
            .unwrap_or_else(|error| Err(Lost { failure: Failure::Internal(error.to_string()), sent: true }))
    }

    /// Whether a page on this machine answers with `words` in its first lines.
    pub async fn says(&self, endpoint: &Endpoint, words: &str) -> bool {
        let asked = async {
            let request = self.client(&Proxy::Direct)?.get(endpoint.url().clone()).timeout(PROBE_TIME_OUT);
            self.send(request, endpoint, &Proxy::Direct).await
        };
        asked.await.is_ok_and(|answer| String::from_utf8_lossy(&answer.body).contains(words))
    }

    /// Breaks off when nobody waits for the answer any more.
    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        endpoint: &Endpoint,
        proxy: &Proxy,
    ) -> Result<Answer, Failure> {
        let (host, proxy) = (endpoint.host().to_owned(), proxy.clone());
        let mut asking = JoinSet::new();
        asking.spawn_on(async move { send(request, &host, &proxy).await }, &self.wire()?.handle);
        match asking.join_next().await {
            Some(Ok(answer)) => answer,
            _ => Err(Failure::Internal("a task ended in a panic".into())),
        }
    }

    fn wire(&self) -> Result<&Wire, Failure> {
        let started = self.wire.get_or_init(|| {
            Wire::start().inspect_err(|error| tracing::error!("no thread for connections: {error}")).ok()
        });
        started.as_ref().ok_or_else(|| Failure::Internal("no thread for connections".into()))
    }

    fn client(&self, proxy: &Proxy) -> Result<reqwest::Client, Failure> {
        let mut clients = self.clients.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(client) = clients.get(proxy) {
            return Ok(client.clone());
        }
        let client = build(proxy).map_err(|error| Failure::Internal(format!("no HTTP client: {error}")))?;
        clients.insert(proxy.clone(), client.clone());
        Ok(client)
    }
}

fn build(proxy: &Proxy) -> reqwest::Result<reqwest::Client> {
    // The one global of rustls; a second call finds it set, and that is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .timeout(TIME_OUT)
        .connect_timeout(CONNECT_TIME_OUT)
        // A token goes to the address it was meant for and nowhere else.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false);
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

fn retry_after(response: &reqwest::Response) -> Option<String> {
    response.headers().get(header::RETRY_AFTER)?.to_str().ok().map(str::to_owned)
}

/// What went wrong, by what the user can do about it.
fn failure(error: &reqwest::Error, host: &str, proxy: &Proxy) -> Failure {
    // The address may hold what nobody should read in a log, and the host is named anyway.
    let told: Vec<_> = causes(error).map(ToString::to_string).collect();
    tracing::debug!("request to {host}: {}", told.join(": "));
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
