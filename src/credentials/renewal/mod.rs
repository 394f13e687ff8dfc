//! Renewing a login without ever losing it.
//!
//! Refresh tokens rotate: the moment the server answers, the old one is dead, and the new one exists nowhere but in the
//! response. So everything that can fail is done before the request, the response goes into the journal as it comes,
//! and the credential file is changed only where it still holds the token that was spent. A token that is known to be
//! spent, for this file or for a copy of it, is never sent again.

mod after;
pub mod cli_proxy_api;
mod contents;
mod copies;
mod files;
mod keeping;
mod known;
mod refusal;
mod request;
mod saving;

pub use refusal::Refusal;

use crate::config::{Endpoints, TokenRenewal};
use crate::credentials::file;
use crate::credentials::journal::Header;
use crate::credentials::lock::{self, Lock};
use crate::credentials::replacement::Replacement;
use crate::credentials::store::Login;
use crate::presenter::format::Zone;
use crate::providers::http::Http;
use crate::providers::token_request::{RESPONSE_TIMEOUT, within_running_time};
use contents::{read_login, refresh_token, unchanged};
use files::Files;
use known::Known;
use refusal::{is_ours, is_settled, may_send};
use saving::Unsaved;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

/// A file that another program has just written is left alone for this long: it may be at it still.
const SETTLED: Duration = Duration::from_secs(60);

/// How long to wait for another process that renews the same login.
const LOCK_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a refresh waits for a renewal, which goes on in the background.
const SHOWN_WITHIN: Duration = Duration::from_secs(30);

/// Renewals at once; each has a thread and a connection of its own.
const AT_ONCE: usize = 32;

/// What the disk gets at the end, besides the token server's time.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// How often the file may change while it is renewed, or turn out to hold a token that was spent elsewhere.
const MAX_ROUNDS: u32 = 8;

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
    /// Where the locks of tokens are: shared by processes with other state directories.
    tokens_dir: PathBuf,
    http: Arc<Http>,
    watcher: fn(Step),
    cli_proxy_api: cli_proxy_api::Lookout,
    sent: watch::Sender<Sent>,
    at_once: Semaphore,
    pending: std::sync::Mutex<HashMap<PathBuf, Pending>>,
    /// Whether copies of renewed logins have not been looked for yet.
    copies_due: AtomicBool,
}

/// The tokens that are on their way.
#[derive(Debug, Default)]
struct Sent {
    count: usize,
    /// The program ends: no more are sent.
    closed: bool,
}

/// Counts a token as on its way for as long as it is kept.
pub(crate) struct OnItsWay(Arc<Renewer>);

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.0.sent.send_modify(|sent| sent.count -= 1);
    }
}

/// A renewal that goes on in the background.
struct Pending {
    task: AbortHandle,
    refusal: Refusal,
}

impl Renewer {
    /// Keeps locks and journals in `state_dir`, and the locks of tokens in `runtime_dir`, where that can be written.
    /// `watcher` is told of each step.
    pub fn new(state_dir: &Path, runtime_dir: &Path, http: Arc<Http>, watcher: fn(Step)) -> Arc<Renewer> {
        Arc::new(Renewer {
            dir: state_dir.join("renewals"),
            tokens_dir: runtime_dir.join("tokens"),
            http,
            watcher,
            cli_proxy_api: cli_proxy_api::Lookout::default(),
            sent: watch::Sender::default(),
            at_once: Semaphore::new(AT_ONCE),
            pending: std::sync::Mutex::default(),
            copies_due: AtomicBool::new(false),
        })
    }

    /// Renews a login, or takes over what another process has renewed. A started renewal runs to completion even if the
    /// caller is dropped; after 30 s this returns an error while it continues in the background.
    ///
    /// # Errors
    /// Why the login was not renewed, or why its renewal is not finished or saved yet.
    pub async fn renew(self: &Arc<Self>, policy: Policy, login: Login) -> Result<Login, Refusal> {
        let path = login.path.clone();
        if let Some(refusal) = self.pending(&path) {
            return Err(refusal);
        }
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
        let abort_handle = task.abort_handle();
        match timeout(SHOWN_WITHIN, task).await {
            Ok(result) => {
                let panicked = |_| Err(Refusal::because("an error in Quota Tray, please report it"));
                result.unwrap_or_else(panicked)
            }
            Err(_) => {
                let refusal =
                    Refusal::because("renewal is taking longer than 30 s and continues in the background");
                self.set_pending(path, abort_handle, refusal.clone());
                Err(refusal)
            }
        }
    }

