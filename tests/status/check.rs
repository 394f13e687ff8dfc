//! `--check`: exit code 3 below a percentage, and 1 where there is no number to compare.

use super::*;

fn used(percent: f64) -> Value {
    json!({"five_hour": {"utilization": percent, "resets_at": null}})
}

#[test]
fn check_compares_the_lowest_window_of_all() {
    let scene = Scene::new();
    scene.claude("t", used(58.0));
    for (check, code) in [("42", 0), ("42.5", 3), ("43%", 3), ("0", 0), ("100", 3)] {
        let done = scene.run(&["status", "--check", check]);
        assert_eq!((done.code, done.stderr.as_str()), (code, ""), "{check}: {done:?}");
    }
}

/// What is there, and how it comes to be.
type Case = (&'static str, fn(&Scene));

#[test]
fn check_without_any_number_exits_with_1_and_says_so() {
    let cases: [Case; 4] = [
        ("no account", |_| {}),
        ("refused", |scene| scene.claude("refused", Response::status(401))),
        ("switched off", |scene| {
            scene.account("claude-off.json", &claude("off", json!({"disabled": true})));
        }),
        // Windows under a code name are shown, and don't count.
        ("no known window", |scene| {
            scene.claude("odd", json!({"five_hour": null, "nimbus_quill": {"utilization": 99.0}}));
        }),
    ];
    for (what, arrange) in cases {
        let scene = Scene::new();
        arrange(&scene);
        for format in ["text", "json", "waybar", "i3blocks", "openmetrics"] {
            let done = scene.run(&["status", "--check", "10", "--format", format]);
            assert_eq!(done.code, 1, "{what}, {format}: {done:?}");
            assert_eq!(
                done.stderr, "quota-tray: could not check: no account has a known percentage\n",
                "{what}, {format}"
            );
        }
        let cached = scene.run(&["status", "--check", "10", "--cached"]);
        assert_eq!(cached.code, 1, "{what}: {cached:?}");
    }
}

#[test]
fn check_without_a_number_for_one_account_exits_with_1_unless_another_is_below() {
    let scene = Scene::new();
    scene.claude("refused", Response::status(401));
    scene.claude("t", used(58.0));
    for (check, code) in [("10", 1), ("50", 3)] {
        let done = scene.run(&["status", "--check", check]);
        assert_eq!((done.code, done.stderr.as_str()), (code, ""), "{check}: {done:?}");
    }
}
