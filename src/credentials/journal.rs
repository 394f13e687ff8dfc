//! The memory of a renewal: what the token server said stands here before anything else is done with
//! it. One file a credential, for its owner only.
//!
//! A page of header, then two rooms for answers as they came. Space for all is made before the token is
//! spent, and all is written in place: no step after the answer needs new space or a new name. The header
//! is one page, so that a killed process leaves either the old one or the new one. It says which room is
//! for the answer that is due; the other keeps the one before while that may still have to be put back
//! into the file, so that an attempt that fails forgets nothing.

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
    /// The room of the answer: the first or the second.
    #[serde(default)]
    room: Room,
    /// When the answer in the other room came, which brought the token that is to be sent now. `None`: there
    /// is none.
    #[serde(default)]
    pub kept: Option<DateTime<Utc>>,
}

/// One of the two places for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Room {
    #[default]
    First,
    Second,
}

impl Room {
    fn other(self) -> Room {
        match self {
            Room::First => Room::Second,
            Room::Second => Room::First,
        }
    }

    fn offset(self) -> u64 {
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
            phase: Phase::Prepared,
            tries,
            at,
            came: None,
            not_before: None,
            room,
            kept,
        }
    }

    /// Whether the answer that is here brought this token, for another.
    fn brought(&self, hash: &str) -> bool {
        self.phase == Phase::Answered && self.new.as_deref() == Some(hash) && self.spent != hash
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
                let now = Utc::now();
                let ahead = |at: DateTime<Utc>| at > now + CLOCKS_DIFFER;
                if ahead(journal.header.at) || journal.header.kept.is_some_and(ahead) {
                    journal.header.at = journal.header.at.min(now);
                    journal.header.kept = journal.header.kept.map(|came| came.min(now));
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
        let room = journal.header.room;
        journal.blank(room)?;
        journal.write_header()?;
        if journal.header.kept.is_none() {
            journal.blank(room.other())?;
        }
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
        Ok(AnswerWriter { file: self.file.try_clone()?, offset: self.header.room.offset() })
    }

    /// The answer as far as it came, without the white space that kept its place.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn answer(&mut self) -> io::Result<Zeroizing<Vec<u8>>> {
        self.read(self.header.room)
    }

    /// The answer that brought the token which is to be sent now; empty where [`Header::kept`] is `None`.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn answer_before(&mut self) -> io::Result<Zeroizing<Vec<u8>>> {
        match self.header.kept {
            Some(_) => self.read(self.header.room.other()),
            None => Ok(Zeroizing::default()),
        }
    }

    /// The answer before is not needed any more: wipes it.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn forget_before(&mut self) -> io::Result<()> {
        self.blank(self.header.room.other())?;
        self.header.kept = None;
        self.write_header()?;
        self.file.sync_data()
    }

    /// The new token is safe in the credential file: wipes the answers, keeps the hashes.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn finish(&mut self, at: DateTime<Utc>) -> io::Result<()> {
        // The tokens first: killed in between, it is still open, and the next look ends it.
        self.blank(Room::First)?;
        self.blank(Room::Second)?;
        (self.header.phase, self.header.at, self.header.kept) = (Phase::Done, at, None);
        self.write_header()?;
        self.file.set_len(HEADER as u64)?;
        self.file.sync_all()
    }

    fn read(&mut self, room: Room) -> io::Result<Zeroizing<Vec<u8>>> {
        self.file.seek(SeekFrom::Start(room.offset()))?;
        let mut answer = Zeroizing::new(Vec::with_capacity(MOST_ANSWER + 1));
        (&self.file).take(MOST_ANSWER as u64).read_to_end(&mut answer)?;
        let length = answer.trim_ascii_end().len();
        answer.truncate(length);
        Ok(answer)
    }

    fn blank(&mut self, room: Room) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(room.offset()))?;
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

/// Writes an answer into its room. The file's position belongs to whoever has the journal.
struct AnswerWriter {
    file: File,
    offset: u64,
}

impl Write for AnswerWriter {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.offset))?;
        let written = self.file.write(piece)?;
        self.offset += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
