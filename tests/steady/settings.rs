//! The settings file, changed while the program runs: by hand, badly, and by the menu.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::common::{TestAccount, claude_usage};

/// As an editor writes that puts a new file in the place of the old one.
fn put_in_place(fixture: &Fixture, text: &str) {
    let new = fixture.config_file().with_extension("new");
    fs::write(&new, text).expect("written");
    fs::rename(new, fixture.config_file()).expect("in place");
}

fn text(fixture: &Fixture) -> String {
    fs::read_to_string(fixture.config_file()).expect("read")
}

#[test]
fn new_values_apply_without_a_restart() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    let menu = fixture.host.menu_until(showing("alice@example.com — 42% left"));
    assert_eq!(menu.item("Refresh every 5 minutes").checked, Some(true), "{menu}");

    fixture.set_config("refresh_minutes = 15\nhide_email = true\nthresholds = [45]\nshow_title = true");
    let menu = fixture.host.menu_until(showing("a…e — 42% left"));
    assert_eq!(menu.item("Refresh every 15 minutes").checked, Some(true), "{menu}");
    assert_eq!(menu.item("Refresh every 5 minutes").checked, Some(false), "{menu}");
    assert_eq!(menu.item("Notify below 45% left").checked, Some(true), "{menu}");
    fixture.host.icon_until(|icon| icon.label == "42%");
    assert!(fixture.notifications.wait_for(1)[0].says("a…e"));

    // An editor's way, and a number that is none of the usual ones.
    let other = text(&fixture)
        .replace("refresh_minutes = 15", "refresh_minutes = 7")
        .replace("hide_email = true", "");
    put_in_place(&fixture, &other);
    let menu = fixture.host.menu_until(showing("alice@example.com — 42% left"));
    assert_eq!(menu.item("Refresh every 7 minutes").checked, Some(true), "{menu}");
    quit(&fixture, program);
}

#[test]
fn invalid_settings_file_keeps_the_old_values_until_fixed() {
    let fixture = Fixture::new().claude(ALICE).config("hide_email = true");
    let sound = text(&fixture);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("a…e — 42% left"));
    let alice = fixture.account(ALICE);
    for (broken, said) in [
        ("hide_email = fals", "line 1, hide_email: "),
        ("\nrefresh_minutes = 0", "line 2, refresh_minutes: expected "),
        ("hide_mail = true", "line 1, hide_mail: unknown key"),
    ] {
        fixture.set_raw_config(broken);
        let menu = fixture.host.menu_until(|menu| menu.shows("could not use the settings file"));
        let labels = menu.labels().join(" ");
        assert!(labels.contains(said) && labels.contains("hint: "), "no {said:?} in {menu}");
        // The settings in effect have not changed.
        fixture.claude_used(&alice, &[("five_hour", 61.0), ("seven_day", 10.0)]);
        refresh(&fixture, "a…e — 39% left");
        assert_eq!(text(&fixture), broken);

        fixture.set_raw_config(&sound.replace("hide_email = true", ""));
        let menu = fixture.host.menu_until(showing("alice@example.com — 39% left"));
        assert!(!menu.shows("settings file could") && !menu.shows("could not use"), "{menu}");
        fixture.set_raw_config(&sound);
        fixture.host.menu_until(showing("a…e — 39% left"));
    }
    assert_eq!(program.stderr(), "");
    quit(&fixture, program);
}

#[test]
fn menu_choices_are_written_and_keep_comments() {
    let fixture = Fixture::new().claude(ALICE);
    let tables = text(&fixture).trim_start().to_owned();
    fixture.set_raw_config(&format!(
        "# Mine.\nrefresh_minutes = 5 # on weekdays\n\n# Who reads over my shoulder?\nhide_email = false # nobody\n{tables}"
    ));
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("alice@example.com — 42% left"));

    fixture.host.click("Refresh every 15 minutes");
    fixture.host.menu_until(|menu| {
        at_rest(menu)
            && menu.item("Refresh every 15 minutes").checked == Some(true)
            && menu.item("Refresh every 5 minutes").checked == Some(false)
    });
    fixture.host.click("Notify below 50% left");
    fixture.host.menu_until(|menu| at_rest(menu) && menu.item("Notify below 50% left").checked == Some(true));
    assert!(fixture.notifications.wait_for(1)[0].says("Claude 5-hour: 42% left"));
    fixture.host.click("Hide e-mail addresses");
    let menu = fixture.host.menu_until(showing("a…e — 42% left"));
    assert_eq!(menu.item("Hide e-mail addresses").checked, Some(true), "{menu}");

    let expected = format!(
        "# Mine.\nrefresh_minutes = 15 # on weekdays\n\n# Who reads over my shoulder?\nhide_email = true # nobody\n\
         thresholds = [50, 20, 5]\n{tables}"
    );
    assert_eq!(text(&fixture), expected);

    // The last click is as good as the first, and all of it holds after a restart.
    fixture.host.click("Notify below 20% left");
    fixture.host.menu_until(|menu| menu.item("Notify below 20% left").checked == Some(false));
    quit(&fixture, program);
    assert_eq!(text(&fixture), expected.replace("[50, 20, 5]", "[50, 5]"));
    let _program = fixture.spawn(&[]);
    let menu = fixture.host.menu_until(showing("a…e — 42% left"));
    for (label, on) in [
        ("Refresh every 15 minutes", true),
        ("Notify below 50% left", true),
        ("Notify below 20% left", false),
        ("Hide e-mail addresses", true),
    ] {
        assert_eq!(menu.item(label).checked, Some(on), "{menu}");
    }
}

