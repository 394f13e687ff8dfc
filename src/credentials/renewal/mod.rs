//! Renewing a login without ever losing it.
//!
//! Refresh tokens rotate: the moment the server answers, the old one is dead, and the new one exists
//! nowhere but in the answer. So everything that can fail is done before the request, the answer goes
//! into the journal as it comes, and the credential file is changed only where it still holds the token
//! that was spent. A token that is known to be spent is never sent again.

mod after;
mod contents;
mod keeping;
mod refusal;

pub use refusal::Refusal;

use super::file;
use super::journal::{Header, Journal, JournalError, Phase};
use super::lock::{self, Lock};
use super::rewrite::Replacement;
use super::secret::Secret;
use super::store::Login;
use crate::config::{Endpoints, TokenRenewal};
use crate::providers::http::{Http, TOKEN_TIME_OUT, retry_at};
use crate::providers::post::{Lost, TokenAnswer};
use crate::providers::token::{self, Tokens};
use crate::quota::Zone;
use chrono::{DateTime, Utc};
use contents::{hash, refresh_token, renewed_meanwhile, reread};
use keeping::note;
use refusal::{answer_lost, is_settled, may_send, refused};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::time::{Instant, timeout};

/// A file that another program has just written is left alone for this long: it may be at it still.
const SETTLED: Duration = Duration::from_secs(60);

/// Another process that renews this login needs no longer.
const LOCK_PATIENCE: Duration = Duration::from_secs(45);

/// Renewals at once; each has a thread and a connection of its own.
const AT_ONCE: usize = 32;

/// What the disk gets at the end, besides the token server's time.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// How long CLIProxyAPI is taken to be as it was found.
const PROBE_HOLDS: Duration = Duration::from_secs(5);

/// How CLIProxyAPI's own page begins.
pub const CLI_PROXY_API: &str = "CLI Proxy API Server";

/// The steps of a renewal, in their order, for whoever wants to watch them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The lock is ours.
    Locked,
    /// The file beside the credential is there.
    ReplacementMade,
    /// The journal is there, with room for the answer.
    JournalPrepared,
    /// The journal says that the token is on its way.
    Sending,
    /// A piece of the answer is in the journal.
    AnswerKept,
    /// The journal says that the answer is whole.
    Answered,
    /// The new content is on disk beside the credential.
    Filled,
    /// The credential file has the new token.
    Replaced,
    /// The journal knows that it has.
    Noted,
    /// The journal is wiped.
    Finished,
}

/// What the settings say of renewal.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Who renews.
    pub mode: TokenRenewal,
    /// Where.
    pub endpoints: Box<Endpoints>,
}

/// Renews logins, one at a time each, whoever asks.
pub struct Renewer {
    /// Where locks and journals are.
    dir: PathBuf,
    http: Arc<Http>,
    watcher: fn(Step),
    cli_proxy_api: Mutex<Option<(Instant, bool)>>,
    sent: watch::Sender<Sent>,
    at_once: Semaphore,
}

/// The tokens that are on their way.
#[derive(Debug, Default)]
struct Sent {
    count: usize,
    /// The program ends: no more are sent.
    closed: bool,
}

/// Counts a token as on its way for as long as it is kept.
struct OnItsWay(Arc<Renewer>);

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.0.sent.send_modify(|sent| sent.count -= 1);
    }
}

impl Renewer {
    /// Keeps locks and journals in `state_dir`. `watcher` is told of each step.
    pub fn new(state_dir: &Path, http: Arc<Http>, watcher: fn(Step)) -> Arc<Renewer> {
        let dir = state_dir.join("renewals");
        Arc::new(Renewer {
            dir,
            http,
            watcher,
            cli_proxy_api: Mutex::new(None),
            sent: watch::Sender::default(),
            at_once: Semaphore::new(AT_ONCE),
        })
    }

    /// Renews a login, or takes over what another has renewed. Once begun it runs to its end, even when
    /// nobody waits for it any more.
    ///
    /// # Errors
    /// Why it was not renewed. The login is as good as it was.
    pub async fn renew(self: &Arc<Self>, policy: Policy, login: Login) -> Result<Login, Refusal> {
        let renewer = self.clone();
        let task = tokio::spawn(async move {
            // It is never closed, and an error would only mean no limit.
            let _turn = renewer.at_once.acquire().await;
            let result = renewer.run(&policy, &login).await;
            if let Err(refusal) = &result {
                log::info!("{}: not renewed: {}", login.account.id, refusal.words);
            }
            result
        });
        let panicked = |_| Err(Refusal::because("an error in Quota Tray, please report it"));
        task.await.unwrap_or_else(panicked)
    }

