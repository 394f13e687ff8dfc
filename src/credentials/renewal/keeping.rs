//! From the journal into the credential file: an answer gets to where it belongs, whatever stood in its
//! way before.

use crate::credentials::file::{self, Contents};
use crate::credentials::journal::{Header, Journal, RenewalPhase};
use crate::credentials::place::Obstacle;
use crate::credentials::renewal::contents::{holds_spent, refresh_token, with_tokens};
use crate::credentials::renewal::files::Files;
use crate::credentials::renewal::refusal::obstacle_words;
use crate::credentials::renewal::{Refusal, Renewer, Step};
use crate::credentials::replacement::Replacement;
use crate::credentials::spent;
use crate::platform::secret::Secret;
use crate::providers::token_response::{self, Tokens};
use chrono::{DateTime, Local, Utc};
use std::io;

/// A file that changes this often while it is being replaced is left for the next look.
const MOST_CHANGES: u32 = 50;

impl Renewer {
    /// Brings an unfinished renewal to its end: where the journal has an answer and the file still, or
    /// again, holds a token that was spent, the file gets the new one. Says whether it did.
    pub(crate) async fn resume(
        &self,
        journal: &mut Journal,
        files: &Files,
        contents: &Contents,
    ) -> Result<bool, Refusal> {
        let header = &journal.header;
        let held = refresh_token(contents).map(|token| token.hash());
        // A server that kept the refresh token has spent nothing, and the file has had its answer.
        let settled = header.new.as_ref() == Some(&header.spent);
        let spent = holds_spent(header, held.as_deref());
        let known = header.new.is_some();
        if settled || (known && !spent) {
            return Ok(false);
        }
        let cannot = |error: io::Error| Refusal::disk(&error, &self.dir);
        if matches!(header.phase, RenewalPhase::Sent | RenewalPhase::Answered)
            && let Some(tokens) = token_response::parse(&journal.answer().map_err(cannot)?)
            && brings(&journal.header, &tokens)
        {
            if !spent {
                // Killed between the change of the file and the note of it, or somebody has signed in anew.
                self.note_kept(journal, &tokens);
                return Ok(false);
            }
            log::info!("{}: taking the renewed login from the journal", files.target.display());
            self.keep(journal, &tokens, files, None).await?;
            return Ok(true);
        }
        self.put_back(journal, files, held.as_deref()).await
    }

    /// An attempt has come to nothing, or not to its end yet, and meanwhile the file has got a token that
    /// was spent for the one that is to be sent: this one is put back.
    async fn put_back(
        &self,
        journal: &mut Journal,
        files: &Files,
        held: Option<&str>,
    ) -> Result<bool, Refusal> {
        let Some(came) = journal.header.kept.filter(|_| journal.header.phase != RenewalPhase::Refused) else {
            return Ok(false);
        };
        let earlier = journal.header.earlier.clone();
        let was_spent = |held: &str| earlier.iter().any(|earlier| earlier == held);
        if !held.is_some_and(was_spent) {
            return Ok(false);
        }
        let answer = journal.answer_before().map_err(|error| Refusal::disk(&error, &self.dir))?;
        let brought = |tokens: &Tokens| {
            tokens.refresh.as_ref().map(Secret::hash).as_ref() == Some(&journal.header.spent)
        };
        let Some(tokens) = token_response::parse(&answer).filter(brought) else { return Ok(false) };
        log::info!("{}: putting the renewed login back from the journal", files.target.display());
        self.write(&tokens, came, files, was_spent, None).await?;
        Ok(true)
    }

    /// Puts new tokens into the credential file, if it still holds one they came for.
    pub(crate) async fn keep(
        &self,
        journal: &mut Journal,
        tokens: &Tokens,
        files: &Files,
        replacement: Option<Replacement>,
    ) -> Result<(), Refusal> {
        let header = &journal.header;
        let came = header.came.unwrap_or_else(crate::platform::clock::now);
        self.write(tokens, came, files, |held| holds_spent(header, Some(held)), replacement).await?;
        self.note_kept(journal, tokens);
        Ok(())
    }

    /// Replaces the file by the same with `tokens`, which `came` then, as long as it holds a refresh token
    /// that `replaces` says yes to.
    async fn write(
        &self,
        tokens: &Tokens,
        came: DateTime<Utc>,
        files: &Files,
        replaces: impl Fn(&str) -> bool,
        mut replacement: Option<Replacement>,
    ) -> Result<(), Refusal> {
        let target = &files.target;
        let safe = |why: &str| {
            Refusal::because(format!(
                "renewed, but its file is not written yet: {why}; the new login is kept safe"
            ))
        };
        let obstacle = |obstacle: Obstacle| safe(&obstacle_words(&obstacle, files.folder()));
        let disk = |error: io::Error| obstacle(error.into());
        for _ in 0..MOST_CHANGES {
            let stamp = file::stamp(target).map_err(|_| Refusal::gone())?;
            let contents = files.read().await?;
            let held = refresh_token(&contents).map(|token| token.hash());
            if !held.is_some_and(|held| replaces(&held)) {
                // Somebody has signed in anew, or renewed it: what stands is adopted.
                return Ok(());
            }
            let text = with_tokens(&contents, tokens, came.with_timezone(&Local))?;
            let mut beside = match replacement.take() {
                Some(prepared) => prepared,
                None => {
                    let metadata = std::fs::metadata(target).map_err(|_| Refusal::gone())?;
                    Replacement::prepare(target, &metadata, &files.copy).map_err(obstacle)?
                }
            };
            beside.fill(text.as_bytes()).map_err(disk)?;
            self.told(Step::Filled);
            // The last look before the one step that can't be taken back.
            if file::stamp(target).map_err(|_| Refusal::gone())? != stamp {
                replacement = Some(beside);
                continue;
            }
            if !beside.is_in_place() {
                // Removed by somebody who cleans up; another one is made.
                continue;
            }
            beside.take_place().map_err(disk)?;
            self.told(Step::Replaced);
            return Ok(());
        }
        Err(safe("another program keeps changing it"))
    }

    /// Notes which token came: from now on it is known that the one that was sent is spent.
    fn note_kept(&self, journal: &mut Journal, tokens: &Tokens) {
        let new = tokens.refresh.as_ref().map_or_else(|| journal.header.spent.clone(), Secret::hash);
        journal.header.new = Some(new);
        // The list outlives the journal: a file that is damaged or lost must not bring a spent token back to life.
        let Header { succession, spent, .. } = &journal.header;
        if journal.header.has_spent(spent)
            && let Err(error) = spent::record(&self.dir, succession, std::iter::once(spent))
        {
            log::warn!("could not write the list of spent tokens: {error}");
        }
        note(journal, RenewalPhase::Answered, crate::platform::clock::now());
        self.told(Step::Noted);
    }
}

/// Whether these are the tokens that the journal speaks of, and not a damaged copy of them.
pub(crate) fn brings(header: &Header, tokens: &Tokens) -> bool {
    let brought = tokens.refresh.as_ref().map(Secret::hash);
    header.new.is_none() || brought.is_none() || brought == header.new
}

/// Notes a phase, and says whether it could be. One that can't be written is found out at the next look: the answer
/// itself is there.
pub(crate) fn note(journal: &mut Journal, phase: RenewalPhase, at: DateTime<Utc>) -> bool {
    journal
        .enter(phase, at)
        .inspect_err(|error| log::warn!("could not write the renewal journal: {error}"))
        .is_ok()
}
