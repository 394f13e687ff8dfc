//! Carries out the steps of a renewal, as [`next_step`] decides them.

use crate::config::TokenRenewal;
use crate::credentials::file::Contents;
use crate::credentials::lock::{self, Lock};
use crate::credentials::renewal::checkpoint::Checkpoint;
use crate::credentials::renewal::cli_proxy_api::Detection;
use crate::credentials::renewal::credential::{is_unchanged, read_login, refresh_token};
use crate::credentials::renewal::credential_files::{CredentialFiles, attributes};
use crate::credentials::renewal::next_step::{
    FileAttributes, FileState, Goal, JournalState, NextStep, Situation, next_step,
};
use crate::credentials::renewal::open_journal::OpenJournal;
use crate::credentials::renewal::refusal::Refusal;
use crate::credentials::renewal::renewer::{Policy, Renewer};
use crate::credentials::renewal::token_history::{self, TokenHistory};
use crate::credentials::store::Login;
use crate::platform::clock;
use crate::platform::secret::Secret;
use crate::providers::REGISTRY;
use chrono::{DateTime, Utc};
use std::fs::Metadata;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait for another process that renews the same login.
const LOCK_TIMEOUT: Duration = Duration::from_secs(20);

/// How often the file may change while it is renewed, or turn out to have a token that was used for another file.
const MAX_ATTEMPTS: u32 = 8;

/// One attempt to renew the login that the file has at this moment: `login` was read before the locks were taken, so
/// its tokens are only compared with those in the file.
pub(crate) struct Attempt<'a> {
    pub renewer: &'a Arc<Renewer>,
    pub policy: &'a Policy,
    pub login: &'a Login,
    pub files: &'a CredentialFiles,
    /// Until when locks are waited for.
    deadline: Instant,
    /// The locks held: of the path, of the file, and, while the token is in flight, of the token.
    pub locks: Vec<Lock>,
    facts: Facts,
}

/// What is known so far.
#[derive(Default)]
struct Facts {
    file: Option<FileState>,
    /// `Some(None)`: there is none.
    journal: Option<Option<OpenJournal>>,
    history: Option<TokenHistory>,
    cli_proxy_api: Option<Detection>,
    attributes: Option<FileAttributes>,
    /// What goes with `file`.
    read: Option<(Contents, Login)>,
    /// What goes with `history`: the refresh token and its lock.
    token: Option<(Secret, Lock)>,
    /// What goes with `attributes`.
    metadata: Option<Metadata>,
}

impl Facts {
    fn situation(&self, login: &Login, mode: TokenRenewal, now: DateTime<Utc>) -> Situation<'_> {
        let journal = self.journal.as_ref();
        let spec = REGISTRY.spec(login.account.provider);
        Situation {
            goal: Goal::Renew,
            now,
            file: self.file.clone(),
            journal: journal.map(|open| open.as_ref().map_or(JournalState::Missing, OpenJournal::state)),
            history: self.history.as_ref(),
            is_renewable: spec.is_ok_and(|spec| spec.renewal.is_some()),
            mode,
            cli_proxy_api: self.cli_proxy_api.as_ref(),
            attributes: self.attributes,
        }
    }
}

/// What an attempt has found out by the time that its token is sent.
pub(crate) struct Ready {
    pub contents: Contents,
    pub login: Login,
    pub journal: Option<OpenJournal>,
    pub history: TokenHistory,
    pub token: Secret,
    pub token_lock: Lock,
    pub metadata: Metadata,
}

impl Renewer {
    /// Renews a login, with as many attempts as it takes.
    pub(crate) async fn run(self: &Arc<Self>, policy: &Policy, login: &Login) -> Result<Login, Refusal> {
        // A link is kept: the file it leads to is replaced.
        let target = std::fs::canonicalize(&login.path).map_err(|_| Refusal::file_gone())?;
        let files = CredentialFiles::of(&self.dir, target);
        lock::create_dir(&self.dir).map_err(|error| Refusal::disk(&error, &self.dir))?;
        let deadline = Instant::now() + LOCK_TIMEOUT;
        let mut locks = vec![self.lock(deadline, || lock::try_path(&self.dir, &files.key)).await?];
        self.reach(Checkpoint::Locked);
        for _ in 0..MAX_ATTEMPTS {
            let facts = Facts::default();
            let mut attempt = Attempt { renewer: self, policy, login, files: &files, deadline, locks, facts };
            if let Some(renewed) = attempt.run().await? {
                return Ok(renewed);
            }
            locks = attempt.locks;
            // The file may be another inode by now, with another token.
            locks.truncate(1);
        }
        Err(Refusal::because("another program keeps changing the credential file"))
    }

    /// Waits for a lock that another process holds.
    async fn lock(
        &self,
        deadline: Instant,
        take: impl FnMut() -> io::Result<Option<Lock>>,
    ) -> Result<Lock, Refusal> {
        let lock = lock::wait(deadline, take).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Refusal::file_gone(),
            _ => Refusal::disk(&error, &self.dir),
        })?;
        lock.ok_or_else(|| Refusal::because("another instance of Quota Tray is renewing it"))
    }

    /// Locks a token. `None`: another process holds the lock.
    pub(crate) fn try_token(&self, hash: &str) -> io::Result<Option<Lock>> {
        // It may be impossible to create the folder: XDG_RUNTIME_DIR can name one that does not exist, as under `su` or cron.
        let dir = if lock::create_dir(&self.tokens_dir).is_ok() { &self.tokens_dir } else { &self.dir };
        lock::try_token(dir, hash)
    }

    /// Looks a token up in the journals of this state directory, or of the one in which it was sent. `lock`: the token's.
    pub(crate) fn look_up(&self, files: &CredentialFiles, hash: &str, lock: &Lock) -> TokenHistory {
        match token_history::look_up(&self.dir, &files.key, hash) {
            TokenHistory::Unknown => match lock.note().map(PathBuf::from) {
                Some(dir) if dir != self.dir => token_history::look_up(&dir, "", hash),
                _ => TokenHistory::Unknown,
            },
            known => known,
        }
    }
}

