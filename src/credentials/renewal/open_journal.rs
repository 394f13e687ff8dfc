//! A journal that is open, and what was read from it so far.

use crate::credentials::journal::Journal;
use crate::credentials::renewal::next_step::{JournalState, StoredResponse};
use crate::providers::token_response;
use chrono::{DateTime, Utc};
use std::io;

/// An open journal, whose responses are read when they are needed.
pub(crate) struct OpenJournal {
    pub journal: Journal,
    opened_phase_since: DateTime<Utc>,
    pub response: StoredResponse,
    pub previous_response: StoredResponse,
}

impl OpenJournal {
    pub fn new(journal: Journal) -> OpenJournal {
        OpenJournal {
            opened_phase_since: journal.header.phase_since,
            journal,
            response: StoredResponse::NotRead,
            previous_response: StoredResponse::NotRead,
        }
    }

    pub fn state(&self) -> JournalState<'_> {
        JournalState::Open {
            header: &self.journal.header,
            opened_phase_since: self.opened_phase_since,
            response: &self.response,
            previous_response: &self.previous_response,
        }
    }

    /// Reads the current response.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn read_response(&mut self) -> io::Result<()> {
        self.response = stored(&self.journal.response()?);
        Ok(())
    }

    /// Reads the previous response.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn read_previous_response(&mut self) -> io::Result<()> {
        self.previous_response = stored(&self.journal.previous_response()?);
        Ok(())
    }
}

fn stored(body: &[u8]) -> StoredResponse {
    token_response::parse(body).map_or(StoredResponse::NoTokens, StoredResponse::Tokens)
}
