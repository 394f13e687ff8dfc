//! The one way out: HTTPS with a time-out, a limit on what is read, and no redirects. Plain HTTP goes to this machine
//! alone, and through no proxy.

use crate::config::Endpoint;
use crate::providers::connection_gate::ConnectionGate;
use crate::providers::proxy::Proxy;
use crate::providers::tls;
use crate::quota::Failure;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{self, HeaderMap};
use reqwest::{ClientBuilder, Url};
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use tower::util::MapResponseLayer;

/// From the first byte of the connection to the last of the answer.
pub const TIME_OUT: Duration = Duration::from_secs(15);

/// Until the connection is there, TLS included: a request that has not gone out has used up no token.
const CONNECT_TIME_OUT: Duration = Duration::from_secs(10);

/// The connection of a token request is given up when its server is silent for nine times this long.
const TOKEN_KEEPALIVE: Duration = Duration::from_secs(30);

/// A program on this machine answers at once, unless it is very busy or hangs.
const PROBE_TIME_OUT: Duration = Duration::from_millis(700);

/// No usage answer is near this long; what is longer is something else, or means harm.
pub const MOST_BYTES: usize = 1024 * 1024;

/// How long a 429 without a usable `Retry-After` is taken to hold: the providers count in windows of
/// five minutes, and asking on keeps the block alive.
pub const COOL_DOWN: TimeDelta = TimeDelta::minutes(5);

/// A `Retry-After` beyond this is taken for a mistake.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(24);

/// An answer, whatever its status.
#[derive(Debug, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The `Retry-After` header as it stands.
    pub retry_after: Option<String>,
    /// The `cf-mitigated` header as it stands: Cloudflare sets it where it answers in the provider's place.
    pub cf_mitigated: Option<String>,
    /// The body, unpacked.
    pub body: Vec<u8>,
}

/// What a program is found to be, by its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// It answers as expected.
    Found,
    /// No connection is accepted, or another program answers.
    NotFound,
    /// A connection is accepted, and no whole response comes in time.
    Silent,
}

/// The HTTP clients, each made when it is first needed. Connections are kept and shared between accounts,
/// until it is time to rest.
#[derive(Default)]
pub struct Http {
    clients: Mutex<Clients>,
}

#[derive(Default)]
struct Clients {
    /// `None`: it was not needed yet.
    tls: Option<rustls::ClientConfig>,
    /// By the proxy, and the host and port.
    asking: HashMap<(Proxy, String), Way>,
    renewing: HashMap<Proxy, reqwest::Client>,
}

/// To one host. It has a client of its own, for what looks at a new connection is not told where it leads.
#[derive(Clone)]
struct Way {
    client: reqwest::Client,
    door: ConnectionGate,
}

/// For new tokens: each request over a connection of its own.
pub(crate) struct Renewing {
    proxied: reqwest::Client,
    direct: reqwest::Client,
}

impl Renewing {
    /// A POST request, by the way that `url` allows.
    pub(crate) fn post(&self, url: Url) -> reqwest::RequestBuilder {
        let client = if may_be_proxied(&url) { &self.proxied } else { &self.direct };
        client.post(url)
    }
}

/// An `http` endpoint is on this machine, and a proxy would get its token in the clear. `https` goes through a tunnel.
fn may_be_proxied(url: &Url) -> bool {
    url.scheme() == "https"
}

