//! No core dump holds a token, and the programs that the tray starts keep the limit that it was started with.

use super::*;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};

/// Lets a command dump as much as the machine allows.
fn may_dump(command: &mut Command) -> &mut Command {
    let whole = || {
        let maximum = getrlimit(Resource::Core).maximum;
        Ok(setrlimit(Resource::Core, Rlimit { current: maximum, maximum })?)
    };
    // SAFETY: both are system calls, which are all that may be done between fork and exec.
    unsafe { command.pre_exec(whole) }
}

/// The soft limit and the hard limit of a process's core dumps.
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
fn tray_that_crashes_leaves_no_core_dump() {
    for signal in [Signal::SEGV, Signal::ABORT] {
        let scene = Scene::new().claude(ALICE);
        let mut command = scene.command();
        let child =
            may_dump(&mut command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
        let mut tray = Killed(child);
        scene.host.menu_until(showing("42% left"));
        // 1 and not 0: with 0 the kernel still hands the memory to a program of `core_pattern`.
        let (soft, hard) = limits(tray.0.id());
        assert_eq!(soft, if hard == "0" { "0" } else { "1" });
        // Rust's own handler of SIGSEGV takes the first one, for it could be a stack that has overflowed.
        let pid = Pid::from_child(&tray.0);
        let status = until("the end", || {
            let status = tray.0.try_wait().expect("it is ours");
            status.is_none().then(|| kill_process(pid, signal));
            status
        });
        assert_eq!((status.signal(), status.core_dumped()), (Some(signal.as_raw()), false), "{status}");
        let left: Vec<_> = std::fs::read_dir(scene.home())
            .expect("listed")
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("core")), "{left:?}");
    }
}

#[test]
fn hook_and_opened_program_have_the_limit_that_the_tray_was_started_with() {
    let scene = Scene::new().claude(ALICE);
    let hook = super::hooks::script(
        &scene,
        "hook",
        "{ ulimit -c; echo done; } > $OUT/made; mv $OUT/made $OUT/hook.out",
    );
    // What the desktop would open a folder with.
    std::fs::create_dir(scene.dir().join("bin")).expect("made");
    super::hooks::script(
        &scene,
        "bin/xdg-open",
        "{ ulimit -c; echo done; } > $OUT/made.open; mv $OUT/made.open $OUT/open.out",
    );
    scene.set_config(&format!("[hooks]\non_low = [\"{hook}\"]"));
    let path = std::env::var("PATH").expect("a path");
    let mut command = scene.command();
    command.env("PATH", format!("{}:{path}", scene.dir().join("bin").display()));
    let program = scene.spawn_command(may_dump(&mut command));
    scene.host.menu_until(showing("42% left"));
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 88.0)]);
    refresh(&scene, "12% left");
    let (_, hard) = limits(program.id());
    let before = format!("{hard}\n");
    assert_eq!(super::hooks::written(&scene, "hook.out"), before);
    scene.host.click("Open credentials folder");
    assert_eq!(super::hooks::written(&scene, "open.out"), before);
    quit(&scene, program);
}

#[test]
fn status_cannot_dump_its_tokens_either() {
    let scene = Scene::new().claude(ALICE);
    let gate = common::Gate::new();
    let answer = common::Answer::json(&common::claude_usage(&[("five_hour", 58.0)])).behind(&gate);
    scene.usage.answer(scene.account(ALICE).access_token(), answer);
    let mut command = scene.command();
    let child = may_dump(command.arg("status")).stdout(Stdio::null()).spawn().expect("started");
    let mut status = Killed(child);
    scene.usage.wait_for_requests(scene.account(ALICE).access_token(), 1);
    let (soft, _) = limits(status.0.id());
    assert!(["0", "1"].contains(&&*soft), "{soft}");
    gate.open();
    assert!(status.0.wait().expect("it is ours").success());
}
