//! Every way to end, and a second start. (The end in the middle of a renewal is in `renewal`.)

use rustix::process::{Pid, Signal, kill_process};

use super::state_dir::StateDir;
use super::*;

#[test]
fn each_way_to_quit_exits_with_0_and_keeps_state() {
    let hang_up = |program: &Program| {
        let pid = Pid::from_raw(program.id().cast_signed()).expect("a process");
        kill_process(pid, Signal::HUP).expect("it runs");
    };
    type End<'a> = (&'a str, &'a dyn Fn(&Fixture, &Program));
    let ends: [End; 4] = [
        ("the menu", &|fixture, _| fixture.host.click("Quit Quota Tray")),
        ("SIGTERM", &|_, program| program.terminate()),
        ("SIGINT", &|_, program| program.interrupt()),
        ("SIGHUP", &|_, program| hang_up(program)),
    ];
    for (name, end) in ends {
        let fixture = Fixture::new().claude(ALICE);
        let program = fixture.spawn(&[]);
        fixture.host.menu_until(showing("42% left"));
        fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 85.0), ("seven_day", 10.0)]);
        refresh(&fixture, "15% left");
        fixture.notifications.wait_for(1);
        end(&fixture, &program);
        fixture.host.wait_until_empty();
        let done = program.finish();
        assert_eq!((done.status.code(), done.stderr.as_str()), (Some(0), ""), "{name}: {done:?}");

        let state = StateDir::of(&fixture);
        let windows = &state.read("snapshot.json")["accounts"][0]["reading"]["windows"];
        assert_eq!(windows[0]["used_percent"], 85.0, "{name}: {windows:#}");
        let said = state.read("alerts.json").to_string();
        assert!(said.contains("\"five_hour\":{\"fired\":20"), "{name}: {said}");
        assert_eq!(
            state.files().iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "tmp")).count(),
            0
        );
    }
}

#[test]
fn second_instance_exits_with_0() {
    let fixture = Fixture::new().claude(ALICE);
    let first = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    for arguments in [&[][..], &["-v"], &["--auth-dir", "/elsewhere"]] {
        let second = fixture.run(arguments);
        assert_eq!((second.status.code(), second.stdout.as_str()), (Some(0), ""), "{second:?}");
        assert_eq!(second.stderr, "quota-tray: already running; look for its icon in the tray\n");
    }
    // It has harmed nothing, and once the first is gone there is room for the next.
    assert_eq!(fixture.host.registrations(), 1);
    refresh(&fixture, "42% left");
    first.kill();
    first.exit_status_within(TIMEOUT);
    fixture.host.wait_until_empty();
    let third = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    quit(&fixture, third);
}
