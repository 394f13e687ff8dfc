//! `quota-tray status` and `demo --once` as processes: the real binary, a home of its own, and a
//! usage server on loopback. Nothing of the machine reaches the program.

// On macOS the settings file has another place below the home directory, and nobody has run these tests there yet.
#![cfg(not(target_os = "macos"))]

#[path = "common/answer.rs"]
#[allow(dead_code, reason = "shared with the end-to-end tests, which use the rest")]
mod answer;
#[path = "status/answers.rs"]
mod answers;
#[path = "status/cached.rs"]
mod cached;
#[path = "common/certificate.rs"]
mod certificate;
#[path = "status/check.rs"]
mod check;
#[path = "status/command_line.rs"]
mod command_line;
#[path = "status/completions.rs"]
mod completions;
#[path = "status/contract.rs"]
mod contract;
#[path = "status/hidden.rs"]
mod hidden;
#[path = "status/hostile.rs"]
mod hostile;
#[path = "common/https.rs"]
#[cfg_attr(
    windows,
    allow(dead_code, reason = "its certificate is trusted through SSL_CERT_FILE, on Unix alone")
)]
mod https;
#[path = "status/printing.rs"]
mod printing;
#[path = "status/requests.rs"]
mod requests;
#[path = "status/secrecy.rs"]
mod secrecy;
#[path = "status/settings.rs"]
mod settings;
#[path = "status/text.rs"]
mod text;
#[path = "common/usage_server.rs"]
#[allow(dead_code, reason = "shared with the end-to-end tests, which use the rest")]
mod usage_server;
#[path = "common/watched.rs"]
#[allow(dead_code, reason = "shared with the end-to-end tests, which use the rest")]
mod watched;

use answer::Answer;
use https::{HttpsFront, RecordingProxy};
use quota_tray::presenter::Locale;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use usage_server::UsageServer;

/// A home with an auth directory and a settings file, and the server that the settings name.
struct Scene {
    dir: TempDir,
    server: UsageServer,
}

impl Scene {
    fn new() -> Scene {
        let scene = Scene { dir: tempfile::tempdir().expect("a folder"), server: UsageServer::start() };
        for folder in ["home/.cli-proxy-api", "config/quota-tray", "run"] {
            std::fs::create_dir_all(scene.path(folder)).expect("made");
        }
        scene.settings("");
        scene
    }

    /// A path below the scene's folder; `/` stands for the separator of the system.
    fn path(&self, name: &str) -> PathBuf {
        name.split('/').fold(self.dir.path().to_owned(), |path, part| path.join(part))
    }

    /// Below it the program keeps the last known values. Windows has no folder of its own for them.
    fn state_dir(&self) -> PathBuf {
        self.path(if cfg!(windows) { "config" } else { "state" })
    }

    /// Settings that lead to the server and nowhere else, after `more`.
    fn settings(&self, more: &str) {
        self.settings_with(more, &self.server.url("/claude"), "");
    }

    /// The same with another address for Claude's usage, and `last` at the end.
    fn settings_with(&self, first: &str, claude_usage: &str, last: &str) {
        let [codex, token] = ["/codex", "/token"].map(|path| self.server.url(path));
        let text = format!(
            "{first}\ntoken_renewal = \"never\"\n[endpoints]\nclaude_usage = \"{claude_usage}\"\n\
             codex_usage = \"{codex}\"\nclaude_token = \"{token}\"\ncodex_token = \"{token}\"\n\
             cli_proxy_api = []\n{last}\n"
        );
        self.file("config/quota-tray/config.toml", &text);
    }

    /// From now on Claude's usage is behind TLS.
    fn behind_tls(&self) -> HttpsFront {
        let front = HttpsFront::start(&self.server.url(""));
        self.settings_with("", &front.url("/claude"), "");
        self.file("roots.pem", &front.pem());
        front
    }

    fn file(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).expect("written");
    }

    /// Puts a credential file into the auth directory.
    fn account(&self, name: &str, content: &Value) {
        self.file(&format!("home/.cli-proxy-api/{name}"), &content.to_string());
    }

    /// A Claude account whose token gets this answer.
    fn claude(&self, token: &str, answer: impl Into<Answer>) {
        self.account(&format!("claude-{token}.json"), &claude(token, json!({})));
        self.server.answer(token, answer);
    }

    /// The program with these arguments and nothing else of this process.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quota-tray"));
        command.env_clear().env("LC_ALL", "C").current_dir(self.dir.path()).args(arguments);
        if cfg!(windows) {
            command.env("USERPROFILE", self.path("home")).env("APPDATA", self.path("config"));
            command.env("TMP", self.dir.path()).envs(system_root());
        } else {
            command.env("HOME", self.path("home")).env("TZ", "UTC");
            command.env("XDG_CONFIG_HOME", self.path("config")).env("XDG_STATE_HOME", self.path("state"));
            command.env("XDG_RUNTIME_DIR", self.path("run"));
        }
        let roots = self.path("roots.pem");
        if roots.exists() {
            command.env("SSL_CERT_FILE", roots);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Done {
        run(&mut self.command(arguments))
    }

    /// The sentence about the only account, by `status`, which has to fail.
    #[track_caller]
    fn error(&self) -> String {
        let done = self.run(&["status", "--format", "json"]);
        assert_eq!(done.code, 1, "{done:?}");
        let report = done.json();
        assert_eq!(report["accounts"].as_array().map(Vec::len), Some(1), "{report}");
        assert_eq!(report["accounts"][0]["state"], "error", "{report}");
        report["accounts"][0]["error"].as_str().expect("a sentence").to_owned()
    }
}

/// The one variable without which Windows starts no program that opens a socket.
fn system_root() -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)).into_iter()
}

/// The time zone of the program: UTC by `TZ`, but on Windows, which has no such variable, the one of the machine.
fn program_locale() -> Locale {
    match cfg!(windows) {
        true => Locale::of_zone(|at| *at.with_timezone(&chrono::Local).offset()),
        false => Locale::UTC,
    }
}

/// What a run of the program left.
#[derive(Debug)]
struct Done {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Done {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

#[track_caller]
fn run(command: &mut Command) -> Done {
    let output = command.output().expect("started");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Done {
        code: output.status.code().expect("no signal"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// A Claude credential with this token, with `more` keys.
fn claude(token: &str, more: Value) -> Value {
    credential(
        json!({"type": "claude", "access_token": token, "email": format!("{token}@x.org"),
        "refresh_token": "sk-ant-ort01-refresh"}),
        more,
    )
}

/// A Codex credential with this token, with `more` keys.
fn codex(token: &str, more: Value) -> Value {
    credential(
        json!({"type": "codex", "access_token": token, "email": format!("{token}@x.org"),
        "refresh_token": "refresh", "id_token": "eyJ.id"}),
        more,
    )
}

fn credential(mut whole: Value, more: Value) -> Value {
    let more = more.as_object().expect("an object").clone();
    whole.as_object_mut().expect("an object").extend(more);
    whole
}

/// A good answer of Claude: one window, 42 % left, no reset told.
fn good() -> Value {
    json!({"five_hour": {"utilization": 58.0, "resets_at": null}})
}

/// Every file and folder below `dir`, with what the files hold. None where there is no `dir`.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.expect("listed").path();
        all.push((path.clone(), std::fs::read(&path).unwrap_or_default()));
        if path.is_dir() {
            all.extend(files(&path));
        }
    }
    all.sort();
    all
}
