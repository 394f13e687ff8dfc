//! Autostart: the entry that a desktop reads, changed by command and menu, and after a move of the program.

use super::*;
use crate::common::Finished;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn entry(fixture: &Fixture) -> PathBuf {
    fixture.dir().join("config/autostart/quota-tray.desktop")
}

fn text(fixture: &Fixture) -> String {
    fs::read_to_string(entry(fixture)).unwrap_or_default()
}

/// A copy of the program in another directory.
fn move_program(fixture: &Fixture, relative_path: &str) -> PathBuf {
    let to = fixture.dir().join(relative_path);
    fs::create_dir_all(to.parent().expect("a folder")).expect("made");
    fs::copy(env!("CARGO_BIN_EXE_quota-tray"), &to).expect("copied");
    to
}

/// A command of that program in the environment of the fixture.
fn command(fixture: &Fixture, program: &Path, arguments: &[&str]) -> Command {
    let environment = fixture.command();
    let mut command = Command::new(program);
    command.env_clear().args(arguments).current_dir(fixture.home());
    command.envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

fn run(fixture: &Fixture, program: &Path, arguments: &[&str]) -> Finished {
    fixture.spawn_command(&mut command(fixture, program, arguments)).finish()
}

/// Runs a tray until it shows the accounts.
fn run_tray(fixture: &Fixture, program: &Path, arguments: &[&str]) {
    let tray = fixture.spawn_command(&mut command(fixture, program, arguments));
    fixture.host.menu_until(|menu| menu.find("Refresh now").is_some_and(|item| item.enabled));
    quit(fixture, tray);
}

#[test]
fn autostart_commands_report_status_and_command() {
    let fixture = Fixture::new();
    // Invalid settings do not prevent it.
    fixture.set_raw_config("wrong");
    // The build directory may be a link.
    let program = fs::canonicalize(env!("CARGO_BIN_EXE_quota-tray")).expect("it is built");
    let program = program.display();
    assert_eq!(fixture.run(&["autostart", "status"]).stdout, "off: Quota Tray is not started at login\n");
    let path = entry(&fixture);
    let on = format!("on: {} starts {program}\n", path.display());
    for wish in ["on", "status", "on"] {
        let done = fixture.run(&["autostart", wish]);
        assert_eq!((done.status.code(), done.stdout.as_str()), (Some(0), on.as_str()), "{done:?}");
    }
    assert!(text(&fixture).contains(&format!("\nExec=\"{program}\"\n")), "{}", text(&fixture));
    for wish in ["off", "status", "off"] {
        assert_eq!(fixture.run(&["autostart", wish]).stdout, "off: Quota Tray is not started at login\n");
    }
    assert!(!path.exists());
    assert_eq!(fs::read_dir(path.parent().expect("a folder")).expect("listed").count(), 0);
}

#[test]
fn autostart_keeps_the_arguments_of_this_run() {
    let fixture = Fixture::new();
    let (config, dir) =
        (fixture.config_file().display().to_string(), fixture.auth_dir().display().to_string());
    let mut command = fixture.command();
    // A path relative to the current directory would be another one at login.
    command.args(["autostart", "on", "--auth-dir", ".cli-proxy-api"]).env("QUOTA_TRAY_CONFIG", &config);
    let done = fixture.spawn_command(&mut command).finish();
    assert!(done.stdout.ends_with(&format!(" --config {config} --auth-dir {dir}\n")), "{done:?}");
}

#[test]
fn unwritable_autostart_folder_is_reported() {
    let fixture = Fixture::new().claude(ALICE);
    fs::write(fixture.dir().join("config/autostart"), "").expect("written");
    for wish in ["on", "off", "status"] {
        let done = fixture.run(&["autostart", wish]);
        assert_eq!((done.status.code(), done.stdout.as_str()), (Some(1), ""), "{done:?}");
        assert!(done.stderr.contains(&entry(&fixture).display().to_string()), "{done:?}");
    }
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(|menu| showing("42% left")(menu) && menu.shows("could not read"));
    fixture.host.click("Start at login");
    program.stderr_line("could not change ");
    let menu = fixture.host.menu_until(|menu| menu.shows("could not change"));
    assert_eq!(menu.item("Start at login").checked, Some(false), "{menu}");
    quit(&fixture, program);
}

#[test]
fn menu_toggles_autostart_and_follows_the_desktop() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    let checked = |on: bool| {
        move |menu: &Menu| menu.find("Start at login").is_some_and(|item| item.checked == Some(on))
    };
    let is_on =
        |text: &str| text.contains("Exec=") && !text.contains("Hidden") && !text.contains("enabled=false");
    // The library changes the mark by itself before the program has seen the click, and one that comes before
    // the program's own drawing asks for the same once more.
    let click = |on: bool| {
        let wished = || is_on(&text(&fixture)) == on;
        until("the entry is as wished", || {
            fixture.host.click("Start at login");
            poll_until(Duration::from_millis(500), wished).then_some(())
        });
        fixture.host.menu_until(checked(on));
    };
    fixture.host.menu_until(|menu| showing("42% left")(menu) && checked(false)(menu));
    click(true);
    assert!(fixture.run(&["autostart", "status"]).stdout.starts_with("on: "));
    click(false);
    assert!(!entry(&fixture).exists());
    click(true);
    // As the settings of GNOME, and of Xfce and KDE, disable it.
    for off in ["X-GNOME-Autostart-enabled=false", "Hidden=true"] {
        let on = text(&fixture);
        fs::write(entry(&fixture), on.replace("X-GNOME-Autostart-enabled=true", off)).expect("written");
        fixture.host.click("Refresh now");
        fixture.host.menu_until(checked(false));
        click(true);
        assert!(!text(&fixture).contains(off), "{}", text(&fixture));
    }
    quit(&fixture, program);
    assert!(entry(&fixture).exists(), "quitting is not switching off");
}

