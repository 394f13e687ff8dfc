//! Hooks: real scripts, run by a real tray.

use super::*;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Puts a script for `sh` on stage and names it. `$OUT` is the scene's own directory.
pub fn script(scene: &Scene, name: &str, lines: &str) -> String {
    let path = scene.dir().join(name);
    fs::write(&path, format!("#!/bin/sh\nOUT='{}'\n{lines}\n", scene.dir().display())).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
    path.display().to_string()
}

/// What a script has written as `name`, as soon as it is whole: in its last line, "done".
#[track_caller]
pub fn written(scene: &Scene, name: &str) -> String {
    let path = scene.dir().join(name);
    until(name, || fs::read_to_string(&path).ok()?.strip_suffix("done\n").map(str::to_owned))
}

fn alice_falls(scene: &Scene) {
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 88.0), ("seven_day", 10.0)]);
    refresh(scene, "alice@example.com — 12% left");
}

fn alice_rises(scene: &Scene) {
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 1.0), ("seven_day", 10.0)]);
    refresh(scene, "alice@example.com — 90% left");
}

fn alice_is_refused(scene: &Scene) {
    scene.usage.answer(scene.account(ALICE).access_token(), common::Answer::status(401));
    refresh(scene, "sign in again");
}

/// A tray that has seen that all is well.
fn started(scene: &Scene) -> Program {
    let program = scene.spawn(&["-v"]);
    scene.host.menu_until(showing("42% left"));
    program
}

/// The processes that the tray has started and not yet taken leave of.
fn children(program: &Program) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{}/task", program.id())).expect("it runs");
    let lists = tasks.map(|task| fs::read_to_string(task.expect("listed").path().join("children")));
    lists
        .flatten()
        .flat_map(|list| list.split_whitespace().map(|id| id.parse().expect("a number")).collect::<Vec<_>>())
        .collect()
}

/// Whether a process still does something: one that has ended may wait for an init that never looks.
fn is_alive(id: &str) -> bool {
    fs::read_to_string(format!("/proc/{}/stat", id.trim())).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_low_window_runs_the_hook_with_arguments_json_and_environment() {
    let scene = Scene::new().claude(ALICE).codex(BOB);
    let low = script(
        &scene,
        "low",
        "{ printf '%s\\n' \"$@\"; cat; env | grep ^QUOTA_TRAY_ | sort; echo done; } > $OUT/made; mv $OUT/made $OUT/low.out",
    );
    scene.set_config(&format!(
        "hide_email = false\n[hooks]\non_low = [\"{low}\", \"{{account}}: {{remaining}} %\", \"$HOME; `id` *\", \"{{{{window}}}}\"]"
    ));
    let program = started(&scene);
    alice_falls(&scene);
    let out = written(&scene, "low.out");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines[..3], ["alice@example.com: 12 %", "$HOME; `id` *", "{window}"]);
    let event: Value = serde_json::from_str(lines[3]).expect("JSON");
    for (key, value) in [
        ("event", "low"),
        ("provider", "claude"),
        ("account", ALICE),
        ("id", "claude-alice@example.com.json"),
        ("window_key", "five_hour"),
        ("title", "Claude 5-hour: 12% left"),
    ] {
        assert_eq!(event[key], value, "{event}");
        assert!(lines.contains(&&*format!("QUOTA_TRAY_{}={value}", key.to_uppercase())), "{key}: {out}");
    }
    assert_eq!((&event["remaining_percent"], &event["error"]), (&12.0.into(), &Value::Null));
    program.stderr_line("succeeded");
    assert!(children(&program).is_empty(), "a process that nobody took leave of");
    assert_eq!(scene.notifications.wait_for(1).len(), 1, "the notification comes all the same");
    // Once, like the notification, and not by `status`.
    fs::remove_file(scene.dir().join("low.out")).expect("there");
    refresh(&scene, "12% left");
    assert!(scene.run(&["status"]).status.success());
    quit(&scene, program);
    assert!(!scene.dir().join("low.out").exists());
}

