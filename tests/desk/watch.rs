//! `status --watch` ends with its reader, even if nothing is printed for hours.

use super::*;
use crate::common::open_terminal;
use rustix::process::{Pid, Signal, kill_process};
use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

/// Killed on drop.
struct Watch(Child);

impl Watch {
    fn start(fixture: &Fixture, stdout: impl Into<Stdio>) -> Watch {
        let mut command: Command = fixture.command();
        let command = command.args(["status", "--watch"]).stdin(Stdio::null()).stdout(stdout);
        Watch(command.stderr(Stdio::null()).spawn().expect("started"))
    }

    /// The exit code. `None`: a signal ended it.
    #[track_caller]
    fn exit_code(&mut self) -> Option<i32> {
        let child = RefCell::new(&mut self.0);
        until("the end of the program", || child.borrow_mut().try_wait().expect("it is ours")).code()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).expect("it runs");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Reads one line and closes the pipe, as `head -1` does.
fn read_a_line(reader: impl Read) {
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line).expect("a line");
    assert!(line.contains("42% left"), "{line}");
}

#[test]
fn watch_ends_when_its_pipe_is_closed() {
    let fixture = Fixture::new().claude(ALICE);
    let mut watch = Watch::start(&fixture, Stdio::piped());
    read_a_line(watch.0.stdout.take().expect("a pipe"));
    assert_eq!(watch.exit_code(), Some(0));
}

#[test]
fn watch_ends_when_its_socket_is_closed() {
    let fixture = Fixture::new().claude(ALICE);
    let (ours, theirs) = UnixStream::pair().expect("two sockets");
    let mut watch = Watch::start(&fixture, OwnedFd::from(theirs));
    read_a_line(ours);
    assert_eq!(watch.exit_code(), Some(0));
}

/// The terminal is not the controlling one, so that it sends no signal.
#[test]
fn watch_ends_when_its_terminal_is_closed() {
    let fixture = Fixture::new().claude(ALICE);
    let (ours, theirs) = open_terminal();
    let mut watch = Watch::start(&fixture, theirs);
    read_a_line(ours);
    assert_eq!(watch.exit_code(), Some(0));
}

#[test]
fn watch_ends_after_sighup() {
    let fixture = Fixture::new().claude(ALICE);
    let mut watch = Watch::start(&fixture, Stdio::piped());
    let mut reader = BufReader::new(watch.0.stdout.take().expect("a pipe"));
    reader.read_line(&mut String::new()).expect("a line");
    watch.signal(Signal::HUP);
    assert_eq!(watch.exit_code(), Some(128 + 1));
}

#[test]
fn watch_continues_with_standard_output_to_a_file() {
    for place in ["/dev/null", "a file"] {
        let mut fixture = Fixture::new().claude(ALICE);
        let stdout = match place {
            "a file" => File::create(fixture.dir().join("printed")).expect("made"),
            place => OpenOptions::new().write(true).open(place).expect("opened"),
        };
        let mut watch = Watch::start(&fixture, stdout);
        fixture.server.wait_for_requests(fixture.account(ALICE).access_token(), 1);
        let bob = fixture.add_codex(BOB);
        fixture.server.wait_for_requests(bob.access_token(), 1);
        watch.signal(Signal::TERM);
        assert_eq!(watch.exit_code(), Some(128 + 15), "{place}");
    }
}
