//! No core dump contains a token, and child processes of the tray have its original core limit.

use super::*;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};

/// Raises the core limit of a command to the maximum.
fn may_dump(command: &mut Command) -> &mut Command {
    let whole = || {
        let maximum = getrlimit(Resource::Core).maximum;
        Ok(setrlimit(Resource::Core, Rlimit { current: maximum, maximum })?)
    };
    // SAFETY: both are system calls, which are allowed between fork and exec.
    unsafe { command.pre_exec(whole) }
}

/// The soft and the hard core limit of a process.
fn limits(id: u32) -> (String, String) {
    let limits = std::fs::read_to_string(format!("/proc/{id}/limits")).expect("it runs");
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    let mut words = line["Max core file size".len()..].split_whitespace().map(str::to_owned);
    (words.next().expect("soft"), words.next().expect("hard"))
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn crashed_tray_leaves_no_core_dump() {
    for signal in [Signal::SEGV, Signal::ABORT] {
        let fixture = Fixture::new().claude(ALICE);
        let mut command = fixture.command();
        let child =
            may_dump(&mut command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
        let mut tray = Killed(child);
        fixture.host.menu_until(showing("42% left"));
        // 1 and not 0: with 0 the kernel still passes the memory to a program in `core_pattern`.
        let (soft, hard) = limits(tray.0.id());
        assert_eq!(soft, if hard == "0" { "0" } else { "1" });
        // Rust's own SIGSEGV handler catches the first one, to detect a stack overflow.
        let pid = Pid::from_child(&tray.0);
        let status = until("the end", || {
            let status = tray.0.try_wait().expect("it is ours");
            status.is_none().then(|| kill_process(pid, signal));
            status
        });
        assert_eq!((status.signal(), status.core_dumped()), (Some(signal.as_raw()), false), "{status}");
        let left: Vec<_> = std::fs::read_dir(fixture.home())
            .expect("listed")
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("core")), "{left:?}");
    }
}

#[test]
fn child_processes_have_the_original_core_limit() {
    let fixture = Fixture::new().claude(ALICE);
    let hook = super::hooks::script(
        &fixture,
        "hook",
        "{ ulimit -c; echo done; } > $OUT/made; mv $OUT/made $OUT/hook.out",
    );
    // The program that opens a folder.
    std::fs::create_dir(fixture.dir().join("bin")).expect("made");
    super::hooks::script(
        &fixture,
        "bin/xdg-open",
        "{ ulimit -c; echo done; } > $OUT/made.open; mv $OUT/made.open $OUT/open.out",
    );
    fixture.set_config(&format!("[hooks]\non_low = [\"{hook}\"]"));
    let path = std::env::var("PATH").expect("a path");
    let mut command = fixture.command();
    command.env("PATH", format!("{}:{path}", fixture.dir().join("bin").display()));
    let program = fixture.spawn_command(may_dump(&mut command));
    fixture.host.menu_until(showing("42% left"));
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 88.0)]);
    refresh(&fixture, "12% left");
    let (_, hard) = limits(program.id());
    let before = format!("{hard}\n");
    assert_eq!(super::hooks::output(&fixture, "hook.out"), before);
    fixture.host.click("Open credentials folder");
    assert_eq!(super::hooks::output(&fixture, "open.out"), before);
    quit(&fixture, program);
}

#[test]
fn crashed_status_leaves_no_core_dump() {
    let fixture = Fixture::new().claude(ALICE);
    let gate = common::Gate::new();
    let answer = common::Response::json(&common::claude_usage(&[("five_hour", 58.0)])).behind(&gate);
    fixture.server.respond(fixture.account(ALICE).access_token(), answer);
    let mut command = fixture.command();
    let child = may_dump(command.arg("status")).stdout(Stdio::null()).spawn().expect("started");
    let mut status = Killed(child);
    fixture.server.wait_for_requests(fixture.account(ALICE).access_token(), 1);
    let (soft, _) = limits(status.0.id());
    assert!(["0", "1"].contains(&&*soft), "{soft}");
    gate.open();
    assert!(status.0.wait().expect("it is ours").success());
}
