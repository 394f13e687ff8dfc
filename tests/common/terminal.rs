//! The program in a terminal: a pseudo-terminal takes what it prints.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use rustix::fs::OFlags;
use rustix::ioctl::{Getter, Setter, ioctl};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{Winsize, tcsetwinsize};

use super::wait::TIMEOUT;

/// A running program; killed when dropped.
pub struct Terminal {
    child: Child,
    printed: mpsc::Receiver<Vec<u8>>,
    text: String,
    bytes: Vec<u8>,
}

impl Terminal {
    /// Starts a program with its output and its errors on one terminal.
    pub fn spawn(command: &mut Command) -> Self {
        Self::spawn_on(command, open())
    }

    /// The same on a terminal so many cells wide.
    pub fn spawn_wide(command: &mut Command, width: u16) -> Self {
        let (ours, theirs) = open();
        let size = Winsize { ws_row: 24, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&theirs, size).expect("it has a size");
        Self::spawn_on(command, (ours, theirs))
    }

    fn spawn_on(command: &mut Command, (mut ours, theirs): (File, File)) -> Self {
        let errors = theirs.try_clone().expect("a second handle");
        let child = command.stdin(Stdio::null()).stdout(theirs).stderr(errors).spawn().expect("started");
        // Until they are closed here too, the terminal would not end with the program.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let (print, printed) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // An error is the end: nobody has the other side open any more.
            while let Ok(count @ 1..) = ours.read(&mut buffer) {
                print.send(buffer[..count].to_vec()).ok();
            }
        });
        Self { child, printed, text: String::new(), bytes: Vec::new() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `part` has been printed since the last wait.
    #[track_caller]
    pub fn wait_for(&mut self, part: &str) {
        let deadline = Instant::now() + TIMEOUT;
        while !self.text.contains(part) {
            match self.printed.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.text += &String::from_utf8_lossy(&bytes),
                Err(error) => panic!("{part:?} was not printed ({error}):\n{}", self.text),
            }
        }
        self.text = self.text.split_once(part).expect("it is there").1.to_owned();
    }

    pub fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
    }

    /// All that is printed up to the end.
    #[track_caller]
    pub fn text(mut self) -> String {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            match self.printed.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.bytes.extend(bytes),
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return String::from_utf8_lossy(&self.bytes).replace("\r\n", "\n");
                }
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("the program still runs"),
            }
        }
    }

    /// Waits for the end.
    #[track_caller]
    pub fn finish(mut self) -> ExitStatus {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            match self.printed.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return self.child.wait().expect("it is ours"),
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("the program still runs"),
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        if thread::panicking() {
            eprintln!("── terminal ──\n{}", self.text);
        }
    }
}

/// Our side of a new terminal, and the program's.
pub fn open() -> (File, File) {
    /// `_IOW('T', 0x31, int)`, lets the other side be opened where the integer is 0.
    const TIOCSPTLCK: u32 = 0x4004_5431;
    /// `_IOR('T', 0x30, unsigned int)`, the number of the other side.
    const TIOCGPTN: u32 = 0x8004_5430;
    let open = |path: &str| {
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(OFlags::NOCTTY.bits() as i32);
        options.open(path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let ours = open("/dev/ptmx");
    // SAFETY: the two take pointers to integers of these types, by tty_ioctl(4).
    let number = unsafe {
        ioctl(&ours, Setter::<TIOCSPTLCK, i32>::new(0)).expect("unlocked");
        ioctl(&ours, Getter::<TIOCGPTN, u32>::new()).expect("a number")
    };
    (ours, open(&format!("/dev/pts/{number}")))
}
