//! The journals of renewals, seen from outside.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// A page of header, and then the answer: `credentials/journal.rs`.
const HEADER: usize = 4096;

/// A journal as it was when it was read.
pub struct JournalFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// The journals in a state directory.
pub fn all(state_dir: &Path) -> Vec<JournalFile> {
    let Ok(listing) = fs::read_dir(state_dir.join("renewals")) else { return Vec::new() };
    let paths = listing.map(|entry| entry.expect("it can be listed").path());
    let journals = paths.filter(|path| path.extension().is_some_and(|extension| extension == "journal"));
    let read = |path: PathBuf| JournalFile { bytes: fs::read(&path).expect("it can be read"), path };
    journals.map(read).collect()
}

/// The journal of a credential file, if there is one.
pub fn of(state_dir: &Path, credential: &Path) -> Option<JournalFile> {
    let target = fs::canonicalize(credential).expect("the credential file is there");
    all(state_dir).into_iter().find(|journal| Path::new(&journal.text("credential")) == target)
}

impl JournalFile {
    /// Whether the whole token stands in it.
    pub fn holds(&self, token: &str) -> bool {
        let quoted = format!("\"{token}\"");
        self.bytes.windows(quoted.len()).any(|window| window == quoted.as_bytes())
    }

    /// `prepared`, `sent`, `answered`, `refused` or `done`; empty while it has never been written.
    pub fn phase(&self) -> String {
        self.text("phase")
    }

    /// As if so much time had passed since it was written.
    pub fn age(&self, time: TimeDelta) {
        let mut header = self.header();
        for key in ["at", "kept"] {
            let Some(at) = header[key].as_str() else { continue };
            let at: DateTime<Utc> = at.parse().expect("a moment");
            header[key] = (at - time).to_rfc3339().into();
        }
        if header.is_null() {
            return;
        }
        let mut page = header.to_string().into_bytes();
        page.resize(HEADER - 1, b' ');
        page.push(b'\n');
        page.extend_from_slice(&self.bytes[HEADER..]);
        fs::write(&self.path, page).expect("it can be written");
    }

    fn text(&self, key: &str) -> String {
        self.header()[key].as_str().unwrap_or_default().to_owned()
    }

    fn header(&self) -> Value {
        let page = &self.bytes[..HEADER.min(self.bytes.len())];
        // Killed while it was made, it holds white space or nothing.
        if page.trim_ascii().is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(page).expect("half a header")
    }
}