impl Attempt<'_> {
    /// Carries out one step after the other. `None`: the file has changed since the attempt began.
    async fn run(&mut self) -> Result<Option<Login>, Refusal> {
        let dir = &self.renewer.dir;
        let disk = |error: io::Error| Refusal::disk(&error, dir);
        loop {
            let step = next_step(&self.facts.situation(self.login, self.policy.mode, clock::now()));
            match step {
                NextStep::ReadFile => self.read_file().await?,
                NextStep::OpenJournal => {
                    self.facts.journal = Some(self.files.open_journal()?.map(OpenJournal::new));
                }
                NextStep::ReadResponse => self.journal()?.read_response().map_err(disk)?,
                NextStep::ReadPreviousResponse => self.journal()?.read_previous_response().map_err(disk)?,
                NextStep::ConfirmResponse => {
                    let renewer = self.renewer;
                    renewer.confirm_response(self.journal()?);
                }
                NextStep::WriteResponse | NextStep::WritePreviousResponse => {
                    let (renewer, files) = (self.renewer, self.files);
                    renewer.write_response(self.journal()?, &step, files).await?;
                    renewer.reconcile_later(files.target.clone());
                    return Ok(None);
                }
                NextStep::LookUpToken => {
                    if !self.look_up_token().await? {
                        return Ok(None);
                    }
                }
                NextStep::AdoptTokens => return self.adopt_tokens().await.map(|()| None),
                NextStep::DetectCliProxyApi => {
                    let Renewer { cli_proxy_api, http, .. } = &**self.renewer;
                    let endpoints = &self.policy.endpoints.cli_proxy_api;
                    self.facts.cli_proxy_api = Some(cli_proxy_api.detect(http, endpoints).await);
                }
                NextStep::InspectFile => {
                    let metadata = std::fs::metadata(&self.files.target).map_err(|_| Refusal::file_gone())?;
                    self.facts.attributes = Some(attributes(&metadata));
                    self.facts.metadata = Some(metadata);
                }
                NextStep::SendToken => {
                    let ready = self.take_facts().ok_or_else(Refusal::internal)?;
                    return self.send(ready).await;
                }
                NextStep::UseFile => return Ok(self.facts.read.take().map(|(_, login)| login)),
                NextStep::Refuse(reason) => return Err(reason.into()),
                // Steps of a reconciliation.
                NextStep::WipePreviousResponse
                | NextStep::FinishJournal
                | NextStep::CheckLater
                | NextStep::Nothing => return Err(Refusal::internal()),
            }
        }
    }

    fn journal(&mut self) -> Result<&mut OpenJournal, Refusal> {
        self.facts.journal.as_mut().and_then(Option::as_mut).ok_or_else(Refusal::internal)
    }

    /// Locks the file and reads it.
    async fn read_file(&mut self) -> Result<(), Refusal> {
        let Attempt { renewer, login, files, .. } = *self;
        let target = &files.target;
        self.locks.push(renewer.lock(self.deadline, || lock::try_credential(target)).await?);
        let contents = files.read().await?;
        let current =
            read_login(login, &contents).filter(|current| current.account.provider == login.account.provider);
        let Some(current) = current else {
            self.facts.file = Some(FileState::OtherContent);
            return Ok(());
        };
        let is_renewed = current.access_token != login.access_token && !current.has_expired(clock::now());
        let token = refresh_token(&contents).map(|token| token.hash());
        self.facts.file = Some(if is_renewed { FileState::Renewed } else { FileState::Login { token } });
        self.facts.read = Some((contents, current));
        Ok(())
    }

    /// Locks the file's refresh token and looks it up. `false`: the file has changed.
    async fn look_up_token(&mut self) -> Result<bool, Refusal> {
        let (contents, _) = self.facts.read.as_ref().ok_or_else(Refusal::internal)?;
        let token = refresh_token(contents).ok_or_else(Refusal::internal)?;
        let hash = token.hash();
        let lock = self.renewer.lock(self.deadline, || self.renewer.try_token(&hash)).await?;
        if !is_unchanged(&self.files.target, contents) {
            return Ok(false);
        }
        self.facts.history = Some(self.renewer.look_up(self.files, &hash, &lock));
        self.facts.token = Some((token, lock));
        Ok(true)
    }

    async fn adopt_tokens(&mut self) -> Result<(), Refusal> {
        let Facts { read: Some((contents, _)), journal, history, token: Some((token, _lock)), .. } =
            std::mem::take(&mut self.facts)
        else {
            return Err(Refusal::internal());
        };
        let Some(TokenHistory::Replaced { tokens, received_at }) = history else {
            return Err(Refusal::internal());
        };
        let header = journal.flatten().map(|open| open.journal.header);
        let used = token.hash();
        self.renewer.adopt(self.files, &contents, header.as_ref(), used, (&tokens, received_at)).await
    }

    fn take_facts(&mut self) -> Option<Ready> {
        let facts = std::mem::take(&mut self.facts);
        let (contents, login) = facts.read?;
        let (token, token_lock) = facts.token?;
        Some(Ready {
            contents,
            login,
            journal: facts.journal?,
            history: facts.history?,
            token,
            token_lock,
            metadata: facts.metadata?,
        })
    }
}
