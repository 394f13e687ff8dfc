//! Is a CLIProxyAPI running that renews the logins itself? Two programs that renew the same login lose it, so a program
//! that may be CLIProxyAPI counts as one.

use crate::config::Endpoint;
use crate::providers::http::{Http, Probe};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How CLIProxyAPI's own page begins.
const PAGE: &str = "CLI Proxy API Server";

/// How long CLIProxyAPI is taken to be as it was found.
const RESULT_LIFETIME: Duration = Duration::from_secs(5);

/// What was found at the addresses of CLIProxyAPI. A place is host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It answers at this place.
    Running(String),
    /// A program at this place accepts connections and does not answer.
    Silent(String),
    /// No connection is accepted, or other programs answer.
    Absent,
}

impl Presence {
    /// Why a login is not to be renewed, as a clause with what helps. `None`: it may be.
    pub fn refusal(&self) -> Option<String> {
        match self {
            Presence::Running(_) => Some("CLIProxyAPI is running and will renew it".into()),
            Presence::Silent(place) => Some(format!(
                "a program on {place} accepts connections but does not answer, and may be CLIProxyAPI; restart it, or \
                 set token_renewal = \"always\""
            )),
            Presence::Absent => None,
        }
    }
}

/// Looks at each address until CLIProxyAPI is found.
pub async fn find(http: &Http, endpoints: &[Endpoint]) -> Presence {
    let mut found = Presence::Absent;
    for endpoint in endpoints {
        match http.probe(endpoint, PAGE).await {
            Probe::Found => return Presence::Running(place(endpoint)),
            Probe::Silent if found == Presence::Absent => found = Presence::Silent(place(endpoint)),
            Probe::Silent | Probe::NotFound => {}
        }
    }
    found
}

/// Host and port: an address may hold a password, too.
pub fn place(endpoint: &Endpoint) -> String {
    let port = endpoint.url().port_or_known_default();
    port.map_or_else(|| endpoint.host().to_owned(), |port| format!("{}:{port}", endpoint.host()))
}

/// Looks for CLIProxyAPI on behalf of many logins at once.
#[derive(Debug, Default)]
pub struct Lookout {
    last: Mutex<Option<(Instant, Presence)>>,
}

impl Lookout {
    /// What is at these addresses. The first caller probes, the others wait for its result.
    pub async fn find(&self, http: &Http, endpoints: &[Endpoint]) -> Presence {
        let mut last = self.last.lock().await;
        if let Some((at, presence)) = &*last
            && at.elapsed() < RESULT_LIFETIME
        {
            return presence.clone();
        }
        let presence = find(http, endpoints).await;
        *last = Some((Instant::now(), presence.clone()));
        presence
    }
}
