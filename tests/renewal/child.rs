//! The process that dies: this very test binary, started again. It renews as the program does, and at
//! the step that it is told kills itself, or waits for another.

use crate::common::{Fixture, TIMEOUT};
use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex};

use quota_tray::config;
use quota_tray::credentials::renewal::{Checkpoint, Policy, Renewer};
use quota_tray::credentials::store::{self, Entry};
use quota_tray::platform::paths::{Paths, expand_home};
use quota_tray::providers::Http;
use tokio::task::JoinSet;

/// The moment at which the child dies.
const KILL_AT: &str = "KILL_AT";
/// The moment at which it stands still, as on a slow disk, ...
const WAIT_AT: &str = "WAIT_AT";
/// ... until this one has come in another renewal.
const WAIT_FOR: &str = "WAIT_FOR";

/// A step, and which time it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub Checkpoint, pub usize);

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.0, self.1)
    }
}

/// A child that dies at a moment.
pub fn that_dies(fixture: &Fixture, at: Moment) -> Command {
    let mut command = command(fixture);
    command.env(KILL_AT, at.to_string());
    command
}

/// A child that stands still at one moment until another has come.
pub fn that_waits(fixture: &Fixture, at: Moment, until: Moment) -> Command {
    let mut command = command(fixture);
    command.env(WAIT_AT, at.to_string()).env(WAIT_FOR, until.to_string());
    command
}

/// The child, in the environment of a fixture.
fn command(fixture: &Fixture) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this is a program"));
    let program = fixture.command();
    command.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).args([
        "--exact",
        "child::child_process_renews_and_dies_at_its_kill_point",
        "--ignored",
        "--nocapture",
    ]);
    command
}

#[test]
#[ignore = "the child of other tests; does nothing where it is not told when to die"]
fn child_process_renews_and_dies_at_its_kill_point() {
    if told_by(KILL_AT).or(told_by(WAIT_AT)).is_none() {
        return;
    }
    let paths = Paths::native().expect("a home");
    let settings = config::load(&paths.config_file).expect("sound settings");
    let dir = expand_home(&settings.auth_dir, &paths.home);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let renewer = Renewer::new(&paths.state_dir, &paths.runtime_dir, Arc::new(Http::default()), told);
        renewer.recover().await;
        let mut renewals = JoinSet::new();
        for entry in store::scan(&dir, &HashMap::new()).await.expect("a folder") {
            let Entry::Login(login) = entry else { panic!("a broken credential: {entry:?}") };
            let policy = Policy { mode: settings.token_renewal, endpoints: settings.endpoints.clone() };
            let renewer = renewer.clone();
            renewals.spawn(async move { renewer.renew(policy, login).await });
        }
        for renewed in renewals.join_all().await {
            renewed.expect("it is renewed");
        }
    });
    assert_eq!(told_by(KILL_AT), None, "it never came");
}

/// Ends this process as a kill from outside does: nothing is flushed, and no destructor runs.
#[cfg(unix)]
fn kill_self() {
    use rustix::process::{Signal, getpid, kill_process};
    kill_process(getpid(), Signal::KILL).expect("it is our own");
}

/// The same on Windows.
#[cfg(windows)]
fn kill_self() {
    use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};
    // SAFETY: the pseudo handle of this process is always valid, and no memory is passed.
    unsafe { TerminateProcess(GetCurrentProcess(), KILLED) };
}

/// The exit code that stands for a kill on Windows.
#[cfg(windows)]
const KILLED: u32 = 9;

/// Whether a child died as it was told.
pub fn was_killed(status: ExitStatus) -> bool {
    #[cfg(unix)]
    return std::os::unix::process::ExitStatusExt::signal(&status) == Some(9);
    #[cfg(windows)]
    return status.code() == Some(KILLED.cast_signed());
}

fn told_by(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

/// Says which step has come, and dies if it is the one.
fn told(step: Checkpoint) {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    static MORE: Condvar = Condvar::new();
    let mut all = TOLD.lock().expect("nothing panics under it");
    let time = all.iter().filter(|earlier| earlier.starts_with(&format!("{step:?} "))).count() + 1;
    let moment = Moment(step, time).to_string();
    all.push(moment.clone());
    MORE.notify_all();
    // Past the test harness, which keeps what is printed to itself.
    writeln!(std::io::stdout(), "{moment}").expect("the parent listens");
    if told_by(KILL_AT).as_ref() == Some(&moment) {
        kill_self();
    }
    if let Some(awaited) = told_by(WAIT_FOR).filter(|_| told_by(WAIT_AT).as_ref() == Some(&moment)) {
        let missing = |all: &mut Vec<String>| !all.contains(&awaited);
        let waited = MORE.wait_timeout_while(all, TIMEOUT / 2, missing).expect("nothing panics under it");
        // Not a panic, which would be one renewal's own affair.
        if waited.1.timed_out() {
            writeln!(std::io::stderr(), "{moment} waited for {awaited} in vain").expect("the parent listens");
            std::process::exit(1);
        }
    }
}
