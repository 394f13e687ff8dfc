//! A credential file: parsed, read as a login, and rewritten with new tokens.
//! Starts from `fuzz/seeds/credential`, see `fuzz/run`.
#![no_main]

#[allow(dead_code, reason = "each target uses its own part of it")]
mod invariants;

use libfuzzer_sys::fuzz_target;
use quota_tray::credentials::file::Document;
use quota_tray::credentials::rewrite::splice;
use quota_tray::credentials::store::{self, Entry};
use quota_tray::quota::AccountId;
use quota_tray::presenter::Locale;
use quota_tray::providers::REGISTRY;
use serde_json::{Map, Value};
use std::path::Path;

/// The changes of a renewal, with every kind of character that JSON escapes.
const CHANGES: [(&str, &str); 5] = [
    ("access_token", "sk-ant-oat01-new"),
    ("refresh_token", "new \"quoted\" \\ and \u{1} \u{2028} é 𝄞"),
    ("expired", "2026-09-17T15:10:00+08:00"),
    ("last_refresh", "2026-09-17T14:10:00+08:00"),
    ("id_token", ""),
];

fuzz_target!(|bytes: &[u8]| {
    let document = match Document::parse(bytes) {
        Ok(document) => document,
        Err(error) => return invariants::one_line(&error, 80),
    };
    for key in ["proxy_url", "account_id", "expired", "access_token"] {
        let name = document.key_of(key);
        assert!(name == key || document.get(name).is_some(), "{key} has the alias {name}, which is missing");
    }
    document.expires_at();
    let id = AccountId::file("claude-a@example.com.json".into());
    let path = Path::new("/auth/claude-a@example.com.json");
    if let Some(entry) = store::read_login(&REGISTRY, &id, path, &document, None) {
        assert_valid(&entry);
    }
    let text = std::str::from_utf8(bytes).expect("parsed JSON is UTF-8");
    assert_other_keys_unchanged(text);
});

/// Asserts what holds for the account of any file.
fn assert_valid(entry: &Entry) {
    let account = entry.account();
    invariants::one_line(&account.email, 61);
    assert_eq!(account.id.key(), "claude-a@example.com.json");
    match entry {
        Entry::Login(login) => {
            let token = login.access_token.expose();
            assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
            assert_ne!(login.workspace.as_deref(), Some(""));
            login.has_expired(invariants::now());
            store::login_fingerprint(login);
        }
        Entry::Disabled(_) => {}
        Entry::Broken(_, failure) => {
            invariants::one_line(&failure.message(invariants::now(), Locale::UTC), 300);
        }
    }
}

/// Asserts that new tokens change their keys and nothing else.
fn assert_other_keys_unchanged(text: &str) {
    let spliced = splice(text, &CHANGES).expect("a parsed file can be rewritten");
    let after = Document::parse(spliced.as_bytes()).expect("a rewritten file can be parsed");
    for (key, value) in CHANGES {
        assert_eq!(after.get(key).and_then(Value::as_str), Some(value), "{key}");
    }
    drop(after);

    let (mut before, mut after) = (object(text), object(&spliced));
    let added = CHANGES.iter().filter(|(key, _)| !before.contains_key(*key)).count();
    assert_eq!(after.len(), before.len() + added);
    for (key, _) in CHANGES {
        before.shift_remove(key);
        after.shift_remove(key);
    }
    assert_eq!(before, after);
    assert!(before.keys().eq(after.keys()), "the order has changed: {text} → {}", *spliced);

    let twice = splice(&spliced, &CHANGES).expect("still an object");
    assert_eq!(*twice, *spliced, "the same change again changes nothing");
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).expect("an object")
}
