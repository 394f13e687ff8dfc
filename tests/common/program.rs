//! The program under test: the real binary as a child process, its output captured line by line.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::wait::{TIMEOUT, Watched, poll_until};

/// A running or ended process; killed when dropped.
pub struct Program {
    id: u32,
    /// Locked for a short time only: nothing waits for the process under the lock.
    child: Mutex<Child>,
    stdout: Captured,
    stderr: Captured,
}

/// A process that has ended.
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
        let stdout = Captured::from(child.stdout.take().expect("stdout is piped"));
        let stderr = Captured::from(child.stderr.take().expect("stderr is piped"));
        Self { id: child.id(), child: Mutex::new(child), stdout, stderr }
    }

    pub fn id(&self) -> u32 {
        self.id
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
        self.exit_status().is_none()
    }

    /// SIGTERM, as a session manager or a service manager sends it.
    #[cfg(unix)]
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// SIGINT, as Ctrl-C sends it.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        self.signal(rustix::process::Signal::INT);
    }

    /// SIGSTOP: the process does not run until [`resume`](Self::resume).
    #[cfg(unix)]
    pub fn suspend(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    /// SIGCONT.
    #[cfg(unix)]
    pub fn resume(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    /// Ends the process at once, without a chance to react.
    pub fn kill(&self) {
        // An error means that it has ended already.
        self.with_child(Child::kill).ok();
    }

    /// How the process ended, which it has to do within `limit`.
    #[track_caller]
    pub fn exit_status_within(&self, limit: Duration) -> ExitStatus {
        assert!(poll_until(limit, || !self.is_running()), "the program still runs after {limit:?}");
        self.exit_status().expect("it has ended")
    }

    /// Waits for the end and all the output.
    #[track_caller]
    pub fn finish(self) -> Finished {
        let status = self.exit_status_within(TIMEOUT);
        Finished { status, stdout: self.stdout.whole(), stderr: self.stderr.whole() }
    }

    fn exit_status(&self) -> Option<ExitStatus> {
        self.with_child(Child::try_wait).expect("the child process is ours")
    }

    fn with_child<T>(&self, action: impl FnOnce(&mut Child) -> T) -> T {
        action(&mut self.child.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        self.with_child(|child| {
            // While the process has not been waited for, its id can't belong to another one.
            if matches!(child.try_wait(), Ok(None)) {
                rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).ok();
            }
        });
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        self.with_child(Child::wait).ok();
        if thread::panicking() {
            let (stdout, stderr) = (self.stdout.so_far(), self.stderr.so_far());
            eprintln!("── stdout ──\n{stdout}── stderr ──\n{stderr}");
        }
    }
}

/// One output stream, read on a thread of its own so that the program never blocks on it.
struct Captured(Arc<Watched<Output>>);

#[derive(Default)]
struct Output {
    text: String,
    /// Nothing more comes: the program and every child that inherited the stream have ended.
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
