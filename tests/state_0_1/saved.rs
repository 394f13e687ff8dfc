//! The saved folders, and how they are put into a fixture.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::Provider;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use quota_tray::credentials::journal::path_of;
use serde_json::Value;

use crate::common::{RenewalFixture, TestAccount};

/// 42 % left, renewed, an alert sent, five requests in the last five minutes.
pub const ALICE: &str = "alice@example.com";
/// The same at Codex.
pub const BOB: &str = "bob@example.com";
/// The response to her refresh token was dropped.
pub const CAROL: &str = "carol@example.com";
/// The response to his refresh token is in the journal, and not in his file.
pub const DAVE: &str = "dave@example.com";
/// Rate limited.
pub const ERIN: &str = "erin@example.com";
/// His access token was refused, and so was the one after a renewal.
pub const FRANK: &str = "frank@example.com";

/// Each account with the number of its live tokens when 0.1 ended.
pub const ACCOUNTS: [(Provider, &str, u32); 6] = [
    (Provider::Claude, ALICE, 2),
    (Provider::Codex, BOB, 2),
    (Provider::Claude, CAROL, 2),
    (Provider::Codex, DAVE, 2),
    (Provider::Claude, ERIN, 4),
    (Provider::Claude, FRANK, 11),
];

/// Stands for the fixture's directory in the saved files.
pub const PLACEHOLDER: &str = "/FIXTURE";

/// Bytes of a journal's header.
pub const HEADER: usize = 4096;

/// `tests/fixtures/state-0.1`.
pub fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/state-0.1")
}

/// A fixture in which 0.1 ended so long ago.
pub fn restore(ago: TimeDelta) -> RenewalFixture {
    let mut fixture = RenewalFixture::new();
    for (provider, email, live) in ACCOUNTS {
        let account = TestAccount::create(&fixture.auth_dir(), provider, email);
        (0..live).for_each(|_| drop(fixture.ledger.sign_in(&account.name, provider)));
        fixture.accounts.push(account);
    }
    let saved_at: DateTime<Utc> =
        fs::read_to_string(dir().join("saved-at")).expect("readable").trim().parse().expect("a time");
    let shift = Utc::now() - saved_at - ago;
    for (part, to) in [("credentials", fixture.auth_dir()), ("state", fixture.state_dir())] {
        copy(&dir().join(part), &to, &fixture, shift);
    }
    let settings = fs::read_to_string(dir().join("config.toml")).expect("readable");
    let (own, _endpoints) = settings.split_once("[endpoints]").expect("it has endpoints");
    fixture.set_config(own);
    for account in &fixture.accounts {
        account.modified_earlier(std::time::Duration::from_secs(3600));
    }
    fixture
}

fn copy(from: &Path, to: &Path, fixture: &RenewalFixture, shift: TimeDelta) {
    fs::create_dir_all(to).expect("created");
    for entry in fs::read_dir(from).expect("a folder") {
        let (from, name) = entry.map(|entry| (entry.path(), entry.file_name())).expect("an entry");
        if from.is_dir() {
            copy(&from, &to.join(name), fixture, shift);
            continue;
        }
        let content = fs::read(&from).expect("readable");
        if from.extension().is_some_and(|extension| extension == "journal") {
            let (header, response) = content.split_at(HEADER);
            let mut header: Value = serde_json::from_slice(header).expect("a header");
            relocate(&mut header, fixture.dir(), shift);
            let credential = PathBuf::from(header["credential"].as_str().expect("a path"));
            let mut page = header.to_string().into_bytes();
            page.resize(HEADER, b' ');
            page.extend_from_slice(response);
            fs::write(path_of(to, &credential), page).expect("written");
        } else if let Ok(mut value) = serde_json::from_slice::<Value>(&content) {
            relocate(&mut value, fixture.dir(), shift);
            fs::write(to.join(name), value.to_string()).expect("written");
        } else {
            fs::write(to.join(name), content).expect("written");
        }
    }
}

/// Moves each time, and puts the fixture's directory in place of the placeholder.
fn relocate(value: &mut Value, dir: &Path, shift: TimeDelta) {
    match value {
        Value::String(text) => {
            if let Ok(time) = text.parse::<DateTime<Utc>>() {
                *text = (time + shift).to_rfc3339_opts(SecondsFormat::Nanos, true);
            } else if let Some(rest) = text.strip_prefix(PLACEHOLDER) {
                *text = format!("{}{rest}", fs::canonicalize(dir).expect("it is there").display());
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| relocate(value, dir, shift)),
        Value::Object(object) => object.values_mut().for_each(|value| relocate(value, dir, shift)),
        _ => {}
    }
}
