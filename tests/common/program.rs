//! The program under test: the real binary as a child process, its output captured line by line.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::watched::{PATIENCE, Watched, deadline};

/// A running or ended process; killed when dropped.
pub struct Program {
    pid: Pid,
    ended: Arc<Watched<Option<ExitStatus>>>,
    stdout: Captured,
    stderr: Captured,
}

/// What a process that has ended leaves.
#[derive(Clone, Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    #[track_caller]
    pub(super) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("could not start the program");
        let pid = Pid::from_child(&child);
        let stdout = Captured::from(child.stdout.take().expect("stdout is piped"));
        let stderr = Captured::from(child.stderr.take().expect("stderr is piped"));
        let ended = Arc::new(Watched::new(None));
        thread::spawn({
            let ended = Arc::clone(&ended);
            move || await_end(pid, child, &ended)
        });
        Self { pid, ended, stdout, stderr }
    }

    pub fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Everything on stdout so far.
    pub fn stdout(&self) -> String {
        self.stdout.so_far()
    }

    /// Everything on stderr so far.
    pub fn stderr(&self) -> String {
        self.stderr.so_far()
    }

    /// The first line on stdout that contains `part`, now or later.
    #[track_caller]
    pub fn stdout_line(&self, part: &str) -> String {
        self.stdout.line(part)
    }

    /// The first line on stderr that contains `part`, now or later.
    #[track_caller]
    pub fn stderr_line(&self, part: &str) -> String {
        self.stderr.line(part)
    }

    pub fn is_running(&self) -> bool {
        self.ended.look(Option::is_none)
    }

    /// SIGTERM, as a session manager or a service manager sends it.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// SIGINT, as Ctrl-C sends it.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// SIGKILL: nothing in the program can tell.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// How the process ended, which it has to do within `limit`.
    #[track_caller]
    pub fn exit_status_within(&self, limit: Duration) -> ExitStatus {
        match self.ended.wait(Instant::now() + limit, |status| *status) {
            Some(status) => status,
            None => panic!("the program still runs after {limit:?}"),
        }
    }

    /// Waits for the end and all the output.
    #[track_caller]
    pub fn finish(self) -> Finished {
        let status = self.exit_status_within(PATIENCE);
        Finished { status, stdout: self.stdout.whole(), stderr: self.stderr.whole() }
    }

    fn signal(&self, signal: Signal) {
        // Under the lock a process that has not been reaped: the number is still its own.
        self.ended.look(|status| {
            if status.is_none() {
                kill_process(self.pid, signal).ok();
            }
        });
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        self.ended.wait(deadline(), |status| *status);
        if thread::panicking() {
            let (stdout, stderr) = (self.stdout.so_far(), self.stderr.so_far());
            eprintln!("── stdout ──\n{stdout}── stderr ──\n{stderr}");
        }
    }
}

/// Waits without reaping, and reaps under the lock, so that no signal ever goes to a process number
/// that belongs to someone else by now.
fn await_end(pid: Pid, mut child: Child, ended: &Watched<Option<ExitStatus>>) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
    ended.change(|status| *status = Some(child.wait().expect("the child is ours")));
}

/// One output stream, read by a thread of its own so that the program never blocks on it.
struct Captured(Arc<Watched<Output>>);

#[derive(Default)]
struct Output {
    text: String,
    /// Nothing more comes: the program has ended, and with it every child that inherited this.
    closed: bool,
}

impl Captured {
    fn from(stream: impl Read + Send + 'static) -> Self {
        let output = Arc::<Watched<Output>>::default();
        thread::spawn({
            let output = Arc::clone(&output);
            move || {
                let mut stream = BufReader::new(stream);
                let mut line = Vec::new();
                while matches!(stream.read_until(b'\n', &mut line), Ok(1..)) {
                    let text = String::from_utf8_lossy(&line);
                    output.change(|output| output.text += &text);
                    line.clear();
                }
                output.change(|output| output.closed = true);
            }
        });
        Self(output)
    }

    fn so_far(&self) -> String {
        self.0.look(|output| output.text.clone())
    }

    #[track_caller]
    fn line(&self, part: &str) -> String {
        self.0.expect(
            |output| {
                let mut lines = output.text.lines();
                lines.find(|line| line.contains(part)).map(str::to_owned)
            },
            |output| format!("no line with {part:?} in:\n{}", output.text),
        )
    }

    #[track_caller]
    fn whole(&self) -> String {
        self.0.expect(
            |output| output.closed.then(|| output.text.clone()),
            |output| format!("the output does not end:\n{}", output.text),
        )
    }
}
