//! The way a token takes: through the proxy that is set, and no other way.

use super::stage::Stage;
use crate::common::UsageServer;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc;
use std::thread;

/// Sets the account's `proxy_url`.
fn through(stage: &Stage, proxy: &str) {
    let text = stage.text().replacen('{', &format!("{{\"proxy_url\":\"{proxy}\","), 1);
    stage.write(text);
}

fn with_system_proxy(stage: &Stage, proxy: &str) -> Command {
    let mut command = stage.scene.command();
    command.env("HTTP_PROXY", proxy).env("http_proxy", proxy).env("https_proxy", proxy);
    command
}

/// What a plain http request through a proxy names: the whole address.
#[track_caller]
fn went_through(proxy: &UsageServer, stage: &Stage) {
    let paths: Vec<_> = proxy.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, [stage.scene.usage.url("/claude/token"), stage.scene.usage.url("/claude/usage")]);
    assert_eq!(stage.scene.usage.requests().len(), 0, "a token went around the proxy");
}

/// A proxy whose answers are those of the ledger.
fn http_proxy(stage: &Stage) -> UsageServer {
    let proxy = UsageServer::start();
    let direct = stage.scene.usage.url("");
    for path in ["/claude/token", "/claude/usage"] {
        stage.ledger.answer_at(&proxy, &format!("{direct}{path}"));
    }
    proxy
}

#[test]
fn an_accounts_own_proxy_is_used_for_its_renewal() {
    let stage = Stage::claude();
    let proxy = http_proxy(&stage);
    through(&stage, &proxy.url("").replace("http://", "http://user:hunter2@"));
    // A system's proxy that nobody answers at shows that the account's own goes before it.
    let row = stage.row(&mut with_system_proxy(&stage, "http://127.0.0.1:9"));
    assert_eq!((row.left, row.words.as_str()), (Some(42.0), ""), "{row:?}");
    assert!(stage.holds(2));
    went_through(&proxy, &stage);
    assert!(!row.stderr.contains("hunter2"), "{}", row.stderr);
    let credentials = proxy.requests()[0].header("proxy-authorization").map(str::to_owned);
    assert_eq!(credentials.as_deref(), Some("Basic dXNlcjpodW50ZXIy"));
}

#[test]
fn the_systems_proxy_is_used_where_the_account_has_none() {
    let stage = Stage::claude();
    let proxy = http_proxy(&stage);
    let row = stage.row(&mut with_system_proxy(&stage, &proxy.url("")));
    assert_eq!((row.left, row.words.as_str()), (Some(42.0), ""), "{row:?}");
    went_through(&proxy, &stage);
}

#[test]
fn direct_means_that_no_proxy_is_used() {
    for word in ["direct", "none"] {
        let stage = Stage::claude();
        let proxy = UsageServer::start();
        through(&stage, word);
        let row = stage.row(&mut with_system_proxy(&stage, &proxy.url("")));
        assert_eq!((row.left, row.words.as_str()), (Some(42.0), ""), "{row:?}");
        assert_eq!(proxy.requests().len(), 0);
    }
}

#[test]
fn a_proxy_that_does_not_answer_is_never_gone_around() {
    let stage = Stage::claude();
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    through(&stage, &format!("http://user:hunter2@{closed}"));
    let before = stage.text();
    stage.says(
        "token expired: cannot renew: could not reach 127.0.0.1 through the proxy 127.0.0.1: check the network \
         connection or the proxy",
    );
    assert_eq!((stage.text(), stage.scene.usage.requests().len()), (before, 0));
    assert_eq!(stage.header()["phase"], "prepared", "nothing was sent, so nothing was spent");
}

#[test]
fn a_socks_proxy_is_used_too() {
    let stage = Stage::claude();
    let (address, visited) = socks_proxy();
    through(&stage, &format!("socks5://{address}"));
    stage.shows_usage_with(2);
    let server = stage.scene.usage.url("").replace("http://", "");
    assert_eq!(visited.try_iter().next().as_deref(), Some(&*server));
}

/// A SOCKS5 proxy without a password, for IPv4 addresses; tells where it was asked to go.
fn socks_proxy() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (visit, visited) = mpsc::channel();
    thread::spawn(move || {
        // Until the test's process ends.
        for client in listener.incoming().flatten() {
            let visit = visit.clone();
            thread::spawn(move || pass_on(client, &visit).ok());
        }
    });
    (address, visited)
}

fn pass_on(mut client: TcpStream, visit: &mpsc::Sender<String>) -> io::Result<()> {
    let mut greeting = [0; 2];
    client.read_exact(&mut greeting)?;
    client.read_exact(&mut vec![0; usize::from(greeting[1])])?;
    client.write_all(&[5, 0])?;
    let mut request = [0; 10];
    client.read_exact(&mut request)?;
    let [5, 1, 0, 1, a, b, c, d, high, low] = request else { return Err(io::ErrorKind::Unsupported.into()) };
    let target = format!("{a}.{b}.{c}.{d}:{}", u16::from_be_bytes([high, low]));
    let mut server = TcpStream::connect(&target)?;
    visit.send(target).ok();
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let (mut from, mut to) = (server.try_clone()?, client.try_clone()?);
    let back = thread::spawn(move || {
        io::copy(&mut from, &mut to).ok();
        to.shutdown(Shutdown::Both).ok();
    });
    io::copy(&mut client, &mut server)?;
    server.shutdown(Shutdown::Both)?;
    back.join().ok();
    Ok(())
}
