//! A file that is rewritten without pause is read whole each time, or not at all.

use crate::common::{Provider, tokens_of};
use chrono::{DateTime, TimeDelta, Utc};
use quota_tray::credentials::store::{self, Entry};
use quota_tray::quota::{Account, AccountId};
use serde_json::json;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

const REWRITES: u32 = 10_000;
/// The writer goes on for so many scans, should it be done with its rewrites before.
const SCANS: u32 = 20;

/// Ends the writer, also when an assertion fails: the scope waits for it.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The contents differ in each value and in length, so that a mixture is no login, or a wrong one.
fn content(number: u32, expires: DateTime<Utc>) -> String {
    json!({
        "access_token": tokens_of(Provider::Codex).access(number),
        "email": "alice@example.com",
        "expired": expires.to_rfc3339(),
        "note": "x".repeat(number as usize * 700),
        "refresh_token": tokens_of(Provider::Codex).refresh(number),
        "type": "codex",
        "account_id": number.to_string(),
    })
    .to_string()
}

#[test]
fn file_rewritten_ten_thousand_times_is_always_read_complete() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("codex-alice@example.com.json");
    let start = Utc::now();
    let moment = |number: u32| start + TimeDelta::hours(i64::from(number));
    let contents: Vec<_> = (0..7).map(|number| content(number, moment(number))).collect();
    std::fs::write(&file, &contents[0]).expect("written");
    let (done, failed, scanned) = (AtomicBool::new(false), AtomicBool::new(false), AtomicU32::new(0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");

    let mut seen = [0_u32; 7];
    thread::scope(|scope| {
        scope.spawn(|| {
            for (round, content) in (0_u32..).zip(contents.iter().cycle()) {
                let enough = round >= REWRITES && scanned.load(Ordering::Acquire) >= SCANS;
                if enough || failed.load(Ordering::Acquire) {
                    break;
                }
                // As Go's os.WriteFile does, with a pause at a different place each time.
                let mut file = File::create(&file).expect("truncated");
                let (front, back) = content.as_bytes().split_at(round as usize * 37 % content.len());
                file.write_all(front).expect("written");
                if round % 2 == 0 {
                    thread::yield_now();
                }
                file.write_all(back).expect("written");
                drop(file);
                if round % 2 == 1 {
                    thread::yield_now();
                }
            }
            done.store(true, Ordering::Release);
        });
        let _stop = StopOnDrop(&failed);
        let mut known: HashMap<AccountId, Account> = HashMap::new();
        while !done.load(Ordering::Acquire) {
            let entries = runtime.block_on(store::scan(folder.path(), &known)).expect("a folder").entries;
            let [Entry::Login(login)] = &entries[..] else { panic!("scan {scanned:?}: {entries:?}") };
            let number = (0..7)
                .find(|number| login.access_token.expose() == tokens_of(Provider::Codex).access(*number));
            let number = number.expect("one of the tokens");
            assert_eq!(login.expires_at, Some(moment(number)), "two contents were mixed");
            assert_eq!(login.workspace.as_deref(), Some(&*number.to_string()), "two contents were mixed");
            assert_eq!(login.account.email, "alice@example.com");
            known = HashMap::from([(login.account.id.clone(), login.account.clone())]);
            seen[number as usize] += 1;
            scanned.fetch_add(1, Ordering::Release);
        }
    });
    assert!(seen.iter().filter(|count| **count > 0).count() >= 3, "{seen:?}");
}