#[test]
fn status_runs_no_hook() {
    let scene = Scene::new().claude(ALICE);
    let low = script(&scene, "low", "touch $OUT/ran");
    scene.set_config(&format!("thresholds = [99]\n[hooks]\non_low = [\"{low}\"]\non_error = [\"{low}\"]"));
    scene.run(&["status"]);
    scene.account(ALICE).delete();
    scene.run(&["status"]);
    assert!(!scene.dir().join("ran").exists());
}

#[test]
fn a_reset_runs_its_hook_even_where_none_is_notified() {
    let scene = Scene::new().claude(ALICE);
    let hook = script(&scene, "hook", "{ echo \"$1\"; echo done; } > $OUT/made; mv $OUT/made $OUT/reset.out");
    scene.set_config(&format!("notify_on_reset = false\n[hooks]\non_reset = [\"{hook}\", \"{{title}}\"]"));
    let program = started(&scene);
    alice_falls(&scene);
    // Two good readings: with no reset to explain a rise, the worse of two counts.
    alice_rises(&scene);
    scene.host.click("Refresh now");
    assert_eq!(written(&scene, "reset.out"), "Claude 5-hour has reset\n");
    quit(&scene, program);
    assert_eq!(scene.notifications.all().len(), 1, "the low one alone");
}

#[test]
fn an_account_that_needs_its_owner_runs_the_hook_once_until_it_is_well_again() {
    let scene = Scene::new().claude(ALICE).codex(BOB);
    let hook = script(&scene, "hook", "echo \"$1\" >> $OUT/errors");
    scene.set_config(&format!(
        "hide_email = true\ntoken_renewal = \"never\"\n[hooks]\non_error = [\"{hook}\", \"{{account}}: {{error}}\"]"
    ));
    let told = || fs::read_to_string(scene.dir().join("errors")).unwrap_or_default().lines().count();
    let program = started(&scene);
    scene.usage.answer(scene.account(BOB).access_token(), common::Answer::status(500));
    refresh(&scene, "server error 500");
    alice_is_refused(&scene);
    until("the first is told", || (told() == 1).then_some(()));
    refresh(&scene, "sign in again");
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 49.0)]);
    refresh(&scene, "51% left");
    alice_is_refused(&scene);
    until("the second is told", || (told() == 2).then_some(()));
    quit(&scene, program);
    let all = fs::read_to_string(scene.dir().join("errors")).expect("there");
    assert_eq!(
        all.lines().next(),
        Some("a…e: sign in again with CLIProxyAPI: the login is no longer accepted")
    );
    assert_eq!(told(), 2, "{all}");
    // A restart does not tell it again.
    let again = scene.spawn(&[]);
    scene.host.menu_until(showing("sign in again"));
    refresh(&scene, "sign in again");
    quit(&scene, again);
    assert_eq!(told(), 2);
}

#[test]
fn a_hook_that_hangs_is_ended_with_all_it_has_started() {
    let scene = Scene::new().claude(ALICE).codex(BOB);
    let hook =
        script(&scene, "hook", "trap '' TERM; sleep 1000 & { echo $!; echo done; } > $OUT/pid; wait; wait");
    scene.set_config(&format!("[hooks]\ntimeout_seconds = 1\non_low = [\"{hook}\"]"));
    let program = started(&scene);
    alice_falls(&scene);
    let sleeper = written(&scene, "pid");
    assert!(is_alive(&sleeper));
    program.stderr_line(&format!("hook on_low: {hook} timed out after 1 s"));
    until("the sleeper has ended", || (!is_alive(&sleeper)).then_some(()));
    assert!(children(&program).is_empty());
    refresh(&scene, "12% left");
    quit(&scene, program);
}

#[test]
fn a_hook_that_runs_is_ended_with_the_tray() {
    let scene = Scene::new().claude(ALICE);
    let hook = script(&scene, "hook", "sleep 1000 & { echo $!; echo done; } > $OUT/pid; wait");
    scene.set_config(&format!("[hooks]\non_low = [\"{hook}\"]"));
    let program = started(&scene);
    alice_falls(&scene);
    let sleeper = written(&scene, "pid");
    quit(&scene, program);
    until("the sleeper has ended", || (!is_alive(&sleeper)).then_some(()));
}

