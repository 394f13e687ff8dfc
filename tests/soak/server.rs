//! A usage server on loopback that is in a bad mood now and then.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Longer than any answer that is read to its end.
const TOO_LONG: usize = 1024 * 1024 + 1;

/// A connection on which nothing is asked for this long is closed; a fault that lasts ends with it. The
/// time-outs of the program are longer than a test has time for.
const PATIENCE: Duration = Duration::from_millis(150);

/// Runs until the process ends.
pub struct Server {
    address: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    asked: AtomicUsize,
    well: AtomicUsize,
}

impl Server {
    pub fn start() -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("no port on loopback");
        let server = Server { address: listener.local_addr().expect("no address"), counts: Arc::default() };
        let counts = Arc::clone(&server.counts);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let counts = Arc::clone(&counts);
                let rng = fastrand::Rng::with_seed(number as u64);
                // An error is the client's end of the connection.
                thread::spawn(move || serve(stream, rng, &counts).ok());
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many questions came.
    pub fn asked(&self) -> usize {
        self.counts.asked.load(Ordering::Relaxed)
    }

    /// How many of them were answered well.
    pub fn well(&self) -> usize {
        self.counts.well.load(Ordering::Relaxed)
    }
}

/// Answers one question after the other, until one of them ends the connection.
fn serve(mut stream: TcpStream, mut rng: fastrand::Rng, counts: &Counts) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(path) = read_request(&mut reader)? {
        counts.asked.fetch_add(1, Ordering::Relaxed);
        if rng.u8(..) < 190 {
            counts.well.fetch_add(1, Ordering::Relaxed);
            send(&mut stream, 200, "", usage(&path, &mut rng).to_string().as_bytes())?;
        } else if !misbehave(&mut stream, &mut rng)? {
            break;
        }
    }
    Ok(())
}

/// `None` when the client has closed the connection.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    Ok(first.split(' ').nth(1).map(str::to_owned))
}

fn send(stream: &mut TcpStream, status: u16, headers: &str, body: &[u8]) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status} \r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    stream.write_all(&[head.as_bytes(), body].concat())
}

/// A fault. `false`: with it the connection ends.
fn misbehave(stream: &mut TcpStream, rng: &mut fastrand::Rng) -> io::Result<bool> {
    // Those that last are the first two, and rare: they are what the soak waits for.
    match rng.u8(..128) {
        // Silence, until one of the two has enough.
        0 => {
            stream.read_to_end(&mut Vec::new())?;
            Ok(false)
        }
        1 => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")?;
            for _ in 0..50 {
                stream.write_all(b" ")?;
                thread::sleep(PATIENCE / 50);
            }
            Ok(false)
        }
        other => brief_fault(other % 14, stream, rng),
    }
}

/// A fault that is known at once.
fn brief_fault(which: u8, stream: &mut TcpStream, rng: &mut fastrand::Rng) -> io::Result<bool> {
    match which {
        0 => send(stream, 429, "Retry-After: 0\r\n", b"")?,
        1 => send(stream, 429, "", b"{\"error\":{\"type\":\"rate_limit_error\"}}")?,
        2 => send(stream, 401, "", b"")?,
        3 => send(stream, 403, "", b"{}")?,
        4 => send(stream, 500, "", &vec![b'x'; rng.usize(..50_000)])?,
        5 => send(stream, 503, "Retry-After: 10\r\n", b"<html>")?,
        6 => send(stream, 302, "Location: http://127.0.0.1:1/\r\n", b"")?,
        7 => send(stream, 200, "Content-Type: text/html\r\n", b"<html>Sign in to the network</html>")?,
        8 => send(stream, 200, "", "[".repeat(10_000).as_bytes())?,
        9 => send(stream, 200, "Content-Encoding: gzip\r\n", b"\x1f\x8bno gzip at all")?,
        10 => send(stream, 200, "", &vec![b' '; TOO_LONG])?,
        11 => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"five_hour\":")?;
            return Ok(false);
        }
        12 => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            for number in 0.. {
                write!(stream, "X-{number}: {}\r\n", "x".repeat(500))?;
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// A good answer, each time another one, for windows that are nearly used up now and then.
fn usage(path: &str, rng: &mut fastrand::Rng) -> Value {
    let used = |rng: &mut fastrand::Rng| rng.u8(..=100);
    let reset = |hours: i64| -> DateTime<Utc> { Utc::now() + TimeDelta::hours(hours) };
    if path.starts_with("/claude") {
        let bucket = |rng: &mut fastrand::Rng, hours| {
            let resets_at = reset(hours).to_rfc3339();
            json!({"utilization": used(rng), "resets_at": resets_at})
        };
        let mut answer = json!({"five_hour": bucket(rng, 3), "seven_day": bucket(rng, 90)});
        if rng.bool() {
            // Names come and go.
            answer[format!("code_name_{}", rng.u8(..4))] = bucket(rng, 20);
        }
        return answer;
    }
    let window = |rng: &mut fastrand::Rng, hours: i64| {
        json!({
            "used_percent": used(rng),
            "limit_window_seconds": hours * 7_200,
            "reset_at": reset(hours).timestamp(),
        })
    };
    json!({
        "plan_type": "plus",
        "rate_limit": {"primary_window": window(rng, 3), "secondary_window": window(rng, 84)},
    })
}
