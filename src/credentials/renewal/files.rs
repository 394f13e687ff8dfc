//! The files of one credential: itself, its journal, and the copy while it is written in place.

use crate::credentials::file::{self, Contents, Unreadable};
use crate::credentials::journal::{Header, Journal, JournalError};
use crate::credentials::renewal::Refusal;
use crate::credentials::renewal::contents::refresh_token;
use crate::credentials::{lock, replacement, spent};
use crate::providers::token_response;
use std::path::{Path, PathBuf};

/// Where the files of one credential are.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    /// The folder of locks and journals.
    dir: PathBuf,
    /// The credential itself; where it is a link, what it leads to.
    pub target: PathBuf,
    /// Base name of the journal, lock and copy.
    pub key: String,
    pub journal: PathBuf,
    /// The whole new content, while the credential is written in place.
    pub copy: PathBuf,
}

impl Files {
    pub fn of(dir: &Path, target: PathBuf) -> Files {
        let key = lock::path_key(&target);
        let (journal, copy) = (dir.join(format!("{key}.journal")), dir.join(format!("{key}.copy")));
        Files { dir: dir.to_owned(), target, key, journal, copy }
    }

    /// The folder of the credential.
    pub fn folder(&self) -> &Path {
        self.target.parent().unwrap_or(Path::new("."))
    }

    /// Reads the credential; one that was half written in place when a run was killed is completed first.
    pub async fn read(&self) -> Result<Contents, Refusal> {
        let broken = match file::read(&self.target).await {
            Err(Unreadable::Broken(why)) => Unreadable::Broken(why),
            read => return Ok(read?),
        };
        if !file::read_once(&self.copy).is_ok_and(|copy| self.is_expected(&copy)) {
            return Err(broken.into());
        }
        log::info!("{}: completing a file that was half written", self.target.display());
        replacement::restore(&self.target, &self.copy)
            .map_err(|error| Refusal::disk(&error, self.folder()))?;
        Ok(file::read(&self.target).await?)
    }

    /// Whether this content is what the last renewal was about to write.
    fn is_expected(&self, copy: &Contents) -> bool {
        let Some(header) = Journal::peek(&self.journal) else { return false };
        let Some(answers) = Journal::peek_answers(&self.journal, &header) else { return false };
        let Some(held) = refresh_token(copy) else { return false };
        let brought = |answer: &[u8]| token_response::parse(answer).and_then(|tokens| tokens.refresh);
        answers.iter().any(|answer| brought(answer).as_ref() == Some(&held)) || header.wrote(&held.hash())
    }

    /// Opens the journal. `None`: there is none.
    pub fn open_journal(&self) -> Result<Option<Journal>, Refusal> {
        Journal::open(&self.journal).map_err(|error| match error {
            JournalError::Io(error) => Refusal::disk(&error, &self.dir),
            aside @ JournalError::SetAside(_) => {
                Refusal::because(format!("{aside}; renewing at the next refresh"))
            }
        })
    }

    /// Makes the journal of a renewal that is about to begin, after the one with the header `before`.
    pub fn prepare_journal(&self, header: Header, before: Option<&Header>) -> Result<Journal, Refusal> {
        let succession = match before {
            // Journals of before have none; theirs is the one that this header continues.
            Some(before) if before.succession.is_empty() && header.earlier.contains(&before.spent) => {
                &header.succession
            }
            Some(before) => &before.succession,
            None => &header.succession,
        };
        let dropped = before.into_iter().flat_map(|before| header.dropped(before));
        spent::record(&self.dir, succession, dropped)
            .and_then(|()| Journal::prepare(&self.journal, header.clone()))
            .map_err(|error| Refusal::disk(&error, &self.dir))
    }
}
