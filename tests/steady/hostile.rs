//! Broken and malicious servers: each request ends within its timeout, with its own error and constant memory.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::process::most_memory;
use super::state_dir::StateDir;
use super::*;
use crate::common::{Response, TcpServer, TestServer, claude_usage, field, read_head};

/// What a server does with a request that it has read.
type Serve = fn(&mut TcpStream) -> io::Result<()>;

const NOT_HTTP: &str = "unexpected response: it is not valid HTTP, or its headers are too large";
const BROKEN: &str = "unexpected response: it could not be decoded, or is incomplete";
const TOO_LONG: &str = "unexpected response: it is longer than 1 MiB";
const BROKE_OFF: &str = "connection to 127.0.0.1 lost";
const TOO_LATE: &str = "no response within 15 s";
const PORTAL: &str = "it is a web page; check whether your network has a sign-in page";

/// A gzip of zeros up to the middle of its one block. In the code of that block a zero bit is "258
/// bytes like the last one" and the next is "one byte back": each zero byte that follows unpacks to
/// 1032 bytes, and 10 MiB of them to 10 GiB.
const BOMB: [u8; 24] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xec, 0xc1, 0x01, 0x01, 0x00, 0x00, 0x00,
    0x80, 0x90, 0xfe, 0xaf, 0xee, 0x08, 0x0a,
];
const BOMB_LENGTH: usize = 10 * 1024 * 1024;

