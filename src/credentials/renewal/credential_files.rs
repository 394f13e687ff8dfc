//! The files of one credential: itself, its journal, and the copy that exists while it is written in place.

use crate::credentials::file::{self, Contents, Unreadable};
use crate::credentials::journal::{Header, Journal, JournalError};
use crate::credentials::renewal::credential::refresh_token;
use crate::credentials::renewal::next_step::{FileAttributes, is_expected_copy};
use crate::credentials::renewal::refusal::Refusal;
use crate::credentials::{journal, lock, replacement, used_tokens};
use crate::providers::token_response;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// Where the files of one credential are.
#[derive(Debug, Clone)]
pub(crate) struct CredentialFiles {
    /// The folder of locks and journals.
    dir: PathBuf,
    /// The credential itself; where it is a link, what it leads to.
    pub target: PathBuf,
    /// The file name of journal, lock and copy, without extension.
    pub key: String,
    pub journal: PathBuf,
    /// The new content, while the credential is written in place.
    pub copy: PathBuf,
}

impl CredentialFiles {
    /// `dir`: the folder of locks and journals.
    pub fn of(dir: &Path, target: PathBuf) -> CredentialFiles {
        let key = lock::path_key(&target);
        let (journal, copy) = (journal::path_of(dir, &target), dir.join(format!("{key}.copy")));
        CredentialFiles { dir: dir.to_owned(), target, key, journal, copy }
    }

    /// The folder of the credential.
    pub fn folder(&self) -> &Path {
        self.target.parent().unwrap_or(Path::new("."))
    }

    /// Reads the credential. One that was being written in place when a run was killed is completed first.
    ///
    /// # Errors
    /// It can't be read or completed.
    pub async fn read(&self) -> Result<Contents, Refusal> {
        let broken = match file::read(&self.target).await {
            Err(Unreadable::Broken(why)) => Unreadable::Broken(why),
            read => return Ok(read?),
        };
        if !file::read_once(&self.copy).is_ok_and(|copy| self.is_expected_copy(&copy)) {
            return Err(broken.into());
        }
        log::info!("{}: completing a partially written file", self.target.display());
        replacement::restore(&self.target, &self.copy)
            .map_err(|error| Refusal::disk(&error, self.folder()))?;
        Ok(file::read(&self.target).await?)
    }

    /// Whether this content is what the last renewal was writing.
    fn is_expected_copy(&self, copy: &Contents) -> bool {
        let Some(header) = Journal::peek(&self.journal) else { return false };
        let Some(responses) = Journal::peek_responses(&self.journal, &header) else { return false };
        let Some(token) = refresh_token(copy) else { return false };
        is_expected_copy(&header, &responses.map(|body| token_response::parse(&body)), &token.hash())
    }

    /// Opens the journal. `None`: there is none.
    ///
    /// # Errors
    /// It can't be read.
    pub fn open_journal(&self) -> Result<Option<Journal>, Refusal> {
        Journal::open(&self.journal).map_err(|error| match error {
            JournalError::Io(error) => Refusal::disk(&error, &self.dir),
            aside @ JournalError::SetAside(_) => {
                Refusal::because(format!("{aside}; renewing at the next refresh"))
            }
        })
    }

    /// Creates the journal of a renewal that is about to begin, after the one with the header `before`.
    ///
    /// # Errors
    /// It can't be written: nothing must be sent then.
    pub fn prepare_journal(&self, header: Header, before: Option<&Header>) -> Result<Journal, Refusal> {
        let family = match before {
            // Journals of earlier versions have no family name; they belong to the one that this header continues.
            Some(before) if before.family.is_empty() && header.earlier.contains(&before.token) => {
                &header.family
            }
            Some(before) => &before.family,
            None => &header.family,
        };
        let forgotten = before.into_iter().flat_map(|before| header.forgotten(before));
        used_tokens::record(&self.dir, family, forgotten)
            .and_then(|()| Journal::prepare(&self.journal, header.clone()))
            .map_err(|error| Refusal::disk(&error, &self.dir))
    }
}

/// The owner and the age of a credential file.
pub(crate) fn attributes(metadata: &Metadata) -> FileAttributes {
    #[cfg(unix)]
    let is_own = std::os::unix::fs::MetadataExt::uid(metadata) == rustix::process::geteuid().as_raw();
    #[cfg(not(unix))]
    let is_own = true;
    let unchanged_for = metadata.modified().ok().and_then(|modified| modified.elapsed().ok());
    FileAttributes { is_own, unchanged_for }
}
