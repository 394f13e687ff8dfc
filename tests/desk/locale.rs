//! The reader's locale decides how times and numbers are written, and programs read what they always did.

use super::*;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

/// An account that resets tomorrow, a quarter past three in the afternoon, and has paid for more.
fn scene() -> (Scene, String) {
    let scene = Scene::new().claude(ALICE).config("thresholds = [2.5]");
    let day = Utc::now().date_naive() + TimeDelta::days(1);
    let reset = format!("{day}T15:15:00Z");
    let usage = json!({
        "five_hour": {"utilization": 10.0, "resets_at": reset},
        "extra_usage": {"is_enabled": true, "monthly_limit": 5_000, "used_credits": 320.0},
    });
    scene.usage.answer(scene.account(ALICE).access_token(), usage);
    (scene, day.format("%b %-d").to_string())
}

fn print(scene: &Scene, format: &str, variables: &[(&str, &str)]) -> String {
    let mut command = scene.command();
    command.args(["status", "--format", format]).envs(variables.iter().copied());
    scene.spawn_command(&mut command).finish().stdout
}

#[test]
fn the_clock_the_date_and_the_decimal_mark_are_those_of_the_locale() {
    let (scene, month_first) = scene();
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
        let text = print(&scene, "text", variables);
        assert!(text.contains(&reset) && text.contains(spent), "{variables:?}: {reset} {spent} in {text}");
    }
}

#[test]
fn the_tray_speaks_as_the_locale_does() {
    let (scene, month_first) = scene();
    let mut command = scene.command();
    let program = scene.spawn_command(command.env("LC_ALL", "en_US.UTF-8"));
    scene.host.menu_until(|menu| menu.shows(&format!("({month_first}, 3:15 PM)")));
    quit(&scene, program);
    let program = scene.spawn_command(command.env("LC_ALL", "de_DE.UTF-8"));
    scene.host.menu_until(|menu| menu.shows("$3,20") && menu.shows("Notify below 2,5% left"));
    quit(&scene, program);
}

#[test]
fn what_programs_read_is_the_same_in_every_locale() {
    let (scene, _) = scene();
    let read = |locale| {
        let json: Value = serde_json::from_str(&print(&scene, "json", &[("LC_ALL", locale)])).expect("JSON");
        let window = &json["accounts"][0]["windows"][0];
        let moments = (window["resets_at"].clone(), window["remaining_percent"].clone());
        (moments, print(&scene, "openmetrics", &[("LC_ALL", locale)]))
    };
    assert_eq!(read("en_US.UTF-8"), read("de_DE.UTF-8"));
}
