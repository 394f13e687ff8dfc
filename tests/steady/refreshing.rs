//! What a refresh shows: a quick one only its outcome. After it no connection stays open.

use super::*;
use crate::common::TcpServer;
use quota_tray::engine::SourceSet;
use quota_tray::engine::refresher::{self, Command};
use quota_tray::engine::state_dir::StateDir;
use quota_tray::quota::{
    Account, AccountId, AccountStatus, AccountUsage, Failure, Provider, Snapshot, Usage, Window,
};
use quota_tray::sources::{AccountList, AccountSource, BoxFuture, Capabilities, ListedAccount, SourceLogin};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::mpsc::{self as channel, UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, sleep};

/// One account whose provider responds after this delay.
#[derive(Clone, Copy)]
struct SlowSource(Duration);

fn account() -> Account {
    Account {
        id: AccountId::file("claude-alice.json".into()),
        provider: Provider::CLAUDE,
        email: ALICE.into(),
        identity: None,
        given_name: None,
    }
}

fn fetched_usage() -> Usage {
    Usage { windows: vec![Window::new("five_hour", "5-hour", 58.0).expect("a number")], ..Usage::default() }
}

impl AccountSource for SlowSource {
    fn capabilities(&self) -> Capabilities {
        Capabilities { renews_tokens: false, passive_usage: false, sign_in: "" }
    }

    fn list(&self) -> BoxFuture<'_, AccountList> {
        let login: Box<dyn SourceLogin> = Box::new(*self);
        let listed = ListedAccount { account: account(), status: AccountStatus::Active, login: Some(login) };
        Box::pin(async { AccountList { accounts: vec![listed], ..AccountList::default() } })
    }
}

impl SourceLogin for SlowSource {
    fn fetch(&self) -> BoxFuture<'_, Result<Usage, Failure>> {
        Box::pin(async {
            sleep(self.0).await;
            Ok(fetched_usage())
        })
    }
}

/// A refresher that starts with this snapshot, and the channel of its snapshots.
fn start(latency: Duration, known: Snapshot) -> (UnboundedSender<Command>, UnboundedReceiver<Snapshot>) {
    let (commands, inbox) = channel::unbounded_channel();
    let (sender, snapshots) = channel::unbounded_channel();
    let publish = move |snapshot: Snapshot| sender.send(snapshot).expect("the test listens");
    // Unused: there is no token and no budget to store.
    let state = StateDir::new(std::path::Path::new("/nonexistent"));
    let sources = Arc::new(SourceSet::new(vec![Arc::new(SlowSource(latency))], None, state));
    tokio::spawn(refresher::run(sources, Duration::from_secs(3600), known, inbox, publish));
    (commands, snapshots)
}

fn known() -> Snapshot {
    let mut usage = AccountUsage::unknown(account());
    usage.record(Ok(fetched_usage()), chrono::Utc::now());
    Snapshot { accounts: vec![usage], ..Snapshot::default() }
}

#[tokio::test(start_paused = true)]
async fn slow_refresh_is_shown_as_refreshing() {
    let (commands, mut snapshots) = start(Duration::from_secs(3), known());
    let began = Instant::now();
    for round in 0..2 {
        let underway = snapshots.recv().await.expect("the refresher runs");
        assert!(underway.refreshing && underway.accounts[0].loading, "{round}");
        assert!(began.elapsed() >= Duration::from_millis(400), "{round}: {:?}", began.elapsed());
        let ended = snapshots.recv().await.expect("the refresher runs");
        assert!(!ended.refreshing && !ended.accounts[0].loading, "{round}");
        commands.send(Command::Refresh).expect("the refresher runs");
    }
}

#[tokio::test(start_paused = true)]
async fn quick_refresh_publishes_only_its_outcome() {
    let (commands, mut snapshots) = start(Duration::from_millis(200), known());
    for round in 0..3 {
        let snapshot = snapshots.recv().await.expect("the refresher runs");
        assert!(!snapshot.refreshing && snapshot.updated_at.is_some(), "{round}");
        commands.send(Command::Refresh).expect("the refresher runs");
    }
}

#[tokio::test(start_paused = true)]
async fn account_without_values_is_shown_as_loading_at_once() {
    let (_commands, mut snapshots) = start(Duration::from_millis(200), Snapshot::default());
    let began = Instant::now();
    let first = snapshots.recv().await.expect("the refresher runs");
    assert!(first.refreshing && first.accounts[0].loading);
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(!snapshots.recv().await.expect("the refresher runs").refreshing);
}

/// Reads a request without a body.
fn read_request(stream: &mut BufReader<TcpStream>) -> std::io::Result<()> {
    let mut line = String::new();
    while stream.read_line(&mut line)? > 2 {
        line.clear();
    }
    Ok(())
}

#[test]
fn idle_connection_is_closed() {
    const BODY: &str = r#"{"five_hour": {"utilization": 58.0, "resets_at": null}}"#;
    let (sender, closed) = mpsc::channel();
    let server = TcpServer::start(move |stream| {
        let mut stream = BufReader::new(stream);
        read_request(&mut stream)?;
        write!(
            stream.get_mut(),
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
            BODY.len()
        )?;
        // The server keeps the connection open for as long as the client does.
        let end = stream.read(&mut [0]);
        let _ = sender.send(matches!(end, Ok(0)));
        Ok(())
    });
    let fixture = Fixture::new().claude(ALICE);
    fixture.set_config(&format!(
        "[endpoints]\nclaude_usage = \"http://127.0.0.1:{}/usage\"\ncli_proxy_api = []\n",
        server.port()
    ));
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    assert!(closed.recv_timeout(TIMEOUT * 2).expect("the connection stays open"), "closed, not used again");
    assert_eq!(server.connections(), 1);
    quit(&fixture, program);
}
