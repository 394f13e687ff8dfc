//! The tests' [`Fixture`] with a number of accounts at the bench's TLS [`Server`], a listener on its bus that
//! takes the time of each signal, the program in it, and a refresh by a click.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::common::{Fixture, Menu, MenuItem, Program, TestAccount};
use super::server::Server;
use super::signals::{Signal, SignalRecorder};

/// The timeout of a refresh. Far above any real duration, since it ends the bench.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The timeout for the icon of a peer.
const PEER_TIMEOUT: Duration = Duration::from_secs(10);

/// The interval of reading the state file, for changes without a signal.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// A refresh is complete once there was no signal for this long.
const QUIET: Duration = Duration::from_millis(300);

/// The environment of a program.
pub struct BenchFixture<'a> {
    pub fixture: Fixture,
    pub recorder: SignalRecorder,
    accounts: Vec<TestAccount>,
    server: &'a Server,
}

/// The idle program in its fixture.
pub struct Tray<'a> {
    pub program: Program,
    pub parent: &'a BenchFixture<'a>,
    refresh: MenuItem,
}

/// One refresh.
pub struct Refresh {
    /// From the click to the last signal about the new menu, or, if the menu is unchanged, to the new state
    /// file.
    pub took: Duration,
    /// All signals of the tray from the click until it was idle again.
    pub signals: Vec<Signal>,
}

impl<'a> BenchFixture<'a> {
    /// Creates `accounts` accounts, half of each provider. Their first refresh is a cold one.
    pub fn new(server: &'a Server, accounts: usize) -> Self {
        let mut fixture = Fixture::new();
        fixture.set_config(&format!(
            "refresh_minutes = 1440\n[endpoints]\nclaude_usage = \"{}\"\ncodex_usage = \"{}\"\n\
             cli_proxy_api = []\n",
            server.claude(),
            server.codex()
        ));
        let accounts = (0..accounts)
            .map(|number| match number % 2 {
                0 => fixture.add_claude(&format!("person{number}@example.com")),
                _ => fixture.add_codex(&format!("person{number}@example.com")),
            })
            .collect();
        Self { recorder: SignalRecorder::start(&fixture.bus), fixture, accounts, server }
    }

    /// The access tokens of the accounts.
    pub fn tokens(&self) -> Vec<&str> {
        self.accounts.iter().map(TestAccount::access_token).collect()
    }

    /// A command in the environment of this fixture.
    pub fn command(&self, program: &Path) -> Command {
        let environment = self.fixture.command();
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("SSL_CERT_FILE", self.server.bundle())
            .current_dir(self.fixture.home());
        command
    }

    /// Starts `command` and waits for its icon. Returns the start time and the time until the icon.
    pub fn spawn(&self, command: &mut Command) -> (Program, Instant, Duration) {
        self.try_spawn(command, TIMEOUT)
            .unwrap_or_else(|stderr| panic!("{command:?} has shown no icon within {TIMEOUT:?}:\n{stderr}"))
    }

    /// The same for another program, which may fail to find the bus at its first try.
    pub fn spawn_peer(&self, command: &mut Command) -> (Program, Instant, Duration) {
        const TRIES: usize = 5;
        let started = (0..TRIES).find_map(|_| self.try_spawn(command, PEER_TIMEOUT).ok());
        started.unwrap_or_else(|| panic!("{command:?} has shown no icon in {TRIES} tries"))
    }

    /// The error is the program's standard error if there is no icon in time.
    fn try_spawn(
        &self,
        command: &mut Command,
        timeout: Duration,
    ) -> Result<(Program, Instant, Duration), String> {
        self.recorder.drain();
        let began = Instant::now();
        let program = self.fixture.spawn_command(command);
        loop {
            match self.recorder.next(timeout) {
                Some(signal) if signal.is_registration() => return Ok((program, began, signal.at - began)),
                Some(_) => {}
                None => return Err(program.stderr()),
            }
        }
    }