#[test]
fn a_hook_that_is_missing_or_fails_is_logged_and_the_next_one_runs() {
    let scene = Scene::new().claude(ALICE);
    let folder = scene.dir().display().to_string();
    let fails = script(&scene, "fails", "exit 3");
    for (hook, said) in [
        (format!("{folder}/nowhere"), "could not run "),
        ("no-such-program-anywhere --with arguments".to_owned(), "not a shell command"),
        (folder.clone(), "could not run "),
        (fails, "exit status: 3"),
    ] {
        let never = "token_renewal = \"never\"";
        scene.set_config(&format!("{never}\n[hooks]\non_low = [\"{hook}\"]"));
        scene.claude_used(&scene.account(ALICE), &[("five_hour", 58.0)]);
        let program = started(&scene);
        alice_falls(&scene);
        let line = program.stderr_line("hook on_low: ");
        assert!(line.contains(said), "{line}");
        let works = script(&scene, "works", "echo done > $OUT/works.out");
        // Seen in the menu, so that what follows meets the new settings.
        scene.set_config(&format!("{never}\nhide_email = true\n[hooks]\non_error = [\"{works}\"]"));
        scene.host.menu_until(showing("a…e — 12% left"));
        alice_is_refused(&scene);
        written(&scene, "works.out");
        quit(&scene, program);
        fs::remove_file(scene.dir().join("works.out")).expect("there");
        fs::remove_dir_all(scene.state_home()).expect("there");
    }
}

#[test]
fn many_events_at_once_run_a_few_at_a_time_and_all_of_them() {
    const MANY: usize = 20;
    let mut scene = Scene::new();
    let hook = script(&scene, "hook", "echo + >> $OUT/log; sleep 0.1; echo - >> $OUT/log");
    scene.set_config(&format!("thresholds = [50]\n[hooks]\non_low = [\"{hook}\"]"));
    for i in 0..MANY {
        scene.add_claude(&format!("person{i:02}@example.com"));
    }
    let program = scene.spawn(&[]);
    let log = || fs::read_to_string(scene.dir().join("log")).unwrap_or_default();
    let log = until("all have run", || Some(log()).filter(|log| log.matches('-').count() == MANY));
    let most = log.lines().scan(0, |running, line| {
        *running += if line == "+" { 1 } else { -1 };
        Some(*running)
    });
    assert_eq!(log.matches('+').count(), MANY);
    assert!((2..=4).contains(&most.max().expect("some")), "{log}");
    assert_eq!(scene.notifications.wait_for(1).len(), 1, "one summary");
    // A click on a menu that is just being replaced would meet another item.
    scene.host.menu_until(showing("person19@example.com — 42% left"));
    quit(&scene, program);
}

#[test]
fn an_unknown_place_is_a_wrong_setting_that_is_named_with_its_line() {
    let scene = Scene::new();
    for (line, word) in [
        ("on_low = [\"x\", \"{acount}\"]", "hooks.on_low: expected one of {event}, "),
        (
            "on_error = [\"x\", \"{window}\"]",
            "hooks.on_error: expected one of {event}, {provider}, {account}, {error}, ",
        ),
        ("on_low = \"notify-send\"", "on_low"),
        ("on_low = [\"\"]", "empty"),
        ("timeout_seconds = 0", "1 to 3600"),
        ("on_loww = []", "on_loww"),
    ] {
        scene.set_raw_config(&format!("[hooks]\n{line}"));
        let done = scene.run(&["status"]);
        assert_eq!(done.status.code(), Some(2), "{line}: {done:?}");
        assert!(done.stderr.contains("line 2") && done.stderr.contains(word), "{line}: {}", done.stderr);
    }
}

#[test]
fn a_leading_tilde_is_the_home_directory() {
    let scene = Scene::new().claude(ALICE);
    let hook = PathBuf::from(script(&scene, "hook", "echo done > $OUT/home.out"));
    fs::rename(hook, scene.home().join("hook")).expect("moved");
    scene.set_config("[hooks]\non_low = [\"~/hook\"]");
    let program = started(&scene);
    alice_falls(&scene);
    written(&scene, "home.out");
    quit(&scene, program);
}
