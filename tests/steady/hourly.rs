//! The hourly budget of a Claude account, over processes and restarts.

use chrono::TimeDelta;

use super::state::State;
use super::*;

const FIVE_AN_HOUR: &str = "[limits]\nrequests_per_five_minutes = 60\nclaude_requests_per_hour = 5\n";

fn requests(scene: &Scene, email: &str) -> usize {
    scene.usage.requests_with(scene.account(email).access_token()).len()
}

#[test]
fn claude_account_has_an_hourly_budget_with_a_reserve_for_a_person() {
    let scene = Scene::new().claude(ALICE).codex(BOB).config(FIVE_AN_HOUR);
    for _ in 0..6 {
        let (report, code) = status(&scene);
        assert_eq!(code, Some(0), "{report:#?}");
        assert_eq!(report[0]["lowest_remaining_percent"], 42.0, "{report:#?}");
    }
    // Half of the four automatic ones; the others are spread over the hour.
    assert_eq!((requests(&scene, ALICE), requests(&scene, BOB)), (2, 6));
    let state = State::of(&scene);
    state.age(TimeDelta::minutes(25));
    status(&scene);
    status(&scene);
    assert_eq!(requests(&scene, ALICE), 3);

    let program = scene.spawn(&[]);
    scene.usage.wait_for_requests(scene.account(BOB).access_token(), 9);
    let menu = scene.host.menu_until(showing("alice@example.com — 42% left"));
    assert!(menu.item(ALICE).shows("Next request after "), "{menu}");
    for (left, used) in [(39, 61.0), (38, 62.0)] {
        scene.claude_used(&scene.account(ALICE), &[("five_hour", used), ("seven_day", 10.0)]);
        refresh(&scene, &format!("alice@example.com — {left}% left"));
    }
    assert_eq!(requests(&scene, ALICE), 5);
    scene.codex_used(&scene.account(BOB), &[(18_000, 77), (604_800, 30)]);
    refresh(&scene, "bob@example.com — 23% left");
    assert_eq!(requests(&scene, ALICE), 5, "the budget is used up for a person, too");
    quit(&scene, program);

    state.age(TimeDelta::minutes(60));
    status(&scene);
    assert_eq!(requests(&scene, ALICE), 6);
}
