//! The hourly budget of a Claude account, across processes and restarts.

use chrono::TimeDelta;

use super::state_dir::StateDir;
use super::*;

const FIVE_AN_HOUR: &str = "[limits]\nrequests_per_five_minutes = 60\nclaude_requests_per_hour = 5\n";

fn requests(fixture: &Fixture, email: &str) -> usize {
    fixture.server.requests_with(fixture.account(email).access_token()).len()
}

#[test]
fn claude_account_has_an_hourly_budget_with_a_reserve_for_clicks() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB).config(FIVE_AN_HOUR);
    for _ in 0..6 {
        let (report, code) = status(&fixture);
        assert_eq!(code, Some(0), "{report:#?}");
        assert_eq!(report[0]["lowest_remaining_percent"], 42.0, "{report:#?}");
    }
    // Half of the four automatic ones; the others are spread over the hour.
    assert_eq!((requests(&fixture, ALICE), requests(&fixture, BOB)), (2, 6));
    let state = StateDir::of(&fixture);
    state.age(TimeDelta::minutes(25));
    status(&fixture);
    status(&fixture);
    assert_eq!(requests(&fixture, ALICE), 3);

    let program = fixture.spawn(&[]);
    fixture.server.wait_for_requests(fixture.account(BOB).access_token(), 9);
    let menu = fixture.host.menu_until(showing("alice@example.com — 42% left"));
    assert!(menu.item(ALICE).shows("Next request after "), "{menu}");
    for (left, used) in [(39, 61.0), (38, 62.0)] {
        fixture.claude_used(&fixture.account(ALICE), &[("five_hour", used), ("seven_day", 10.0)]);
        refresh(&fixture, &format!("alice@example.com — {left}% left"));
    }
    assert_eq!(requests(&fixture, ALICE), 5);
    fixture.codex_used(&fixture.account(BOB), &[(18_000, 77), (604_800, 30)]);
    refresh(&fixture, "bob@example.com — 23% left");
    assert_eq!(requests(&fixture, ALICE), 5, "the budget is used up for a person, too");
    quit(&fixture, program);

    state.age(TimeDelta::minutes(60));
    status(&fixture);
    assert_eq!(requests(&fixture, ALICE), 6);
}