/// The way to an endpoint, where `proxy` is what the account asks for.
fn way_to<'a>(url: &Url, proxy: &'a Proxy) -> &'a Proxy {
    if may_be_proxied(url) { proxy } else { &Proxy::Direct }
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
    ) -> Result<Response, Failure> {
        let proxy = way_to(endpoint.url(), proxy);
        let Way { client, door } = self.way(endpoint, proxy)?;
        let Ok(pass) = timeout(TIME_OUT, door.pass()).await else {
            return Err(match door.has_opened() {
                true => Failure::TimedOut(TIME_OUT.as_secs()),
                false => unreachable(endpoint.host(), proxy),
            });
        };
        let request = client.get(endpoint.url().clone()).headers(headers);
        let answer = send(request, endpoint.host(), proxy).await?;
        pass.answered();
        Ok(answer)
    }

    /// Whether the program at `endpoint` answers with `words`.
    pub async fn probe(&self, endpoint: &Endpoint, words: &str) -> Probe {
        let Ok(Way { client, door }) = self.way(endpoint, &Proxy::Direct) else { return Probe::NotFound };
        let request = client.get(endpoint.url().clone()).timeout(PROBE_TIME_OUT);
        match send(request, endpoint.host(), &Proxy::Direct).await {
            Ok(answer) if String::from_utf8_lossy(&answer.body).contains(words) => Probe::Found,
            Ok(_) | Err(Failure::Unreachable(_) | Failure::Internal(_)) => Probe::NotFound,
            // On this machine a connection is refused at once, or waits for a program that is too busy to accept it.
            Err(Failure::TimedOut(_)) if !door.has_opened() && !endpoint.is_loopback() => Probe::NotFound,
            Err(_) => Probe::Silent,
        }
    }

    fn way(&self, endpoint: &Endpoint, proxy: &Proxy) -> Result<Way, Failure> {
        let mut clients = self.clients();
        let key = (proxy.clone(), endpoint.url().authority().to_owned());
        if let Some(way) = clients.asking.get(&key) {
            return Ok(way.clone());
        }
        let door = ConnectionGate::default();
        let look = MapResponseLayer::new(door.look());
        let client = clients.make(proxy, |builder| builder.timeout(TIME_OUT).connector_layer(look))?;
        let way = Way { client, door };
        clients.asking.insert(key, way.clone());
        Ok(way)
    }

    /// For new tokens.
    pub(crate) fn renewing(&self, proxy: &Proxy) -> Result<Renewing, Failure> {
        let mut clients = self.clients();
        Ok(Renewing { proxied: clients.renewing(proxy)?, direct: clients.renewing(&Proxy::Direct)? })
    }

    /// Closes the connections, once nobody uses them any more. The pool could do so by itself, with a timer
    /// for each.
    pub fn rest(&self) {
        let mut clients = self.clients();
        clients.asking.clear();
        clients.renewing.clear();
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clients {
    fn renewing(&mut self, proxy: &Proxy) -> Result<reqwest::Client, Failure> {
        if let Some(client) = self.renewing.get(proxy) {
            return Ok(client.clone());
        }
        let client = self.make(proxy, single_use)?;
        self.renewing.insert(proxy.clone(), client.clone());
        Ok(client)
    }

    fn make(
        &mut self,
        proxy: &Proxy,
        its_own: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<reqwest::Client, Failure> {
        let no_client = |error: &dyn Error| Failure::Internal(format!("no HTTP client: {error}"));
        let tls = match self.tls.clone() {
            Some(tls) => tls,
            None => self.tls.insert(tls::config().map_err(|error| no_client(&error))?).clone(),
        };
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT_TIME_OUT)
            .pool_idle_timeout(None)
            // A token goes to the address it was meant for and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false);
        let builder = match proxy {
            Proxy::System => builder,
            Proxy::Direct => builder.no_proxy(),
            Proxy::Via(url) => {
                builder.no_proxy().proxy(reqwest::Proxy::all(url.clone()).map_err(|error| no_client(&error))?)
            }
        };
        its_own(builder).build().map_err(|error| no_client(&error))
    }
}

/// For a request that is sent once and whose response must not be lost. reqwest ends a connection after 30 s without an
/// acknowledgement (`tcp_user_timeout`) and sends again what a server has refused (HTTP/2 `REFUSED_STREAM`).
fn single_use(builder: ClientBuilder) -> ClientBuilder {
    let builder = builder
        .pool_max_idle_per_host(0)
        // A body that is not what its Content-Encoding says could not be read at all.
        .no_gzip()
        // A header that is none must not cost a login.
        .http1_ignore_invalid_headers_in_responses(true)
        .retry(reqwest::retry::never())
        .tcp_keepalive(TOKEN_KEEPALIVE)
        .tcp_keepalive_interval(TOKEN_KEEPALIVE)
        .tcp_keepalive_retries(8);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let builder = builder.tcp_user_timeout(None);
    builder
}

async fn send(request: reqwest::RequestBuilder, host: &str, proxy: &Proxy) -> Result<Response, Failure> {
    let mut response = request.send().await.map_err(|error| failure(&error, host, proxy))?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error, host, proxy))? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(Failure::NotUnderstood("it is longer than 1 MiB".into()));
        }
        body.extend_from_slice(&chunk);
    }
    let cf_mitigated = response.headers().get("cf-mitigated").and_then(|value| value.to_str().ok());
    Ok(Response {
        status: response.status().as_u16(),
        retry_after: retry_after(&response),
        cf_mitigated: cf_mitigated.map(str::to_owned),
        body,
    })
}

pub(crate) fn retry_after(response: &reqwest::Response) -> Option<String> {
    response.headers().get(header::RETRY_AFTER)?.to_str().ok().map(str::to_owned)
}

/// What went wrong, by what the user can do about it.
pub(crate) fn failure(error: &reqwest::Error, host: &str, proxy: &Proxy) -> Failure {
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
        return unreachable(host, error.url().map_or(proxy, |url| way_to(url, proxy)));
    }

    if causes(error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_parse)) {
        return Failure::NotUnderstood("it is not HTTP, or its headers have no end".into());
    }
    if error.is_decode() {
        return Failure::NotUnderstood("it could not be unpacked, or broke off".into());
    }
    Failure::BrokeOff(host.to_owned())
}

fn unreachable(host: &str, proxy: &Proxy) -> Failure {
    Failure::Unreachable(match proxy {
        Proxy::Via(url) => format!("{host} through the proxy {}", url.host_str().unwrap_or_default()),
        _ => host.to_owned(),
    })
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
    use std::sync::Arc;
    use tokio::task::JoinSet;

    #[tokio::test(start_paused = true)]
    async fn a_host_that_hangs_is_given_up_in_twice_the_time_out_however_many_ask() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let endpoint = Endpoint::parse(&format!("http://127.0.0.1:{port}")).expect("an address");
        let http = Arc::<Http>::default();
        let began = tokio::time::Instant::now();
        let asking: JoinSet<_> = (0..500)
            .map(|_| {
                let (http, endpoint) = (Arc::clone(&http), endpoint.clone());
                async move { http.get(&endpoint, &Proxy::Direct, HeaderMap::new()).await }
            })
            .collect();
        for answer in asking.join_all().await {
            let failure = answer.expect_err("nobody answers");
            assert!(matches!(failure, Failure::TimedOut(_) | Failure::Unreachable(_)), "{failure:?}");
        }
        assert!(began.elapsed() <= 2 * TIME_OUT, "{:?}", began.elapsed());
    }

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
