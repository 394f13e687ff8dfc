//! A server that can't show who it is: it gets no token.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use rustls::{ServerConfig, ServerConnection, Stream};

use super::*;
use crate::common::{Certificate, Response, TcpServer, claude_usage, read_head};

/// Counts the requests that it receives.
fn serve(mut socket: TcpStream, config: Arc<ServerConfig>, requests: &AtomicUsize) -> io::Result<()> {
    let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = Stream::new(&mut connection, &mut socket);
    read_head(&mut stream)?;
    requests.fetch_add(1, Ordering::Relaxed);
    stream.write_all(&Response::json(&claude_usage(&[("five_hour", 58.0)])).to_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// The account in `status` with a server that presents `shown` while `trusted` is trusted, and the number of
/// requests the server received.
fn status_with_certificates(shown: &Certificate, trusted: &Certificate) -> (Value, usize) {
    let requests = Arc::<AtomicUsize>::default();
    let server = TcpServer::start({
        let (requests, config) = (Arc::clone(&requests), shown.server());
        move |socket| serve(socket, Arc::clone(&config), &requests)
    });
    let account = account_at(&format!("https://localhost:{}/usage", server.port()), trusted);
    assert!(server.connections() > 0);
    (account, requests.load(Ordering::Relaxed))
}

fn account_at(endpoint: &str, trusted: &Certificate) -> Value {
    status(&Fixture::new().claude(ALICE), endpoint, trusted).remove(0)
}

/// The accounts of `status --format json`, with both usage endpoints set to `endpoint`.
pub fn status(fixture: &Fixture, endpoint: &str, trusted: &Certificate) -> Vec<Value> {
    fixture.set_usage_endpoint(endpoint);
    let roots = fixture.dir().join("roots.pem");
    fs::write(&roots, trusted.pem()).expect("written");
    let mut command = fixture.command();
    let command = command.args(["status", "--format", "json"]).env("SSL_CERT_FILE", &roots);
    let done = fixture.spawn_command(command).finish();
    let report: Value = serde_json::from_str(&done.stdout).expect("a report");
    report["accounts"].as_array().expect("accounts").clone()
}

#[test]
fn invalid_certificate_gets_no_token() {
    let day = TimeDelta::days(1);
    let good = Certificate::new("localhost", day);
    let (account, requests) = status_with_certificates(&good, &good);
    assert_eq!((&account["lowest_remaining_percent"], requests), (&Value::from(42.0), 1), "{account:#}");

    let wrong_name = Certificate::new("localhost.example.com", day);
    let expired = Certificate::new("localhost", TimeDelta::minutes(30));
    for (shown, trusted, what) in [
        (&wrong_name, &wrong_name, "of another name"),
        (&expired, &expired, "that has expired"),
        (&Certificate::new("localhost", day), &good, "that nobody trusts"),
    ] {
        let (account, requests) = status_with_certificates(shown, trusted);
        let error = account["error"].as_str().unwrap_or_else(|| panic!("trusted one {what}: {account:#}"));
        assert!(error.starts_with("TLS error with localhost: "), "one {what}: {error}");
        assert_eq!((requests, &account["state"]), (0, &Value::from("error")), "one {what}");
    }
}

#[test]
fn server_without_tls_gets_no_token() {
    let received = Arc::<Mutex<Vec<u8>>>::default();
    let server = TcpServer::start({
        let received = Arc::clone(&received);
        move |mut socket| {
            let mut hello = [0; 4096];
            let count = socket.read(&mut hello)?;
            received.lock().expect("nothing panics under it").extend_from_slice(&hello[..count]);
            let body = "a plain request was sent to an https port, or the other way round";
            socket.write_all(&Response::status(400).body(body).to_bytes())
        }
    });
    let trusted = Certificate::new("localhost", TimeDelta::days(1));
    let account = account_at(&format!("https://localhost:{}/usage", server.port()), &trusted);
    let error = account["error"].as_str().expect("it failed");
    assert!(error.starts_with("TLS error with localhost: "), "{error}");
    let received = String::from_utf8_lossy(&received.lock().expect("nothing panics under it")).into_owned();
    assert!(!received.is_empty() && !received.contains("claude-access"), "{received}");
}
