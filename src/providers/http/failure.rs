//! What a failed request means, by what the user can do about it.

use crate::providers::http::client::{REQUEST_TIMEOUT, proxy_for};
use crate::providers::proxy::Proxy;
use crate::quota::Failure;
use std::error::Error;

/// The failure behind an error of a request to `host`.
pub(crate) fn failure(error: &reqwest::Error, host: &str, proxy: &Proxy) -> Failure {
    // Without reqwest's own message: it has the URL, which may hold a password.
    let messages: Vec<_> = causes(error).map(ToString::to_string).collect();
    log::debug!("request to {host}: {}", messages.join(": "));
    if error.is_timeout() && !error.is_connect() {
        return Failure::TimedOut(REQUEST_TIMEOUT.as_secs());
    }
    if causes(error).any(is_tls) {
        return Failure::TlsError(host.to_owned());
    }
    if error.is_connect() {
        return unreachable(host, error.url().map_or(proxy, |url| proxy_for(url, proxy)));
    }
    if causes(error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_parse)) {
        return Failure::InvalidResponse("it is not valid HTTP, or its headers are too large".into());
    }
    if error.is_decode() {
        return Failure::InvalidResponse("it could not be decoded, or is incomplete".into());
    }
    Failure::ConnectionLost(host.to_owned())
}

/// No connection to `host` by way of `proxy`.
pub(crate) fn unreachable(host: &str, proxy: &Proxy) -> Failure {
    Failure::Unreachable(match proxy {
        Proxy::Via(url) => format!("{host} through the proxy {}", url.host_str().unwrap_or_default()),
        Proxy::System | Proxy::Direct => host.to_owned(),
    })
}

/// `io::Error` hides its inner error from `source()`, and the connector wraps one in another.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let inner = || error.downcast_ref::<std::io::Error>()?.get_ref();
    error.is::<rustls::Error>() || inner().is_some_and(|inner| is_tls(inner))
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source())
}
