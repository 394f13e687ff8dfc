//! The one background task: it keeps the snapshot true, on a period, on demand, and when the accounts
//! change.

use crate::quota::{AccountId, AccountUsage, Failure, Snapshot};
use crate::source::{Outcome, Source};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

/// A change of files is looked at when nothing more has come for this long, ...
const QUIET: Duration = Duration::from_millis(250);
/// ... and at the latest this long after it began.
const PATIENCE: Duration = Duration::from_millis(1000);

/// However soon it is worth asking again, this much time passes.
const SOONEST: Duration = Duration::from_secs(1);

/// What the refresher is told.
#[derive(Debug)]
pub enum Command<S> {
    /// Refresh now.
    Refresh,
    /// From now on refresh this often, with these accounts.
    Reconfigure(Duration, Arc<S>),
}

/// What a refresh under way has to say.
enum Progress {
    /// The accounts are listed, the questions are out.
    Started { snapshot: Snapshot, signature: u64 },
    /// All answers are in. It is worth asking again at that moment, where one is given.
    Ended(Snapshot, Option<DateTime<Utc>>),
}

/// Runs until `commands` is closed. `publish` gets each snapshot: at the start of a refresh and at
/// its end.
pub async fn run<S: Source>(
    mut source: Arc<S>,
    mut interval: Duration,
    last_known: Snapshot,
    mut commands: mpsc::UnboundedReceiver<Command<S>>,
    mut publish: impl FnMut(Snapshot),
) {
    let mut snapshot = last_known;
    let mut signature = None;
    let (changed, mut changes) = mpsc::channel(1);
    let mut watch = source.watch(changed.clone());
    source.recover().await;
    let mut refresh = Refresh::start(&source, &snapshot);
    let mut due = Instant::now() + interval;
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                None => return source.finish().await,
                Some(Command::Refresh) => refresh = Refresh::start(&source, &snapshot),
                Some(Command::Reconfigure(new_interval, new_source)) => {
                    interval = new_interval;
                    source = new_source;
                    watch = source.watch(changed.clone());
                    refresh = Refresh::start(&source, &snapshot);
                }
            },
            Some(()) = changes.recv() => {
                settle_down(&mut changes).await;
                if let Some(watch) = &mut watch {
                    watch.rearm();
                }
                if Some(source.scan().await.signature) != signature {
                    tracing::debug!("the accounts have changed");
                    refresh = Refresh::start(&source, &snapshot);
                }
            }
            Some(progress) = refresh.progress.recv() => {
                match progress {
                    Progress::Started { snapshot: started, signature: seen } => {
                        signature = Some(seen);
                        snapshot = started;
                    }
                    Progress::Ended(ended, again_at) => {
                        let wait = again_at.map_or(interval, |at| until(at).clamp(SOONEST, interval));
                        due = Instant::now() + wait;
                        snapshot = Snapshot { next_at: Some(Utc::now() + wait), ..ended };
                    }
                }
                publish(snapshot.clone());
            }
            () = sleep_until(due) => {
                due = Instant::now() + interval;
                refresh = Refresh::start(&source, &snapshot);
            }
        }
    }
}

/// One refresh, without a task of its own: what `status` does.
pub async fn once<S: Source>(source: Arc<S>) -> Snapshot {
    source.recover().await;
    let mut refresh = Refresh::start(&source, &Snapshot::default());
    let mut snapshot = Snapshot::default();
    while let Some(progress) = refresh.progress.recv().await {
        if let Progress::Ended(ended, _) = progress {
            snapshot = ended;
        }
    }
    source.finish().await;
    snapshot
}

fn until(at: DateTime<Utc>) -> Duration {
    (at - Utc::now()).to_std().unwrap_or_default()
}

/// Leaves an account that is rate limited alone: asking on would keep the block alive.
fn cools_down(usage: &mut AccountUsage) -> bool {
    let cooling = matches!(usage.error, Some(Failure::RateLimited(until)) if Utc::now() < until);
    usage.loading &= !cooling;
    cooling
}

/// Waits until a burst of changes is over.
pub async fn settle_down(changes: &mut mpsc::Receiver<()>) {
    let latest = Instant::now() + PATIENCE;
    while Instant::now() < latest && timeout(QUIET, changes.recv()).await.is_ok() {}
}

/// A refresh under way. Dropping it, as a newer one does, ends its questions.
struct Refresh {
    progress: mpsc::UnboundedReceiver<Progress>,
    task: AbortHandle,
}

impl Refresh {
    fn start<S: Source>(source: &Arc<S>, known: &Snapshot) -> Refresh {
        let (tell, progress) = mpsc::unbounded_channel();
        let task = tokio::spawn(refresh(source.clone(), known.clone(), tell));
        Refresh { progress, task: task.abort_handle() }
    }
}

impl Drop for Refresh {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn refresh<S: Source>(source: Arc<S>, known: Snapshot, tell: mpsc::UnboundedSender<Progress>) {
    let scan = source.scan().await;
    let mut found = Vec::new();
    let mut logins = Vec::new();
    for (account, standing, login) in scan.accounts {
        logins.extend(login.map(|login| (account.id.clone(), login)));
        found.push((account, standing));
    }
    let mut snapshot = Snapshot::placeholders(&known, found);
    snapshot.problem = scan.problem;
    logins.retain(|(id, _)| snapshot.account_mut(id).is_some_and(|usage| !cools_down(usage)));
    let started = Progress::Started { snapshot: snapshot.clone(), signature: scan.signature };
    // Nobody listens any more when a newer refresh has taken over.
    let _ = tell.send(started);

    let mut asked = JoinSet::new();
    let mut ids: HashMap<tokio::task::Id, AccountId> = HashMap::new();
    for (id, login) in logins {
        let source = source.clone();
        let task = asked.spawn(async move { source.fetch(login).await });
        ids.insert(task.id(), id);
    }
    let mut again = None;
    while let Some(answer) = asked.join_next_with_id().await {
        let (task, outcome) = match answer {
            Ok(answer) => answer,
            Err(error) => (error.id(), Err(Failure::Internal("a task ended in a panic".into())).into()),
        };
        let Outcome { result, validity, again_at } = outcome;
        again = again_at.into_iter().chain(again).min();
        if let Some(usage) = ids.remove(&task).and_then(|id| snapshot.account_mut(&id)) {
            if let Err(failure) = &result {
                tracing::info!("{}: {failure:?}", usage.account.id);
            }
            usage.validity = validity;
            usage.settle(result, Utc::now());
        }
    }
    snapshot.refreshing = false;
    snapshot.updated_at = Some(Utc::now());
    let _ = tell.send(Progress::Ended(snapshot, again));
}
