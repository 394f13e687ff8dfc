//! The usage APIs on loopback, reached like the real ones: by name, TLS 1.3, HTTP/2 with a few hundred
//! concurrent requests per connection, or HTTP/1.1 for older clients. Each provider is a separate host with
//! separate counts.
//!
//! Not the tests' `TestServer`: that one has neither TLS nor HTTP/2, since its responses are ones that an HTTP
//! library refuses to send, and it uses a thread for each connection. Here a handshake costs what it does at
//! the real hosts, and 1,000 concurrent requests must not take the processor from the program that is measured.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::json;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::common::reset_of;

/// Paths of the system's trusted certificates; the first that exists is used.
const SYSTEM_BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The server of both providers, which runs until the bench ends.
pub struct Server {
    ports: [u16; 2],
    shared: Arc<Shared>,
    bundle: PathBuf,
}

/// The counts of one host.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Completed TLS handshakes: one per connection.
    pub handshakes: usize,
    pub requests: usize,
}

#[derive(Default)]
struct Shared {
    latency_ms: AtomicU64,
    /// What is added to the percent of each token.
    turn: AtomicU64,
    counts: [Counts; 2],
    /// Percent used of the 5-hour window by token, if it differs from the hash-based default.
    used: Mutex<HashMap<String, u8>>,
}

#[derive(Default)]
struct Counts {
    handshakes: AtomicUsize,
    requests: AtomicUsize,
}

impl Server {
    /// Starts serving. Writes the certificate bundle for clients into `dir`.
    pub fn start(dir: &Path) -> Self {
        let (config, authority) = certify();
        let bundle = dir.join("authorities.pem");
        // With the system's own certificates, since reading them is part of a program's cost.
        let system = SYSTEM_BUNDLES.iter().find_map(|path| fs::read_to_string(path).ok());
        fs::write(&bundle, system.unwrap_or_default() + "\n" + &authority)
            .expect("could not write the bundle");
        let shared = Arc::<Shared>::default();
        let listeners = [0, 1].map(|_| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("no port on loopback");
            listener.set_nonblocking(true).expect("a socket can be told not to block");
            listener
        });
        let ports = [0, 1].map(|host: usize| listeners[host].local_addr().expect("an address").port());
        thread::Builder::new()
            .name("usage-server".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || serve(listeners, &TlsAcceptor::from(Arc::new(config)), &shared)
            })
            .expect("could not start a thread");
        Self { ports, shared, bundle }
    }

    /// The URL of Claude's usage.
    pub fn claude(&self) -> String {
        format!("https://localhost:{}/claude/usage", self.ports[0])
    }

    /// The URL of Codex's usage.
    pub fn codex(&self) -> String {
        format!("https://localhost:{}/codex/usage", self.ports[1])
    }

    /// The value for `SSL_CERT_FILE`.
    pub fn bundle(&self) -> &Path {
        &self.bundle
    }

    /// Sets the delay of each response.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.latency_ms.store(latency.as_millis() as u64, Relaxed);
    }

    /// Sets the used percentage of the 5-hour window of this token.
    pub fn set_used(&self, token: &str, percent: u8) {
        self.shared.used.lock().expect("nothing panics under it").insert(token.to_owned(), percent);
    }

    /// Changes the usage in every response.
    pub fn change_all(&self) {
        self.shared.turn.fetch_xor(1, Relaxed);
    }

    /// The counts of each host so far.
    pub fn tally(&self) -> [Tally; 2] {
        self.shared.counts.each_ref().map(|counts| Tally {
            handshakes: counts.handshakes.load(Relaxed),
            requests: counts.requests.load(Relaxed),
        })
    }

    /// The requests at both hosts so far.
    pub fn requests(&self) -> usize {
        self.tally().iter().map(|tally| tally.requests).sum()
    }
}

