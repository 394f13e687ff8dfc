//! The memory of a renewal: what the token server said stands here before anything else is done with
//! it. One file a credential, for its owner only.
//!
//! A page of header, then the answer as it came. Room for both is made before the token is spent, and
//! both are written in place: no step after the answer needs new space or a new name. The header is
//! one page, so that a killed process leaves either the old one or the new one.

use super::rewrite::sync_folder;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const HEADER: usize = 4096;
/// More than any answer of a token server; what is longer is none.
pub const MOST_ANSWER: usize = 32 * 1024;
/// Spent tokens that are remembered besides the last.
const EARLIER: usize = 8;

/// A moment further ahead than this was not written under the clock of today.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(2);

/// How far a renewal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
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
    pub credential: PathBuf,
    /// SHA-256 of the refresh token that was sent.
    pub spent: String,
    /// SHA-256 of the refresh token that came for it. `None`: not known yet.
    pub new: Option<String>,
    /// Whether the file got the token that was sent from us.
    #[serde(default)]
    pub ours: bool,
    /// SHA-256 of the refresh tokens spent before, the latest first.
    pub earlier: Vec<String>,
    /// How far it has come.
    pub phase: Phase,
    /// How often this token has been sent without an answer, or been called dead.
    pub tries: u32,
    /// When the phase began.
    pub at: DateTime<Utc>,
    /// When the answer came: its tokens count their time from then. `None`: none has come.
    #[serde(default)]
    pub came: Option<DateTime<Utc>>,
    /// The server wants to be asked no sooner. `None`: it has not said so.
    #[serde(default)]
    pub not_before: Option<DateTime<Utc>>,
}

impl Header {
    /// A renewal that is about to begin; `before` is the last one's header.
    pub fn prepared(credential: &Path, spent: String, before: Option<&Header>, at: DateTime<Utc>) -> Header {
        let again = before.filter(|before| before.spent == spent);
        let earlier = match before {
            Some(before) if again.is_some() => before.earlier.clone(),
            Some(before) => {
                // One that was never sent, or that the server kept, may well be used.
                let last = Some(&before.spent).filter(|last| before.has_spent(last));
                let past = last.into_iter().chain(&before.earlier);
                past.filter(|hash| **hash != spent).take(EARLIER).cloned().collect()
            }
            None => Vec::new(),
        };
        let tries = again.map_or(0, |before| before.tries);
        let ours = before.is_some_and(|before| before.wrote(&spent));
        let credential = credential.to_owned();
        Header {
            version: 1,
            credential,
            spent,
            new: None,
            ours,
            earlier,
            phase: Phase::Prepared,
            tries,
            at,
            came: None,
            not_before: None,
        }
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

/// A journal on disk, open. Whoever has it holds the credential's lock.
#[derive(Debug)]
pub struct Journal {
    file: File,
    /// What it says.
    pub header: Header,
}

/// A journal can't be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The system refuses.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It holds something else. It has been set aside under this name.
    #[error("an unreadable renewal journal was set aside as {}", .0.display())]
    SetAside(PathBuf),
}

impl Journal {
    /// Opens a journal; `None` where there is none, or one that was never finished being made, which
    /// says that nothing was sent.
    ///
    /// # Errors
    /// It can't be read. One that holds something else is set aside, never deleted.
    pub fn open(path: &Path) -> Result<Option<Journal>, JournalError> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut header = Vec::with_capacity(HEADER);
        (&file).take(HEADER as u64).read_to_end(&mut header)?;
        if header.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        match serde_json::from_slice::<Header>(&header) {
            Ok(header) if header.version == 1 => {
                let mut journal = Journal { file, header };
                // Written under a clock that has been put back since: time counts from now on.
                if journal.header.at > Utc::now() + CLOCKS_DIFFER {
                    journal.header.at = Utc::now();
                    journal.write_header()?;
                }
                Ok(Some(journal))
            }
            _ => {
                let aside = path.with_extension(format!("unreadable-{}", Utc::now().timestamp_millis()));
                std::fs::rename(path, &aside)?;
                Err(JournalError::SetAside(aside))
            }
        }
    }

    /// Makes a journal with room for the answer, in place of the last one, and makes sure of it.
    ///
    /// # Errors
    /// The disk refuses: then nothing must be sent.
    pub fn prepare(path: &Path, header: Header) -> io::Result<Journal> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut journal = Journal { file: options.open(path)?, header };
        // A file that is new gets an empty header first: it must never look like half a one.
        if journal.file.metadata()?.len() < HEADER as u64 {
            journal.file.write_all(&[b' '; HEADER])?;
        }
        journal.blank_answer()?;
        journal.write_header()?;
        journal.file.sync_all()?;
        sync_folder(path)?;
        Ok(journal)
    }

    /// Moves on to another phase, and makes sure of it.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn enter(&mut self, phase: Phase, at: DateTime<Utc>) -> io::Result<()> {
        (self.header.phase, self.header.at) = (phase, at);
        self.write_header()?;
        self.file.sync_data()
    }

    /// Where the answer is to be written, piece by piece.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn answer_writer(&self) -> io::Result<impl Write + Send + 'static> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(HEADER as u64))?;
        Ok(file)
    }

    /// The answer as far as it came, without the white space that kept its place.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn answer(&mut self) -> io::Result<Zeroizing<Vec<u8>>> {
        self.file.seek(SeekFrom::Start(HEADER as u64))?;
        let mut answer = Zeroizing::new(Vec::with_capacity(MOST_ANSWER + 1));
        (&self.file).take(MOST_ANSWER as u64).read_to_end(&mut answer)?;
        let length = answer.trim_ascii_end().len();
        answer.truncate(length);
        Ok(answer)
    }

    /// The new token is safe in the credential file: wipes the answer, keeps the hashes.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn finish(&mut self, at: DateTime<Utc>) -> io::Result<()> {
        // The tokens first: killed in between, it is still open, and the next look ends it.
        self.blank_answer()?;
        (self.header.phase, self.header.at) = (Phase::Done, at);
        self.write_header()?;
        self.file.set_len(HEADER as u64)?;
        self.file.sync_all()
    }

    fn blank_answer(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(HEADER as u64))?;
        self.file.write_all(&[b' '; MOST_ANSWER])
    }

    fn write_header(&mut self) -> io::Result<()> {
        let mut page = serde_json::to_vec(&self.header)?;
        if page.len() >= HEADER {
            return Err(io::Error::other("the path of the credential file is too long"));
        }
        page.resize(HEADER - 1, b' ');
        page.push(b'\n');
        self.file.rewind()?;
        self.file.write_all(&page)
    }
}
