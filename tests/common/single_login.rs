//! A fixture with one login at its provider. At the end it checks that nothing was lost or leaked, whatever the test
//! has done.

use std::fs::{self, File};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::fixture::Fixture;
use super::journal;
use super::ledger::Ledger;
use super::program::{Finished, Program};
use super::provider::Provider;
use super::response::Response;
use super::status_report::StatusReport;
use super::tokens::{Search, TestTokens, files};
use super::wait::{Gate, TIMEOUT, poll_until};

/// The e-mail address of the login.
pub const EMAIL: &str = "alice@example.com";

/// What a form escapes: all but letters, digits and `-._~`.
const FORM: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Everything a [`Fixture`] can do it can do as well.
pub struct SingleLogin {
    pub ledger: Ledger,
    pub provider: Provider,
    pub tokens: TestTokens,
    /// The credential file, or the link to it.
    pub file: PathBuf,
    /// Other files that hold the login.
    pub copies: Vec<PathBuf>,
    /// The account's name in the ledger.
    account: String,
    /// Whether the live refresh token has to be kept at the end.
    must_be_kept: bool,
    fixture: Fixture,
}

/// What `status` says of the login.
#[derive(Debug)]
pub struct Row {
    pub code: i32,
    pub state: String,
    /// The error message; empty for none.
    pub error: String,
    /// Percent left in the lowest window.
    pub left: Option<f64>,
    pub stderr: String,
}

impl SingleLogin {
    /// A Claude login whose access token expired an hour ago, in a file that was not changed since.
    pub fn claude() -> Self {
        Self::new(Provider::Claude)
    }

    /// The same for Codex.
    pub fn codex() -> Self {
        Self::new(Provider::Codex)
    }

    pub fn new(provider: Provider) -> Self {
        let fixture = Fixture::new();
        let account = account_name(provider);
        let login = Self {
            ledger: Ledger::open(&fixture.server),
            provider,
            tokens: tokens_of(provider),
            file: fixture.auth_dir().join(format!("{account}.json")),
            copies: Vec::new(),
            account,
            must_be_kept: true,
            fixture,
        };
        login.sign_in();
        login.write(login.content(1, TimeDelta::hours(-1)));
        login
    }

    /// The user signs in again: the tokens with the next number are live. The file stays as it is.
    pub fn sign_in(&self) {
        self.ledger.sign_in(&self.account, self.provider);
    }

    /// The number of the live tokens.
    pub fn live(&self) -> u32 {
        self.ledger.login(&self.account).number
    }

    /// Whether a spent token was sent again, or the test has revoked the login.
    pub fn is_revoked(&self) -> bool {
        self.ledger.login(&self.account).is_revoked()
    }

    /// As if the last rotation had never taken place.
    pub fn undo_rotation(&self) {
        self.ledger.undo_rotation(&self.account);
    }

    /// With an access token that is good for another day according to the file.
    pub fn not_expired(self) -> Self {
        self.write(self.content(1, TimeDelta::days(1)));
        self
    }

    /// For a test in which the server rotates and the response is never delivered: no client can keep a token that
    /// it has never received.
    pub fn may_lose_a_response(&mut self) {
        self.must_be_kept = false;
    }

    /// A credential file with the tokens of this number, as CLIProxyAPI writes it.
    pub fn content(&self, number: u32, expires: TimeDelta) -> String {
        let time = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S+00:00").to_string();
        let tokens = &self.tokens;
        let mut content = json!({
            "access_token": tokens.access(number),
            "disabled": false,
            "email": EMAIL,
            "expired": time(Utc::now() + expires),
            "id_token": if self.provider == Provider::Codex { tokens.id(number) } else { String::new() },
            "last_refresh": time(Utc::now() - TimeDelta::hours(9)),
            "priority": 3,
            "refresh_token": tokens.refresh(number),
            "type": self.provider.key(),
        });
        if self.provider == Provider::Codex {
            content["account_id"] = "workspace-1".into();
        }
        content.to_string()
    }

    /// Writes the file in place; its modification time is an hour ago.
    #[track_caller]
    pub fn write(&self, content: impl AsRef<[u8]>) {
        self.write_now(content);
        self.age_file(3600);
    }

    /// Writes the file in place with truncation, as CLIProxyAPI does.
    #[track_caller]
    pub fn write_now(&self, content: impl AsRef<[u8]>) {
        fs::write(&self.file, content).expect("could not write the credential file");
    }

