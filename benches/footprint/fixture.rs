//! A fixture with so many accounts, the program in it, and one refresh of it by a click.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::common::{Fixture, Menu, MenuItem, Program, TestAccount};
use super::server::Server;
use super::wire::{Heard, Wire};

/// How long a refresh may take. Far above what any does, since it ends the bench.
const TIMEOUT: Duration = Duration::from_secs(120);

/// How long the icon of a peer may take.
const PEER_TIMEOUT: Duration = Duration::from_secs(10);

/// How often the state is looked at, where no signal tells.
const LOOK: Duration = Duration::from_millis(2);

/// When nothing has come for this long after a refresh, nothing more comes of it.
const QUIET: Duration = Duration::from_millis(300);

/// Everything around a program.
pub struct BenchFixture<'a> {
    pub fixture: Fixture,
    pub wire: Wire,
    accounts: Vec<TestAccount>,
    server: &'a Server,
}

/// The program on its fixture, at rest.
pub struct Tray<'a> {
    pub program: Program,
    pub parent: &'a BenchFixture<'a>,
    refresh: MenuItem,
}

/// One refresh.
pub struct Refresh {
    /// From the click to the last signal by which a panel learns of the new menu; where nothing has changed
    /// in it, to the note of its outcome in the state.
    pub took: Duration,
    /// All that the tray signalled, from the click until it was quiet again.
    pub signals: Vec<Heard>,
}

impl<'a> BenchFixture<'a> {
    /// With so many accounts, half of each provider. Their first refresh will be a cold one.
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
        Self { wire: Wire::listen(&fixture.bus), fixture, accounts, server }
    }

    /// What a panel and a peer ask for: the tokens of the accounts.
    pub fn tokens(&self) -> Vec<&str> {
        self.accounts.iter().map(TestAccount::access_token).collect()
    }

    /// Some program in the environment of this fixture.
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

    /// Starts `command` and waits for its icon; how long that took.
    pub fn spawn(&self, command: &mut Command) -> (Program, Instant, Duration) {
        self.try_spawn(command, TIMEOUT)
            .unwrap_or_else(|said| panic!("{command:?} has shown no icon within {TIMEOUT:?}:\n{said}"))
    }

    /// The same with a program of others, which now and then does not find the bus at its first try.
    pub fn spawn_peer(&self, command: &mut Command) -> (Program, Instant, Duration) {
        const TRIES: usize = 5;
        let tried = (0..TRIES).find_map(|_| self.try_spawn(command, PEER_TIMEOUT).ok());
        tried.unwrap_or_else(|| panic!("{command:?} has shown no icon in {TRIES} tries"))
    }

    /// What it said if there is no icon in time.
    fn try_spawn(
        &self,
        command: &mut Command,
        patience: Duration,
    ) -> Result<(Program, Instant, Duration), String> {
        self.wire.drain();
        let began = Instant::now();
        let program = self.fixture.spawn_command(command);
        loop {
            match self.wire.next(patience) {
                Some(heard) if heard.is_registration() => return Ok((program, began, heard.at - began)),
                Some(_) => {}
                None => return Err(program.stderr()),
            }
        }
    }

    /// Starts the program and waits for the end of its first refresh.
    pub fn start(&'a self, binary: &Path) -> Tray<'a> {
        let asked = self.server.requests();
        let (program, began, _) = self.spawn(&mut self.command(binary));
        loop {
            if self.server.requests() - asked >= self.accounts.len() {
                let menu = self.fixture.host.menu();
                if at_rest(&menu) {
                    assert_eq!(answered(&menu), self.accounts.len(), "not all were answered:\n{menu}");
                    return Tray { program, parent: self, refresh: menu.item("Refresh now").clone() };
                }
            }
            assert!(began.elapsed() < TIMEOUT, "the first refresh does not end:\n{}", program.stderr());
            // Its end is told by a signal; one that was missed does not matter so much.
            self.wire.next(Duration::from_millis(500));
        }
    }
}

impl Tray<'_> {
    pub fn id(&self) -> u32 {
        self.program.id()
    }

    /// Clicks "Refresh now" and waits for its outcome, which is to be the same as before.
    pub fn refresh(&mut self) -> Refresh {
        self.refresh_until(false)
    }

    /// The same where the menu will have to change.
    pub fn refresh_to_change(&mut self) -> Refresh {
        self.refresh_until(true)
    }

    fn refresh_until(&mut self, change: bool) -> Refresh {
        let BenchFixture { fixture, wire, accounts, server } = self.parent;
        if wire.drain().iter().any(Heard::is_new_layout) {
            self.refresh = fixture.host.menu().item("Refresh now").clone();
        }
        let (before, asked) = (self.kept(), server.requests());
        let mut signals = Vec::new();
        let began = Instant::now();
        fixture.host.send_click(&self.refresh).expect("could not click");
        while self.kept() == before {
            assert!(began.elapsed() < TIMEOUT, "the refresh does not end");
            signals.extend(wire.next(LOOK));
        }
        let mut took = began.elapsed();
        // The tray asks no account more often than sixty times in five minutes.
        assert_eq!(server.requests() - asked, accounts.len(), "not all were asked");
        // The menu comes after the state; the two may be as near each other as one look.
        let is_outcome = |heard: &Heard| heard.is_of_menu() && heard.at + 2 * LOOK > began + took;
        while change && !signals.iter().any(is_outcome) {
            signals.push(wire.next(TIMEOUT).expect("the menu does not change"));
        }
        while let Some(heard) = wire.next(QUIET) {
            signals.push(heard);
        }
        if let Some(last) = signals.iter().rfind(|heard| heard.is_of_menu()) {
            took = last.at - began;
        }
        if signals.iter().any(Heard::is_new_layout) {
            self.refresh = fixture.host.menu().item("Refresh now").clone();
        }
        signals.retain(Heard::is_of_tray);
        Refresh { took, signals }
    }

    /// The file with what is known: a new one after each refresh.
    fn kept(&self) -> Option<(u64, i64, i64)> {
        let file = self.parent.fixture.state_home().join("quota-tray/snapshot.json");
        let file = file.metadata().ok()?;
        Some((file.ino(), file.mtime(), file.mtime_nsec()))
    }
}

/// No refresh is under way.
fn at_rest(menu: &Menu) -> bool {
    menu.find("Refresh now").is_some_and(|item| item.enabled)
}

/// How many accounts show a number. With many of them the lowest stand in the menu twice.
fn answered(menu: &Menu) -> usize {
    let has_number = |item: &&MenuItem| item.label.contains('@') && item.label.contains("% left");
    let below: usize = menu
        .items
        .iter()
        .filter(|item| !item.label.contains('@'))
        .map(|item| item.children.iter().filter(has_number).count())
        .sum();
    if below > 0 { below } else { menu.items.iter().filter(has_number).count() }
}
