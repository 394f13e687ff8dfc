//! What a journal says of a renewal: hashes and moments, no tokens.

use crate::credentials::journal::{HEADER, MOST_ANSWER};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Spent tokens that are remembered here besides the last; older ones are in the list of spent tokens.
const EARLIER: usize = 8;

/// The length of the name of a succession.
pub const SUCCESSION: usize = 8;

/// How far a renewal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RenewalPhase {
    /// Nothing has been sent.
    Prepared,
    /// The token may have been spent; the answer is not known to be whole.
    Sent,
    /// The answer is here.
    Answered,
    /// The server has called the token dead.
    Refused,
    /// The credential file has the new token; the answer is wiped.
    Done,
}

/// The header. Holds hashes, no tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    version: u32,
    /// The credential file.
    #[serde(with = "path_text")]
    pub credential: PathBuf,
    /// SHA-256 of the refresh token that was sent.
    pub spent: String,
    /// SHA-256 of the refresh token that came for it. `None`: not known yet.
    pub new: Option<String>,
    /// Whether Quota Tray itself had written the sent token to the file.
    #[serde(default)]
    pub ours: bool,
    /// SHA-256 of the refresh tokens spent before, the latest first, as far back as each came for the one before it. With
    /// a token from elsewhere (the user has signed in anew, perhaps to another account) this begins anew.
    pub earlier: Vec<String>,
    /// Names that succession of tokens: a random number in hexadecimal. Empty in journals written by earlier versions.
    #[serde(default)]
    pub succession: String,
    /// How far it has come.
    pub phase: RenewalPhase,
    /// How often this token has been sent without an answer, or been called dead.
    pub tries: u32,
    /// How often in a row the token server has refused the request (429, 403, 5xx …), which says nothing of the token.
    #[serde(default)]
    pub failures: u32,
    /// The status of the last of these refusals. `None`: there was none.
    #[serde(default)]
    pub status: Option<u16>,
    /// When the phase began.
    pub at: DateTime<Utc>,
    /// When the answer came: its tokens count their time from then. `None`: none has come.
    #[serde(default)]
    pub came: Option<DateTime<Utc>>,
    /// The server wants to be asked no sooner. `None`: it has not said so.
    #[serde(default)]
    pub not_before: Option<DateTime<Utc>>,
    /// The room of the answer: the first or the second.
    #[serde(default)]
    pub(crate) room: Room,
    /// When the answer in the other room came, which brought the token that is to be sent now. `None`: there
    /// is none.
    #[serde(default)]
    pub kept: Option<DateTime<Utc>>,
}

/// One of the two places for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Room {
    #[default]
    First,
    Second,
}

impl Room {
    pub(crate) fn other(self) -> Room {
        match self {
            Room::First => Room::Second,
            Room::Second => Room::First,
        }
    }

    pub(crate) fn offset(self) -> u64 {
        match self {
            Room::First => HEADER as u64,
            Room::Second => (HEADER + MOST_ANSWER) as u64,
        }
    }
}

