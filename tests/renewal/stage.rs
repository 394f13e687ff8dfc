//! A scene with a ledger: accounts that sign in, runs of the real binary, and the judgement.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use chrono::TimeDelta;
use serde_json::Value;

use super::journals;
use crate::common::ledger::{Delivery, End, Ledger};
use crate::common::{Account, Finished, Gate, Scene};

/// Credentials, a state directory, and the server that knows the truth.
pub struct Stage {
    pub scene: Scene,
    pub ledger: Ledger,
    players: Vec<Player>,
}

/// An account of a stage.
#[derive(Clone)]
pub struct Player {
    /// Its name in the ledger: that of its file, without the ending.
    pub name: String,
    pub account: Account,
    provider: &'static str,
    is_link: bool,
}

/// Where the live refresh token of a login is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// In the credential file.
    File,
    /// In the journal.
    Journal,
    /// On its way: the client died with the answer unread, or before it came.
    Wire,
    /// Read from the socket, and not yet in the journal when the client died.
    Hand,
    /// Nowhere, and nothing excuses it.
    Lost,
}

impl Whereabouts {
    /// Whether a later run can renew this login.
    pub fn is_kept(self) -> bool {
        matches!(self, Whereabouts::File | Whereabouts::Journal)
    }
}

/// A run of `quota-tray status`.
#[derive(Debug)]
pub struct Run {
    finished: Finished,
    /// By the account's file name: what the row complains of, if anything.
    errors: HashMap<String, Option<String>>,
}

impl Stage {
    pub fn new() -> Self {
        let (scene, ledger) = (Scene::new(), Ledger::start());
        scene.set_config(&ledger.settings());
        Self { scene, ledger, players: Vec::new() }
    }

    /// With a login whose access token has expired.
    pub fn with(mut self, provider: &'static str, email: &str) -> Self {
        let account = match provider {
            "claude" => Account::claude(&self.scene.auth_dir(), email),
            _ => Account::codex(&self.scene.auth_dir(), email),
        };
        let player = Player { name: format!("{provider}-{email}"), account, provider, is_link: false };
        self.sign_in(&player);
        self.players.push(player);
        self
    }

    /// The same, with a link in the folder to a credential file elsewhere.
    pub fn with_link(self, provider: &'static str, email: &str) -> Self {
        let mut stage = self.with(provider, email);
        let elsewhere = stage.scene.dir().join("elsewhere");
        fs::create_dir_all(&elsewhere).expect("could not make a folder");
        let player = stage.players.last_mut().expect("just added");
        let link = player.account.file();
        let target = elsewhere.join(link.file_name().expect("it has a name"));
        fs::rename(link, &target).expect("could not move the credential file");
        symlink(target, link).expect("could not make a link");
        player.is_link = true;
        stage
    }

    pub fn players(&self) -> &[Player] {
        &self.players
    }

    /// The only account.
    #[track_caller]
    pub fn only(&self) -> &Player {
        assert_eq!(self.players.len(), 1);
        &self.players[0]
    }

    /// Puts a new login into the account's file, as CLIProxyAPI does; some minutes ago.
    pub fn sign_in(&self, player: &Player) {
        let login = self.ledger.sign_in(&player.name, player.provider);
        player.account.set("refresh_token", login.refresh);
        player.account.set("access_token", login.access);
        player.account.expire();
        modified_before(player.account.file(), Duration::from_secs(600));
    }

    /// As if so much time had passed for what the program keeps.
    pub fn wait(&self, minutes: u32) {
        for journal in journals::all(&self.state_dir()) {
            journal.age(TimeDelta::minutes(minutes.into()));
        }
        for player in &self.players {
            modified_before(player.account.file(), Duration::from_secs(60 * u64::from(minutes)));
        }
    }

    pub fn state_dir(&self) -> PathBuf {
        self.scene.state_home().join("quota-tray")
    }

    /// Runs the real `quota-tray status` to its end.
    #[track_caller]
    pub fn status(&self) -> Run {
        Run::of(self.scene.run(&["status", "--format", "json"]))
    }

