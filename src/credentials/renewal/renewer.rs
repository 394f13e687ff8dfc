//! The renewer: starts renewals, waits for them, and keeps track of those that run in the background.

use crate::config::{Endpoints, TokenRenewal};
use crate::credentials::renewal::checkpoint::Checkpoint;
use crate::credentials::renewal::cli_proxy_api::Detector;
use crate::credentials::renewal::in_flight::InFlightTokens;
use crate::credentials::renewal::refusal::Refusal;
use crate::credentials::store::Login;
use crate::providers::http::Http;
use crate::providers::token_request::RESPONSE_TIMEOUT;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// How long a refresh waits for a renewal, which then continues in the background.
const RENEWAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Renewals at the same time; each has its own thread and connection.
const MAX_CONCURRENT: usize = 32;

/// How long the program waits at its end for responses to be written, in addition to the token server's time.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// What the settings say about renewal.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Who renews.
    pub mode: TokenRenewal,
    /// The token servers, and the addresses of CLIProxyAPI.
    pub endpoints: Box<Endpoints>,
}

/// Renews logins. Concurrent renewals of one login are serialized, also between processes.
pub struct Renewer {
    /// Where locks and journals are.
    pub(super) dir: PathBuf,
    /// Where the locks of tokens are, which processes with other state directories share.
    pub(super) tokens_dir: PathBuf,
    pub(super) http: Arc<Http>,
    observer: fn(Checkpoint),
    pub(super) cli_proxy_api: Detector,
    pub(super) in_flight: InFlightTokens,
    concurrency: Semaphore,
    background: Mutex<HashMap<PathBuf, BackgroundTask>>,
    /// Whether copies of renewed logins are still to be updated.
    pub(super) are_copies_due: AtomicBool,
}

/// A task that continues after its refresh.
struct BackgroundTask {
    task: AbortHandle,
    /// What to show meanwhile.
    refusal: Refusal,
}

impl Renewer {
    /// Keeps locks and journals in `state_dir`, and the locks of tokens in `runtime_dir` where that can be written.
    /// `observer` is called at each checkpoint of a renewal.
    pub fn new(
        state_dir: &Path,
        runtime_dir: &Path,
        http: Arc<Http>,
        observer: fn(Checkpoint),
    ) -> Arc<Renewer> {
        Arc::new(Renewer {
            dir: state_dir.join("renewals"),
            tokens_dir: runtime_dir.join("tokens"),
            http,
            observer,
            cli_proxy_api: Detector::default(),
            in_flight: InFlightTokens::default(),
            concurrency: Semaphore::new(MAX_CONCURRENT),
            background: Mutex::default(),
            are_copies_due: AtomicBool::new(false),
        })
    }

    /// Renews a login, or returns what another process has renewed. A renewal that was started runs to completion even if
    /// the caller is dropped; after 30 s this returns an error while it continues in the background.
    ///
    /// # Errors
    /// Why the login was not renewed, or why its renewal is not finished or saved yet.
    pub async fn renew(self: &Arc<Self>, policy: Policy, login: Login) -> Result<Login, Refusal> {
        let path = login.path.clone();
        if let Some(refusal) = self.background_refusal(&path) {
            return Err(refusal);
        }
        let renewer = self.clone();
        let task = tokio::spawn(async move {
            // The semaphore is never closed; an error would only mean that there is no limit.
            let _permit = renewer.concurrency.acquire().await;
            let result = renewer.run(&policy, &login).await;
            if let Err(refusal) = &result {
                log::info!("{}: not renewed: {refusal}", login.account.id);
            }
            result
        });
        let abort_handle = task.abort_handle();
        match timeout(RENEWAL_TIMEOUT, task).await {
            Ok(result) => result.unwrap_or_else(|_panic| Err(Refusal::internal())),
            Err(_) => {
                let refusal =
                    Refusal::because("renewal is taking longer than 30 s and continues in the background");
                self.add_background_task(path, abort_handle, refusal.clone());
                Err(refusal)
            }
        }
    }

    /// What to show for a login that is being renewed or saved in the background. `None`: it is not.
    fn background_refusal(&self, path: &Path) -> Option<Refusal> {
        let mut tasks = self.background_tasks();
        tasks.retain(|_, renewal| !renewal.task.is_finished());
        Some(tasks.get(path)?.refusal.clone())
    }

    /// `path`: the login's file as its source names it. `refusal`: what to show until the task has finished.
    pub(crate) fn add_background_task(&self, path: PathBuf, task: AbortHandle, refusal: Refusal) {
        self.background_tasks().insert(path, BackgroundTask { task, refusal });
    }

    fn background_tasks(&self) -> MutexGuard<'_, HashMap<PathBuf, BackgroundTask>> {
        self.background.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends no more tokens, and waits until the responses to those in flight are in the credential files. A program that
    /// exits sooner can lose a login.
    pub async fn finish(self: &Arc<Self>) {
        let count = self.in_flight.close();
        if count > 0 {
            log::info!("waiting for token renewals in progress: {count}");
        }
        if !self.in_flight.wait_until_none(RESPONSE_TIMEOUT + WRITE_TIMEOUT).await {
            log::warn!("a token renewal is still in progress; its journal is read at the next start");
        }
        if self.are_copies_due.swap(false, Ordering::Relaxed) {
            self.update_copies().await;
        }
    }

    pub(crate) fn reach(&self, checkpoint: Checkpoint) {
        (self.observer)(checkpoint);
    }

    pub(crate) fn observer(&self) -> fn(Checkpoint) {
        self.observer
    }
}