    /// What is to be said of a renewal that goes on in the background.
    fn pending(&self, path: &Path) -> Option<Refusal> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|_, renewal| !renewal.task.is_finished());
        Some(pending.get(path)?.refusal.clone())
    }

    fn set_pending(&self, path: PathBuf, task: AbortHandle, refusal: Refusal) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.insert(path, Pending { task, refusal });
    }

    /// Sends no more tokens, and waits for those that are on their way until their responses are in the credential
    /// files. Whoever ends sooner can lose a login.
    pub async fn finish(self: &Arc<Self>) {
        self.sent.send_modify(|sent| sent.closed = true);
        let mut sent = self.sent.subscribe();
        let count = sent.borrow().count;
        if count > 0 {
            log::info!("waiting for token renewals under way: {count}");
        }
        let all_ended = sent.wait_for(|sent| sent.count == 0);
        if within_running_time(RESPONSE_TIMEOUT + LAST_PATIENCE, all_ended).await.is_none() {
            log::warn!("a token renewal is still under way; its journal is read at the next start");
        }
        if self.copies_due.swap(false, Ordering::Relaxed) {
            self.update_copies().await;
        }
    }

    /// To be kept until the response is in the file. `None`: the program ends, and nothing must be sent.
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
        let files = Files::of(&self.dir, target);
        lock::create_dir(&self.dir).map_err(|error| Refusal::disk(&error, &self.dir))?;
        let deadline = Instant::now() + LOCK_TIMEOUT;
        let mut locks = vec![self.lock(deadline, || lock::try_path(&self.dir, &files.key)).await?];
        self.told(Step::Locked);
        for _ in 0..MAX_ROUNDS {
            if let Some(renewed) = self.round(policy, login, &files, &mut locks, deadline).await? {
                return Ok(renewed);
            }
            // The file may be another inode by now, with another token.
            locks.truncate(1);
        }
        Err(Refusal::because("another program keeps changing its file"))
    }

    /// Waits for a lock that another process holds.
    async fn lock(
        &self,
        deadline: Instant,
        take: impl FnMut() -> io::Result<Option<Lock>>,
    ) -> Result<Lock, Refusal> {
        let lock = lock::wait(deadline, take).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Refusal::gone(),
            _ => Refusal::disk(&error, &self.dir),
        })?;
        lock.ok_or_else(|| Refusal::because("another Quota Tray is renewing it"))
    }

    /// Renews the login that the file holds at this moment: nothing is taken from `login`, which was read before the
    /// locks were taken, but what it is compared with. `None`: the file has other content than the round began with.
    async fn round(
        self: &Arc<Self>,
        policy: &Policy,
        login: &Login,
        files: &Files,
        locks: &mut Vec<Lock>,
        deadline: Instant,
    ) -> Result<Option<Login>, Refusal> {
        let target = &files.target;
        locks.push(self.lock(deadline, || lock::try_credential(target)).await?);
        let contents = files.read().await?;
        let current = read_login(login, &contents)
            .filter(|current| current.account.provider == login.account.provider)
            .ok_or_else(|| Refusal::because("its file was changed while it was renewed"))?;
        if current.access_token != login.access_token && !current.has_expired(crate::platform::clock::now()) {
            // Renewed by another process meanwhile, which is as good as our own.
            return Ok(Some(current));
        }
        let mut before = None;
        if let Some(mut journal) = files.open_journal()? {
            if self.resume(&mut journal, files, &contents).await? {
                self.look_again(target.clone());
                return Ok(None);
            }
            before = Some(journal.header);
        }
        let spent = refresh_token(&contents).ok_or_else(|| {
            Refusal::because("its file has no refresh token; sign in again with CLIProxyAPI")
        })?;
        let hash = spent.hash();
        let mut token_lock = self.lock(deadline, || self.try_token(&hash)).await?;
        if !unchanged(target, &contents) {
            return Ok(None);
        }
        let now = crate::platform::clock::now();
        let elsewhere = match self.known(files, &hash, &token_lock) {
            Known::Tokens(tokens, came) => {
                self.adopt(files, &contents, before.as_ref(), hash, (&tokens, came)).await?;
                return Ok(None);
            }
            Known::Spent => return Err(refusal::spent()),
            Known::Unfinished(header) => Some(header),
            Known::Nothing => None,
        };
        for header in before.iter().chain(elsewhere.as_deref()) {
            may_send(header, &hash, now)?;
        }
        self.may_renew(policy).await?;
        let metadata = std::fs::metadata(target).map_err(|_| Refusal::gone())?;
        is_ours(&metadata)?;
        is_settled(&metadata, before.as_ref().is_some_and(|before| before.wrote(&hash)))?;

        // Everything that can fail, or take its time, is done here, before the token is spent.
        self.http.prepare(&current.proxy).map_err(|failure| {
            Refusal::because(format!("cannot renew: {}", failure.words(now, Zone::LOCAL)))
        })?;
        let replacement = Replacement::prepare(target, &metadata, &files.copy)
            .map_err(|obstacle| Refusal::obstacle(&obstacle, files.folder()))?;
        self.told(Step::ReplacementMade);
        let mut header = Header::prepared(target, hash, before.as_ref(), now);
        if let Some(elsewhere) = &elsewhere {
            header.tries = header.tries.max(elsewhere.tries);
            header.failures = header.failures.max(elsewhere.failures);
        }
        let mut journal = files.prepare_journal(header, before.as_ref())?;
        self.told(Step::JournalPrepared);
        if !unchanged(target, &contents) {
            return Ok(None);
        }

        if let Some(dir) = self.dir.to_str() {
            // Without the note, a process with another state directory does not know; that is no reason to wait.
            let _ = token_lock.set_note(dir);
        }
        locks.push(token_lock);
        let on_its_way = self.set_out().ok_or_else(|| Refusal::because("Quota Tray is ending"))?;
        let received = self.request(policy, &current, &spent, files, &mut journal).await?;
        let kept = self.keep(&mut journal, &received.tokens, files, Some(replacement)).await;
        self.copies_due(&received.tokens);
        if received.in_journal {
            // Whatever stood in the way may be gone by then.
            self.look_again(target.clone());
        } else {
            let locks = std::mem::take(locks);
            let tokens = received.tokens.clone();
            let files = files.clone();
            let in_file = kept.is_ok();
            let on_its_way = Some(on_its_way).filter(|_| !in_file);
            let unsaved =
                self.save_later(&login.path, Unsaved { files, journal, tokens, in_file, locks, on_its_way });
            if let Some(refusal) = unsaved {
                return Err(refusal);
            }
        }
        kept?;
        if received.tokens.access.is_none() {
            return Err(Refusal::until(
                "the token server's response was incomplete; renewing again",
                crate::platform::clock::now(),
            ));
        }
        let renewed = read_login(login, &file::read(target).await?);
        let changed = || Refusal::because("its file was changed while it was renewed");
        renewed.map(Some).ok_or_else(changed)
    }

    /// Locks a token. `None`: another process holds the lock.
    fn try_token(&self, hash: &str) -> io::Result<Option<Lock>> {
        // A folder that can't be made: XDG_RUNTIME_DIR may name one that is not there, as under `su` or cron.
        let dir = if lock::create_dir(&self.tokens_dir).is_ok() { &self.tokens_dir } else { &self.dir };
        lock::try_token(dir, hash)
    }

    /// What is known of a token elsewhere: in the journals of this state directory, or of the one in which it was sent.
    fn known(&self, files: &Files, hash: &str, lock: &Lock) -> Known {
        match known::find(&self.dir, &files.key, hash) {
            Known::Nothing => match lock.note().map(PathBuf::from) {
                Some(dir) if dir != self.dir => known::find(&dir, "", hash),
                _ => Known::Nothing,
            },
            known => known,
        }
    }

    /// Whether it is ours to renew at all.
    async fn may_renew(&self, policy: &Policy) -> Result<(), Refusal> {
        match policy.mode {
            TokenRenewal::Never => Err(Refusal::because(
                "renewal is switched off (token_renewal = \"never\"); start CLIProxyAPI, or sign in again with it",
            )),
            TokenRenewal::Auto => {
                let presence = self.cli_proxy_api.find(&self.http, &policy.endpoints.cli_proxy_api).await;
                presence.refusal().map_or(Ok(()), |words| Err(Refusal::because(words)))
            }
            TokenRenewal::Always => Ok(()),
        }
    }

    fn told(&self, step: Step) {
        (self.watcher)(step);
    }
}