/// A certificate for `localhost`, signed by a new authority.
fn certify() -> (ServerConfig, String) {
    let key = || KeyPair::generate().expect("a key pair");
    let mut authority = CertificateParams::new(Vec::new()).expect("no name is invalid");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "quota-tray footprint");
    let authority_key = key();
    let authority_pem = authority.self_signed(&authority_key).expect("signed").pem();
    let server_key = key();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .and_then(|params| params.signed_by(&server_key, &Issuer::new(authority, authority_key)))
        .expect("signed");
    let private_key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them all")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private_key)
        .expect("the key fits the certificate");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (config, authority_pem)
}

fn serve(listeners: [TcpListener; 2], tls: &TlsAcceptor, shared: &Arc<Shared>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let [claude, codex] = listeners;
        tokio::join!(accept(claude, 0, tls, shared), accept(codex, 1, tls, shared));
    });
}

async fn accept(listener: TcpListener, host: usize, tls: &TlsAcceptor, shared: &Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("within the runtime");
    // Fails while there are no file descriptors left, and succeeds again later.
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (tls, shared) = (tls.clone(), Arc::clone(shared));
        tokio::spawn(async move {
            stream.set_nodelay(true).ok();
            let Ok(stream) = tls.accept(stream).await else { return };
            shared.counts[host].handshakes.fetch_add(1, Relaxed);
            let service = service_fn(move |request| respond(request, host, Arc::clone(&shared)));
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let stream = TokioIo::new(stream);
            // An error means that the client closed the connection.
            if is_http2 {
                http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await.ok();
            } else {
                http1::Builder::new().serve_connection(stream, service).await.ok();
            }
        });
    }
}

async fn respond(
    request: Request<Incoming>,
    host: usize,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    shared.counts[host].requests.fetch_add(1, Relaxed);
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let token = header.and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default();
    let latency = shared.latency_ms.load(Relaxed);
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let used = shared.used.lock().expect("nothing panics under it").get(token).copied();
    let body = usage_body(host, used.unwrap_or_else(|| usual(token) + shared.turn.load(Relaxed) as u8));
    let response = Response::builder().header("content-type", "application/json");
    Ok(response.body(Full::from(body)).expect("a valid response"))
}

/// From 25 to 74, constant for a token: nothing is low, so nothing is notified.
fn usual(token: &str) -> u8 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    25 + (hasher.finish() % 50) as u8
}

/// A body with two windows and as many other keys as the real ones.
fn usage_body(host: usize, used: u8) -> String {
    let (soon, late) = (reset_of(5), reset_of(7 * 24));
    let body = match host {
        0 => json!({
            "five_hour": {"utilization": f64::from(used), "resets_at": soon.to_rfc3339(), "limit_dollars": null},
            "seven_day": {"utilization": 20.0, "resets_at": late.to_rfc3339(), "limit_dollars": null},
            "seven_day_oauth_apps": null, "seven_day_opus": null, "seven_day_sonnet": null,
            "seven_day_cowork": null, "seven_day_omelette": null, "tangelo": null, "iguana_necktie": null,
            "nimbus_quill": {"utilization": 0.0, "resets_at": null},
            "extra_usage": {"is_enabled": false, "monthly_limit": 0, "used_credits": 0.0, "utilization": null,
                "currency": "USD", "decimal_places": 2},
            "limits": [
                {"kind": "session", "group": "session", "percent": used, "severity": "normal",
                    "resets_at": soon.to_rfc3339(), "scope": null, "is_active": true},
                {"kind": "weekly_all", "group": "weekly", "percent": 20, "severity": "normal",
                    "resets_at": late.to_rfc3339(), "scope": null, "is_active": false},
            ],
        }),
        _ => json!({
            "plan_type": "plus",
            "rate_limit": {
                "allowed": true,
                "limit_reached": false,
                "primary_window": {"used_percent": used, "limit_window_seconds": 18_000,
                    "reset_after_seconds": 9_000, "reset_at": soon.timestamp()},
                "secondary_window": {"used_percent": 20, "limit_window_seconds": 604_800,
                    "reset_after_seconds": 302_400, "reset_at": late.timestamp()},
            },
            "code_review_rate_limit": null,
            "additional_rate_limits": [],
            "credits": {"has_credits": false, "unlimited": false, "balance": "0"},
        }),
    };
    body.to_string()
}
