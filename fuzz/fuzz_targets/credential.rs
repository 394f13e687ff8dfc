//! A credential file: read as one, made a login of, and given new tokens.
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
use serde_json::{Map, Value};
use std::path::Path;

/// What a renewal writes, with all that JSON must quote.
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
        Err(complaint) => return invariants::one_line(&complaint, 80),
    };
    for key in ["proxy_url", "account_id", "expired", "access_token"] {
        let name = document.key_of(key);
        assert!(name == key || document.get(name).is_some(), "{key} stands under {name}, which is not there");
    }
    document.expires_at();
    let id = AccountId::file("claude-a@example.com.json".into());
    let path = Path::new("/auth/claude-a@example.com.json");
    if let Some(entry) = store::read_login(&id, path, &document, None) {
        sound(&entry);
    }
    let text = std::str::from_utf8(bytes).expect("what parsed is UTF-8");
    keeps_all_else(text);
});

/// What holds of an account, whatever its file says.
fn sound(entry: &Entry) {
    let account = entry.account();
    invariants::one_line(&account.email, 61);
    assert_eq!(account.id.key(), "claude-a@example.com.json");
    match entry {
        Entry::Login(login) => {
            let token = login.access_token.expose();
            assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
            assert_ne!(login.workspace.as_deref(), Some(""));
            login.has_expired(invariants::now());
            store::signature_of_login(login);
        }
        Entry::Disabled(_) => {}
        Entry::Broken(_, failure) => {
            invariants::one_line(&failure.message(invariants::now(), Locale::UTC), 300);
        }
    }
}

/// New tokens change what they must, and nothing else.
fn keeps_all_else(text: &str) {
    let spliced = splice(text, &CHANGES).expect("what was read can be written");
    let after = Document::parse(spliced.as_bytes()).expect("what was written can be read");
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

    let twice = splice(&spliced, &CHANGES).expect("it is an object still");
    assert_eq!(*twice, *spliced, "the same change once more changes nothing");
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).expect("an object")
}
