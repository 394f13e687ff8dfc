//! Copies of one login: a file with a token that was used for another file gets the tokens that were issued for it.

use crate::credentials::file::{self, Contents};
use crate::credentials::journal::{Header, RenewalPhase};
use crate::credentials::renewal::credential::{is_unchanged, refresh_token};
use crate::credentials::renewal::credential_files::{CredentialFiles, attributes};
use crate::credentials::renewal::refusal::{Reason, Refusal};
use crate::credentials::renewal::renewer::Renewer;
use crate::credentials::renewal::token_history::{self, TokenHistory};
use crate::credentials::replacement::Replacement;
use crate::credentials::{lock, store, temporary_file};
use crate::platform::clock;
use crate::providers::token_response::{self, Tokens};
use chrono::{DateTime, Utc};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::sleep;

/// How long after a renewal its copies are searched for: one search serves many renewals.
const SEARCH_AFTER: Duration = Duration::from_secs(1);

impl Renewer {
    /// Updates the other files with the token that was just used, in the background.
    pub(crate) fn update_copies_later(self: &Arc<Self>, tokens: &Tokens) {
        if tokens.refresh.is_none() || self.are_copies_due.swap(true, Ordering::Relaxed) {
            return;
        }
        let renewer = self.clone();
        tokio::spawn(async move {
            sleep(SEARCH_AFTER).await;
            if renewer.are_copies_due.swap(false, Ordering::Relaxed) {
                renewer.update_copies().await;
            }
        });
    }

    /// Updates every copy of a renewed login, in the folders in which logins were renewed. One that another process has
    /// locked is left to that process.
    pub(crate) async fn update_copies(self: &Arc<Self>) {
        let headers = token_history::headers(&self.dir);
        let used: HashSet<&String> = headers
            .iter()
            .flat_map(|(_, header)| std::iter::once(&header.token).chain(&header.earlier))
            .collect();
        let folders: HashSet<&Path> =
            headers.iter().filter_map(|(_, header)| header.credential.parent()).collect();
        for folder in folders {
            for name in store::names(folder).unwrap_or_default() {
                let path = folder.join(name);
                let token = file::read_once(&path).ok().and_then(|contents| refresh_token(&contents));
                if token.is_none_or(|token| !used.contains(&token.hash())) {
                    continue;
                }
                if let Err(refusal) = self.update_copy(&path).await {
                    log::info!("{}: not updated: {}", path.display(), refusal);
                }
            }
        }
    }

    async fn update_copy(self: &Arc<Self>, path: &Path) -> Result<(), Refusal> {
        let target = std::fs::canonicalize(path).map_err(|_| Refusal::file_gone())?;
        let files = CredentialFiles::of(&self.dir, target);
        let disk = |error| Refusal::disk(&error, &self.dir);
        let Some(_path_lock) = lock::try_path(&self.dir, &files.key).map_err(disk)? else { return Ok(()) };
        let Some(_file_lock) = lock::try_credential(&files.target).map_err(disk)? else { return Ok(()) };
        let contents = file::read(&files.target).await?;
        let Some(hash) = refresh_token(&contents).map(|token| token.hash()) else { return Ok(()) };
        let Some(token_lock) = self.try_token(&hash).map_err(disk)? else { return Ok(()) };
        let before = files.open_journal()?.map(|journal| journal.header);
        if !is_unchanged(&files.target, &contents) {
            return Ok(());
        }
        match self.look_up(&files, &hash, &token_lock) {
            TokenHistory::Replaced { tokens, received_at } => {
                self.adopt(&files, &contents, before.as_ref(), hash, (&tokens, received_at)).await
            }
            _ => Ok(()),
        }
    }

    /// Writes tokens into a file that were issued for another file with the same login: as if they had been issued for this
    /// one, journal included, since CLIProxyAPI may write the used token back here as well.
    ///
    /// # Errors
    /// The file or the journal can't be written.
    pub(crate) async fn adopt(
        self: &Arc<Self>,
        files: &CredentialFiles,
        contents: &Contents,
        before: Option<&Header>,
        used_token: String,
        (tokens, received_at): (&Tokens, DateTime<Utc>),
    ) -> Result<(), Refusal> {
        log::info!("{}: writing the login that was renewed in a copy of this file", files.target.display());
        let metadata = std::fs::metadata(&files.target).map_err(|_| Refusal::file_gone())?;
        if !attributes(&metadata).is_own {
            return Err(Reason::OtherOwner.into());
        }
        temporary_file::remove_abandoned(&files.target);
        let replacement = Replacement::prepare(&files.target, &metadata, &files.copy)
            .map_err(|obstacle| Refusal::obstacle(&obstacle, files.folder()))?;
        let header = Header::prepared(&files.target, used_token, before, clock::now());
        let mut journal = files.prepare_journal(header, before)?;
        if !is_unchanged(&files.target, contents) {
            return Ok(());
        }
        journal.header.received_at = Some(received_at);
        journal
            .store_response(&token_response::to_json(tokens))
            .and_then(|()| journal.enter(RenewalPhase::Received, clock::now()))
            .map_err(|error| Refusal::disk(&error, &self.dir))?;
        let written = self.write_tokens(&mut journal, tokens, files, Some(replacement)).await;
        self.reconcile_later(files.target.clone());
        written
    }
}
