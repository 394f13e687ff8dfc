//! Every way to end, and a second start. (The end in the middle of a renewal is in `renewal`.)

use rustix::process::{Pid, Signal, kill_process};

use super::state::State;
use super::*;

#[test]
fn each_way_to_end_gives_0_and_leaves_what_was_known_and_said() {
    let hang_up = |program: &Program| {
        let pid = Pid::from_raw(program.id().cast_signed()).expect("a process");
        kill_process(pid, Signal::HUP).expect("it runs");
    };
    type End<'a> = (&'a str, &'a dyn Fn(&Scene, &Program));
    let ends: [End; 4] = [
        ("the menu", &|scene, _| scene.host.click("Quit Quota Tray")),
        ("SIGTERM", &|_, program| program.terminate()),
        ("SIGINT", &|_, program| program.interrupt()),
        ("SIGHUP", &|_, program| hang_up(program)),
    ];
    for (name, end) in ends {
        let scene = Scene::new().claude(ALICE);
        let program = scene.spawn(&[]);
        scene.host.menu_until(showing("42% left"));
        scene.claude_used(&scene.account(ALICE), &[("five_hour", 85.0), ("seven_day", 10.0)]);
        refresh(&scene, "15% left");
        scene.notifications.wait_for(1);
        end(&scene, &program);
        scene.host.wait_until_empty();
        let done = program.finish();
        assert_eq!((done.status.code(), done.stderr.as_str()), (Some(0), ""), "{name}: {done:?}");

        let state = State::of(&scene);
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
fn a_second_start_says_that_one_is_running_and_ends_with_0() {
    let scene = Scene::new().claude(ALICE);
    let first = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    for arguments in [&[][..], &["-v"], &["--auth-dir", "/elsewhere"]] {
        let second = scene.run(arguments);
        assert_eq!((second.status.code(), second.stdout.as_str()), (Some(0), ""), "{second:?}");
        assert_eq!(second.stderr, "quota-tray: already running; look for its icon in the tray\n");
    }
    // It has harmed nothing, and once the first is gone there is room for the next.
    assert_eq!(scene.host.registrations(), 1);
    refresh(&scene, "42% left");
    first.kill();
    first.exit_status_within(PATIENCE);
    scene.host.wait_until_empty();
    let third = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    quit(&scene, third);
}
