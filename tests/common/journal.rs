//! The journal files of renewals, as another program reads them.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// Bytes of the header; the response follows (`credentials/journal.rs`).
const HEADER: usize = 4096;

/// A journal as it was when it was read.
pub struct TestJournal {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// The journal at this path.
#[track_caller]
pub fn read(path: &Path) -> TestJournal {
    TestJournal { bytes: fs::read(path).expect("no journal"), path: path.to_owned() }
}

/// The journals in a state directory.
pub fn all(state_dir: &Path) -> Vec<TestJournal> {
    let Ok(listing) = fs::read_dir(state_dir.join("renewals")) else { return Vec::new() };
    let paths = listing.map(|entry| entry.expect("it can be listed").path());
    let journals = paths.filter(|path| path.extension().is_some_and(|extension| extension == "journal"));
    journals.map(|path| read(&path)).collect()
}

/// The journal of a credential file, if there is one.
pub fn of(state_dir: &Path, credential: &Path) -> Option<TestJournal> {
    let target = fs::canonicalize(credential).expect("the credential file is there");
    all(state_dir).into_iter().find(|journal| Path::new(&journal.text("credential")) == target)
}

impl TestJournal {
    /// Whether the whole token is in it.
    pub fn holds(&self, token: &str) -> bool {
        let quoted = format!("\"{token}\"");
        self.bytes.windows(quoted.len()).any(|window| window == quoted.as_bytes())
    }

    /// `prepared`, `sent`, `answered`, `refused` or `done`; empty while it has never been written.
    pub fn phase(&self) -> String {
        self.text("phase")
    }

    /// Lets it have been written so much earlier: each time in the header is moved back.
    pub fn age(&self, time: TimeDelta) {
        let mut header = self.header();
        let Some(fields) = header.as_object_mut() else { return };
        for (_, value) in fields {
            if let Some(at) = value.as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok()) {
                *value = (at - time).to_rfc3339().into();
            }
        }
        self.write_header(&header);
    }

    /// Replaces the header and leaves the rest.
    pub fn write_header(&self, header: &Value) {
        let mut page = header.to_string().into_bytes();
        page.resize(HEADER - 1, b' ');
        page.push(b'\n');
        page.extend_from_slice(&self.bytes[HEADER..]);
        fs::write(&self.path, page).expect("could not write the journal");
    }

    fn text(&self, key: &str) -> String {
        self.header()[key].as_str().unwrap_or_default().to_owned()
    }

    /// `Null` if the journal was not written completely.
    #[track_caller]
    pub fn header(&self) -> Value {
        let page = &self.bytes[..HEADER.min(self.bytes.len())];
        // After a kill while it is created it holds white space or nothing.
        if page.trim_ascii().is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(page).expect("half a header")
    }
}
