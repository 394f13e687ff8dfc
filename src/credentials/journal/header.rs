//! The header of a journal: how far a renewal has come. It contains hashes and moments, no tokens.

use crate::credentials::journal::layout::Slot;
use crate::platform::secret::Secret;
use crate::providers::token_response::Tokens;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Used tokens that are kept here besides the last; older ones are in the list of used tokens.
const MAX_EARLIER: usize = 8;

/// The length of the name of a token family.
pub const FAMILY_DIGITS: usize = 8;

/// How far a renewal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RenewalPhase {
    /// The token has not been sent, or the server has not accepted the request.
    Prepared,
    /// The token may have been used; no complete response is known.
    Sent,
    /// The response is in the journal.
    #[serde(rename = "answered")]
    Received,
    /// The server has rejected the token for good.
    #[serde(rename = "refused")]
    Rejected,
    /// The credential file has the new token; the response is wiped.
    Done,
}

/// The header. Tokens are refresh tokens, given by their hashes (SHA-256, hexadecimal).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    version: u32,
    /// The credential file.
    #[serde(with = "path_text")]
    pub credential: PathBuf,
    /// The token that this renewal sends.
    #[serde(rename = "spent")]
    pub token: String,
    /// The token that the server has issued for it. `None`: not known yet.
    #[serde(rename = "new")]
    pub new_token: Option<String>,
    /// Whether Quota Tray itself had written `token` to the file.
    #[serde(default, rename = "ours")]
    pub is_ours: bool,
    /// The tokens used before, the latest first, as far back as each was issued for the one before it. With a token from
    /// elsewhere (the user has signed in again, perhaps to another account) the list begins again.
    pub earlier: Vec<String>,
    /// Names the family of these tokens: a random number in hexadecimal. Empty in journals of earlier versions.
    #[serde(default, rename = "succession")]
    pub family: String,
    /// How far the renewal has come.
    pub phase: RenewalPhase,
    /// How often `token` has been sent without a response, or been rejected.
    #[serde(rename = "tries")]
    pub attempts: u32,
    /// How often in a row the token server has not accepted the request (429, 403, 5xx …), which says nothing about the
    /// token.
    #[serde(default, rename = "failures")]
    pub declined_requests: u32,
    /// The status of the last of these responses. `None`: there was none.
    #[serde(default, rename = "status")]
    pub declined_status: Option<u16>,
    /// When the phase began.
    #[serde(rename = "at")]
    pub phase_since: DateTime<Utc>,
    /// When the response was received, from which the lifetime of its tokens counts. `None`: none was.
    #[serde(default, rename = "came")]
    pub received_at: Option<DateTime<Utc>>,
    /// No request is sent before. `None`: there is no such limit.
    #[serde(default)]
    pub not_before: Option<DateTime<Utc>>,
    /// The slot of the response.
    #[serde(default, rename = "room")]
    pub slot: Slot,
    /// When the response in the other slot was received, which has `token` in it. `None`: that slot is empty.
    #[serde(default, rename = "kept")]
    pub previous_received_at: Option<DateTime<Utc>>,
}

