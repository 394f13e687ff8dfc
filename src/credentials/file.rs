//! Credential files: read whole or not at all, though their owner rewrites them in place.

use crate::providers::json::wipe;
use crate::quota::timestamp;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use zeroize::Zeroizing;

/// No login is longer; what is longer is something else.
const MOST_BYTES: u64 = 1024 * 1024;

/// CLIProxyAPI truncates a file and then writes it, so a reader can see it empty or half. Such a file is
/// called broken when it has stood unchanged for this long, ...
const UNCHANGED: Duration = Duration::from_millis(500);
/// ... or has been of no use for this long, whatever it does.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks pass this many milliseconds, never twice the same, lest they fall into step with
/// the writer's.
const PAUSE: std::ops::Range<u64> = 5..30;

/// A credential file's object. The strings among its values are wiped from memory when it is dropped. Its keys are not,
/// nor what the JSON reader lets go of on its way: the first of two values with one key, a string with escapes, what it
/// had read of a file that is no JSON.
pub struct Document(Map<String, Value>);

impl Document {
    /// Reads an object.
    ///
    /// # Errors
    /// What is wrong with it, without a word of what it holds.
    pub fn parse(bytes: &[u8]) -> Result<Document, String> {
        // The messages of the JSON reader name a position, never the text there.
        match serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) {
            Ok(Value::Object(object)) => Ok(Document(object)),
            Ok(mut other) => {
                wipe(&mut other);
                Err("it is not a JSON object".into())
            }
            Err(_) if bytes.iter().all(u8::is_ascii_whitespace) => Err("it is empty".into()),
            Err(error) => Err(format!("it is not JSON (line {}, column {})", error.line(), error.column())),
        }
    }

    /// A value.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// A string with something in it, under the key or one of its other names.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(self.key_of(key))?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The name under which the value of a key stands: of the key itself and its other names, the first that
    /// holds a number or a string with something in it; the key itself where none does. What is written there
    /// is what [`Document::text`] and [`Document::expires_at`] read.
    pub fn key_of<'a>(&self, key: &'a str) -> &'a str {
        let says_something = |name: &&str| match self.get(name) {
            Some(Value::String(text)) => !text.trim().is_empty(),
            Some(Value::Number(_)) => true,
            _ => false,
        };
        names_of(key).find(says_something).unwrap_or(key)
    }

    /// When the access token expires: under any of the key's names, else in a nested token. `None`: not told.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        let nested = ["token", "Token"].into_iter().filter_map(|key| self.get(key)?.as_object());
        std::iter::once(&self.0).chain(nested).find_map(|object| {
            names_of("expired").find_map(|name| object.get(name).and_then(timestamp::parse))
        })
    }
}

/// Keys that CLIProxyAPI, or a program built on it, writes under other names, too. Its own name goes first, as
/// it does there (`sdk/cliproxy/auth/metadata_keys.go`, `types.go`). Tokens have no other name.
const OTHER_NAMES: [(&str, &[&str]); 6] = [
    ("proxy_url", &["proxy-url"]),
    ("account_id", &["account-id"]),
    ("account_uuid", &["account-uuid"]),
    ("organization_uuid", &["organization-uuid"]),
    ("organization_name", &["organization-name"]),
    ("expired", &["expire", "expires_at", "expiresAt", "expiry", "expires"]),
];

fn names_of(key: &str) -> impl Iterator<Item = &str> {
    let others = OTHER_NAMES.iter().find(|(name, _)| *name == key).map_or(&[][..], |(_, others)| others);
    std::iter::once(key).chain(others.iter().copied())
}

impl Drop for Document {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

/// What a credential file held when it was read.
pub struct Contents {
    /// Its bytes, wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Its object.
    pub document: Document,
}

/// Reads a credential file, with patience for one that is just being written.
///
/// # Errors
/// Why it can't be used, in words that follow "could not read FILE: ".
pub async fn read(path: &Path) -> Result<Contents, Unreadable> {
    let began = Instant::now();
    let (mut seen, mut since) = (stamp(path).ok(), began);
    loop {
        match read_once(path) {
            Err(Unreadable::Broken(_) | Unreadable::Changing)
                if since.elapsed() < UNCHANGED && began.elapsed() < PATIENCE =>
            {
                tokio::time::sleep(Duration::from_millis(fastrand::u64(PAUSE))).await;
            }
            result => return result,
        }
        let now = stamp(path).ok();
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
    }
}

/// Why a credential file can't be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not there (any more).
    #[error("it is gone")]
    Gone,
    /// Its content is no object.
    #[error("{0}")]
    Broken(String),
    /// It changed each time it was read.
    #[error("it keeps changing while it is read")]
    Changing,
    /// The system refuses it.
    #[error("{0}")]
    Refused(String),
}

/// Reads a credential file, once.
///
/// # Errors
/// It can't be used as it stands at this moment.
pub fn read_once(path: &Path) -> Result<Contents, Unreadable> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Unreadable::Gone,
        io::ErrorKind::PermissionDenied => Unreadable::Refused("no permission to read it".into()),
        _ => Unreadable::Refused(error.to_string()),
    };
    let mut file = open(path).map_err(refused)?;
    let before = file.metadata().map_err(refused)?;
    if !before.is_file() {
        return Err(Unreadable::Refused("it is not a regular file".into()));
    }
    if before.len() > MOST_BYTES {
        return Err(Unreadable::Refused("it is larger than 1 MiB".into()));
    }
    // One buffer from the start: a growing one would leave copies of the tokens behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(before.len() as usize + 1024));
    file.by_ref().take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(refused)?;
    let after = file.metadata().map_err(refused)?;
    // A rewrite between two reads could join two contents into one that is JSON by chance.
    if Stamp::of(&before) != Stamp::of(&after) || after.len() != bytes.len() as u64 {
        return Err(Unreadable::Changing);
    }
    let document = Document::parse(&bytes).map_err(Unreadable::Broken)?;
    Ok(Contents { bytes, document })
}

fn open(path: &Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    // A named pipe in the folder would block the open for ever.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits() as i32);
    options.open(path)
}

/// Tells a file's content from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// The number of the file, so that one put in its place is another.
    inode: u64,
}

impl Stamp {
    fn of(metadata: &std::fs::Metadata) -> Stamp {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Stamp { length: metadata.len(), modified: metadata.modified().ok(), inode }
    }
}

/// The stamp of the file at `path`.
///
/// # Errors
/// It is gone, or the system refuses.
pub fn stamp(path: &Path) -> io::Result<Stamp> {
    Ok(Stamp::of(&std::fs::metadata(path)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Document, String> {
        Document::parse(text.as_bytes())
    }

    #[test]
    fn what_is_no_object_is_told_without_its_content() {
        for (text, words) in [
            ("", "it is empty"),
            (" \n", "it is empty"),
            ("[1]", "it is not a JSON object"),
            ("{\"access_token\":\"secr", "it is not JSON (line 1, column 21)"),
            ("secret", "it is not JSON (line 1, column 1)"),
        ] {
            assert_eq!(parse(text).err().as_deref(), Some(words), "{text}");
        }
        assert_eq!(parse(&"[".repeat(100_000)).err().as_deref(), Some("it is not JSON (line 1, column 128)"));
    }

    #[test]
    fn a_byte_order_mark_does_no_harm() {
        let document = parse("\u{feff}{\"type\":\" claude \",\"email\":\" \"}").expect("an object");
        assert_eq!(document.text("type"), Some("claude"));
        assert_eq!((document.text("email"), document.text("none")), (None, None));
    }
}