    /// Starts the program and waits for the end of its first refresh.
    pub fn start(&'a self, binary: &Path) -> Tray<'a> {
        let requests = self.server.requests();
        let (program, began, _) = self.spawn(&mut self.command(binary));
        loop {
            if self.server.requests() - requests >= self.accounts.len() {
                let menu = self.fixture.host.menu();
                if is_idle(&menu) {
                    assert_eq!(
                        accounts_with_a_number(&menu),
                        self.accounts.len(),
                        "not all accounts have a number:\n{menu}"
                    );
                    return Tray { program, parent: self, refresh: menu.item("Refresh now").clone() };
                }
            }
            assert!(began.elapsed() < TIMEOUT, "the first refresh does not end:\n{}", program.stderr());
            // Wakes up at the signal of its end; a missed signal costs only this timeout.
            self.recorder.next(Duration::from_millis(500));
        }
    }
}

impl Tray<'_> {
    pub fn id(&self) -> u32 {
        self.program.id()
    }

    /// Clicks "Refresh now" and waits for its outcome, with unchanged usage.
    pub fn refresh(&mut self) -> Refresh {
        self.refresh_until(false)
    }

    /// The same with changed usage, so that the menu must change.
    pub fn refresh_to_change(&mut self) -> Refresh {
        self.refresh_until(true)
    }

    fn refresh_until(&mut self, change: bool) -> Refresh {
        let BenchFixture { fixture, recorder, accounts, server } = self.parent;
        if recorder.drain().iter().any(Signal::is_new_layout) {
            self.refresh = fixture.host.menu().item("Refresh now").clone();
        }
        let (before, requests) = (self.snapshot_version(), server.requests());
        let mut signals = Vec::new();
        let mut began = Instant::now();
        while let Err(error) = fixture.host.send_click(&self.refresh) {
            // The menu has just changed, and with it the ids of its items.
            assert!(began.elapsed() < TIMEOUT, "could not click: {error}");
            self.refresh = fixture.host.menu_until(is_idle).item("Refresh now").clone();
            began = Instant::now();
        }
        while self.snapshot_version() == before {
            assert!(began.elapsed() < TIMEOUT, "the refresh does not end");
            signals.extend(recorder.next(POLL_INTERVAL));
        }
        let mut took = began.elapsed();
        // The tray sends at most sixty requests per account in five minutes.
        assert_eq!(server.requests() - requests, accounts.len(), "not all accounts were requested");
        // The menu changes after the state file, possibly within one poll interval.
        let is_outcome =
            |signal: &Signal| signal.is_from_menu() && signal.at + 2 * POLL_INTERVAL > began + took;
        while change && !signals.iter().any(is_outcome) {
            signals.push(recorder.next(TIMEOUT).expect("the menu does not change"));
        }
        while let Some(signal) = recorder.next(QUIET) {
            signals.push(signal);
        }
        if let Some(last) = signals.iter().rfind(|signal| signal.is_from_menu()) {
            took = last.at - began;
        }
        if signals.iter().any(Signal::is_new_layout) {
            self.refresh = fixture.host.menu().item("Refresh now").clone();
        }
        signals.retain(Signal::is_from_tray);
        Refresh { took, signals }
    }

    /// Inode and time of the snapshot file, which is replaced after each refresh.
    fn snapshot_version(&self) -> Option<(u64, i64, i64)> {
        let file = self.parent.fixture.state_home().join("quota-tray/snapshot.json");
        let file = file.metadata().ok()?;
        Some((file.ino(), file.mtime(), file.mtime_nsec()))
    }
}

/// No refresh is running.
fn is_idle(menu: &Menu) -> bool {
    menu.find("Refresh now").is_some_and(|item| item.enabled)
}

/// The number of accounts that show a percentage. In a grouped menu the lowest are listed twice.
fn accounts_with_a_number(menu: &Menu) -> usize {
    // With a row for each window, the numbers are in the submenu of the account.
    let has_number = |item: &&MenuItem| {
        item.label.contains('@') && (item.label.contains("% left") || item.shows("% left"))
    };
    let below: usize = menu
        .items
        .iter()
        .filter(|item| !item.label.contains('@'))
        .map(|item| item.children.iter().filter(has_number).count())
        .sum();
    if below > 0 { below } else { menu.items.iter().filter(has_number).count() }
}
