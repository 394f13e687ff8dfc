//! The memory of a renewal: what the token server said stands here before anything else is done with
//! it. One file a credential, for its owner only.
//!
//! A page of header, then two rooms for answers as they came. Space for all is made before the token is
//! spent, and all is written in place: no step after the answer needs new space or a new name. The header
//! is one page, so that a killed process leaves either the old one or the new one. It says which room is
//! for the answer that is due; the other keeps the one before while that may still have to be put back
//! into the file, so that an attempt that fails forgets nothing.

mod header;

pub use header::{Header, RenewalPhase, SUCCESSION};

use crate::credentials::replacement::sync_folder;
use crate::platform::file_lock::is_at;
use crate::platform::files;
use chrono::{DateTime, TimeDelta, Utc};
use header::Room;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const HEADER: usize = 4096;
/// The room for one response, in bytes. Of a longer one only the start is kept as it comes; once it is whole, its tokens
/// alone are written here.
pub const MOST_ANSWER: usize = 32 * 1024;
/// A moment further ahead than this was not written under the clock of today.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(2);

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
        let file = match files::open_regular_with(OpenOptions::new().read(true).write(true), path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut header = Vec::with_capacity(HEADER);
        (&file).take(HEADER as u64).read_to_end(&mut header)?;
        if header.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        match serde_json::from_slice::<Header>(&header) {
            Ok(header) if header.is_supported() => {
                let mut journal = Journal { file, header };
                // Written under a clock that has been put back since: time counts from now on.
                let now = crate::platform::clock::now();
                let ahead = |at: DateTime<Utc>| at > now + CLOCKS_DIFFER;
                if ahead(journal.header.at) || journal.header.kept.is_some_and(ahead) {
                    journal.header.at = journal.header.at.min(now);
                    journal.header.kept = journal.header.kept.map(|came| came.min(now));
                    journal.write_header()?;
                }
                Ok(Some(journal))
            }
            _ => {
                let aside = path.with_extension(format!(
                    "unreadable-{}",
                    crate::platform::clock::now().timestamp_millis()
                ));
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
        let mut journal = Journal { file: files::open_regular_with(&mut options, path)?, header };
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
    pub fn enter(&mut self, phase: RenewalPhase, at: DateTime<Utc>) -> io::Result<()> {
        (self.header.phase, self.header.at) = (phase, at);
        self.write_header()?;
        self.file.sync_data()
    }

    /// Where the response is to be written, piece by piece. What is beyond [`MOST_ANSWER`] is dropped.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn answer_writer(&self) -> io::Result<impl Write + Send + 'static> {
        let offset = self.header.room.offset();
        Ok(AnswerWriter { file: self.file.try_clone()?, offset, end: offset + MOST_ANSWER as u64 })
    }

    /// Writes a whole response in place of the one that came in pieces.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn store_answer(&mut self, answer: &[u8]) -> io::Result<()> {
        self.blank(self.header.room)?;
        self.file.seek(SeekFrom::Start(self.header.room.offset()))?;
        self.file.write_all(&answer[..answer.len().min(MOST_ANSWER)])?;
        self.file.sync_data()
    }

    /// Whether the journal is still at `path`: the state directory can be deleted while a token is on the wire.
    pub fn is_at(&self, path: &Path) -> bool {
        is_at(&self.file, path)
    }

    /// Reads a header without holding its lock: the journal may belong to a renewal under way. `None`: there is none, or it
    /// can't be read at this moment.
    pub fn peek(path: &Path) -> Option<Header> {
        let mut page = Vec::with_capacity(HEADER);
        files::open_regular(path).ok()?.take(HEADER as u64).read_to_end(&mut page).ok()?;
        serde_json::from_slice(&page).ok().filter(Header::is_supported)
    }

    /// The responses in the journal at `path`, read without holding its lock: the one that is due, and the one before.
    pub fn peek_answers(path: &Path, header: &Header) -> Option<[Zeroizing<Vec<u8>>; 2]> {
        let mut journal = Journal { file: files::open_regular(path).ok()?, header: header.clone() };
        Some([journal.answer().ok()?, journal.answer_before().ok()?])
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
        (self.header.phase, self.header.at, self.header.kept) = (RenewalPhase::Done, at, None);
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

/// Writes a response into its room. The file's position belongs to whoever has the journal.
struct AnswerWriter {
    file: File,
    offset: u64,
    end: u64,
}

impl Write for AnswerWriter {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.offset).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(piece.len());
        }
        self.file.seek(SeekFrom::Start(self.offset))?;
        let written = self.file.write(&piece[..piece.len().min(left)])?;
        self.offset += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Where the journal of the credential at `target` is.
pub fn path_of(dir: &Path, target: &Path) -> PathBuf {
    dir.join(format!("{}.journal", crate::credentials::lock::path_key(target)))
}
