//! The icon's name on the bus, for those who do not see the picture.

use super::*;

#[test]
fn the_title_says_what_the_icon_shows_and_changes_with_it() {
    let scene = Scene::new();
    let program = scene.spawn(&[]);
    let titled = |words: &'static str| scene.host.icon_until(move |icon| icon.title == words);
    titled("Quota Tray: no account is connected");
    drop(program);
    scene.host.wait_until_empty();

    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    let titled = |words: &'static str| scene.host.icon_until(move |icon| icon.title == words);
    let icon = titled("Quota Tray: 42% left");
    assert_eq!(icon.tooltip.title, icon.title);
    let alice = scene.account(ALICE);
    scene.claude_used(&alice, &[("five_hour", 88.0)]);
    refresh(&scene, "12% left");
    titled("Quota Tray: 12% left, low");
    scene.claude_used(&alice, &[("five_hour", 100.0)]);
    refresh(&scene, "0% left");
    titled("Quota Tray: used up");
    // Who wants the number beside the icon gets it where a desktop takes it from.
    scene.set_config("show_title = true");
    titled("0%");
    quit(&scene, program);
}
