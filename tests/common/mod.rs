//! The stage of the end-to-end tests: the real binary between a played desktop and a played server.
//!
//! A [`Scene`] has a D-Bus of its own, a tray host and a notification server on it, a usage server
//! on loopback and its own home; nothing of the machine reaches the program but `PATH`. Scenes do
//! not share anything, so tests run in parallel. What a test waits for is a condition, never a time.
//!
//! ```ignore
//! let scene = Scene::new().claude("alice@example.com");
//! let program = scene.spawn(&[]);
//! scene.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
//! scene.host.click("Quit Quota Tray");
//! assert!(program.exit_status_within(Duration::from_secs(1)).success());
//! ```
#![allow(
    dead_code,
    unused_imports,
    reason = "each test binary compiles all of the harness and uses its own part of it"
)]

mod account;
mod answer;
mod background;
mod bus;
mod front_door;
mod host;
mod icon;
pub mod ledger;
mod menu;
mod notifications;
mod program;
mod terminal;
mod usage_server;
mod watched;
mod watcher;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use account::Account;
pub use answer::{Answer, claude_usage, codex_usage, reset_of};
pub use bus::PrivateBus;
pub use host::TrayHost;
pub use icon::{Icon, Pixmap};
pub use menu::{Menu, MenuItem};
pub use notifications::{Manners, Notification, NotificationServer};
pub use program::{Finished, Program};
pub use terminal::{Terminal, open as open_terminal};
pub use usage_server::{Request, UsageServer};
pub use watched::{Gate, PATIENCE};
pub use watcher::HostSignal;

use tempfile::TempDir;

/// Everything around the program. Accounts and settings are given before or while it runs.
pub struct Scene {
    // In the order in which they go: the players before the bus, the directory last.
    pub host: TrayHost,
    pub notifications: NotificationServer,
    pub usage: UsageServer,
    pub bus: PrivateBus,
    accounts: Vec<Account>,
    dir: TempDir,
}

impl Scene {
    /// A desktop with a tray host and a notification server, no account, and settings that point
    /// at the usage server of this scene alone.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            // Short: the path of the bus's socket has to fit into 108 bytes.
            .prefix("scene-")
            .tempdir()
            .expect("could not make a directory for the scene");
        for part in ["home/.cli-proxy-api", "config/quota-tray", "state", "cache", "runtime"] {
            fs::create_dir_all(dir.path().join(part)).expect("could not make the scene's rooms");
        }
        let bus = PrivateBus::start(dir.path());
        let scene = Self {
            host: TrayHost::start(&bus),
            notifications: NotificationServer::start(&bus),
            usage: UsageServer::start(),
            bus,
            accounts: Vec::new(),
            dir,
        };
        scene.set_config("");
        scene
    }

    /// With a Claude account that has 42 % left in its 5-hour window and 90 % of its week.
    pub fn claude(mut self, email: &str) -> Self {
        self.add_claude(email);
        self
    }

    /// With a Codex account that has 88 % left in its 5-hour window and 70 % of its week.
    pub fn codex(mut self, email: &str) -> Self {
        self.add_codex(email);
        self
    }

    /// With these settings, see [`set_config`](Self::set_config).
    pub fn config(self, settings: &str) -> Self {
        self.set_config(settings);
        self
    }

    /// Without a tray host, until [`TrayHost::start_again`].
    pub fn without_tray_host(mut self) -> Self {
        self.host.stop();
        self
    }

    /// Without a notification server, until [`NotificationServer::start_again`].
    pub fn without_notification_server(mut self) -> Self {
        self.notifications.stop();
        self
    }

    /// [`claude`](Self::claude), at any time.
    pub fn add_claude(&mut self, email: &str) -> Account {
        let account = Account::claude(&self.auth_dir(), email);
        self.claude_used(&account, &[("five_hour", 58.0), ("seven_day", 10.0)]);
        self.accounts.push(account.clone());
        account
    }

    /// [`codex`](Self::codex), at any time.
    pub fn add_codex(&mut self, email: &str) -> Account {
        let account = Account::codex(&self.auth_dir(), email);
        self.codex_used(&account, &[(18_000, 12), (604_800, 30)]);
        self.accounts.push(account.clone());
        account
    }

    /// The account with this e-mail address, the first one if several have it.
    #[track_caller]
    pub fn account(&self, email: &str) -> Account {
        let found = self.accounts.iter().find(|account| account.email == email);
        match found {
            Some(account) => account.clone(),
            None => panic!("the scene has no account {email}"),
        }
    }

    /// From its next request on a Claude account has used so many percent of each window.
    pub fn claude_used(&self, account: &Account, windows: &[(&str, f64)]) {
        self.usage.answer(account.access_token(), claude_usage(windows));
    }

    /// From its next request on a Codex account has used so many percent of each window, given by
    /// its length in seconds.
    pub fn codex_used(&self, account: &Account, windows: &[(i64, i64)]) {
        self.usage.answer(account.access_token(), codex_usage(windows));
    }

    /// Replaces the settings file. The tables that keep the program within the scene are added
    /// unless `settings` has its own: no endpoint but the usage server, no CLIProxyAPI, and no limit
    /// on refreshes, which tests ask for faster than a person does.
    pub fn set_config(&self, settings: &str) {
        let mut text = format!("{settings}\n");
        if !settings.contains("[endpoints]") {
            text += "[endpoints]\n";
            for (key, path) in [
                ("claude_usage", "/claude/usage"),
                ("claude_token", "/claude/token"),
                ("codex_usage", "/codex/usage"),
                ("codex_token", "/codex/token"),
            ] {
                text += &format!("{key} = \"{}\"\n", self.usage.url(path));
            }
            text += "cli_proxy_api = []\n";
        }
        if !settings.contains("[limits]") {
            text += "[limits]\nrequests_per_five_minutes = 60\nclaude_requests_per_hour = 720\n";
        }
        self.set_raw_config(&text);
    }

    /// Replaces the settings file by exactly this, sound or not.
    pub fn set_raw_config(&self, text: &str) {
        fs::write(self.config_file(), text).expect("could not write the settings file");
    }

    /// Starts `quota-tray` with these arguments.
    #[track_caller]
    pub fn spawn(&self, arguments: &[&str]) -> Program {
        Program::spawn(self.command().args(arguments))
    }

    /// Runs `quota-tray` with these arguments to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.spawn(arguments).finish()
    }

    /// Starts a command made by [`command`](Self::command) and changed by the test.
    #[track_caller]
    pub fn spawn_command(&self, command: &mut Command) -> Program {
        Program::spawn(command)
    }

    /// The binary in the environment of this scene, and in nothing else but `PATH`.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quota-tray"));
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.home())
            .env("XDG_CONFIG_HOME", self.dir.path().join("config"))
            .env("XDG_STATE_HOME", self.state_home())
            .env("XDG_CACHE_HOME", self.dir.path().join("cache"))
            .env("XDG_RUNTIME_DIR", self.dir.path().join("runtime"))
            .env("DBUS_SESSION_BUS_ADDRESS", self.bus.address())
            .env("TZ", "UTC")
            .env("LANG", "C")
            .current_dir(self.home());
        command
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Where credential files are looked for unless the settings say otherwise.
    pub fn auth_dir(&self) -> PathBuf {
        self.home().join(".cli-proxy-api")
    }

    pub fn config_file(&self) -> PathBuf {
        self.dir.path().join("config/quota-tray/config.toml")
    }

    /// `XDG_STATE_HOME`.
    pub fn state_home(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// The scene's own directory, for what else a test puts on stage.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}
