//! Reading and writing a journal file. Its layout and the reasons for it: [`crate::credentials::journal`].

use crate::credentials::journal::header::{Header, RenewalPhase};
use crate::credentials::journal::layout::{HEADER_BYTES, MAX_RESPONSE_BYTES, Slot};
use crate::credentials::lock;
use crate::credentials::replacement::sync_folder;
use crate::platform::{clock, file_lock, files};
use chrono::{DateTime, TimeDelta, Utc};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A moment this far in the future was written before the clock was set back.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(2);

/// An open journal. Its owner holds the lock of the credential's path.
#[derive(Debug)]
pub struct Journal {
    file: File,
    /// The header as it is in memory.
    pub header: Header,
}

/// Why a journal can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The system refuses.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is not a journal, or is damaged. It was renamed to this path.
    #[error("a damaged renewal journal was renamed to {}", .0.display())]
    SetAside(PathBuf),
}

impl Journal {
    /// Opens a journal. `None`: there is none, or its creation was interrupted, so that nothing was sent.
    ///
    /// # Errors
    /// It can't be read. One that is damaged is set aside, never deleted.
    pub fn open(path: &Path) -> Result<Option<Journal>, JournalError> {
        let file = match files::open_regular_with(OpenOptions::new().read(true).write(true), path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut header = Vec::with_capacity(HEADER_BYTES);
        (&file).take(HEADER_BYTES as u64).read_to_end(&mut header)?;
        if header.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        match serde_json::from_slice::<Header>(&header) {
            Ok(header) if header.is_supported() => {
                let mut journal = Journal { file, header };
                // The clock was set back after these moments were written: time counts from now.
                let now = clock::now();
                let is_ahead = |at: DateTime<Utc>| at > now + CLOCK_TOLERANCE;
                let Header { phase_since, previous_received_at, .. } = &mut journal.header;
                if is_ahead(*phase_since) || previous_received_at.is_some_and(is_ahead) {
                    *phase_since = now.min(*phase_since);
                    *previous_received_at = previous_received_at.map(|at| at.min(now));
                    journal.write_header()?;
                }
                Ok(Some(journal))
            }
            _ => {
                let aside = path.with_extension(format!("unreadable-{}", clock::now().timestamp_millis()));
                std::fs::rename(path, &aside)?;
                Err(JournalError::SetAside(aside))
            }
        }
    }

    /// Creates a journal with space for the response, or reuses the last one, and syncs it.
    ///
    /// # Errors
    /// It can't be written: nothing must be sent then.
    pub fn prepare(path: &Path, header: Header) -> io::Result<Journal> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut journal = Journal { file: files::open_regular_with(&mut options, path)?, header };
        // A new file gets an empty header first, so that a kill never leaves half of one.
        if journal.file.metadata()?.len() < HEADER_BYTES as u64 {
            journal.file.write_all(&[b' '; HEADER_BYTES])?;
        }
        let slot = journal.header.slot;
        journal.blank(slot)?;
        journal.write_header()?;
        if journal.header.previous_received_at.is_none() {
            journal.blank(slot.other())?;
        }
        journal.file.sync_all()?;
        sync_folder(path)?;
        Ok(journal)
    }

