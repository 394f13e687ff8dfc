//! A scene with one login and its provider; whatever is done to it, nothing may be lost or let out.

#[path = "journal_of.rs"]
mod journal_of;

use super::canary::{self, Search};
use super::ledger::{Kind, Ledger};
use crate::common::{Answer, Finished, Gate, PATIENCE, Program, Scene};
use chrono::{DateTime, TimeDelta, Utc};
use notify::{RecursiveMode, Watcher};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

/// The address of the login, whoever's it is.
pub const EMAIL: &str = "alice@example.com";

/// What a form escapes: all but letters, digits and `-._~`.
const FORM: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub struct Stage {
    pub scene: Scene,
    pub ledger: Ledger,
    pub kind: Kind,
    /// The credential file, or the link to it.
    pub file: PathBuf,
    /// Other files that hold the login.
    pub copies: Vec<PathBuf>,
    /// What the token endpoint must hold at the end: `false` where the test has let it go.
    nothing_lost: bool,
}

/// What `status` says of the login.
#[derive(Debug)]
pub struct Row {
    pub code: i32,
    pub state: String,
    /// The sentence; empty for none.
    pub words: String,
    /// Percent left in the lowest window.
    pub left: Option<f64>,
    pub stderr: String,
}

impl Stage {
    /// A Claude login that expired an hour ago, in a file that nobody has touched since.
    pub fn claude() -> Stage {
        Stage::new(Kind::Claude)
    }

    /// The same for Codex.
    pub fn codex() -> Stage {
        Stage::new(Kind::Codex)
    }

    pub fn new(kind: Kind) -> Stage {
        let scene = Scene::new();
        let ledger = Ledger::open(&scene.usage, kind);
        let file = scene.auth_dir().join(format!("{}-{EMAIL}.json", kind.key()));
        let stage = Stage { scene, ledger, kind, file, copies: Vec::new(), nothing_lost: true };
        stage.write(stage.content(1, TimeDelta::hours(-1)));
        stage
    }

    /// With an access token that is good for a day as far as the file knows.
    pub fn not_expired(self) -> Stage {
        self.write(self.content(1, TimeDelta::days(1)));
        self
    }

    /// For a test in which the server rotates and the answer is never delivered: no client can keep
    /// what it was never given.
    pub fn may_lose_an_answer(&mut self) {
        self.nothing_lost = false;
    }

    /// A credential with the tokens of this number, as CLIProxyAPI writes it.
    pub fn content(&self, number: u32, expires: TimeDelta) -> String {
        let moment = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S+00:00").to_string();
        let kind = self.kind;
        let mut content = json!({
            "access_token": kind.access(number),
            "disabled": false,
            "email": EMAIL,
            "expired": moment(Utc::now() + expires),
            "id_token": if kind == Kind::Codex { kind.id(number) } else { String::new() },
            "last_refresh": moment(Utc::now() - TimeDelta::hours(9)),
            "priority": 3,
            "refresh_token": kind.refresh(number),
            "type": kind.key(),
        });
        if kind == Kind::Codex {
            content["account_id"] = "workspace-1".into();
        }
        content.to_string()
    }

    /// Puts a content into the file, in place, an hour ago.
    #[track_caller]
    pub fn write(&self, content: impl AsRef<[u8]>) {
        self.write_now(content);
        self.age_file(3600);
    }

    /// The same, just now: as CLIProxyAPI writes, in place with truncation.
    #[track_caller]
    pub fn write_now(&self, content: impl AsRef<[u8]>) {
        fs::write(&self.file, content).expect("could not write the credential file");
    }

    /// The file was changed so many seconds ago; below 0, in the future.
    #[track_caller]
    pub fn age_file(&self, seconds: i64) {
        let age = Duration::from_secs(seconds.unsigned_abs());
        let now = SystemTime::now();
        let at = if seconds < 0 { now + age } else { now - age };
        let file = File::options().write(true).open(&self.file).expect("no credential file");
        file.set_modified(at).expect("could not set the moment of its change");
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

    /// A moment in the file.
    #[track_caller]
    pub fn moment(&self, key: &str) -> DateTime<Utc> {
        let text = self.held(key);
        let moment = DateTime::parse_from_rfc3339(text.as_str().unwrap_or_default());
        moment.unwrap_or_else(|error| panic!("{key} is {text}: {error}")).to_utc()
    }

    /// Whether the file holds the tokens of this number.
    pub fn holds(&self, number: u32) -> bool {
        let value = |text: &str| serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}'));
        let file = fs::read_to_string(&self.file).ok().and_then(|text| value(&text).ok());
        file.is_some_and(|file| {
            file["access_token"] == self.kind.access(number)
                && file["refresh_token"] == self.kind.refresh(number)
        })
    }

    /// Runs `status`, as talkative as can be, and gives back what it says of the login.
    #[track_caller]
    pub fn status(&self) -> Row {
        self.row(&mut self.scene.command())
    }

    /// The same with a command made by `Scene::command`, to which the arguments are added.
    #[track_caller]
    pub fn row(&self, command: &mut Command) -> Row {
        let done = self.scene.spawn_command(command.args(["-vvv", "status", "--format", "json"])).finish();
        self.let_nothing_out(&done);
        Row::of(&done)
    }

