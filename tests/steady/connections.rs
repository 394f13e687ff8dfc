//! Many accounts at one host: over one shared connection with HTTP/2, and a limited number with HTTP/1.1.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use chrono::TimeDelta;
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, oneshot};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::common::{Certificate, claude_usage};

/// Counts of a host.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    waiting: AtomicUsize,
    most_waiting: AtomicUsize,
}

/// A host that stops on drop.
struct Host {
    port: u16,
    seen: Arc<Seen>,
    _stop: oneshot::Sender<()>,
}

impl Host {
    /// Starts a host that speaks `protocol` and responds once `together` requests wait.
    fn start(certificate: &Certificate, protocol: &'static str, together: usize) -> Self {
        let mut config = certificate.server();
        Arc::make_mut(&mut config).alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let seen = Arc::<Seen>::default();
        let (tell, port) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        thread::spawn({
            let seen = Arc::clone(&seen);
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(async {
                    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
                    tell.send(listener.local_addr().expect("an address").port()).expect("it is waited for");
                    tokio::select! {
                        () = accept(listener, TlsAcceptor::from(config), protocol, &seen, together) => {}
                        _ = stopped => {}
                    }
                });
            }
        });
        Self { port: port.recv().expect("it starts"), seen, _stop: stop }
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    protocol: &'static str,
    seen: &Arc<Seen>,
    together: usize,
) {
    let together = Arc::new(Barrier::new(together));
    while let Ok((stream, _)) = listener.accept().await {
        let (seen, together) = (Arc::clone(seen), Arc::clone(&together));
        tokio::spawn(serve(stream, acceptor.clone(), protocol, seen, together));
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    protocol: &'static str,
    seen: Arc<Seen>,
    together: Arc<Barrier>,
) {
    seen.connections.fetch_add(1, SeqCst);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(|_| {
        let (seen, together) = (Arc::clone(&seen), Arc::clone(&together));
        async move {
            seen.most_waiting.fetch_max(seen.waiting.fetch_add(1, SeqCst) + 1, SeqCst);
            together.wait().await;
            // Time is the subject: a request above the limit would arrive now, and no event shows that none does.
            // Over HTTP/2 all requests of the test have arrived.
            if protocol != "h2" {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            seen.waiting.fetch_sub(1, SeqCst);
            let usage = claude_usage(&[("five_hour", 58.0)]).to_string();
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(usage))))
        }
    });
    let stream = TokioIo::new(stream);
    // An error means that the client closed the connection.
    match protocol {
        "h2" => http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await.ok(),
        _ => http1::Builder::new().serve_connection(stream, service).await.ok(),
    };
}

/// Fetches the usage of `accounts` accounts at once, and asserts that each succeeds.
#[track_caller]
fn fetch(accounts: usize, certificate: &Certificate, host: &Host) {
    let mut fixture = Fixture::new();
    for number in 0..accounts {
        fixture.add_claude(&format!("user-{number}@example.com"));
    }
    let reported = tls::status(&fixture, &format!("https://localhost:{}/usage", host.port), certificate);
    assert_eq!(reported.len(), accounts);
    for account in reported {
        assert_eq!(account["lowest_remaining_percent"], 42.0, "{account:#}");
    }
}

#[test]
fn http2_requests_share_one_connection() {
    const ACCOUNTS: usize = 90;
    let certificate = Certificate::new("localhost", TimeDelta::days(1));
    let host = Host::start(&certificate, "h2", ACCOUNTS);
    fetch(ACCOUNTS, &certificate, &host);
    assert_eq!(host.seen.connections.load(SeqCst), 1);
}

#[test]
fn http1_host_gets_a_hundred_concurrent_requests() {
    const AT_ONCE: usize = 100;
    let certificate = Certificate::new("localhost", TimeDelta::days(1));
    let host = Host::start(&certificate, "http/1.1", AT_ONCE);
    fetch(5 * AT_ONCE, &certificate, &host);
    assert_eq!(host.seen.most_waiting.load(SeqCst), AT_ONCE);
    // A connection that is just being released may be too late for the next request.
    assert!(host.seen.connections.load(SeqCst) <= 2 * AT_ONCE);
}
