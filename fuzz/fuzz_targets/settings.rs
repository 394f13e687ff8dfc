//! The settings file: read, and changed from the menu.
//! Starts from `fuzz/seeds/settings`, see `fuzz/run`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quota_tray::config::{self, Choice, Settings};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;
use toml_edit::{DocumentMut, Item, Table};

const CHOICES: [(Choice, &str); 5] = [
    (Choice::RefreshMinutes(30), "refresh_minutes"),
    (Choice::NotifyBelow(50.0, true), "thresholds"),
    (Choice::NotifyBelow(20.0, false), "thresholds"),
    (Choice::NotifyBelow(0.5, true), "thresholds"),
    (Choice::HideEmail(true), "hide_email"),
];

/// In shared memory if there is any, since each change of the file waits for the disk.
static DIR: LazyLock<TempDir> = LazyLock::new(|| {
    let shared_memory = Path::new("/dev/shm");
    let parent = if shared_memory.is_dir() { shared_memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(parent).expect("a folder")
});

fuzz_target!(|bytes: &[u8]| {
    let path: PathBuf = DIR.path().join("config.toml");
    std::fs::write(&path, bytes).expect("written");
    let loaded = config::load(&path);
    match &loaded {
        Ok(settings) => assert_valid(settings),
        Err(error) => assert!(error.to_string().contains("config.toml"), "{error}"),
    }
    let mut is_valid = loaded.is_ok();
    let mut settings = loaded.unwrap_or_default();
    for (choice, key) in CHOICES {
        let before = std::fs::read(&path).expect("read");
        match config::apply(&path, &settings, choice) {
            Ok(new) => {
                assert_other_keys_unchanged(&before, &std::fs::read(&path).expect("read"), key);
                (settings, is_valid) = (new, true);
                assert_eq!(config::load(&path).expect("valid"), settings, "{choice:?}");
                assert_valid(&settings);
            }
            Err(error) => {
                assert!(!is_valid, "{choice:?} could not be written into a valid file: {error}");
                assert_eq!(std::fs::read(&path).expect("read"), before, "an invalid file was changed");
            }
        }
    }
});

/// Asserts what holds for any settings in use.
fn assert_valid(settings: &Settings) {
    assert!((1..=1440).contains(&settings.refresh_minutes));
    assert!(settings.thresholds.iter().all(|percent| *percent > 0.0 && *percent < 100.0));
    assert!((1..=60).contains(&settings.limits.requests_per_five_minutes));
    assert!(!settings.auth_dir.as_os_str().is_empty());
    let endpoints = &settings.endpoints;
    let four =
        [&endpoints.claude_usage, &endpoints.claude_token, &endpoints.codex_usage, &endpoints.codex_token];
    for endpoint in four.into_iter().flatten().chain(&endpoints.cli_proxy_api) {
        let (scheme, host) = (endpoint.url().scheme(), endpoint.host());
        let here = host == "localhost" || host.starts_with("127.") || host == "[::1]";
        assert!(!host.is_empty() && (scheme == "https" || (scheme == "http" && here)), "{endpoint}");
    }
}

/// Asserts that each other key and each comment is unchanged and in its place.
fn assert_other_keys_unchanged(before: &[u8], after: &[u8], key: &str) {
    let table = |bytes: &[u8]| -> (DocumentMut, usize) {
        let text = std::str::from_utf8(bytes).expect("UTF-8");
        (text.parse().expect("TOML"), text.matches('#').count())
    };
    let ((before, comments_before), (after, comments_after)) = (table(before), table(after));
    assert_eq!(others(&before, key), others(&after, key));
    // A comment inside the value is removed with it.
    let within = before.get(key).map_or(0, |item| item.to_string().matches('#').count());
    assert!(comments_after + within >= comments_before, "a comment is gone:\n{before}\n→\n{after}");
}

fn others(table: &Table, key: &str) -> Vec<(String, String)> {
    let all = table.iter().filter(|(name, _)| *name != key);
    all.map(|(name, item)| (name.to_owned(), value(item))).collect()
}

fn value(item: &Item) -> String {
    item.to_string().trim().to_owned()
}
