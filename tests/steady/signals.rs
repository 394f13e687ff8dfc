//! The signals of a refresh: only for what has changed, so that an open menu stays open.

use super::*;
use crate::common::{Gate, HostSignal, Response, claude_usage};

/// The signals of a refresh whose response has this percentage used, and the menu after it.
fn signals_of_a_refresh(fixture: &Fixture, used: f64) -> (Vec<HostSignal>, Menu) {
    let (before, refreshing, after) = loop {
        let menu = fixture.host.menu_until(at_rest);
        let gate = Gate::new();
        let response = Response::from(claude_usage(&[("five_hour", used), ("seven_day", 10.0)]));
        fixture.server.respond(fixture.account(ALICE).access_token(), response.behind(&gate));
        let before = fixture.host.signals().len();
        fixture.host.click("Refresh now");
        let refreshing = fixture.host.menu_until(|menu| menu.shows("Refreshing…"));
        gate.open();
        let after = fixture.host.menu_until(showing(&format!("{}% left", 100.0 - used)));
        fixture.host.icon_until(|icon| icon.tooltip.text.contains(&format!("{}%", 100.0 - used)));
        // A refresh that no minute has passed since the last one is what is looked at.
        if times(&menu) == times(&after) {
            break (before, refreshing, after);
        }
        // Once more, and from what it was.
        signals_of_a_refresh(fixture, 58.0);
    };
    assert_eq!(after.revision, refreshing.revision, "{after}");
    (fixture.host.signals()[before..].to_vec(), after)
}

/// What changes in the rows as minutes pass.
fn times(menu: &Menu) -> Vec<String> {
    let text = menu.to_string();
    let time = |row: &str| match row.split_once("resets in") {
        Some((_, reset)) => Some(reset.to_owned()),
        None => row.contains("Updated").then(|| row.to_owned()),
    };
    text.lines().filter_map(time).collect()
}

/// The items of the menu signals, each with the properties that changed; the icon's signals are left
/// out. No other signal of the menu is allowed.
#[track_caller]
fn changed(signals: &[HostSignal]) -> Vec<(i32, Vec<String>)> {
    let mut changed = Vec::new();
    for signal in signals {
        match signal {
            HostSignal::Icon(_) => {}
            HostSignal::ItemsPropertiesUpdated { updated, removed } => {
                changed.extend(updated.iter().chain(removed).cloned());
            }
            HostSignal::LayoutUpdated { .. } => panic!("the layout of the menu changed: {signals:#?}"),
        }
    }
    changed
}

#[test]
fn refresh_without_changes_updates_only_the_refresh_item() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    // The first one may bring "Login renewed" and the like into the menu.
    signals_of_a_refresh(&fixture, 58.0);
    let (signals, menu) = signals_of_a_refresh(&fixture, 58.0);
    let item = menu.item("Refresh now").id;
    let changed = changed(&signals);
    assert!(changed.iter().all(|(id, _)| *id == item), "{item}: {signals:#?}\n{menu}");
    assert!(changed.iter().any(|(_, names)| names.iter().any(|name| name == "label")), "{signals:#?}");
    // The icon turns its mark on and off, and says nothing else.
    let icon: Vec<_> = signals.iter().filter(|signal| matches!(signal, HostSignal::Icon(_))).collect();
    let allowed = ["NewIcon", "NewToolTip"].map(|name| HostSignal::Icon(name.into()));
    assert!(icon.iter().all(|signal| allowed.contains(signal)), "{icon:#?}");
    quit(&fixture, program);
}

#[test]
fn refresh_with_a_changed_label_sends_that_label() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    signals_of_a_refresh(&fixture, 58.0);
    let (signals, menu) = signals_of_a_refresh(&fixture, 63.0);
    let row = menu.item("alice@example.com — 37% left");
    let bar = menu.item("37%  5-hour");
    let window = row.find("5-hour: 37% left").expect("the window");
    let mut ids: Vec<_> = changed(&signals).into_iter().map(|(id, _)| id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut expected = [row.id, bar.id, window.id, menu.item("Refresh now").id];
    expected.sort_unstable();
    assert_eq!(ids, expected, "{signals:#?}\n{menu}");
    quit(&fixture, program);
}