    /// Sends no more tokens, and waits for those that are on their way until their answers are in the
    /// credential files. A token server has [`TOKEN_TIME_OUT`] for that: whoever ends sooner can lose a login.
    pub async fn finish(&self) {
        self.sent.send_modify(|sent| sent.closed = true);
        let mut sent = self.sent.subscribe();
        let count = sent.borrow().count;
        if count > 0 {
            log::info!("waiting for {count} renewals to end");
        }
        if timeout(TOKEN_TIME_OUT + LAST_PATIENCE, sent.wait_for(|sent| sent.count == 0)).await.is_err() {
            log::warn!("a token renewal is still under way; its journal is read at the next start");
        }
    }

    /// To be kept until the answer is in the file. `None`: the program ends, and nothing must be sent.
    fn set_out(self: &Arc<Self>) -> Option<OnItsWay> {
        let open = self.sent.send_if_modified(|sent| {
            sent.count += usize::from(!sent.closed);
            !sent.closed
        });
        open.then(|| OnItsWay(self.clone()))
    }

    async fn run(self: &Arc<Self>, policy: &Policy, login: &Login) -> Result<Login, Refusal> {
        // A link stays a link: what it leads to is replaced.
        let target = std::fs::canonicalize(&login.path).map_err(|_| Refusal::gone())?;
        let _lock = self.lock(&target).await?;
        self.told(Step::Locked);
        let mut contents = file::read(&target).await?;
        if let Some(other) = renewed_meanwhile(login, &contents) {
            return Ok(other);
        }
        let journal_path = lock::journal_path(&self.dir, &target);
        let journal = Journal::open(&journal_path).map_err(|error| match error {
            JournalError::Io(error) => Refusal::disk(&error, &self.dir),
            aside @ JournalError::SetAside(_) => {
                Refusal::because(format!("{aside}; renewing at the next refresh"))
            }
        })?;
        let mut before = None;
        if let Some(mut journal) = journal {
            if self.resume(&mut journal, &target, &contents).await? {
                self.look_again(target.clone());
                contents = file::read(&target).await?;
                if let Some(resumed) = renewed_meanwhile(login, &contents) {
                    return Ok(resumed);
                }
                // Half an answer, or one from long ago: it goes on with the token that came.
            }
            before = Some(journal.header);
        }

        let spent = refresh_token(&contents).ok_or_else(|| {
            Refusal::because("its file has no refresh token; sign in again with CLIProxyAPI")
        })?;
        let hash = hash(&spent);
        if let Some(before) = &before {
            may_send(before, &hash, Utc::now())?;
        }
        self.may_renew(policy).await?;
        let metadata = std::fs::metadata(&target).map_err(|_| Refusal::gone())?;
        let written_by_us = before.as_ref().is_some_and(|before| before.wrote(&hash));
        is_settled(&metadata, written_by_us)?;

        // Everything that can fail, or take its time, is done here, before the token is spent.
        self.http.prepare(&login.proxy).map_err(|failure| {
            Refusal::because(format!("cannot renew: {}", failure.words(Utc::now(), Zone::LOCAL)))
        })?;
        let folder = target.parent().unwrap_or(Path::new("."));
        let replacement =
            Replacement::prepare(&target, &metadata).map_err(|error| Refusal::disk(&error, folder))?;
        self.told(Step::ReplacementMade);
        let header = Header::prepared(&target, hash, before.as_ref(), Utc::now());
        let journal = Journal::prepare(&journal_path, header);
        let mut journal = journal.map_err(|error| Refusal::disk(&error, &self.dir))?;
        self.told(Step::JournalPrepared);

        let _on_its_way = self.set_out().ok_or_else(|| Refusal::because("Quota Tray is ending"))?;
        let tokens = self.ask(policy, login, &spent, &mut journal).await?;
        let kept = self.keep(&mut journal, &tokens, &target, Some(replacement)).await;
        // Whatever stood in the way may be gone by then.
        self.look_again(target.clone());
        kept?;
        if tokens.access.is_none() {
            return Err(Refusal::until("only half of the answer came; renewing once more", Utc::now()));
        }
        reread(login, &target).await
    }

