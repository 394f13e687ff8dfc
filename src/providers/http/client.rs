//! How a client connects: timeouts, TLS, proxies, no redirects.

use crate::providers::proxy::Proxy;
use crate::providers::tls;
use crate::quota::Failure;
use reqwest::{Client, ClientBuilder, redirect, retry};
use std::error::Error;
use std::time::Duration;
use url::Url;

/// The limit on a whole request, from the start of the connection to the end of the response.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// The limit on connecting, TLS included: a request that was not sent has spent no token.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The interval of TCP keepalive probes on the connection of a token request, which is closed after eight without an
/// acknowledgement.
const TOKEN_KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// Builds clients that share one TLS configuration.
#[derive(Default)]
pub(crate) struct ClientFactory {
    /// `None`: not needed yet.
    tls: Option<rustls::ClientConfig>,
}

impl ClientFactory {
    /// A client whose requests travel by `proxy`, completed by `configure`.
    pub(crate) fn client(
        &mut self,
        proxy: &Proxy,
        configure: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Client, Failure> {
        let no_client =
            |error: &dyn Error| Failure::Internal(format!("could not create the HTTP client: {error}"));
        let tls = match self.tls.clone() {
            Some(tls) => tls,
            None => self.tls.insert(tls::config().map_err(|error| no_client(&error))?).clone(),
        };
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(None)
            // A token is sent to the configured address and nowhere else.
            .redirect(redirect::Policy::none())
            .referer(false);
        let builder = match proxy {
            Proxy::System => builder,
            Proxy::Direct => builder.no_proxy(),
            Proxy::Via(url) => {
                builder.no_proxy().proxy(reqwest::Proxy::all(url.clone()).map_err(|error| no_client(&error))?)
            }
        };
        configure(builder).build().map_err(|error| no_client(&error))
    }
}

/// For a request that is sent once and whose response must not be lost. reqwest ends a connection after 30 s without an
/// acknowledgement (`tcp_user_timeout`) and sends again what a server has refused (HTTP/2 `REFUSED_STREAM`).
pub(crate) fn single_use(builder: ClientBuilder) -> ClientBuilder {
    let builder = builder
        .pool_max_idle_per_host(0)
        // A body that does not match its Content-Encoding could not be read at all.
        .no_gzip()
        // An invalid header must not cost a login.
        .http1_ignore_invalid_headers_in_responses(true)
        .retry(retry::never())
        .tcp_keepalive(TOKEN_KEEPALIVE_INTERVAL)
        .tcp_keepalive_interval(TOKEN_KEEPALIVE_INTERVAL)
        .tcp_keepalive_retries(8);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let builder = builder.tcp_user_timeout(None);
    builder
}

/// The proxy of a request to `url`, where the account has `proxy`. An `http` endpoint is on this machine, and a proxy
/// would get its token unencrypted; `https` goes through a tunnel.
pub(crate) fn proxy_for<'a>(url: &Url, proxy: &'a Proxy) -> &'a Proxy {
    if url.scheme() == "https" { proxy } else { &Proxy::Direct }
}
