//! The settings file, changed while the program runs: by hand, badly, and by the menu.

use std::fs;

use super::*;
use crate::common::{Account, claude_usage};

/// As an editor writes that puts a new file in the place of the old one.
fn put_in_place(scene: &Scene, text: &str) {
    let new = scene.config_file().with_extension("new");
    fs::write(&new, text).expect("written");
    fs::rename(new, scene.config_file()).expect("in place");
}

fn text(scene: &Scene) -> String {
    fs::read_to_string(scene.config_file()).expect("read")
}

#[test]
fn new_values_apply_without_a_restart() {
    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    let menu = scene.host.menu_until(showing("alice@example.com — 42% left"));
    assert_eq!(menu.item("Refresh every 5 minutes").checked, Some(true), "{menu}");

    scene.set_config("refresh_minutes = 15\nhide_email = true\nthresholds = [45]\nshow_title = true");
    let menu = scene.host.menu_until(showing("a…e — 42% left"));
    assert_eq!(menu.item("Refresh every 15 minutes").checked, Some(true), "{menu}");
    assert_eq!(menu.item("Refresh every 5 minutes").checked, Some(false), "{menu}");
    assert_eq!(menu.item("Notify below 45% left").checked, Some(true), "{menu}");
    scene.host.icon_until(|icon| icon.title == "42%");
    assert!(scene.notifications.wait_for(1)[0].says("a…e"));

    // An editor's way, and a number that is none of the usual ones.
    let other =
        text(&scene).replace("refresh_minutes = 15", "refresh_minutes = 7").replace("hide_email = true", "");
    put_in_place(&scene, &other);
    let menu = scene.host.menu_until(showing("alice@example.com — 42% left"));
    assert_eq!(menu.item("Refresh every 7 minutes").checked, Some(true), "{menu}");
    quit(&scene, program);
}

#[test]
fn a_broken_file_keeps_the_old_values_and_the_menu_says_so_until_it_is_mended() {
    let scene = Scene::new().claude(ALICE).config("hide_email = true");
    let sound = text(&scene);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("a…e — 42% left"));
    let alice = scene.account(ALICE);
    for (broken, said) in [
        ("hide_email = fals", "line 1, hide_email: "),
        ("\nrefresh_minutes = 0", "line 2, refresh_minutes: expected "),
        ("hide_mail = true", "line 1, hide_mail: unknown key"),
    ] {
        scene.set_raw_config(broken);
        let menu = scene.host.menu_until(|menu| menu.shows("could not use the settings file"));
        let told = menu.labels().join(" ");
        assert!(told.contains(said) && told.contains("hint: "), "no {said:?} in {menu}");
        // All goes on as it was.
        scene.claude_used(&alice, &[("five_hour", 61.0), ("seven_day", 10.0)]);
        refresh(&scene, "a…e — 39% left");
        assert_eq!(text(&scene), broken);

        scene.set_raw_config(&sound.replace("hide_email = true", ""));
        let menu = scene.host.menu_until(showing("alice@example.com — 39% left"));
        assert!(!menu.shows("settings file could") && !menu.shows("could not use"), "{menu}");
        scene.set_raw_config(&sound);
        scene.host.menu_until(showing("a…e — 39% left"));
    }
    assert_eq!(program.stderr(), "");
    quit(&scene, program);
}

