//! Changes of the fingerprint that starts a refresh: enabled accounts and their request inputs, nothing else.

use super::*;
use std::time::SystemTime;

fn two() -> Folder {
    Folder::new()
        .with("claude-a.json", claude(json!({})))
        .with("codex-b.json", codex(json!({"email": "b@b.c"})))
}

/// Whether a change of the folder changes its fingerprint.
#[track_caller]
fn changes_fingerprint(folder: &Folder, change: impl FnOnce(&Folder)) -> bool {
    let before = folder.fingerprint();
    assert_eq!(before, folder.fingerprint(), "the same files have one fingerprint");
    change(folder);
    before != folder.fingerprint()
}

#[test]
fn new_token_toggle_new_file_and_deletion_change_the_fingerprint() {
    assert!(changes_fingerprint(&two(), |f| f
        .put("claude-a.json", claude(json!({"access_token": "sk-ant-oat01-bbb"})))));
    assert!(changes_fingerprint(&two(), |f| f.put("claude-a.json", claude(json!({"disabled": true})))));
    assert!(changes_fingerprint(&two(), |f| f.put("claude-c.json", claude(json!({})))));
    assert!(changes_fingerprint(&two(), |f| std::fs::remove_file(f.path("codex-b.json")).expect("removed")));
    assert!(changes_fingerprint(&two(), |f| std::fs::rename(f.path("codex-b.json"), f.path("codex-c.json"))
        .expect("renamed")));
    let off = two().with("claude-a.json", claude(json!({"disabled": true})));
    assert!(changes_fingerprint(&off, |f| f.put("claude-a.json", claude(json!({})))));
}

#[test]
fn each_input_of_a_request_changes_the_fingerprint() {
    assert!(changes_fingerprint(&two(), |f| f
        .put("codex-b.json", codex(json!({"email": "b@b.c", "account_id": "team"})))));
    assert!(changes_fingerprint(&two(), |f| f.put("claude-a.json", claude(json!({"proxy_url": "direct"})))));
    assert!(changes_fingerprint(&two(), |f| f
        .put("claude-a.json", claude(json!({"expired": "2020-01-01T00:00:00Z"})))));
}

#[test]
fn breaking_and_fixing_a_file_change_the_fingerprint() {
    assert!(changes_fingerprint(&two(), |f| f.put("claude-a.json", "{")));
    assert!(
        changes_fingerprint(&two().with("claude-a.json", "{"), |f| f.put("claude-a.json", claude(json!({}))))
    );
}

#[test]
fn exchanged_tokens_change_the_fingerprint() {
    let folder = Folder::new()
        .with("claude-a.json", claude(json!({"access_token": "one"})))
        .with("claude-b.json", claude(json!({"access_token": "two"})));
    assert!(changes_fingerprint(&folder, |f| {
        f.put("claude-a.json", claude(json!({"access_token": "two"})));
        f.put("claude-b.json", claude(json!({"access_token": "one"})));
    }));
}

/// CLIProxyAPI writes its copy back after every proxied request.
#[test]
fn write_back_of_the_same_login_keeps_the_fingerprint() {
    assert!(!changes_fingerprint(&two(), |f| f.put("claude-a.json", claude(json!({})))));
    assert!(!changes_fingerprint(&two(), |f| f
        .put("claude-a.json", claude(json!({"last_refresh": "2026-09-01T00:00:00Z"})))));
    assert!(!changes_fingerprint(&two(), |f| f
        .put("claude-a.json", claude(json!({"note": "mine", "priority": 3})))));
    let pretty = serde_json::to_string_pretty(&claude(json!({}))).expect("JSON");
    assert!(!changes_fingerprint(&two(), |f| f.put("claude-a.json", &pretty)));
    let reordered: serde_json::Map<_, _> =
        claude(json!({})).as_object().expect("an object").clone().into_iter().rev().collect();
    assert!(!changes_fingerprint(&two(), |f| f.put("claude-a.json", Value::Object(reordered))));
    assert!(!changes_fingerprint(&two(), |f| {
        let file = std::fs::File::options().append(true).open(f.path("claude-a.json")).expect("opened");
        file.set_modified(SystemTime::UNIX_EPOCH).expect("touched");
    }));
}

#[test]
fn other_files_keep_the_fingerprint() {
    assert!(!changes_fingerprint(&two(), |f| f
        .put("gemini-a.json", json!({"type": "gemini", "access_token": "x"}))));
    assert!(!changes_fingerprint(&two(), |f| f.put("notes.txt", "hello")));
    assert!(!changes_fingerprint(&two(), |f| f.put(".claude-a.json.tmp", claude(json!({})))));
    assert!(!changes_fingerprint(&two(), |f| std::fs::create_dir(f.path("logs")).expect("made")));
}

#[test]
fn token_of_a_disabled_account_keeps_the_fingerprint() {
    let off = |token: &str| claude(json!({"disabled": true, "access_token": token}));
    assert!(!changes_fingerprint(&two().with("claude-off.json", off("one")), |f| f
        .put("claude-off.json", off("two"))));
}

#[test]
fn fingerprint_does_not_depend_on_the_order_of_the_listing() {
    let (mut entries, one) = (two().scan(), two().fingerprint());
    entries.reverse();
    assert_eq!(Scan { entries, ..Scan::default() }.fingerprint(|number| number), one);
}

#[test]
fn unreadable_file_changes_the_fingerprint() {
    let scan = |unreadable| Scan { unreadable, ..Scan::default() }.fingerprint(|number| number);
    assert_ne!(scan(Vec::new()), scan(vec![AccountId::file("work.json".into())]));
}