    /// Sets the modification time of the file to so many seconds ago; below 0, in the future.
    #[track_caller]
    pub fn age_file(&self, seconds: i64) {
        let age = Duration::from_secs(seconds.unsigned_abs());
        let now = SystemTime::now();
        let at = if seconds < 0 { now + age } else { now - age };
        let file = File::options().write(true).open(&self.file).expect("no credential file");
        file.set_modified(at).expect("could not set the modification time");
    }

    #[track_caller]
    pub fn text(&self) -> String {
        fs::read_to_string(&self.file).expect("could not read the credential file")
    }

    /// What the file holds under a key.
    #[track_caller]
    pub fn held(&self, key: &str) -> Value {
        let text = self.text();
        let text = text.trim_start_matches('\u{feff}');
        serde_json::from_str::<Value>(text).expect("the credential file is not JSON")[key].clone()
    }

    /// The time that the file holds under a key.
    #[track_caller]
    pub fn time(&self, key: &str) -> DateTime<Utc> {
        let text = self.held(key);
        let time = DateTime::parse_from_rfc3339(text.as_str().unwrap_or_default());
        time.unwrap_or_else(|error| panic!("{key} is {text}: {error}")).to_utc()
    }

    /// Whether the file holds the tokens of this number.
    pub fn holds(&self, number: u32) -> bool {
        let value = |text: &str| serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}'));
        let file = fs::read_to_string(&self.file).ok().and_then(|text| value(&text).ok());
        file.is_some_and(|file| {
            file["access_token"] == self.tokens.access(number)
                && file["refresh_token"] == self.tokens.refresh(number)
        })
    }

    /// Runs `status` with the most detailed log, and returns what it says of the login.
    #[track_caller]
    pub fn status(&self) -> Row {
        self.row(&mut self.command())
    }

    /// The same with a command made by [`Fixture::command`], to which the arguments are added.
    #[track_caller]
    pub fn row(&self, command: &mut Command) -> Row {
        let done = self.spawn_command(command.args(["-vvv", "status", "--format", "json"])).finish();
        self.assert_nothing_leaked(&done);
        Row::of(&done)
    }

    /// Runs `status`, which has to show the usage, with the tokens of this number in the file.
    #[track_caller]
    pub fn assert_usage_with_tokens(&self, number: u32) -> Row {
        let row = self.status();
        assert_eq!((row.code, row.state.as_str(), row.left), (0, "ok", Some(42.0)), "{row:?}");
        assert!(self.holds(number), "{}", self.text());
        row
    }

    /// Runs `status`, which has to fail with this error message.
    #[track_caller]
    pub fn assert_error(&self, error: &str) -> Row {
        let row = self.status();
        assert_eq!(row.error, error, "{}", row.stderr);
        assert_eq!(row.code, 1, "{row:?}");
        row
    }

    /// The output of `status` as text: the row and, below it, the message, whose lines are joined again.
    #[track_caller]
    pub fn status_text(&self) -> String {
        let done = self.run(&["status"]);
        self.assert_nothing_leaked(&done);
        done.stdout.lines().map(str::trim).collect::<Vec<_>>().join(" ")
    }

    /// Starts the tray with the most detailed log.
    #[track_caller]
    pub fn tray(&self) -> Program {
        self.spawn(&["-vvv"])
    }

    /// Ends a tray, which must not have leaked a token.
    #[cfg(unix)]
    #[track_caller]
    pub fn end(&self, tray: Program) {
        tray.terminate();
        self.assert_nothing_leaked(&tray.finish());
    }

    /// Waits until the refresh token of this number has been sent.
    #[track_caller]
    pub fn wait_until_sent(&self, number: u32) {
        let token = self.tokens.refresh(number);
        let encoded = percent_encoding::utf8_percent_encode(&token, FORM).to_string();
        self.server.wait_for_requests(&encoded, 1);
    }

    /// From now on good responses wait until the gate is opened.
    pub fn hold_responses(&self) -> Gate {
        let gate = Gate::new();
        let held = gate.clone();
        self.ledger.respond_with(move |body| Response::json(&body).behind(&held));
        gate
    }

    /// Waits until a condition on files is true. The timeout is longer than elsewhere: a busy disk needs long to
    /// sync.
    #[track_caller]
    pub fn wait_until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let timeout = 3 * TIMEOUT;
        assert!(poll_until(timeout, || condition(self)), "waited {timeout:?} until {what}");
    }

    /// Where locks and journals are.
    pub fn renewals(&self) -> PathBuf {
        self.state_dir().join("renewals")
    }

    /// Where the login's journal is, or would be.
    pub fn journal(&self) -> PathBuf {
        let target = fs::canonicalize(&self.file).unwrap_or_else(|_| self.file.clone());
        quota_tray::credentials::journal::path_of(&self.renewals(), &target)
    }

    /// The journal's header.
    #[track_caller]
    pub fn header(&self) -> Value {
        journal::read(&self.journal()).header()
    }

    /// Changes the journal's header in place.
    #[track_caller]
    pub fn change_header(&self, change: impl FnOnce(&mut Value)) {
        let mut header = self.header();
        change(&mut header);
        journal::read(&self.journal()).write_header(&header);
    }

    /// Lets so many seconds pass, by moving back the times in the journal and of the credential file.
    #[track_caller]
    pub fn pass(&self, seconds: i64) {
        journal::read(&self.journal()).age(TimeDelta::seconds(seconds));
        if self.file.exists() {
            let changed = fs::metadata(&self.file).and_then(|metadata| metadata.modified());
            let age = changed.expect("it has a modification time").elapsed().unwrap_or_default().as_secs();
            self.age_file(seconds + i64::try_from(age).expect("a short time"));
        }
    }

    /// Fails unless the live refresh token is in the file or in the journal.
    #[track_caller]
    pub fn assert_kept(&self) {
        let live = self.tokens.refresh(self.live());
        let contains = |path: &Path| {
            let bytes = fs::read(path).unwrap_or_default();
            bytes.windows(live.len()).any(|window| window == live.as_bytes())
        };
        let kept = contains(&self.file) || contains(&self.journal());
        assert!(kept, "the login is lost: number {} is nowhere", self.live());
    }

    /// A search for every token up to now, and the next one.
    pub fn search(&self) -> Search {
        let numbers = 0..self.live() + 2;
        Search::new(numbers.flat_map(|n| [self.tokens.access(n), self.tokens.refresh(n), self.tokens.id(n)]))
    }

    /// Whether a file is allowed to hold tokens: the credential file, its copies and its journal.
    pub fn may_hold_tokens(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // One that was set aside is still a journal.
        let journal = name.ends_with(".journal") || name.contains(".unreadable-");
        journal
            || path == self.file
            || self.copies.iter().any(|copy| copy == path)
            || fs::canonicalize(&self.file).is_ok_and(|target| path == target)
    }

    #[track_caller]
    fn assert_nothing_leaked(&self, done: &Finished) {
        let search = self.search();
        search.not_in("stdout", &done.stdout);
        search.not_in("stderr", &done.stderr);
    }

    /// The names of the files beside the credential.
    pub fn beside(&self) -> Vec<String> {
        let folder = self.file.parent().expect("a folder");
        let others = files(folder).into_iter().filter(|path| *path != self.file);
        others.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
    }
}

impl Row {
    /// The first account of a run of `status --format json`.
    #[track_caller]
    pub fn of(done: &Finished) -> Row {
        let report = StatusReport::of(done.clone());
        let Some(account) = report.accounts.first() else { panic!("no account: {done:?}") };
        Row {
            code: done.status.code().expect("it was not killed"),
            state: account.state.clone(),
            error: account.error.clone().unwrap_or_default(),
            left: account.lowest_remaining,
            stderr: done.stderr.clone(),
        }
    }
}

impl Deref for SingleLogin {
    type Target = Fixture;

    fn deref(&self) -> &Fixture {
        &self.fixture
    }
}

impl Drop for SingleLogin {
    /// Every test ends with this.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if self.must_be_kept {
            self.assert_kept();
        }
        self.search().not_below(self.dir(), |path| self.may_hold_tokens(path));
    }
}

fn account_name(provider: Provider) -> String {
    format!("{}-{EMAIL}", provider.key())
}

/// The tokens of a [`SingleLogin`] at this provider.
pub fn tokens_of(provider: Provider) -> TestTokens {
    TestTokens::of(&account_name(provider))
}

/// Whether the test process is root.
#[cfg(unix)]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