#[test]
fn choices_of_the_menu_are_written_between_the_comments_and_take_effect() {
    let scene = Scene::new().claude(ALICE);
    let tables = text(&scene).trim_start().to_owned();
    scene.set_raw_config(&format!(
        "# Mine.\nrefresh_minutes = 5 # on weekdays\n\n# Who reads over my shoulder?\nhide_email = false # nobody\n{tables}"
    ));
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("alice@example.com — 42% left"));

    scene.host.click("Refresh every 15 minutes");
    scene.host.menu_until(|menu| {
        at_rest(menu)
            && menu.item("Refresh every 15 minutes").checked == Some(true)
            && menu.item("Refresh every 5 minutes").checked == Some(false)
    });
    scene.host.click("Notify below 50% left");
    scene.host.menu_until(|menu| at_rest(menu) && menu.item("Notify below 50% left").checked == Some(true));
    assert!(scene.notifications.wait_for(1)[0].says("Claude 5-hour: 42% left"));
    scene.host.click("Hide e-mail addresses");
    let menu = scene.host.menu_until(showing("a…e — 42% left"));
    assert_eq!(menu.item("Hide e-mail addresses").checked, Some(true), "{menu}");

    let expected = format!(
        "# Mine.\nrefresh_minutes = 15 # on weekdays\n\n# Who reads over my shoulder?\nhide_email = true # nobody\n\
         thresholds = [50, 20, 5]\n{tables}"
    );
    assert_eq!(text(&scene), expected);

    // The last click is as good as the first, and all of it holds after a restart.
    scene.host.click("Notify below 20% left");
    scene.host.menu_until(|menu| menu.item("Notify below 20% left").checked == Some(false));
    quit(&scene, program);
    assert_eq!(text(&scene), expected.replace("[50, 20, 5]", "[50, 5]"));
    let _program = scene.spawn(&[]);
    let menu = scene.host.menu_until(showing("a…e — 42% left"));
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
fn a_choice_beside_a_wrong_key_is_not_taken_and_the_file_stays() {
    let scene = Scene::new().claude(ALICE);
    let sound = text(&scene);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("alice@example.com — 42% left"));
    let wrong = format!("# Mine.\nrefresh_minute = 15\n{sound}");
    scene.set_raw_config(&wrong);
    scene.host.menu_until(|menu| menu.shows("could not use the settings file"));
    scene.host.click("Hide e-mail addresses");
    // By then the item has ticked itself, and does not keep that.
    program.stderr_line("could not use the settings file");
    let menu = scene.host.menu_until(|menu| menu.item("Hide e-mail addresses").checked == Some(false));
    assert!(menu.labels().join(" ").contains("line 2, refresh_minute: unknown key"), "{menu}");
    assert!(menu.shows("alice@example.com — 42% left"), "{menu}");
    assert_eq!(text(&scene), wrong);
    scene.set_raw_config(&sound);
    scene.host.menu_until(|menu| !menu.shows("could not use the settings file"));
    quit(&scene, program);
}

#[test]
fn what_is_only_shown_and_told_otherwise_asks_nobody() {
    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("alice@example.com — 42% left"));
    scene.host.click("Hide e-mail addresses");
    scene.host.menu_until(showing("a…e — 42% left"));
    scene.host.click("Notify below 50% left");
    assert!(scene.notifications.wait_for(1)[0].says("Claude 5-hour: 42% left"));
    for (number, title) in [(2, "true"), (3, "false"), (4, "true"), (5, "false")] {
        scene.set_config(&format!("show_title = {title}\nthresholds = [2{number}]"));
        let label = format!("Notify below 2{number}% left");
        scene.host.menu_until(|menu| menu.shows(&label) && menu.shows("alice@example.com — 42% left"));
    }
    assert_eq!(scene.usage.requests().len(), 1);
    quit(&scene, program);
}

#[test]
fn another_folder_for_the_logins_is_looked_into_at_once_and_from_then_on() {
    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("alice@example.com — 42% left"));
    let other = scene.home().join("other");
    fs::create_dir(&other).expect("made");
    let add = |email| {
        let account = Account::claude(&other, email);
        scene.usage.answer(account.access_token(), claude_usage(&[("five_hour", 66.0)]));
    };
    add(BOB);
    scene.set_config("auth_dir = \"~/other\"");
    scene
        .host
        .menu_until(|menu| at_rest(menu) && menu.shows("bob@example.com — 34% left") && !menu.shows(ALICE));
    add(CAROL);
    scene.host.menu_until(showing("carol@example.com — 34% left"));
    quit(&scene, program);
}