    /// `status`, which has to show the usage with the tokens of this number in the file.
    #[track_caller]
    pub fn shows_usage_with(&self, number: u32) -> Row {
        let row = self.status();
        assert_eq!((row.code, row.state.as_str(), row.left), (0, "ok", Some(42.0)), "{row:?}");
        assert!(self.holds(number), "{}", self.text());
        row
    }

    /// `status`, which has to say just these words.
    #[track_caller]
    pub fn says(&self, words: &str) -> Row {
        let row = self.status();
        assert_eq!(row.words, words, "{}", row.stderr);
        assert_eq!(row.code, 1, "{row:?}");
        row
    }

    /// What a person reads: the row and, below it, the sentence, whose lines are joined again.
    #[track_caller]
    pub fn person_reads(&self) -> String {
        let done = self.scene.run(&["status"]);
        self.let_nothing_out(&done);
        done.stdout.lines().map(str::trim).collect::<Vec<_>>().join(" ")
    }

    /// The tray, as talkative as can be.
    #[track_caller]
    pub fn tray(&self) -> Program {
        self.scene.spawn(&["-vvv"])
    }

    /// Ends a tray, which has said nothing that nobody should hear.
    #[track_caller]
    pub fn end(&self, tray: Program) {
        tray.terminate();
        self.let_nothing_out(&tray.finish());
    }

    /// Waits until the refresh token of this number has been sent.
    #[track_caller]
    pub fn sent(&self, number: u32) {
        let token = self.kind.refresh(number);
        let in_a_form = percent_encoding::utf8_percent_encode(&token, FORM).to_string();
        self.scene.usage.wait_for_requests(&in_a_form, 1);
    }

    /// From now on good answers wait until the gate is opened.
    pub fn hold_answers(&self) -> Gate {
        let gate = Gate::new();
        let held = gate.clone();
        self.ledger.after(move |answer| Answer::json(&answer).behind(&held));
        gate
    }

    /// Waits until something on disk is so. With more patience than for what needs no disk: a busy one
    /// takes its time to sync.
    #[track_caller]
    pub fn until(&self, what: &str, condition: impl Fn(&Stage) -> bool) {
        let (poke, poked) = mpsc::channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // To look is no change, or each look would lead to the next.
            if event.is_ok_and(|event| !event.kind.is_access()) {
                poke.send(()).ok();
            }
        })
        .expect("a watch");
        watcher.watch(self.scene.dir(), RecursiveMode::Recursive).expect("a watch");
        let patience = 3 * PATIENCE;
        let deadline = Instant::now() + patience;
        while !condition(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(poked.recv_timeout(left).is_ok(), "waited {patience:?} until {what}");
        }
    }

    /// Fails unless the login's live refresh token stands in the file or in the journal.
    #[track_caller]
    pub fn nothing_is_lost(&self) {
        let live = self.kind.refresh(self.ledger.live());
        let contains = |path: &Path| {
            let bytes = fs::read(path).unwrap_or_default();
            bytes.windows(live.len()).any(|window| window == live.as_bytes())
        };
        let kept = contains(&self.file) || contains(&self.journal());
        assert!(kept, "the login is lost: number {} is nowhere", self.ledger.live());
    }

    /// The search for each token there has been or could soon be.
    pub fn search(&self) -> Search {
        let numbers = 0..self.ledger.live() + 2;
        Search::new(numbers.flat_map(|n| [self.kind.access(n), self.kind.refresh(n), self.kind.id(n)]))
    }

    /// Whether a file is there to hold tokens: the credential, and its journal.
    pub fn may_hold_tokens(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // One that was set aside is a journal still.
        let journal = name.ends_with(".journal") || name.contains(".unreadable-");
        journal
            || path == self.file
            || self.copies.iter().any(|copy| copy == path)
            || fs::canonicalize(&self.file).is_ok_and(|target| path == target)
    }

    #[track_caller]
    fn let_nothing_out(&self, done: &Finished) {
        let search = self.search();
        search.not_in("stdout", &done.stdout);
        search.not_in("stderr", &done.stderr);
    }

    /// The names of the files beside the credential.
    pub fn beside(&self) -> Vec<String> {
        let folder = self.file.parent().expect("a folder");
        let others = canary::files(folder).into_iter().filter(|path| *path != self.file);
        others.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
    }
}

impl Row {
    /// The first account of a run of `status --format json`.
    #[track_caller]
    pub fn of(done: &Finished) -> Row {
        let report: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|e| panic!("{e}: {done:?}"));
        let Some(account) = report["accounts"].get(0) else { panic!("no account: {done:?}") };
        Row {
            code: done.status.code().expect("no signal"),
            state: account["state"].as_str().expect("a state").to_owned(),
            words: account["error"].as_str().unwrap_or_default().to_owned(),
            left: account["lowest_remaining_percent"].as_f64(),
            stderr: done.stderr.clone(),
        }
    }
}

impl Drop for Stage {
    /// Each test ends with this, whatever else it shows.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if self.nothing_lost {
            self.nothing_is_lost();
        }
        self.search().not_below(self.scene.dir(), |path| self.may_hold_tokens(path));
    }
}

/// Whether the tests may do what only root may.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