    /// Moves on to another phase, and syncs the header.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn enter(&mut self, phase: RenewalPhase, at: DateTime<Utc>) -> io::Result<()> {
        (self.header.phase, self.header.phase_since) = (phase, at);
        self.write_header()?;
        self.file.sync_data()
    }

    /// A writer for the response as it comes. What exceeds [`MAX_RESPONSE_BYTES`] is dropped.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn response_writer(&self) -> io::Result<impl Write + Send + 'static> {
        let offset = self.header.slot.offset();
        Ok(ResponseWriter { file: self.file.try_clone()?, offset, end: offset + MAX_RESPONSE_BYTES as u64 })
    }

    /// Writes a complete response over the one that was written piece by piece, and syncs it.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn store_response(&mut self, response: &[u8]) -> io::Result<()> {
        self.blank(self.header.slot)?;
        self.file.seek(SeekFrom::Start(self.header.slot.offset()))?;
        self.file.write_all(&response[..response.len().min(MAX_RESPONSE_BYTES)])?;
        self.file.sync_data()
    }

    /// Whether the journal is still at `path`: the state directory can be deleted while a token is on the wire.
    pub fn is_at(&self, path: &Path) -> bool {
        file_lock::is_at(&self.file, path)
    }

    /// Reads a header without its lock, which a renewal in progress may hold. `None`: there is no journal, or it can't be
    /// read at this moment.
    pub fn peek(path: &Path) -> Option<Header> {
        let mut page = Vec::with_capacity(HEADER_BYTES);
        files::open_regular(path).ok()?.take(HEADER_BYTES as u64).read_to_end(&mut page).ok()?;
        serde_json::from_slice(&page).ok().filter(Header::is_supported)
    }

    /// Reads the responses in the journal at `path` without its lock: the current one and the previous one.
    pub fn peek_responses(path: &Path, header: &Header) -> Option<[Zeroizing<Vec<u8>>; 2]> {
        let mut journal = Journal { file: files::open_regular(path).ok()?, header: header.clone() };
        Some([journal.response().ok()?, journal.previous_response().ok()?])
    }

    /// The current response as far as it was received, without the white space that reserves its space.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn response(&mut self) -> io::Result<Zeroizing<Vec<u8>>> {
        self.read(self.header.slot)
    }

    /// The previous response, which had the token that is sent now in it. Empty where [`Header::previous_received_at`] is
    /// `None`.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn previous_response(&mut self) -> io::Result<Zeroizing<Vec<u8>>> {
        match self.header.previous_received_at {
            Some(_) => self.read(self.header.slot.other()),
            None => Ok(Zeroizing::default()),
        }
    }

    /// Wipes the previous response, which is not needed any more.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn wipe_previous(&mut self) -> io::Result<()> {
        self.blank(self.header.slot.other())?;
        self.header.previous_received_at = None;
        self.write_header()?;
        self.file.sync_data()
    }

    /// Wipes the responses and keeps the hashes: the new token is safe in the credential file.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn finish(&mut self, at: DateTime<Utc>) -> io::Result<()> {
        // The tokens are wiped first: after a kill in between the journal is still open and gets finished later.
        self.blank(Slot::First)?;
        self.blank(Slot::Second)?;
        self.header.previous_received_at = None;
        (self.header.phase, self.header.phase_since) = (RenewalPhase::Done, at);
        self.write_header()?;
        self.file.set_len(HEADER_BYTES as u64)?;
        self.file.sync_all()
    }

    fn read(&mut self, slot: Slot) -> io::Result<Zeroizing<Vec<u8>>> {
        self.file.seek(SeekFrom::Start(slot.offset()))?;
        let mut response = Zeroizing::new(Vec::with_capacity(MAX_RESPONSE_BYTES + 1));
        (&self.file).take(MAX_RESPONSE_BYTES as u64).read_to_end(&mut response)?;
        let length = response.trim_ascii_end().len();
        response.truncate(length);
        Ok(response)
    }

    fn blank(&mut self, slot: Slot) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(slot.offset()))?;
        self.file.write_all(&[b' '; MAX_RESPONSE_BYTES])
    }

    fn write_header(&mut self) -> io::Result<()> {
        let mut page = serde_json::to_vec(&self.header)?;
        if page.len() >= HEADER_BYTES {
            return Err(io::Error::other("the path of the credential file is too long"));
        }
        page.resize(HEADER_BYTES - 1, b' ');
        page.push(b'\n');
        self.file.rewind()?;
        self.file.write_all(&page)
    }
}

/// Writes a response into its slot. Its file shares its position with the journal's.
struct ResponseWriter {
    file: File,
    offset: u64,
    end: u64,
}

impl Write for ResponseWriter {
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
    dir.join(format!("{}.journal", lock::path_key(target)))
}