#[test]
fn moved_program_updates_only_its_own_entry() {
    let fixture = Fixture::new().claude(ALICE);
    let (old, new) =
        (move_program(&fixture, "old/quota-tray"), move_program(&fixture, "new \"$place\" 100%/quota-tray"));
    assert!(run(&fixture, &old, &["autostart", "on"]).status.success());
    let with_delay = text(&fixture) + "X-GNOME-Autostart-Delay=10\n";
    fs::write(entry(&fixture), &with_delay).expect("written");
    fs::remove_file(&old).expect("there");
    let status = run(&fixture, &new, &["autostart", "status"]).stdout;
    assert!(status.contains("which does not exist"), "{status}");
    let doctor = run(&fixture, &new, &["doctor"]).stdout;
    assert!(doctor.lines().any(|line| line.starts_with("! start at login: on, but ")), "{doctor}");

    // The entry starts none of these runs.
    let config = fixture.config_file().display().to_string();
    run_tray(&fixture, &new, &["--config", &config]);
    run_tray(&fixture, &new, &["demo"]);
    run(&fixture, &new, &["status"]);
    assert_eq!(text(&fixture), with_delay);
    let hidden = with_delay.clone() + "Hidden=true\n";
    fs::write(entry(&fixture), &hidden).expect("written");
    run_tray(&fixture, &new, &[]);
    assert_eq!(text(&fixture), hidden);

    fs::write(entry(&fixture), &with_delay).expect("written");
    run_tray(&fixture, &new, &[]);
    let status = run(&fixture, &new, &["autostart", "status"]).stdout;
    assert!(status.ends_with(&format!(" starts {}\n", new.display())), "{status}");
    assert!(text(&fixture).contains("X-GNOME-Autostart-Delay=10"), "{}", text(&fixture));
    // A link to the program counts as the program.
    let link = fixture.dir().join("link");
    std::os::unix::fs::symlink(&new, &link).expect("linked");
    let direct = text(&fixture);
    let exec = direct.lines().find(|line| line.starts_with("Exec=")).expect("a program");
    let through_link = direct.replace(exec, &format!("Exec={}", link.display()));
    fs::write(entry(&fixture), &through_link).expect("written");
    run_tray(&fixture, &new, &[]);
    assert_eq!(text(&fixture), through_link);
}

/// For example a development build beside the installed one.
#[test]
fn second_copy_of_the_program_keeps_the_entry() {
    let fixture = Fixture::new().claude(ALICE);
    let (old, new) = (move_program(&fixture, "old/quota-tray"), move_program(&fixture, "new/quota-tray"));
    assert!(run(&fixture, &old, &["autostart", "on"]).status.success());
    let before = text(&fixture);
    run_tray(&fixture, &new, &[]);
    assert_eq!(text(&fixture), before);
    fs::remove_file(&old).expect("there");
    run_tray(&fixture, &new, &[]);
    assert_ne!(text(&fixture), before);
}

#[test]
fn command_changed_by_the_user_is_kept() {
    let fixture = Fixture::new().claude(ALICE);
    let script = fixture.dir().join("start-it");
    fs::write(&script, "#!/bin/sh\nexec quota-tray\n").expect("written");
    let gone = fixture.dir().join("gone");
    let program = Path::new(env!("CARGO_BIN_EXE_quota-tray"));
    assert!(run(&fixture, program, &["autostart", "on"]).status.success());
    let ours = text(&fixture);
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
        fs::write(entry(&fixture), &changed).expect("written");
        run_tray(&fixture, program, &[]);
        assert_eq!(text(&fixture), changed);
    }
}
