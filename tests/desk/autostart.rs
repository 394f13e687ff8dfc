//! Start at login: the entry that a desktop reads, by command and by menu, and over a move of the program.

use super::*;
use crate::common::Finished;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn entry(scene: &Scene) -> PathBuf {
    scene.dir().join("config/autostart/quota-tray.desktop")
}

fn text(scene: &Scene) -> String {
    fs::read_to_string(entry(scene)).unwrap_or_default()
}

/// The program in another place.
fn moved(scene: &Scene, place: &str) -> PathBuf {
    let to = scene.dir().join(place);
    fs::create_dir_all(to.parent().expect("a folder")).expect("made");
    fs::copy(env!("CARGO_BIN_EXE_quota-tray"), &to).expect("copied");
    to
}

/// That program in the environment of the scene.
fn command(scene: &Scene, program: &Path, arguments: &[&str]) -> Command {
    let of_scene = scene.command();
    let mut command = Command::new(program);
    command.env_clear().args(arguments).current_dir(scene.home());
    command.envs(of_scene.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

fn run(scene: &Scene, program: &Path, arguments: &[&str]) -> Finished {
    scene.spawn_command(&mut command(scene, program, arguments)).finish()
}

/// Runs a tray until it has seen the accounts.
fn run_tray(scene: &Scene, program: &Path, arguments: &[&str]) {
    let tray = scene.spawn_command(&mut command(scene, program, arguments));
    scene.host.menu_until(|menu| menu.find("Refresh now").is_some_and(|item| item.enabled));
    quit(scene, tray);
}

#[test]
fn on_off_and_status_say_how_it_stands_and_what_would_be_started() {
    let scene = Scene::new();
    // Wrong settings are no reason not to.
    scene.set_raw_config("wrong");
    // The folder of builds may be a link.
    let program = fs::canonicalize(env!("CARGO_BIN_EXE_quota-tray")).expect("it is built");
    let program = program.display();
    assert_eq!(scene.run(&["autostart", "status"]).stdout, "off: Quota Tray is not started at login\n");
    let place = entry(&scene);
    let on = format!("on: {} starts {program}\n", place.display());
    for wish in ["on", "status", "on"] {
        let done = scene.run(&["autostart", wish]);
        assert_eq!((done.status.code(), done.stdout.as_str()), (Some(0), on.as_str()), "{done:?}");
    }
    assert!(text(&scene).contains(&format!("\nExec=\"{program}\"\n")), "{}", text(&scene));
    for wish in ["off", "status", "off"] {
        assert_eq!(scene.run(&["autostart", wish]).stdout, "off: Quota Tray is not started at login\n");
    }
    assert!(!place.exists());
    assert_eq!(fs::read_dir(place.parent().expect("a folder")).expect("listed").count(), 0);
}

#[test]
fn the_arguments_of_this_run_are_those_at_login() {
    let scene = Scene::new();
    let (config, dir) = (scene.config_file().display().to_string(), scene.auth_dir().display().to_string());
    let mut command = scene.command();
    // A name relative to the folder of the moment would mean another at login.
    command.args(["autostart", "on", "--auth-dir", ".cli-proxy-api"]).env("QUOTA_TRAY_CONFIG", &config);
    let done = scene.spawn_command(&mut command).finish();
    assert!(done.stdout.ends_with(&format!(" --config {config} --auth-dir {dir}\n")), "{done:?}");
}

#[test]
fn a_place_that_takes_nothing_is_named() {
    let scene = Scene::new().claude(ALICE);
    fs::write(scene.dir().join("config/autostart"), "").expect("written");
    for wish in ["on", "off", "status"] {
        let done = scene.run(&["autostart", wish]);
        assert_eq!((done.status.code(), done.stdout.as_str()), (Some(1), ""), "{done:?}");
        assert!(done.stderr.contains(&entry(&scene).display().to_string()), "{done:?}");
    }
    let program = scene.spawn(&[]);
    scene.host.menu_until(|menu| showing("42% left")(menu) && menu.shows("could not read"));
    scene.host.click("Start at login");
    program.stderr_line("could not change ");
    let menu = scene.host.menu_until(|menu| menu.shows("could not change"));
    assert_eq!(menu.item("Start at login").checked, Some(false), "{menu}");
    quit(&scene, program);
}

#[test]
fn the_menu_switches_it_and_sees_what_the_desktop_does() {
    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    let checked = |on: bool| {
        move |menu: &Menu| menu.find("Start at login").is_some_and(|item| item.checked == Some(on))
    };
    let is_on =
        |text: &str| text.contains("Exec=") && !text.contains("Hidden") && !text.contains("enabled=false");
    // The library changes the mark by itself before the program has seen the click, and one that comes before
    // the program's own drawing asks for the same once more.
    let click = |on: bool| {
        let wished = || is_on(&text(&scene)) == on;
        until("the entry is as wished", || {
            scene.host.click("Start at login");
            let again = Instant::now() + Duration::from_millis(500);
            while !wished() && Instant::now() < again {
                sleep(Duration::from_millis(10));
            }
            wished().then_some(())
        });
        scene.host.menu_until(checked(on));
    };
    scene.host.menu_until(|menu| showing("42% left")(menu) && checked(false)(menu));
    click(true);
    assert!(scene.run(&["autostart", "status"]).stdout.starts_with("on: "));
    click(false);
    assert!(!entry(&scene).exists());
    click(true);
    // As the tool of GNOME and that of Xfce and KDE switch it off.
    for off in ["X-GNOME-Autostart-enabled=false", "Hidden=true"] {
        let on = text(&scene);
        fs::write(entry(&scene), on.replace("X-GNOME-Autostart-enabled=true", off)).expect("written");
        scene.host.click("Refresh now");
        scene.host.menu_until(checked(false));
        click(true);
        assert!(!text(&scene).contains(off), "{}", text(&scene));
    }
    quit(&scene, program);
    assert!(entry(&scene).exists(), "quitting is not switching off");
}

#[test]
fn a_moved_program_is_followed_and_what_is_not_its_own_is_left_alone() {
    let scene = Scene::new().claude(ALICE);
    let (old, new) = (moved(&scene, "old/quota-tray"), moved(&scene, "new \"$place\" 100%/quota-tray"));
    assert!(run(&scene, &old, &["autostart", "on"]).status.success());
    let with_delay = text(&scene) + "X-GNOME-Autostart-Delay=10\n";
    fs::write(entry(&scene), &with_delay).expect("written");
    fs::remove_file(&old).expect("there");
    let status = run(&scene, &new, &["autostart", "status"]).stdout;
    assert!(status.contains("which does not exist"), "{status}");
    let doctor = run(&scene, &new, &["doctor"]).stdout;
    assert!(doctor.lines().any(|line| line.starts_with("! start at login: on, but ")), "{doctor}");

    // None of these is the run that the entry starts.
    let config = scene.config_file().display().to_string();
    run_tray(&scene, &new, &["--config", &config]);
    run_tray(&scene, &new, &["demo"]);
    run(&scene, &new, &["status"]);
    assert_eq!(text(&scene), with_delay);
    let hidden = with_delay.clone() + "Hidden=true\n";
    fs::write(entry(&scene), &hidden).expect("written");
    run_tray(&scene, &new, &[]);
    assert_eq!(text(&scene), hidden);

    fs::write(entry(&scene), &with_delay).expect("written");
    run_tray(&scene, &new, &[]);
    let status = run(&scene, &new, &["autostart", "status"]).stdout;
    assert!(status.ends_with(&format!(" starts {}\n", new.display())), "{status}");
    assert!(text(&scene).contains("X-GNOME-Autostart-Delay=10"), "{}", text(&scene));
    // A link is the program as well.
    let link = scene.dir().join("link");
    std::os::unix::fs::symlink(&new, &link).expect("linked");
    let direct = text(&scene);
    let exec = direct.lines().find(|line| line.starts_with("Exec=")).expect("a program");
    let through_link = direct.replace(exec, &format!("Exec={}", link.display()));
    fs::write(entry(&scene), &through_link).expect("written");
    run_tray(&scene, &new, &[]);
    assert_eq!(text(&scene), through_link);
}

/// A build that is tried out, say, beside the one that is installed.
#[test]
fn copy_that_is_started_beside_the_old_program_leaves_the_entry_alone() {
    let scene = Scene::new().claude(ALICE);
    let (old, new) = (moved(&scene, "old/quota-tray"), moved(&scene, "new/quota-tray"));
    assert!(run(&scene, &old, &["autostart", "on"]).status.success());
    let before = text(&scene);
    run_tray(&scene, &new, &[]);
    assert_eq!(text(&scene), before);
    fs::remove_file(&old).expect("there");
    run_tray(&scene, &new, &[]);
    assert_ne!(text(&scene), before);
}

#[test]
fn command_of_the_users_own_stays_as_it_is() {
    let scene = Scene::new().claude(ALICE);
    let script = scene.dir().join("start-it");
    fs::write(&script, "#!/bin/sh\nexec quota-tray\n").expect("written");
    let gone = scene.dir().join("gone");
    let program = Path::new(env!("CARGO_BIN_EXE_quota-tray"));
    assert!(run(&scene, program, &["autostart", "on"]).status.success());
    let ours = text(&scene);
    let exec = ours.lines().find(|line| line.starts_with("Exec=")).expect("a program");
    for own in [
        "env FOO=1 quota-tray".to_owned(),
        format!("/usr/bin/env FOO=1 {}/quota-tray", gone.display()),
        format!("sh -c \"sleep 5; {}/quota-tray\"", gone.display()),
        script.display().to_string(),
        format!("{}/start-it", gone.display()),
        "quota-tray".to_owned(),
    ] {
        let changed = ours.replace(exec, &format!("Exec={own}"));
        fs::write(entry(&scene), &changed).expect("written");
        run_tray(&scene, program, &[]);
        assert_eq!(text(&scene), changed);
    }
}
