//! Times and numbers follow the user's locale; machine-readable output does not.

use super::*;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

/// An account with extra usage and a window that resets tomorrow at 15:15.
fn fixture() -> (Fixture, String) {
    let fixture = Fixture::new().claude(ALICE).config("thresholds = [2.5]");
    let day = Utc::now().date_naive() + TimeDelta::days(1);
    let reset = format!("{day}T15:15:00Z");
    let usage = json!({
        "five_hour": {"utilization": 10.0, "resets_at": reset},
        "extra_usage": {"is_enabled": true, "monthly_limit": 5_000, "used_credits": 320.0},
    });
    fixture.server.respond(fixture.account(ALICE).access_token(), usage);
    (fixture, day.format("%b %-d").to_string())
}

fn print(fixture: &Fixture, format: &str, variables: &[(&str, &str)]) -> String {
    let mut command = fixture.command();
    command.args(["status", "--format", format]).envs(variables.iter().copied());
    fixture.spawn_command(&mut command).finish().stdout
}

#[test]
fn time_date_and_decimal_mark_follow_the_locale() {
    let (fixture, month_first) = fixture();
    let (month, day) = month_first.split_once(' ').expect("two");
    let day_first = format!("{day} {month}");
    for (variables, reset, spent) in [
        (&[("LC_ALL", "en_US.UTF-8")][..], format!("({month_first}, 3:15 PM)"), "$3.20 of $50.00"),
        (&[("LC_ALL", "de_DE.UTF-8")], format!("({day_first}, 15:15)"), "$3,20 of $50,00"),
        (&[("LC_ALL", "sv_SE.UTF-8")], format!("({month_first}, 15:15)"), "$3,20 of $50,00"),
        (
            &[("LANG", "de_DE.UTF-8"), ("LC_TIME", "en_US.UTF-8"), ("LC_ALL", "")],
            format!("({month_first}, 3:15 PM)"),
            "$3,20 of $50,00",
        ),
        (&[("LC_ALL", "C.UTF-8"), ("LANG", "en_US")], format!("({day_first}, 15:15)"), "$3.20 of $50.00"),
        (&[("LANG", "nonsense")], format!("({day_first}, 15:15)"), "$3.20 of $50.00"),
    ] {
        let text = print(&fixture, "text", variables);
        assert!(text.contains(&reset) && text.contains(spent), "{variables:?}: {reset} {spent} in {text}");
    }
}

#[test]
fn tray_labels_follow_the_locale() {
    let (fixture, month_first) = fixture();
    let mut command = fixture.command();
    let program = fixture.spawn_command(command.env("LC_ALL", "en_US.UTF-8"));
    fixture.host.menu_until(|menu| menu.shows(&format!("({month_first}, 3:15 PM)")));
    quit(&fixture, program);
    let program = fixture.spawn_command(command.env("LC_ALL", "de_DE.UTF-8"));
    fixture.host.menu_until(|menu| menu.shows("$3,20") && menu.shows("Notify below 2,5% left"));
    quit(&fixture, program);
}

#[test]
fn machine_readable_output_ignores_the_locale() {
    let (fixture, _) = fixture();
    let read = |locale| {
        let json: Value =
            serde_json::from_str(&print(&fixture, "json", &[("LC_ALL", locale)])).expect("JSON");
        let window = &json["accounts"][0]["windows"][0];
        let moments = (window["resets_at"].clone(), window["remaining_percent"].clone());
        (moments, print(&fixture, "openmetrics", &[("LC_ALL", locale)]))
    };
    assert_eq!(read("en_US.UTF-8"), read("de_DE.UTF-8"));
}
