//! Copies of one login: a file that holds a token spent for another file gets the tokens that came for it.

use crate::credentials::file::{self, Contents};
use crate::credentials::journal::{Header, RenewalPhase};
use crate::credentials::renewal::contents::{refresh_token, unchanged};
use crate::credentials::renewal::files::Files;
use crate::credentials::renewal::known::{self, Known};
use crate::credentials::renewal::refusal::is_ours;
use crate::credentials::renewal::{Refusal, Renewer};
use crate::credentials::replacement::{self, Replacement};
use crate::credentials::{lock, store};
use crate::providers::token_response::{self, Tokens};
use chrono::{DateTime, Utc};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::sleep;

/// So long after a renewal its copies are looked for: many renewals are one search.
const SEARCH_AFTER: Duration = Duration::from_secs(1);

impl Renewer {
    /// A token was spent: files that hold it, too, get the new one soon.
    pub(crate) fn copies_due(self: &Arc<Self>, tokens: &Tokens) {
        if tokens.refresh.is_none() || self.copies_due.swap(true, Ordering::Relaxed) {
            return;
        }
        let renewer = self.clone();
        tokio::spawn(async move {
            sleep(SEARCH_AFTER).await;
            if renewer.copies_due.swap(false, Ordering::Relaxed) {
                renewer.update_copies().await;
            }
        });
    }

    /// Brings every copy of a renewed login up to date, in the folders in which logins were renewed. One that another
    /// process is at is left to it.
    pub(crate) async fn update_copies(self: &Arc<Self>) {
        let headers = known::headers(&self.dir);
        let spent: HashSet<&String> = headers
            .iter()
            .flat_map(|(_, header)| std::iter::once(&header.spent).chain(&header.earlier))
            .collect();
        let folders: HashSet<&Path> =
            headers.iter().filter_map(|(_, header)| header.credential.parent()).collect();
        for folder in folders {
            for name in store::names(folder).unwrap_or_default() {
                let path = folder.join(name);
                let held = file::read_once(&path).ok().and_then(|contents| refresh_token(&contents));
                if held.is_none_or(|held| !spent.contains(&held.hash())) {
                    continue;
                }
                if let Err(refusal) = self.update_copy(&path).await {
                    log::info!("{}: not updated: {}", path.display(), refusal.words);
                }
            }
        }
    }

    async fn update_copy(self: &Arc<Self>, path: &Path) -> Result<(), Refusal> {
        let target: PathBuf = std::fs::canonicalize(path).map_err(|_| Refusal::gone())?;
        let files = Files::of(&self.dir, target);
        let disk = |error| Refusal::disk(&error, &self.dir);
        let Some(_path) = lock::try_path(&self.dir, &files.key).map_err(disk)? else { return Ok(()) };
        let Some(_file) = lock::try_credential(&files.target).map_err(disk)? else { return Ok(()) };
        let contents = file::read(&files.target).await?;
        let Some(hash) = refresh_token(&contents).map(|token| token.hash()) else { return Ok(()) };
        let Some(token_lock) = self.try_token(&hash).map_err(disk)? else { return Ok(()) };
        let before = files.open_journal()?.map(|journal| journal.header);
        if !unchanged(&files.target, &contents) {
            return Ok(());
        }
        match self.known(&files, &hash, &token_lock) {
            Known::Tokens(tokens, came) => {
                self.adopt(&files, &contents, before.as_ref(), hash, (&tokens, came)).await
            }
            _ => Ok(()),
        }
    }

    /// Gives a file the tokens that came for another file with the same login: as if they had come for this one, journal
    /// included, since CLIProxyAPI may write the spent token back here as well.
    pub(crate) async fn adopt(
        self: &Arc<Self>,
        files: &Files,
        contents: &Contents,
        before: Option<&Header>,
        spent: String,
        (tokens, came): (&Tokens, DateTime<Utc>),
    ) -> Result<(), Refusal> {
        log::info!("{}: taking over the login that was renewed for a copy of it", files.target.display());
        let metadata = std::fs::metadata(&files.target).map_err(|_| Refusal::gone())?;
        is_ours(&metadata)?;
        replacement::remove_abandoned(&files.target);
        let replacement = Replacement::prepare(&files.target, &metadata, &files.copy)
            .map_err(|obstacle| Refusal::obstacle(&obstacle, files.folder()))?;
        let header = Header::prepared(&files.target, spent, before, crate::platform::clock::now());
        let mut journal = files.prepare_journal(header, before)?;
        if !unchanged(&files.target, contents) {
            return Ok(());
        }
        journal.header.came = Some(came);
        journal
            .store_answer(&token_response::to_json(tokens))
            .and_then(|()| journal.enter(RenewalPhase::Answered, crate::platform::clock::now()))
            .map_err(|error| Refusal::disk(&error, &self.dir))?;
        let kept = self.keep(&mut journal, tokens, files, Some(replacement)).await;
        self.look_again(files.target.clone());
        kept
    }
}
