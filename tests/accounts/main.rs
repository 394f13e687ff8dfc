//! The auth directory as the store reads it: real files in a temporary folder.

mod aliases;
mod broken;
mod changes;
mod reading;

use quota_tray::credentials::store::{self, Entry, Login, Scan};
use quota_tray::quota::{Account, AccountId, Failure};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use tempfile::TempDir;

/// An auth directory.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and returns the folder.
    fn with(self, name: &str, content: impl ToString) -> Folder {
        self.put(name, content);
        self
    }

    fn put(&self, name: &str, content: impl ToString) {
        std::fs::write(self.path(name), content.to_string()).expect("written");
    }

    fn scan(&self) -> Vec<Entry> {
        self.scan_knowing(&[])
    }

    /// Scans with the entries of the previous scan.
    fn scan_knowing(&self, known: &[Entry]) -> Vec<Entry> {
        let known: HashMap<AccountId, Account> =
            known.iter().map(|entry| (entry.account().id.clone(), entry.account().clone())).collect();
        self.whole_scan(&known).entries
    }

    fn whole_scan(&self, known: &HashMap<AccountId, Account>) -> Scan {
        wait(store::scan(self.0.path(), known)).expect("a folder that can be read")
    }

    fn fingerprint(&self) -> u64 {
        self.whole_scan(&HashMap::new()).fingerprint(|number| number)
    }

    /// The only login.
    #[track_caller]
    fn login(&self) -> Login {
        match self.scan().as_slice() {
            [Entry::Login(login)] => login.clone(),
            other => panic!("expected one login, not {other:?}"),
        }
    }

    /// The error of the only file, which is broken.
    #[track_caller]
    fn broken(&self) -> String {
        match self.scan().as_slice() {
            [entry] => file_error(entry),
            other => panic!("expected one broken file, not {other:?}"),
        }
    }
}

/// Why an entry is broken.
#[track_caller]
fn file_error(entry: &Entry) -> String {
    match entry {
        Entry::Broken(_, Failure::InvalidFile(words)) => words.clone(),
        other => panic!("expected a broken file, not {other:?}"),
    }
}

/// The names of the entries' files.
fn names(entries: &[Entry]) -> Vec<String> {
    let mut names: Vec<_> = entries.iter().map(|entry| entry.account().id.key().to_owned()).collect();
    names.sort();
    names
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// A Claude file as CLIProxyAPI writes it, with `changes` merged in; null removes a key.
fn claude(changes: Value) -> Value {
    let whole = json!({"access_token": "sk-ant-oat01-aaa", "account_uuid": "u", "claude_device_ids": ["d"],
        "disabled": false, "email": "a@b.c", "expired": "2099-08-23T06:39:03+08:00", "id_token": "",
        "last_refresh": "2026-08-22T22:39:03+08:00", "organization_name": "o",
        "refresh_token": "sk-ant-ort01-aaa", "type": "claude"});
    merged(whole, changes)
}

/// The same for Codex.
fn codex(changes: Value) -> Value {
    let whole = json!({"access_token": "eyJ.aaa", "account_id": "acc", "disabled": false, "email": "a@b.c",
        "expired": "2099-09-01T22:39:03+08:00", "id_token": "eyJ.id",
        "last_refresh": "2026-08-22T22:39:03+08:00", "refresh_token": "rt", "type": "codex"});
    merged(whole, changes)
}

fn merged(mut whole: Value, changes: Value) -> Value {
    let object = whole.as_object_mut().expect("an object");
    for (key, value) in changes.as_object().expect("an object").clone() {
        match value {
            Value::Null => object.shift_remove(&key),
            value => object.insert(key, value),
        };
    }
    whole
}