    /// Where the live refresh token of a login is, now that the client is dead. `killed`: a moment at
    /// which it was still alive.
    #[track_caller]
    pub fn whereabouts(&self, player: &Player, killed: Instant) -> Whereabouts {
        let login = self.ledger.login(&player.name);
        if player.account.read()["refresh_token"] == *login.refresh {
            return Whereabouts::File;
        }
        if journals::all(&self.state_dir()).iter().any(|journal| journal.holds(&login.refresh)) {
            return Whereabouts::Journal;
        }
        // The journal has to say that an answer is expected. And a client that went on to ask for
        // something else, or whose answer was dealt with long ago, has no excuse.
        let phase = journals::of(&self.state_dir(), player.account.file()).map(|journal| journal.phase());
        match login.delivery {
            _ if phase.as_deref() != Some("sent") => Whereabouts::Lost,
            Some(Delivery { end: Some((End::AskedOn, _)), .. }) | None => Whereabouts::Lost,
            Some(Delivery { handed, .. }) if handed.is_none_or(|at| at > killed) => Whereabouts::Wire,
            Some(Delivery { end: Some((End::Reset, _)), .. }) => Whereabouts::Wire,
            Some(_) => Whereabouts::Hand,
        }
    }

    /// Runs `status` after something has happened: these accounts must renew and get their usage, and
    /// nothing may lie about then.
    #[track_caller]
    pub fn must_renew(&self, players: &[Player], after_what: &str) {
        let before: Vec<_> = players.iter().map(|player| self.ledger.login(&player.name)).collect();
        let run = self.status();
        for (player, before) in players.iter().zip(before) {
            let told = format!("{} after {after_what}", player.name);
            let after = self.ledger.login(&player.name);
            assert_eq!(run.error_of(player), None, "{told}: {run:#?}");
            assert!(after.renewals > before.renewals, "{told}: was not renewed: {run:#?}");
            assert!(after.usages > before.usages, "{told}: was not asked: {run:#?}");
            assert_eq!(player.account.read()["refresh_token"], *after.refresh, "{told}: another token");
            assert_eq!(player.account.file().is_symlink(), player.is_link, "{told}: another kind of file");
            assert_eq!(after.reuses, 0, "{told}: a spent token was sent again");
        }
        assert_eq!(self.leftovers(), [""; 0], "left beside the credentials after {after_what}");
    }

    /// Holds back the answers to all refresh tokens.
    pub fn hold(&self) -> Gate {
        let gate = Gate::new();
        self.players.iter().for_each(|player| self.ledger.hold(&player.name, &gate));
        gate
    }

    /// Names in the credential folders that are no credentials.
    pub fn leftovers(&self) -> Vec<String> {
        let folders = [self.scene.auth_dir(), self.scene.dir().join("elsewhere")];
        let listings = folders.iter().filter_map(|folder| fs::read_dir(folder).ok());
        let names = listings
            .flatten()
            .map(|entry| entry.expect("it can be listed").file_name().into_string().expect("UTF-8"));
        names.filter(|name| !name.ends_with(".json")).collect()
    }
}

impl Run {
    #[track_caller]
    pub fn of(finished: Finished) -> Self {
        let report: Value = serde_json::from_str(&finished.stdout)
            .unwrap_or_else(|error| panic!("no report ({error}): {finished:#?}"));
        let accounts = report["accounts"].as_array().expect("a list of accounts");
        let error = |account: &Value| account["error"].as_str().map(str::to_owned);
        let id = |account: &Value| account["id"].as_str().expect("each has one").to_owned();
        let errors = accounts.iter().map(|account| (id(account), error(account))).collect();
        Self { finished, errors }
    }

    /// What the row of an account complains of.
    #[track_caller]
    pub fn error_of(&self, player: &Player) -> Option<&str> {
        self.error_in(&format!("{}.json", player.name))
    }

    /// What the row of a credential file complains of.
    #[track_caller]
    pub fn error_in(&self, name: &str) -> Option<&str> {
        let row = self.errors.get(name);
        row.unwrap_or_else(|| panic!("no row for {name}: {self:#?}")).as_deref()
    }

    pub fn succeeded(&self) -> bool {
        self.finished.status.success()
    }
}

/// As if the file had been written so long before it was.
fn modified_before(file: &Path, time: Duration) {
    let file = File::options().write(true).open(file).expect("could not open the credential file");
    let modified = file.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::now());
    file.set_modified(modified - time).expect("could not set the time of the credential file");
}
