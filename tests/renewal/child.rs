//! The process that is killed: this test binary, started again. It renews as the program does, and at a given
//! checkpoint kills itself, or waits for another checkpoint.

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

/// Where the child kills itself.
const KILL_AT: &str = "KILL_AT";
/// Where one of its renewals blocks, as on a slow disk, ...
const WAIT_AT: &str = "WAIT_AT";
/// ... until another renewal has reached this one.
const WAIT_FOR: &str = "WAIT_FOR";

/// A checkpoint, and how often it has to be reached, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KillPoint(pub Checkpoint, pub usize);

impl std::fmt::Display for KillPoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.0, self.1)
    }
}

/// A child that kills itself.
pub fn that_dies(fixture: &Fixture, at: KillPoint) -> Command {
    let mut command = command(fixture);
    command.env(KILL_AT, at.to_string());
    command
}

/// A child in which one renewal blocks until another has reached `until`.
pub fn that_waits(fixture: &Fixture, at: KillPoint, until: KillPoint) -> Command {
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
#[ignore = "the child of other tests; does nothing without their environment"]
fn child_process_renews_and_dies_at_its_kill_point() {
    if variable(KILL_AT).or(variable(WAIT_AT)).is_none() {
        return;
    }
    let paths = Paths::native().expect("a home");
    let settings = config::load(&paths.config_file).expect("sound settings");
    let dir = expand_home(&settings.auth_dir, &paths.home);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let renewer =
            Renewer::new(&paths.state_dir, &paths.runtime_dir, Arc::new(Http::default()), at_checkpoint);
        renewer.recover().await;
        let mut renewals = JoinSet::new();
        for entry in store::scan(&dir, &HashMap::new()).await.expect("a folder").entries {
            let Entry::Login(login) = entry else { panic!("a broken credential: {entry:?}") };
            let policy = Policy { mode: settings.token_renewal, endpoints: settings.endpoints.clone() };
            let renewer = renewer.clone();
            renewals.spawn(async move { renewer.renew(policy, login).await });
        }
        for renewed in renewals.join_all().await {
            renewed.expect("it is renewed");
        }
    });
    assert_eq!(variable(KILL_AT), None, "the checkpoint was not reached");
}

/// Ends this process like a kill from outside: nothing is flushed, and no destructor runs.
#[cfg(unix)]
fn kill_self() {
    use rustix::process::{Signal, getpid, kill_process};
    kill_process(getpid(), Signal::KILL).expect("a process may signal itself");
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

/// Whether a child has killed itself.
pub fn was_killed(status: ExitStatus) -> bool {
    #[cfg(unix)]
    return std::os::unix::process::ExitStatusExt::signal(&status) == Some(9);
    #[cfg(windows)]
    return status.code() == Some(KILLED.cast_signed());
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Prints the checkpoint, and kills the process or blocks if it is the one to do so at.
fn at_checkpoint(checkpoint: Checkpoint) {
    static REACHED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    static CHANGED: Condvar = Condvar::new();
    let mut reached = REACHED.lock().expect("nothing panics under it");
    let count = reached.iter().filter(|earlier| earlier.starts_with(&format!("{checkpoint:?} "))).count() + 1;
    let kill_point = KillPoint(checkpoint, count).to_string();
    reached.push(kill_point.clone());
    CHANGED.notify_all();
    // Not by `println!`, whose output the test harness captures.
    writeln!(std::io::stdout(), "{kill_point}").expect("the parent reads it");
    if variable(KILL_AT).as_ref() == Some(&kill_point) {
        kill_self();
    }
    if let Some(awaited) = variable(WAIT_FOR).filter(|_| variable(WAIT_AT).as_ref() == Some(&kill_point)) {
        let missing = |reached: &mut Vec<String>| !reached.contains(&awaited);
        let waited =
            CHANGED.wait_timeout_while(reached, TIMEOUT / 2, missing).expect("nothing panics under it");
        // A panic would end only the task of one renewal.
        if waited.1.timed_out() {
            writeln!(std::io::stderr(), "{kill_point} timed out waiting for {awaited}")
                .expect("the parent reads it");
            std::process::exit(1);
        }
    }
}