impl Header {
    /// The header of a renewal that is about to send `token`; `before` is that of the last one.
    pub fn prepared(credential: &Path, token: String, before: Option<&Header>, now: DateTime<Utc>) -> Header {
        let repeats = before.filter(|before| before.token == token);
        let continues = before.filter(|before| before.new_token.as_ref() == Some(&token));
        let earlier = match (repeats, continues) {
            (Some(before), _) => before.earlier.clone(),
            (None, Some(before)) => {
                std::iter::once(&before.token).chain(&before.earlier).take(MAX_EARLIER).cloned().collect()
            }
            (None, None) => Vec::new(),
        };
        let family = repeats.or(continues).map(|before| before.family.clone());
        let family = family
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| format!("{:0FAMILY_DIGITS$x}", fastrand::u32(..)));
        // Any response resets the count, also one that leaves the token valid.
        let attempts =
            repeats.filter(|before| before.new_token.is_none()).map_or(0, |before| before.attempts);
        let (slot, previous_received_at) = match before {
            Some(before) if before.holds_response_with(&token) => {
                (before.slot.other(), before.received_at.or(Some(before.phase_since)))
            }
            Some(before) => (before.slot, repeats.and_then(|before| before.previous_received_at)),
            None => (Slot::First, None),
        };
        let is_ours = before.is_some_and(|before| before.has_written(&token));
        Header {
            version: 1,
            credential: credential.to_owned(),
            token,
            new_token: None,
            is_ours,
            earlier,
            family,
            phase: RenewalPhase::Prepared,
            attempts,
            declined_requests: repeats.map_or(0, |before| before.declined_requests),
            declined_status: repeats.and_then(|before| before.declined_status),
            phase_since: now,
            received_at: None,
            not_before: None,
            slot,
            previous_received_at,
        }
    }

    /// Whether this program can read it.
    pub(crate) fn is_supported(&self) -> bool {
        self.version == 1
    }

    /// The used tokens that `before` lists and this header does not.
    pub fn forgotten<'a>(&self, before: &'a Header) -> impl Iterator<Item = &'a String> {
        let is_listed = |hash: &&String| **hash == self.token || self.earlier.contains(hash);
        let listed_before: Vec<_> = std::iter::once(&before.token).chain(&before.earlier).collect();
        let forgotten: Vec<_> =
            listed_before.into_iter().filter(|hash| before.has_used(hash) && !is_listed(hash)).collect();
        forgotten.into_iter()
    }

    /// The login's valid token according to this journal: the one that was issued, or the one that is to be sent.
    /// `None`: that is not known.
    pub fn live_token(&self) -> Option<&String> {
        match &self.new_token {
            Some(new) => Some(new),
            None => Some(&self.token).filter(|token| !self.has_used(token)),
        }
    }

    /// Whether the response in the journal has this token in it, issued for another one.
    pub fn holds_response_with(&self, hash: &str) -> bool {
        self.phase == RenewalPhase::Received && self.new_token.as_deref() == Some(hash) && self.token != hash
    }

    /// Whether Quota Tray has written this token to the file.
    pub fn has_written(&self, hash: &str) -> bool {
        self.new_token.as_deref() == Some(hash) || (self.token == hash && self.is_ours)
    }

    /// Whether a token is known to be used: sending it again could revoke the whole login.
    pub fn has_used(&self, hash: &str) -> bool {
        let was_replaced = self.token == hash && self.new_token.as_ref().is_some_and(|new| new != hash);
        was_replaced || self.earlier.iter().any(|earlier| earlier == hash)
    }

    /// Whether the response to this renewal replaces the token: it is the one that was sent, or an earlier one.
    pub fn is_replaced(&self, hash: &str) -> bool {
        self.token == hash || self.earlier.iter().any(|earlier| earlier == hash)
    }

    /// Whether the server has issued no new refresh token, so that the one that was sent stays valid.
    pub fn keeps_token(&self) -> bool {
        self.new_token.as_ref() == Some(&self.token)
    }

    /// Whether these are the tokens of the response that the header describes, and not a damaged copy of them.
    pub fn matches(&self, tokens: &Tokens) -> bool {
        let refresh = tokens.refresh.as_ref().map(Secret::hash);
        self.new_token.is_none() || refresh.is_none() || refresh == self.new_token
    }

    /// Whether the journal may hold a login that is nowhere else.
    pub fn may_hold_login(&self) -> bool {
        matches!(self.phase, RenewalPhase::Sent | RenewalPhase::Received)
            || self.previous_received_at.is_some()
    }
}

/// A path as a JSON string. One that is not UTF-8 is written as a NUL, which no path contains, and its bytes in
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

    /// Windows can't convert these bytes back to a path; such a journal is set aside.
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
    fn path_that_is_not_utf_8_is_read_back() {
        for bytes in [&b"/a/claude-b.json"[..], b"/a/claude-\xff\xfe.json"] {
            let path = Path::new(OsStr::from_bytes(bytes));
            let header = Header::prepared(path, "hash".into(), None, DateTime::UNIX_EPOCH);
            let text = serde_json::to_string(&header).expect("JSON");
            assert_eq!(serde_json::from_str::<Header>(&text).expect("a header"), header, "{text}");
        }
    }

    #[test]
    fn token_from_elsewhere_begins_a_new_family() {
        let at = DateTime::UNIX_EPOCH;
        let path = Path::new("/a.json");
        let mut first = Header::prepared(path, "one".into(), None, at);
        first.new_token = Some("two".into());
        let mut second = Header::prepared(path, "two".into(), Some(&first), at);
        assert_eq!((&second.earlier, &second.family), (&vec!["one".to_owned()], &first.family));
        assert_eq!(second.forgotten(&first).count(), 0);
        second.new_token = Some("three".into());
        let other = Header::prepared(path, "other".into(), Some(&second), at);
        assert!(other.earlier.is_empty() && other.family != first.family);
        assert_eq!(other.forgotten(&second).collect::<Vec<_>>(), ["two", "one"]);
    }
}
