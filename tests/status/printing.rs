//! Standard output and standard error that take nothing: a full disk, a closed pipe, a closed descriptor.
//! What can still be told is told, and nothing panics (exit code 101).

use super::*;
use crate::common::{TIMEOUT, Watched};
use std::fs::OpenOptions;
use std::io::{PipeReader, PipeWriter, Read};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Instant;

/// Every command that prints, with its exit code where all goes well.
const COMMANDS: [&[&str]; 14] = [
    &["--help"],
    &["--version"],
    &["help", "status"],
    &["status", "--help"],
    &["status"],
    &["status", "--format", "json"],
    &["status", "--format", "waybar"],
    &["status", "--format", "i3blocks"],
    &["status", "--format", "openmetrics"],
    &["status", "--check", "10"],
    &["status", "--cached"],
    &["autostart", "status"],
    &["completions", "bash"],
    &["demo", "--once"],
];

/// A device that takes no byte.
#[cfg(not(windows))]
fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").expect("no /dev/full").into()
}

/// Windows has no such device; a file that is open for reading alone takes no byte either.
#[cfg(windows)]
fn full() -> Stdio {
    OpenOptions::new().read(true).open(env!("CARGO_BIN_EXE_quota-tray")).expect("opened").into()
}

/// What the system says of such a write.
const NOT_WRITTEN: &str = if cfg!(windows) { "" } else { "No space left" };

/// The writing end of a pipe that nobody reads.
fn without_reader() -> PipeWriter {
    let (_, writer): (PipeReader, PipeWriter) = std::io::pipe().expect("a pipe");
    writer
}

fn well() -> Scene {
    let scene = Scene::new();
    scene.claude("t", good());
    scene
}

fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn full_standard_output_is_an_error_on_standard_error() {
    let scene = well();
    for arguments in COMMANDS {
        let output = scene.command(arguments).stdout(full()).output().expect("started");
        let error = error_of(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
        let expected = format!("quota-tray: could not write to standard output: {NOT_WRITTEN}");
        assert!(error.starts_with(&expected), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{arguments:?}: {error}");
    }
    let doctor = scene.command(&["doctor"]).stdout(full()).output().expect("started");
    assert_eq!(doctor.status.code(), Some(1), "{}", error_of(&doctor));
    assert!(error_of(&doctor).contains("could not write to standard output"), "{}", error_of(&doctor));
}

#[test]
fn closed_reader_is_no_error() {
    let scene = well();
    for arguments in COMMANDS {
        let output = scene.command(arguments).stdout(without_reader()).output().expect("started");
        assert_eq!((output.status.code(), &*error_of(&output)), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn exit_code_is_kept_when_stdout_and_stderr_are_full() {
    let scene = well();
    for arguments in COMMANDS {
        let status = scene.command(arguments).stdout(full()).stderr(full()).status().expect("started");
        assert_eq!(status.code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn exit_code_is_kept_when_stderr_is_not_writable() {
    let scene = well();
    scene.file("wrong.toml", "refresh_minutes = 0");
    scene.account("claude-broken.json", &json!([]));
    let blocked = scene.path("blocked");
    std::fs::write(&blocked, "").expect("written");
    for (arguments, code) in [
        (&["--frobnicate"][..], 2),
        (&["status", "--config", "nowhere.toml"], 2),
        (&["status", "--config", "wrong.toml"], 2),
        (&["--config", "wrong.toml"], 2),
        (&["-vvv", "status"], 1),
        // A folder that is a file is a problem that stands beside the JSON, on standard error.
        (&["status", "--format", "json", "--auth-dir", "blocked"], 1),
    ] {
        for errors in [full(), without_reader().into()] {
            let output = scene.command(arguments).stderr(errors).output().expect("started");
            assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        }
    }
}

// With the shell of Unix.
#[cfg(unix)]
#[test]
fn closed_descriptors_do_not_crash() {
    let scene = well();
    for (redirections, code) in [("2>&-", 0), (">&-", 0), (">&- 2>&-", 0), ("<&- >&- 2>&-", 0)] {
        let mut shell = Command::new("/bin/sh");
        let program = scene.command(&[]);
        shell.args(["-c", &format!("exec \"$0\" status {redirections}")]).arg(program.get_program());
        shell.env_clear().envs(program.get_envs().filter_map(|(key, value)| Some((key, value?))));
        let output = shell.current_dir(scene.dir.path()).output().expect("started");
        assert_eq!(output.status.code(), Some(code), "{redirections}: {output:?}");
    }
}

/// A program that ought to end by itself.
struct Ending {
    child: std::process::Child,
    /// Whether its standard error is closed, as at its end.
    closed: Arc<Watched<bool>>,
}

impl Ending {
    fn spawn(command: &mut Command) -> Ending {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("started");
        let mut stderr = child.stderr.take().expect("piped");
        let closed = Arc::new(Watched::new(false));
        let seen = closed.clone();
        std::thread::spawn(move || {
            let _ = stderr.read_to_end(&mut Vec::new());
            seen.change(|closed| *closed = true);
        });
        Ending { child, closed }
    }

    /// Waits for its end; it is killed where it does not end.
    #[track_caller]
    fn exit_code(mut self) -> Option<i32> {
        if self.closed.wait(Instant::now() + TIMEOUT, |closed| closed.then_some(())).is_none() {
            self.child.kill().expect("it runs");
            panic!("the program still runs");
        }
        self.child.wait().expect("it is ours").code()
    }
}

#[test]
fn watch_ends_when_its_reader_is_gone() {
    let scene = well();
    for format in ["text", "json", "waybar"] {
        let mut command = scene.command(&["status", "--watch", "--format", format]);
        let program = Ending::spawn(command.stdout(without_reader()));
        assert_eq!(program.exit_code(), Some(0), "{format}");
    }
}

#[test]
fn watch_ends_with_an_error_when_standard_output_is_full() {
    let scene = well();
    let mut command = scene.command(&["status", "--watch"]);
    let program = Ending::spawn(command.stdout(full()));
    assert_eq!(program.exit_code(), Some(1));
}

/// `nohup` starts a program with SIGHUP ignored, and a shell without job control starts one in the background with
/// SIGINT ignored.
#[cfg(target_os = "linux")]
#[test]
fn signal_that_is_ignored_at_startup_does_not_end_the_program() {
    use std::os::unix::process::CommandExt;
    for (ignored, sent) in [("HUP", rustix::process::Signal::HUP), ("INT", rustix::process::Signal::INT)] {
        let scene = well();
        let program = scene.command(&[]);
        let mut shell = Command::new("/bin/sh");
        let line = format!("trap '' {ignored}; exec \"$0\" status --watch");
        shell.args(["-c", &line]).arg(program.get_program());
        shell.env_clear().envs(program.get_envs().filter_map(|(key, value)| Some((key, value?))));
        shell.current_dir(scene.dir.path()).process_group(0);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let watching = Ending::spawn(shell.stdout(writer));
        drop(shell);
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(reader));
        lines.next().expect("a row").expect("UTF-8");
        let id = rustix::process::Pid::from_child(&watching.child);
        rustix::process::kill_process(id, sent).expect("it runs");
        // The next refresh is the evidence that it lives on.
        scene.claude("another", good());
        assert!(lines.any(|line| line.expect("UTF-8").contains("another@x.org")), "{ignored}");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it runs");
        assert_eq!(watching.exit_code(), Some(128 + 15), "{ignored}");
    }
}
