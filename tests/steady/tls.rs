//! A server that can't show who it is: it gets no token.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use rustls::{ServerConfig, ServerConnection, Stream};

use super::certificate::Certificate;
use super::server::{Server, answer, endpoints, read_head};
use super::*;
use crate::common::claude_usage;

/// Counts the requests that come through to it.
fn serve(mut socket: TcpStream, config: Arc<ServerConfig>, asked: &AtomicUsize) -> io::Result<()> {
    let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = Stream::new(&mut connection, &mut socket);
    read_head(&mut stream)?;
    asked.fetch_add(1, Ordering::Relaxed);
    stream.write_all(answer(200, &claude_usage(&[("five_hour", 58.0)]).to_string()).as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// What `status` says of an account at a server that shows `shown`, where `trusted` is trusted, and how
/// often that server was asked for anything.
fn meet(shown: &Certificate, trusted: &Certificate) -> (Value, usize) {
    let asked = Arc::<AtomicUsize>::default();
    let server = Server::start({
        let (asked, config) = (Arc::clone(&asked), shown.server());
        move |socket| serve(socket, Arc::clone(&config), &asked)
    });
    let account = ask(&format!("https://localhost:{}/usage", server.port()), trusted);
    assert!(server.connections() > 0);
    (account, asked.load(Ordering::Relaxed))
}

fn ask(endpoint: &str, trusted: &Certificate) -> Value {
    status(&Scene::new().claude(ALICE), endpoint, trusted).remove(0)
}

/// The accounts of `status --format json`, where all are asked for at `endpoint`.
pub fn status(scene: &Scene, endpoint: &str, trusted: &Certificate) -> Vec<Value> {
    scene.set_config(&endpoints(endpoint));
    let roots = scene.dir().join("roots.pem");
    fs::write(&roots, trusted.pem()).expect("written");
    let mut command = scene.command();
    let command = command.args(["status", "--format", "json"]).env("SSL_CERT_FILE", &roots);
    let done = scene.spawn_command(command).finish();
    let report: Value = serde_json::from_str(&done.stdout).expect("a report");
    report["accounts"].as_array().expect("accounts").clone()
}

#[test]
fn a_certificate_that_does_not_fit_is_not_trusted_and_no_token_is_sent() {
    let day = TimeDelta::days(1);
    let good = Certificate::new("localhost", day);
    let (account, asked) = meet(&good, &good);
    assert_eq!((&account["lowest_remaining_percent"], asked), (&Value::from(42.0), 1), "{account:#}");

    let wrong_name = Certificate::new("localhost.example.com", day);
    let expired = Certificate::new("localhost", TimeDelta::minutes(30));
    for (shown, trusted, what) in [
        (&wrong_name, &wrong_name, "of another name"),
        (&expired, &expired, "that has expired"),
        (&Certificate::new("localhost", day), &good, "that nobody trusts"),
    ] {
        let (account, asked) = meet(shown, trusted);
        let error = account["error"].as_str().unwrap_or_else(|| panic!("trusted one {what}: {account:#}"));
        assert!(error.starts_with("TLS error with localhost: "), "one {what}: {error}");
        assert_eq!((asked, &account["state"]), (0, &Value::from("error")), "one {what}");
    }
}

#[test]
fn a_server_without_tls_is_not_trusted_and_gets_no_token() {
    let told = Arc::<Mutex<Vec<u8>>>::default();
    let server = Server::start({
        let told = Arc::clone(&told);
        move |mut socket| {
            let mut hello = [0; 4096];
            let count = socket.read(&mut hello)?;
            told.lock().expect("nothing panics under it").extend_from_slice(&hello[..count]);
            socket.write_all(
                answer(400, "a plain request was sent to an https port, or the other way round").as_bytes(),
            )
        }
    });
    let trusted = Certificate::new("localhost", TimeDelta::days(1));
    let account = ask(&format!("https://localhost:{}/usage", server.port()), &trusted);
    let error = account["error"].as_str().expect("it failed");
    assert!(error.starts_with("TLS error with localhost: "), "{error}");
    let told = String::from_utf8_lossy(&told.lock().expect("nothing panics under it")).into_owned();
    assert!(!told.is_empty() && !told.contains("claude-access"), "{told}");
}
