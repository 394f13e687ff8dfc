//! HTTPS with a timeout, a limit on what is read, and no redirects. Plain HTTP goes to this machine alone, and through
//! no proxy.

mod client;
mod exchange;
mod failure;
mod headers;
mod response;

pub use client::REQUEST_TIMEOUT;
pub use headers::Headers;
pub use response::{MAX_RESPONSE_BYTES, Response};

pub(crate) use exchange::{Exchange, Incoming, SendError};

use crate::config::Endpoint;
use crate::providers::connection_gate::ConnectionGate;
use crate::providers::proxy::Proxy;
use crate::quota::Failure;
use bytes::Bytes;
use client::{ClientFactory, proxy_for, single_use};
use failure::unreachable;
use reqwest::{Client, RequestBuilder};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use tower::util::MapResponseLayer;

/// The limit on a probe. A program on this machine responds at once, unless it is very busy or hangs.
const PROBE_TIMEOUT: Duration = Duration::from_millis(700);

/// The result of a probe for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// It responds as expected.
    Found,
    /// No connection is accepted, or another program responds.
    NotFound,
    /// A connection is accepted, and no complete response arrives in time.
    Silent,
}

/// The HTTP clients, each made when it is first needed. Connections are kept and shared between accounts, until
/// [`close_idle`](Http::close_idle).
#[derive(Default)]
pub struct Http {
    clients: Mutex<Clients>,
}

#[derive(Default)]
struct Clients {
    factory: ClientFactory,
    /// By the proxy, and the host and port.
    pooled: HashMap<(Proxy, String), PooledClient>,
    /// For token requests, each over its own connection.
    single_use: HashMap<Proxy, Client>,
}

/// The client of one host: the hook that sees each new connection does not get the host.
#[derive(Clone)]
struct PooledClient {
    client: Client,
    gate: ConnectionGate,
}

impl Http {
    /// Sends a GET request to `endpoint`.
    ///
    /// # Errors
    /// No response, not in time, or too long a one.
    pub async fn get(
        &self,
        endpoint: &Endpoint,
        proxy: &Proxy,
        headers: Headers,
    ) -> Result<Response, Failure> {
        let proxy = proxy_for(endpoint.url(), proxy);
        let PooledClient { client, gate } = self.pooled(endpoint, proxy)?;
        let Ok(permit) = timeout(REQUEST_TIMEOUT, gate.acquire()).await else {
            return Err(match gate.has_connected() {
                true => Failure::TimedOut(REQUEST_TIMEOUT.as_secs()),
                false => unreachable(endpoint.host(), proxy),
            });
        };
        let request = client.get(endpoint.url().clone()).headers(headers.into_map());
        let response = send(request, endpoint, proxy).await?;
        permit.response_received();
        Ok(response)
    }

    /// Whether the response of the program at `endpoint` contains `marker`.
    pub async fn probe(&self, endpoint: &Endpoint, marker: &str) -> Probe {
        let Ok(PooledClient { client, gate }) = self.pooled(endpoint, &Proxy::Direct) else {
            return Probe::NotFound;
        };
        let request = client.get(endpoint.url().clone()).timeout(PROBE_TIMEOUT);
        match send(request, endpoint, &Proxy::Direct).await {
            Ok(response) if String::from_utf8_lossy(&response.body).contains(marker) => Probe::Found,
            Ok(_) | Err(Failure::Unreachable(_) | Failure::Internal(_)) => Probe::NotFound,
            // On this machine a connection is refused at once, or waits for a program that is too busy to accept it.
            Err(Failure::TimedOut(_)) if !gate.has_connected() && !endpoint.is_loopback() => Probe::NotFound,
            Err(_) => Probe::Silent,
        }
    }

    /// Makes the client for token requests ahead of time: reading the system's certificates takes a while.
    ///
    /// # Errors
    /// No request can be sent.
    pub fn prepare(&self, proxy: &Proxy) -> Result<(), Failure> {
        let mut clients = self.clients();
        clients.single_use(proxy)?;
        clients.single_use(&Proxy::Direct)?;
        Ok(())
    }

    /// A POST request over its own connection, which is sent at most once.
    pub(crate) fn single_use_post(
        &self,
        endpoint: &Endpoint,
        proxy: &Proxy,
        headers: Headers,
        body: Bytes,
    ) -> Result<Exchange, Failure> {
        let client = self.clients().single_use(proxy_for(endpoint.url(), proxy))?;
        let request = client.post(endpoint.url().clone()).headers(headers.into_map()).body(body);
        Ok(Exchange::new(request, endpoint.host(), proxy))
    }

    /// Drops the clients; their connections close when the last request ends. The pool could do so by itself, with a
    /// timer for each connection.
    pub fn close_idle(&self) {
        let mut clients = self.clients();
        clients.pooled.clear();
        clients.single_use.clear();
    }

    fn pooled(&self, endpoint: &Endpoint, proxy: &Proxy) -> Result<PooledClient, Failure> {
        let mut clients = self.clients();
        let key = (proxy.clone(), endpoint.url().authority().to_owned());
        if let Some(pooled) = clients.pooled.get(&key) {
            return Ok(pooled.clone());
        }
        let gate = ConnectionGate::default();
        let observer = MapResponseLayer::new(gate.connection_observer());
        let client = clients
            .factory
            .client(proxy, |builder| builder.timeout(REQUEST_TIMEOUT).connector_layer(observer))?;
        let pooled = PooledClient { client, gate };
        clients.pooled.insert(key, pooled.clone());
        Ok(pooled)
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clients {
    fn single_use(&mut self, proxy: &Proxy) -> Result<Client, Failure> {
        if let Some(client) = self.single_use.get(proxy) {
            return Ok(client.clone());
        }
        let client = self.factory.client(proxy, single_use)?;
        self.single_use.insert(proxy.clone(), client.clone());
        Ok(client)
    }
}

async fn send(request: RequestBuilder, endpoint: &Endpoint, proxy: &Proxy) -> Result<Response, Failure> {
    match Exchange::new(request, endpoint.host(), proxy).send().await {
        Ok(incoming) => incoming.read().await,
        Err(SendError { failure, .. }) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::task::JoinSet;

    #[tokio::test(start_paused = true)]
    async fn requests_to_a_hanging_host_fail_within_twice_the_timeout_however_many_there_are() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let endpoint = Endpoint::parse(&format!("http://127.0.0.1:{port}")).expect("an address");
        let http = Arc::<Http>::default();
        let start = tokio::time::Instant::now();
        let requests: JoinSet<_> = (0..500)
            .map(|_| {
                let (http, endpoint) = (Arc::clone(&http), endpoint.clone());
                async move { http.get(&endpoint, &Proxy::Direct, Headers::default()).await }
            })
            .collect();
        for result in requests.join_all().await {
            let failure = result.expect_err("no response");
            assert!(matches!(failure, Failure::TimedOut(_) | Failure::Unreachable(_)), "{failure:?}");
        }
        assert!(start.elapsed() <= 2 * REQUEST_TIMEOUT, "{:?}", start.elapsed());
    }
}
