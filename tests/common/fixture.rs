//! The environment of the program under test: folders, settings, accounts, a server, and on Linux a desktop.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

#[cfg(target_os = "linux")]
use super::desktop::{NotificationServer, PrivateBus, TrayHost};
use super::program::{Finished, Program};
use super::provider::Provider;
use super::test_account::TestAccount;
use super::test_server::TestServer;
use super::usage::{claude_usage, codex_usage};

/// Everything around the program. Accounts and settings can be changed before or while it runs.
pub struct Fixture {
    // In the order in which they are dropped: the bus after its clients, the directory last.
    #[cfg(target_os = "linux")]
    pub host: TrayHost,
    #[cfg(target_os = "linux")]
    pub notifications: NotificationServer,
    pub server: TestServer,
    #[cfg(target_os = "linux")]
    pub bus: PrivateBus,
    pub accounts: Vec<TestAccount>,
    dir: TempDir,
}

impl Fixture {
    /// A desktop with a tray host and a notification server, no account, and settings with the endpoints of this
    /// fixture's server alone.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            // Short: the path of the bus's socket has to fit into 108 bytes.
            .prefix("quota-")
            .tempdir()
            .expect("could not create a directory");
        for part in ["home/.cli-proxy-api", "config/quota-tray", "state", "cache", "runtime"] {
            fs::create_dir_all(dir.path().join(part)).expect("could not create a directory");
        }
        #[cfg(target_os = "linux")]
        let bus = PrivateBus::start(dir.path());
        let fixture = Self {
            #[cfg(target_os = "linux")]
            host: TrayHost::start(&bus),
            #[cfg(target_os = "linux")]
            notifications: NotificationServer::start(&bus),
            server: TestServer::start(),
            #[cfg(target_os = "linux")]
            bus,
            accounts: Vec::new(),
            dir,
        };
        fixture.set_config("");
        fixture
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
    #[cfg(target_os = "linux")]
    pub fn without_tray_host(mut self) -> Self {
        self.host.stop();
        self
    }

    /// Without a notification server, until [`NotificationServer::start_again`].
    #[cfg(target_os = "linux")]
    pub fn without_notification_server(mut self) -> Self {
        self.notifications.stop();
        self
    }

    /// [`claude`](Self::claude), at any time.
    pub fn add_claude(&mut self, email: &str) -> TestAccount {
        let account = TestAccount::create(&self.auth_dir(), Provider::Claude, email);
        self.claude_used(&account, &[("five_hour", 58.0), ("seven_day", 10.0)]);
        self.accounts.push(account.clone());
        account
    }

    /// [`codex`](Self::codex), at any time.
    pub fn add_codex(&mut self, email: &str) -> TestAccount {
        let account = TestAccount::create(&self.auth_dir(), Provider::Codex, email);
        self.codex_used(&account, &[(18_000, 12), (604_800, 30)]);
        self.accounts.push(account.clone());
        account
    }

    /// The account with this e-mail address, the first one if several have it.
    #[track_caller]
    pub fn account(&self, email: &str) -> TestAccount {
        let found = self.accounts.iter().find(|account| account.email == email);
        match found {
            Some(account) => account.clone(),
            None => panic!("there is no account {email}"),
        }
    }

    /// From its next request on a Claude account has used so many percent of each window.
    pub fn claude_used(&self, account: &TestAccount, windows: &[(&str, f64)]) {
        self.server.respond(account.access_token(), claude_usage(windows));
    }

    /// From its next request on a Codex account has used so many percent of each window, given by
    /// its length in seconds.
    pub fn codex_used(&self, account: &TestAccount, windows: &[(i64, i64)]) {
        self.server.respond(account.access_token(), codex_usage(windows));
    }

    /// Replaces the settings file. The tables that keep the program within the fixture are added unless `settings` has
    /// its own: no endpoint but the test server, no CLIProxyAPI, and no limit on requests, since tests refresh more
    /// often than a person does.
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
                text += &format!("{key} = \"{}\"\n", self.server.url(path));
            }
            text += "cli_proxy_api = []\n";
        }
        if !settings.contains("[limits]") {
            text += "[limits]\nrequests_per_five_minutes = 60\nclaude_requests_per_hour = 720\n";
        }
        self.set_raw_config(&text);
    }

    /// Settings whose usage endpoint is `url` for both providers, with a token endpoint that refuses connections.
    pub fn set_usage_endpoint(&self, url: &str) {
        let mut text = "[endpoints]\ncli_proxy_api = []\n".to_owned();
        for (key, url) in [
            ("claude_usage", url),
            ("codex_usage", url),
            ("claude_token", "http://127.0.0.1:9/token"),
            ("codex_token", "http://127.0.0.1:9/token"),
        ] {
            text += &format!("{key} = \"{url}\"\n");
        }
        self.set_config(&text);
    }

    /// Replaces the settings file with exactly this, valid or not.
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

    /// The program in the environment of this fixture. Of the machine's it gets `PATH` alone.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quota-tray"));
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("TZ", "UTC")
            .env("LANG", "C")
            .current_dir(self.home());
        if cfg!(windows) {
            command
                .env("USERPROFILE", self.home())
                .env("APPDATA", self.state_home())
                .env("TMP", self.dir())
                // Without it no program can open a socket.
                .envs(std::env::var_os("SystemRoot").map(|path| ("SystemRoot", path)));
        } else {
            command
                .env("HOME", self.home())
                .env("XDG_CONFIG_HOME", self.dir.path().join("config"))
                .env("XDG_STATE_HOME", self.state_home())
                .env("XDG_CACHE_HOME", self.dir.path().join("cache"))
                .env("XDG_RUNTIME_DIR", self.dir.path().join("runtime"));
        }
        #[cfg(target_os = "linux")]
        command.env("DBUS_SESSION_BUS_ADDRESS", self.bus.address());
        command
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// The default folder of credential files.
    pub fn auth_dir(&self) -> PathBuf {
        self.home().join(".cli-proxy-api")
    }

    pub fn config_file(&self) -> PathBuf {
        self.dir.path().join("config").join("quota-tray").join("config.toml")
    }

    /// `XDG_STATE_HOME`; on Windows `APPDATA`, where the settings are as well.
    pub fn state_home(&self) -> PathBuf {
        self.dir.path().join(if cfg!(windows) { "config" } else { "state" })
    }

    /// The program's own state directory.
    pub fn state_dir(&self) -> PathBuf {
        self.state_home().join("quota-tray")
    }

    /// The fixture's own directory, for any other file that a test needs.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}