#[test]
fn menu_choice_with_an_invalid_settings_file_is_not_written() {
    let fixture = Fixture::new().claude(ALICE);
    let sound = text(&fixture);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("alice@example.com — 42% left"));
    let wrong = format!("# Mine.\nrefresh_minute = 15\n{sound}");
    fixture.set_raw_config(&wrong);
    fixture.host.menu_until(|menu| menu.shows("could not use the settings file"));
    fixture.host.click("Hide e-mail addresses");
    // By then the item has ticked itself, and does not keep that.
    program.stderr_line("could not use the settings file");
    let menu = fixture.host.menu_until(|menu| menu.item("Hide e-mail addresses").checked == Some(false));
    assert!(menu.labels().join(" ").contains("line 2, refresh_minute: unknown key"), "{menu}");
    assert!(menu.shows("alice@example.com — 42% left"), "{menu}");
    assert_eq!(text(&fixture), wrong);
    fixture.set_raw_config(&sound);
    fixture.host.menu_until(|menu| !menu.shows("could not use the settings file"));
    quit(&fixture, program);
}

#[test]
fn display_settings_send_no_request() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("alice@example.com — 42% left"));
    fixture.host.click("Hide e-mail addresses");
    fixture.host.menu_until(showing("a…e — 42% left"));
    fixture.host.click("Notify below 50% left");
    assert!(fixture.notifications.wait_for(1)[0].says("Claude 5-hour: 42% left"));
    for (number, title) in [(2, "true"), (3, "false"), (4, "true"), (5, "false")] {
        fixture.set_config(&format!("show_title = {title}\nthresholds = [2{number}]"));
        let label = format!("Notify below 2{number}% left");
        fixture.host.menu_until(|menu| menu.shows(&label) && menu.shows("alice@example.com — 42% left"));
    }
    assert_eq!(fixture.server.requests().len(), 1);
    quit(&fixture, program);
}

#[test]
fn changed_auth_dir_is_read_at_once_and_watched() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("alice@example.com — 42% left"));
    let other = fixture.home().join("other");
    fs::create_dir(&other).expect("made");
    let add = |email| {
        let account = TestAccount::claude(&other, email);
        fixture.server.respond(account.access_token(), claude_usage(&[("five_hour", 66.0)]));
    };
    add(BOB);
    fixture.set_config("auth_dir = \"~/other\"");
    fixture
        .host
        .menu_until(|menu| at_rest(menu) && menu.shows("bob@example.com — 34% left") && !menu.shows(ALICE));
    add(CAROL);
    fixture.host.menu_until(showing("carol@example.com — 34% left"));
    quit(&fixture, program);
}

/// How long a slow editor leaves the file empty or missing.
const EDITOR_GAP: Duration = Duration::from_millis(600);

#[test]
fn choice_while_an_editor_saves_in_place_keeps_the_save_and_the_choice() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("alice@example.com — 42% left"));
    let saved = format!("# Mine.\n{}\n# Saved.\n", text(&fixture));
    // As an editor that truncates the file and then writes it.
    let mut file = fs::File::create(fixture.config_file()).expect("truncated");
    fixture.host.click("Hide e-mail addresses");
    std::thread::sleep(EDITOR_GAP);
    file.write_all(saved.as_bytes()).expect("written");
    drop(file);
    fixture.host.menu_until(showing("a…e — 42% left"));
    let text = text(&fixture);
    assert!(text.contains("# Mine.") && text.contains("# Saved.") && text.contains("[endpoints]"), "{text}");
    assert!(text.contains("hide_email = true"), "{text}");
    quit(&fixture, program);
}

#[test]
fn settings_file_that_is_missing_or_empty_for_a_moment_is_not_applied() {
    let fixture = Fixture::new().claude(ALICE).config("hide_email = true");
    let sound = text(&fixture);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("a…e — 42% left"));
    let path = fixture.config_file();
    for remove in [|path: &Path| fs::remove_file(path), |path: &Path| fs::write(path, "")] {
        remove(&path).expect("removed");
        let end = Instant::now() + EDITOR_GAP;
        while Instant::now() < end {
            let menu = fixture.host.menu();
            assert!(!menu.shows("alice@"), "{menu}");
        }
        // With a change that is visible, so that the test sees that the file was read again.
        fixture.set_raw_config(&sound.replace("hide_email", "refresh_minutes = 15\nhide_email"));
        let is_chosen = |menu: &Menu| menu.item("Refresh every 15 minutes").checked == Some(true);
        let menu = fixture.host.menu_until(is_chosen);
        assert!(!menu.shows("alice@"), "{menu}");
        fixture.set_raw_config(&sound);
        fixture.host.menu_until(move |menu| !is_chosen(menu));
    }
    quit(&fixture, program);
}
