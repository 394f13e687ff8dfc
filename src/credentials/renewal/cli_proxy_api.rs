//! Detects a running CLIProxyAPI, which renews the logins itself. Two programs that renew the same login lose it, so a
//! program that may be CLIProxyAPI counts as one.

use crate::config::Endpoint;
use crate::providers::http::{Http, Probe};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How CLIProxyAPI's page at `/` begins.
const PAGE: &str = "CLI Proxy API Server";

/// How long a result is reused.
const RESULT_LIFETIME: Duration = Duration::from_secs(5);

/// What was found at the addresses of CLIProxyAPI. An address is host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detection {
    /// CLIProxyAPI responds at this address.
    Running(String),
    /// A program at this address accepts connections and does not respond.
    Unresponsive(String),
    /// No connection is accepted, or other programs respond.
    NotFound,
}

/// Probes the addresses in turn until CLIProxyAPI is found.
pub async fn detect(http: &Http, endpoints: &[Endpoint]) -> Detection {
    let mut found = Detection::NotFound;
    for endpoint in endpoints {
        match http.probe(endpoint, PAGE).await {
            Probe::Found => return Detection::Running(address(endpoint)),
            Probe::Silent if found == Detection::NotFound => {
                found = Detection::Unresponsive(address(endpoint));
            }
            Probe::Silent | Probe::NotFound => {}
        }
    }
    found
}

/// Host and port, without the user name and password that a URL can contain.
pub fn address(endpoint: &Endpoint) -> String {
    let port = endpoint.url().port_or_known_default();
    port.map_or_else(|| endpoint.host().to_owned(), |port| format!("{}:{port}", endpoint.host()))
}

/// Detects CLIProxyAPI for many logins at the same time.
#[derive(Debug, Default)]
pub struct Detector {
    last: Mutex<Option<(Instant, Detection)>>,
}

impl Detector {
    /// What is at these addresses. The first caller probes, the others wait for its result.
    pub async fn detect(&self, http: &Http, endpoints: &[Endpoint]) -> Detection {
        let mut last = self.last.lock().await;
        if let Some((at, detection)) = &*last
            && at.elapsed() < RESULT_LIFETIME
        {
            return detection.clone();
        }
        let detection = detect(http, endpoints).await;
        *last = Some((Instant::now(), detection.clone()));
        detection
    }
}
