//! The folder with the logins: missing, there, gone, there again.

use std::fs;

use super::*;
use crate::common::{Account, claude_usage};

/// A Claude account in the folder, which is made where it is not there.
fn add(scene: &Scene, email: &str) {
    fs::create_dir_all(scene.auth_dir()).expect("made");
    let account = Account::claude(&scene.auth_dir(), email);
    scene.usage.answer(account.access_token(), claude_usage(&[("five_hour", 66.0)]));
}

#[test]
fn a_folder_that_is_missing_at_the_start_is_found_when_it_appears() {
    let scene = Scene::new();
    fs::remove_dir(scene.auth_dir()).expect("removed");
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("No account is connected"));
    add(&scene, ALICE);
    scene.host.menu_until(showing("alice@example.com — 34% left"));
    add(&scene, BOB);
    scene.host.menu_until(showing("bob@example.com — 34% left"));
    assert_eq!(program.stderr(), "");
    quit(&scene, program);
}

#[test]
fn a_folder_that_appears_below_others_that_do_is_found_too() {
    let scene = Scene::new().config("auth_dir = \"~/deep/deeper/deepest\"");
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("No account is connected"));
    let folder = scene.home().join("deep/deeper/deepest");
    fs::create_dir_all(&folder).expect("made");
    let alice = Account::claude(&folder, ALICE);
    scene.usage.answer(alice.access_token(), claude_usage(&[("five_hour", 66.0)]));
    scene.host.menu_until(showing("alice@example.com — 34% left"));
    quit(&scene, program);
}

#[test]
fn a_folder_that_is_removed_and_made_again_is_followed_as_before() {
    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("alice@example.com — 42% left"));
    for _ in 0..2 {
        fs::remove_dir_all(scene.auth_dir()).expect("removed");
        scene.host.menu_until(showing("No account is connected"));
        add(&scene, BOB);
        scene.host.menu_until(showing("bob@example.com — 34% left"));
        // The new folder is watched, and not the old one or their parent.
        add(&scene, CAROL);
        scene.host.menu_until(showing("carol@example.com — 34% left"));
    }
    quit(&scene, program);
}

#[test]
fn a_folder_put_in_the_place_of_another_is_followed_from_then_on() {
    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("alice@example.com — 42% left"));
    let new = scene.home().join("new");
    fs::create_dir(&new).expect("made");
    let bob = Account::claude(&new, BOB);
    scene.usage.answer(bob.access_token(), claude_usage(&[("five_hour", 66.0)]));
    fs::rename(scene.auth_dir(), scene.home().join("old")).expect("moved");
    fs::rename(&new, scene.auth_dir()).expect("moved");
    scene
        .host
        .menu_until(|menu| at_rest(menu) && menu.shows("bob@example.com — 34% left") && !menu.shows(ALICE));
    add(&scene, CAROL);
    scene.host.menu_until(showing("carol@example.com — 34% left"));
    quit(&scene, program);
}

#[test]
fn a_file_where_the_folder_should_be_is_said_and_what_was_known_comes_back() {
    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("alice@example.com — 42% left"));
    fs::rename(scene.auth_dir(), scene.home().join("aside")).expect("moved");
    fs::write(scene.auth_dir(), "no folder").expect("written");
    scene.host.menu_until(showing("could not read the folder"));
    fs::remove_file(scene.auth_dir()).expect("removed");
    fs::rename(scene.home().join("aside"), scene.auth_dir()).expect("moved");
    scene.host.menu_until(|menu| {
        at_rest(menu) && menu.shows("alice@example.com — 42% left") && !menu.shows("could not read")
    });
    quit(&scene, program);
}
