//! The icon's title on the bus, for screen readers.

use super::*;

#[test]
fn icon_title_matches_the_icon() {
    let fixture = Fixture::new();
    let program = fixture.spawn(&[]);
    let titled = |words: &'static str| fixture.host.icon_until(move |icon| icon.title == words);
    titled("Quota Tray: no account is connected");
    drop(program);
    fixture.host.wait_until_empty();

    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    let titled = |words: &'static str| fixture.host.icon_until(move |icon| icon.title == words);
    let icon = titled("Quota Tray: 42% left");
    assert_eq!(icon.tooltip.title, icon.title);
    let alice = fixture.account(ALICE);
    fixture.claude_used(&alice, &[("five_hour", 88.0)]);
    refresh(&fixture, "12% left");
    titled("Quota Tray: 12% left, low");
    fixture.claude_used(&alice, &[("five_hour", 100.0)]);
    refresh(&fixture, "0% left");
    titled("Quota Tray: used up");
    // With `show_title` the percentage is in the property that a desktop shows beside the icon.
    fixture.set_config("show_title = true");
    fixture.host.icon_until(|icon| icon.label == "0%" && icon.title == "Quota Tray: used up");
    quit(&fixture, program);
}