/// The server's name, the expected error, and what it does.
const HOSTILE: [(&str, &str, Serve); 19] = [
    ("portal", PORTAL, |stream| {
        let page = " <!DOCTYPE html><html><body>Welcome to the hotel</body></html>";
        stream.write_all(&Response::status(200).body(page).to_bytes())
    }),
    ("bomb", TOO_LONG, |stream| {
        let length = BOMB.len() + BOMB_LENGTH;
        write!(stream, "HTTP/1.1 200 \r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n")?;
        stream.write_all(&BOMB)?;
        (0..BOMB_LENGTH / 1024).try_for_each(|_| stream.write_all(&[0; 1024]))
    }),
    ("body-without-end", TOO_LONG, |stream| {
        stream.write_all(b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n")?;
        loop {
            stream.write_all(b"400\r\n")?;
            stream.write_all(&[b' '; 0x400])?;
            stream.write_all(b"\r\n")?;
        }
    }),
    ("length-beyond-belief", TOO_LONG, |stream| {
        stream.write_all(b"HTTP/1.1 200 \r\nContent-Length: 9223372036854775807\r\n\r\n")?;
        loop {
            stream.write_all(&[b'['; 0x400])?;
        }
    }),
    ("headers-without-end", NOT_HTTP, |stream| {
        stream.write_all(b"HTTP/1.1 200 \r\n")?;
        loop {
            stream.write_all(b"X-Header: and another one\r\n")?;
        }
    }),
    ("header-without-end", NOT_HTTP, |stream| {
        stream.write_all(b"HTTP/1.1 200 \r\nX-Header: ")?;
        loop {
            stream.write_all(&[b'x'; 0x400])?;
        }
    }),
    ("trailers-without-end", BROKEN, |stream| {
        stream.write_all(b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n")?;
        loop {
            stream.write_all(b"X-Trailer: and another one\r\n")?;
        }
    }),
    ("other-protocol", NOT_HTTP, |stream| stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n")),
    ("two-lengths", NOT_HTTP, |stream| {
        stream.write_all(b"HTTP/1.1 200 \r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}")
    }),
    ("no-length", NOT_HTTP, |stream| stream.write_all(b"HTTP/1.1 200 \r\nContent-Length: -1\r\n\r\n{}")),
    ("length-too-short", "it is not JSON (line 1, column 9)", |stream| {
        stream.write_all(b"HTTP/1.1 200 \r\nContent-Length: 9\r\n\r\n{\"five_hour\": {\"utilization\": 1}}")
    }),
    ("length-too-long", BROKEN, |stream| {
        stream.write_all(b"HTTP/1.1 200 \r\nContent-Length: 99\r\n\r\n{\"five_hour\": {\"utilization\": 1}}")
    }),
    ("broken-chunk", BROKEN, |stream| {
        stream.write_all(b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")
    }),
    ("broken-gzip", BROKEN, |stream| {
        stream.write_all(b"HTTP/1.1 200 \r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot so...")
    }),
    ("cut-head", BROKE_OFF, |stream| stream.write_all(b"HTTP/1.1 200 \r\nContent-Len")),
    ("cut-at-once", BROKE_OFF, |_| Ok(())),
    // The three that end only by the timeout.
    ("silent", TOO_LATE, |stream| io::copy(stream, &mut io::sink()).map(drop)),
    ("trickle", TOO_LATE, |stream| {
        stream.write_all(b"HTTP/1.1 200 \r\nContent-Length: 1000\r\n\r\n")?;
        loop {
            stream.write_all(b" ")?;
            thread::sleep(Duration::from_millis(250));
        }
    }),
    ("interim-answers-without-end", TOO_LATE, |stream| {
        loop {
            stream.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")?;
            // At full speed a debug build would parse for seconds at a time.
            thread::sleep(Duration::from_millis(1));
        }
    }),
];

/// Responds to each token by its account's name: `claude-access-NAME@example.com`.
fn serve(mut stream: TcpStream, requested: &Mutex<Vec<String>>) -> io::Result<()> {
    let head = read_head(&mut stream)?;
    let bearer = field(&head, "authorization").unwrap_or_default();
    let name = bearer.trim_start_matches("Bearer claude-access-").split('@').next().unwrap_or_default();
    requested.lock().expect("nothing panics under it").push(name.to_owned());
    match HOSTILE.iter().find(|(hostile, ..)| *hostile == name) {
        Some((_, _, serve)) => serve(&mut stream),
        None => stream.write_all(&Response::json(&claude_usage(&[("five_hour", 58.0)])).to_bytes()),
    }
}

#[test]
fn hostile_responses_fail_in_time_with_flat_memory() {
    let requested: Arc<Mutex<Vec<String>>> = Arc::default();
    let server = TcpServer::start({
        let requested = Arc::clone(&requested);
        move |stream| serve(stream, &requested)
    });
    let mut fixture = Fixture::new().claude("healthy@example.com");
    fixture.set_usage_endpoint(&server.url("/usage"));
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("healthy@example.com — 42% left"));
    let before = most_memory(program.id());

    for (name, ..) in HOSTILE {
        fixture.add_claude(&format!("{name}@example.com"));
    }
    fixture.host.menu_until(|menu| menu.shows("Refreshing…"));
    let menu = fixture.host.menu_until(showing("silent@example.com — No response within"));
    for (name, expected, _) in HOSTILE {
        let row = menu.item(&format!(" {name}@example.com"));
        let shown = submenu_text(row).to_lowercase();
        assert!(shown.contains(&expected.to_lowercase()), "{name}: no {expected:?} in {shown:?}");
    }
    assert!(menu.shows("healthy@example.com — 42% left"), "{menu}");
    let grown = most_memory(program.id()) - before;
    println!("memory grew by {} KiB", grown / 1024);
    assert!(grown < 24 * 1024 * 1024, "memory grew by {grown} bytes");

    // Each was requested once, and failed accounts are throttled from now on.
    let requested = requested.lock().expect("nothing panics under it").clone();
    for (name, expected, _) in HOSTILE {
        assert_eq!(requested.iter().filter(|known| *known == name).count(), 1, "{name}");
        let pause = StateDir::of(&fixture).pace(&format!("claude-{name}@example.com.json"), "pause_until");
        assert_eq!(pause.is_some(), [BROKE_OFF, TOO_LATE].contains(&expected), "{name}");
    }
    quit(&fixture, program);
}

#[test]
fn redirect_is_not_followed() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let (alice, bob) = (fixture.account(ALICE), fixture.account(BOB));
    let elsewhere = TestServer::start();
    for (account, usage) in [(&alice, "/claude/usage"), (&bob, "/codex/usage")] {
        elsewhere.respond(account.access_token(), claude_usage(&[("five_hour", 1.0)]));
        let to = [elsewhere.url(usage), fixture.server.url("/another/path")];
        let mut locations = [301, 302, 303, 307, 308].into_iter().zip(to.into_iter().cycle());
        fixture.server.respond_with(account.access_token(), move |_| {
            let (status, location) = locations.next().expect("requested more often than the test does");
            Response::redirect(&location).with_status(status)
        });
    }
    for (count, code) in [301, 302, 303, 307, 308].into_iter().enumerate() {
        for account in status(&fixture).0 {
            let error = account["error"].as_str().expect("it failed");
            assert!(error.contains(&format!("it is a redirect ({code}), which is not followed")), "{error}");
        }
        assert_eq!(fixture.server.requests().len(), 2 * (count + 1));
    }
    assert!(elsewhere.requests().is_empty(), "{:#?}", elsewhere.requests());
}