impl Header {
    /// A renewal that is about to begin; `before` is the last one's header.
    pub fn prepared(credential: &Path, spent: String, before: Option<&Header>, at: DateTime<Utc>) -> Header {
        let again = before.filter(|before| before.spent == spent);
        let succeeds = before.filter(|before| before.new.as_ref() == Some(&spent));
        let earlier = match (again, succeeds) {
            (Some(before), _) => before.earlier.clone(),
            (None, Some(before)) => {
                std::iter::once(&before.spent).chain(&before.earlier).take(EARLIER).cloned().collect()
            }
            (None, None) => Vec::new(),
        };
        let succession = again.or(succeeds).map(|before| before.succession.clone());
        let succession = succession
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| format!("{:0SUCCESSION$x}", fastrand::u32(..)));
        // An answer starts the count anew, also one that lets the token live.
        let tries = again.filter(|before| before.new.is_none()).map_or(0, |before| before.tries);
        let (room, kept) = match before {
            Some(before) if before.brought(&spent) => (before.room.other(), before.came.or(Some(before.at))),
            Some(before) => (before.room, again.and_then(|before| before.kept)),
            None => (Room::First, None),
        };
        let ours = before.is_some_and(|before| before.wrote(&spent));
        let credential = credential.to_owned();
        Header {
            version: 1,
            credential,
            spent,
            new: None,
            ours,
            earlier,
            succession,
            phase: RenewalPhase::Prepared,
            tries,
            failures: again.map_or(0, |before| before.failures),
            status: again.and_then(|before| before.status),
            at,
            came: None,
            not_before: None,
            room,
            kept,
        }
    }

    /// Whether this program can read it.
    pub(crate) fn is_supported(&self) -> bool {
        self.version == 1
    }

    /// The spent tokens that `before` knows and this header has no room for.
    pub fn dropped<'a>(&self, before: &'a Header) -> impl Iterator<Item = &'a String> {
        let kept = |hash: &&String| **hash == self.spent || self.earlier.contains(hash);
        let spent: Vec<_> = std::iter::once(&before.spent).chain(&before.earlier).collect();
        let dropped: Vec<_> =
            spent.into_iter().filter(|hash| before.has_spent(hash) && !kept(hash)).collect();
        dropped.into_iter()
    }

    /// The token that the login has now, as far as this journal knows: the one that came, or the one that is to be
    /// sent. `None`: that is not known.
    pub fn current(&self) -> Option<&String> {
        match &self.new {
            Some(new) => Some(new),
            None => Some(&self.spent).filter(|spent| !self.has_spent(spent)),
        }
    }

    /// Whether the answer that is here brought this token, for another.
    fn brought(&self, hash: &str) -> bool {
        self.phase == RenewalPhase::Answered && self.new.as_deref() == Some(hash) && self.spent != hash
    }

    /// Whether the file has a token from us.
    pub fn wrote(&self, hash: &str) -> bool {
        self.new.as_deref() == Some(hash) || (self.spent == hash && self.ours)
    }

    /// Whether a token is known to be spent: sending it again could end the whole login.
    pub fn has_spent(&self, hash: &str) -> bool {
        let spent_last = self.spent == hash && self.new.as_ref().is_some_and(|new| new != hash);
        spent_last || self.earlier.iter().any(|earlier| earlier == hash)
    }
}

/// A path as a string of JSON. One that is not UTF-8 is written as a NUL, which no path holds, and its bytes in
/// hexadecimal.
mod path_text {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::path::{Path, PathBuf};

    pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = path.as_os_str().as_encoded_bytes();
        match path.to_str() {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(&format_args!(
                "\0{}",
                bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
            )),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.strip_prefix('\0') {
            Some(hex) => from_hex(hex).ok_or_else(|| serde::de::Error::custom("not a path in hexadecimal")),
            None => Ok(text.into()),
        }
    }

    #[cfg(unix)]
    fn from_hex(hex: &str) -> Option<PathBuf> {
        use std::os::unix::ffi::OsStringExt;
        let pairs = hex.as_bytes().chunks(2);
        let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        Some(std::ffi::OsString::from_vec(bytes.collect::<Option<_>>()?).into())
    }

    /// Windows gives no way back from these bytes; such a journal is set aside.
    #[cfg(not(unix))]
    fn from_hex(_hex: &str) -> Option<PathBuf> {
        None
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn path_that_is_not_utf_8_survives() {
        for bytes in [&b"/a/claude-b.json"[..], b"/a/claude-\xff\xfe.json"] {
            let path = Path::new(OsStr::from_bytes(bytes));
            let header = Header::prepared(path, "hash".into(), None, DateTime::UNIX_EPOCH);
            let text = serde_json::to_string(&header).expect("JSON");
            assert_eq!(serde_json::from_str::<Header>(&text).expect("a header"), header, "{text}");
        }
    }

    #[test]
    fn token_from_elsewhere_begins_a_new_succession() {
        let at = DateTime::UNIX_EPOCH;
        let path = Path::new("/a.json");
        let mut first = Header::prepared(path, "one".into(), None, at);
        first.new = Some("two".into());
        let mut second = Header::prepared(path, "two".into(), Some(&first), at);
        assert_eq!((&second.earlier, &second.succession), (&vec!["one".to_owned()], &first.succession));
        assert_eq!(second.dropped(&first).count(), 0);
        second.new = Some("three".into());
        let other = Header::prepared(path, "other".into(), Some(&second), at);
        assert!(other.earlier.is_empty() && other.succession != first.succession);
        assert_eq!(other.dropped(&second).collect::<Vec<_>>(), ["two", "one"]);
    }
}
