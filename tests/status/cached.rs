//! `status --cached`: the last numbers of the logins that are there now, and no request.

use super::*;

#[test]
fn cached_number_of_another_login_in_the_same_file_is_not_shown() {
    let scene = Scene::new();
    let login = |organization: &str| {
        claude("sk", json!({"account_uuid": "account", "organization_uuid": organization}))
    };
    scene.account("claude-a.json", &login("one"));
    scene.server.respond("sk", good());
    assert_eq!(scene.run(&["status"]).code, 0);
    let cached = |format: &str| scene.run(&["status", "--cached", "--format", format]);
    assert_eq!(cached("json").json()["accounts"][0]["lowest_remaining_percent"], 42.0);
    scene.account("claude-a.json", &login("other"));
    assert_eq!(cached("json").json()["accounts"], json!([]));
    assert!(!cached("text").stdout.contains("42%"), "{:?}", cached("text"));
    assert!(!cached("waybar").stdout.contains("42%"), "{:?}", cached("waybar"));
    assert_eq!(scene.run(&["status", "--cached", "--check", "10"]).code, 1, "there is no number to compare");
    // Back again: its numbers are still known.
    scene.account("claude-a.json", &login("one"));
    assert_eq!(cached("json").json()["accounts"][0]["lowest_remaining_percent"], 42.0);
    assert_eq!(scene.server.requests().len(), 1);
}

#[test]
fn cached_number_of_a_deleted_file_is_not_shown() {
    let scene = Scene::new();
    scene.claude("sk", good());
    assert_eq!(scene.run(&["status"]).code, 0);
    std::fs::remove_file(scene.path("home/.cli-proxy-api/claude-sk.json")).expect("it is there");
    assert_eq!(scene.run(&["status", "--cached", "--format", "json"]).json()["accounts"], json!([]));
}

#[test]
fn cached_without_saved_values_says_what_fetches_them() {
    const SENTENCE: &str = "No saved values yet; run `quota-tray status` to fetch them\n";
    let scene = Scene::new();
    let cached = |arguments: &[&str]| scene.run(&[&["status", "--cached"], arguments].concat());
    assert_eq!(cached(&[]).stdout, SENTENCE, "no account");
    scene.claude("sk", good());
    assert_eq!((cached(&[]).code, cached(&[]).stdout.as_str()), (0, SENTENCE));
    assert_eq!(cached(&["--check", "10"]).code, 1);
    assert_eq!(cached(&["--format", "json"]).json()["accounts"], json!([]));
    assert_eq!(scene.server.requests().len(), 0);
    assert_eq!(scene.run(&["status"]).code, 0);
    assert!(cached(&[]).stdout.contains("42%"));
    // Saved values of other logins only.
    scene.account("claude-sk.json", &claude("other", json!({"account_uuid": "another"})));
    assert_eq!(cached(&[]).stdout, SENTENCE);
    std::fs::remove_file(scene.path("home/.cli-proxy-api/claude-sk.json")).expect("removed");
    assert!(cached(&[]).stdout.starts_with("No account is connected"), "{:?}", cached(&[]));
}
