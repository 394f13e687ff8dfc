//! Reading credential files: completely or not at all, although CLIProxyAPI rewrites them in place.

use crate::platform::files;
use crate::providers::json::wipe;
use crate::quota::timestamp;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use zeroize::Zeroizing;

/// A longer file is not a login, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// CLIProxyAPI truncates a file and then writes it, so a reader can see it empty or partially written. Such a file counts
/// as broken when it has been unchanged for this long, ...
const BROKEN_AFTER: Duration = Duration::from_millis(500);
/// ... or could not be used for this long, even if it keeps changing.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause between two attempts, in milliseconds. It is random, so that the attempts don't coincide with the writes.
const RETRY_INTERVAL_MS: std::ops::Range<u64> = 5..30;

/// A credential file's JSON object. The strings among its values are wiped from memory when it is dropped. Its keys are
/// not, nor what the JSON parser drops: the first of two values with the same key, a string with escapes, the part of an
/// invalid file that was parsed.
pub struct Document(Map<String, Value>);

impl Document {
    /// Reads an object.
    ///
    /// # Errors
    /// What is wrong with it, without any of its content.
    pub fn parse(bytes: &[u8]) -> Result<Document, String> {
        // The messages of the JSON parser name a position, never the text there.
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

    /// A string under the key or one of its aliases, trimmed. `None`: it is missing, empty or not a string.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(self.key_of(key))?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The name that is used for a key: of the key itself and its aliases, the first that has a number or a string that is
    /// not empty; the key itself where none has. What is written there is what [`Document::text`] and
    /// [`Document::expires_at`] read.
    pub fn key_of<'a>(&self, key: &'a str) -> &'a str {
        let has_value = |name: &&str| match self.get(name) {
            Some(Value::String(text)) => !text.trim().is_empty(),
            Some(Value::Number(_)) => true,
            _ => false,
        };
        names_of(key).find(has_value).unwrap_or(key)
    }

    /// When the access token expires: under any of the key's names, else in a nested token. `None`: the file does not say.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        let nested = ["token", "Token"].into_iter().filter_map(|key| self.get(key)?.as_object());
        std::iter::once(&self.0).chain(nested).find_map(|object| {
            names_of("expired").find_map(|name| object.get(name).and_then(timestamp::parse))
        })
    }
}

/// Aliases that CLIProxyAPI, or a program built on it, writes instead of a key. The key itself takes precedence, as it does
/// there (`sdk/cliproxy/auth/metadata_keys.go`, `types.go`). Tokens have no aliases.
const ALIASES: [(&str, &[&str]); 6] = [
    ("proxy_url", &["proxy-url"]),
    ("account_id", &["account-id"]),
    ("account_uuid", &["account-uuid"]),
    ("organization_uuid", &["organization-uuid"]),
    ("organization_name", &["organization-name"]),
    ("expired", &["expire", "expires_at", "expiresAt", "expiry", "expires"]),
];

fn names_of(key: &str) -> impl Iterator<Item = &str> {
    let aliases = ALIASES.iter().find(|(name, _)| *name == key).map_or(&[][..], |(_, aliases)| aliases);
    std::iter::once(key).chain(aliases.iter().copied())
}

impl Drop for Document {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

/// The content of a credential file when it was read.
pub struct Contents {
    /// Its bytes, wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Its object.
    pub document: Document,
}

/// Reads a credential file. Waits up to 5 s for one that is being written.
///
/// # Errors
/// Why it can't be used, in a form that follows "could not read FILE: ".
pub async fn read(path: &Path) -> Result<Contents, Unreadable> {
    let start = Instant::now();
    let (mut previous, mut unchanged_since) = (fingerprint(path).ok(), start);
    loop {
        match read_once(path) {
            Err(Unreadable::Broken(_) | Unreadable::Changing)
                if unchanged_since.elapsed() < BROKEN_AFTER && start.elapsed() < READ_TIMEOUT =>
            {
                tokio::time::sleep(Duration::from_millis(fastrand::u64(RETRY_INTERVAL_MS))).await;
            }
            result => return result,
        }
        let current = fingerprint(path).ok();
        if current != previous {
            (previous, unchanged_since) = (current, Instant::now());
        }
    }
}

/// Why a credential file can't be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There is no file.
    #[error("it is gone")]
    Gone,
    /// Its content is not a JSON object.
    #[error("{0}")]
    Broken(String),
    /// It changed each time it was read.
    #[error("it keeps changing while it is read")]
    Changing,
    /// This user may not read it.
    #[error("no permission to read it")]
    NoPermission,
    /// The system refuses to read it, or it is not a credential file by its kind or size.
    #[error("{0}")]
    Refused(String),
}

/// Reads a credential file, once.
///
/// # Errors
/// It can't be used at this moment.
pub fn read_once(path: &Path) -> Result<Contents, Unreadable> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Unreadable::Gone,
        io::ErrorKind::PermissionDenied => Unreadable::NoPermission,
        _ => Unreadable::Refused(error.to_string()),
    };
    let mut file = files::open_regular(path).map_err(refused)?;
    let before = file.metadata().map_err(refused)?;
    if before.len() > MAX_BYTES {
        return Err(Unreadable::Refused("it is larger than 1 MiB".into()));
    }
    // One buffer of the full size: a growing one would leave copies of the tokens in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(before.len() as usize + 1024));
    file.by_ref().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(refused)?;
    let after = file.metadata().map_err(refused)?;
    // A rewrite between two reads could combine two contents into one that is valid JSON by chance.
    if Fingerprint::of(&before) != Fingerprint::of(&after) || after.len() != bytes.len() as u64 {
        return Err(Unreadable::Changing);
    }
    let document = Document::parse(&bytes).map_err(Unreadable::Broken)?;
    Ok(Contents { bytes, document })
}

/// A fingerprint from a file's metadata: it changes when the content does, and is found without reading the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    length: u64,
    modified: Option<SystemTime>,
    /// So that a file that replaces another differs from it.
    inode: u64,
}

impl Fingerprint {
    fn of(metadata: &std::fs::Metadata) -> Fingerprint {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Fingerprint { length: metadata.len(), modified: metadata.modified().ok(), inode }
    }
}

/// The fingerprint of the file at `path`.
///
/// # Errors
/// It is gone, or the system refuses.
pub fn fingerprint(path: &Path) -> io::Result<Fingerprint> {
    Ok(Fingerprint::of(&std::fs::metadata(path)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Document, String> {
        Document::parse(text.as_bytes())
    }

    #[test]
    fn invalid_document_is_reported_without_its_content() {
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
    fn byte_order_mark_is_skipped() {
        let document = parse("\u{feff}{\"type\":\" claude \",\"email\":\" \"}").expect("an object");
        assert_eq!(document.text("type"), Some("claude"));
        assert_eq!((document.text("email"), document.text("none")), (None, None));
    }
}