    /// The lock of a credential, in our own folder: CLIProxyAPI knows of none.
    async fn lock(&self, target: &Path) -> Result<Lock, Refusal> {
        let cannot = |error: io::Error| Refusal::disk(&error, &self.dir);
        lock::folder(&self.dir).map_err(cannot)?;
        match timeout(LOCK_PATIENCE, lock::take(&self.dir, target)).await {
            Ok(lock) => lock.map_err(cannot),
            Err(_) => Err(Refusal::because("another Quota Tray is renewing it")),
        }
    }

    /// Sends the refresh token, once.
    async fn ask(
        &self,
        policy: &Policy,
        login: &Login,
        spent: &Secret,
        journal: &mut Journal,
    ) -> Result<Tokens, Refusal> {
        let provider = login.account.provider;
        let endpoint = token::endpoint(provider, &policy.endpoints);
        let form = token::form(provider, spent);
        let cannot = |error: io::Error| Refusal::disk(&error, &self.dir);
        let mut writer = journal.answer_writer().map_err(cannot)?;
        journal.header.tries += 1;
        journal.enter(Phase::Sent, Utc::now()).map_err(cannot)?;
        self.told(Step::Sending);
        let watcher = self.watcher;
        let keep = move |piece: &[u8]| {
            writer.write_all(piece)?;
            watcher(Step::AnswerKept);
            Ok(())
        };
        let answer = self.http.post_form(endpoint, &login.proxy, form, keep).await;
        let now = Utc::now();
        let body = match answer {
            Ok(TokenAnswer { status: 200, body, .. }) => {
                journal.header.came = Some(now);
                note(journal, Phase::Answered, now);
                self.told(Step::Answered);
                body
            }
            Ok(TokenAnswer { status, body, .. }) if token::is_dead(status, &body) => {
                note(journal, Phase::Refused, now);
                return Err(refused(now, now));
            }
            Ok(TokenAnswer { status, retry_after, .. }) => {
                journal.header.not_before = (status == 429).then(|| retry_at(retry_after.as_deref(), now));
                not_spent(journal, now);
                let words = format!("cannot renew: the token server answered {status}; trying again later");
                return Err(match status {
                    429 => Refusal::until(words, journal.header.not_before.unwrap_or(now)),
                    _ => Refusal::because(words),
                });
            }
            Err(Lost { failure, sent: false }) => {
                not_spent(journal, now);
                let words = failure.words(now, Zone::LOCAL);
                return Err(Refusal::because(format!("cannot renew: {words}")));
            }
            Err(Lost { failure, sent: true }) => {
                log::warn!("{}: the answer of the token server was lost: {failure:?}", login.account.id);
                // What has come of it is in the journal.
                journal.answer().map_err(cannot)?
            }
        };
        token::parse(&body).ok_or_else(|| answer_lost(&journal.header, now))
    }

    /// Whether it is ours to renew at all.
    async fn may_renew(&self, policy: &Policy) -> Result<(), Refusal> {
        match policy.mode {
            TokenRenewal::Never => Err(Refusal::because(
                "renewal is switched off (token_renewal = \"never\"); start CLIProxyAPI, or sign in again with it",
            )),
            TokenRenewal::Auto if self.finds_cli_proxy_api(policy).await => {
                Err(Refusal::because("CLIProxyAPI is running and will renew it"))
            }
            TokenRenewal::Auto | TokenRenewal::Always => Ok(()),
        }
    }

    async fn finds_cli_proxy_api(&self, policy: &Policy) -> bool {
        // Whoever comes first asks, the others wait for what it finds.
        let mut found = self.cli_proxy_api.lock().await;
        if let Some((at, alive)) = *found
            && at.elapsed() < PROBE_HOLDS
        {
            return alive;
        }
        let mut alive = false;
        for endpoint in &policy.endpoints.cli_proxy_api {
            alive = alive || self.http.says(endpoint, CLI_PROXY_API).await;
        }
        *found = Some((Instant::now(), alive));
        alive
    }

    fn told(&self, step: Step) {
        (self.watcher)(step);
    }
}

/// The server has not taken the token, so it is as good as before.
fn not_spent(journal: &mut Journal, at: DateTime<Utc>) {
    journal.header.tries -= 1;
    note(journal, Phase::Prepared, at);
}
