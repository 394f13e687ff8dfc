//! The one background task: it keeps the snapshot true, on a period, on demand, after a sleep, and when
//! the accounts change.

use crate::engine::accounts::{FetchOutcome, Source};
use crate::engine::budget::{Admission, Candidate};
use crate::platform::wall_clock_timer::{TimerEvent, WallClockTimer};
use crate::platform::{allocator, debounce};
use crate::quota::{Account, AccountId, AccountUsage, Failure, Provider, Snapshot, UsageState};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};

/// However soon it is worth asking again, this much time passes.
const SOONEST: Duration = Duration::from_secs(1);

/// Without a network it is looked for after this long, ...
const FIRST_LOOK: Duration = Duration::from_secs(5);
/// ... and then less and less often, down to this.
const LAST_LOOK: Duration = Duration::from_secs(60);

/// A refresh this young is what a click asks for: many clicks are one.
const ONE_CLICK: Duration = Duration::from_secs(2);

/// A refresh is mostly over by then. One that is not is shown as under way.
const SHOWN_AFTER: Duration = Duration::from_millis(400);

/// So long after a refresh another one is not taken for likely: connections are closed, memory is given back.
const REST_AFTER: TimeDelta = TimeDelta::seconds(10);

/// After a 429 the accounts of that provider are asked one by one, so far apart, ...
const APART: Duration = Duration::from_millis(300);
/// ... until this much time has been spent on it.
const MOST_APART: Duration = Duration::from_secs(6);

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

/// Runs until `commands` is closed. `publish` gets each snapshot: at the start of a refresh, if it brings
/// news or takes its time, and at its end.
pub async fn run<S: Source>(
    mut source: Arc<S>,
    mut interval: Duration,
    last_known: Snapshot,
    mut commands: mpsc::UnboundedReceiver<Command<S>>,
    mut publish: impl FnMut(Snapshot),
) {
    let alarm = WallClockTimer::new();
    let mut snapshot = last_known;
    let mut signature = None;
    let mut looks = 0;
    let (changed, mut changes) = debounce::bursts();
    let mut watch = source.watch(changed.clone());
    source.recover().await;
    let mut refresh = Refresh::start(&source, &snapshot, false);
    let mut due = crate::platform::clock::now() + interval;
    let mut show_at: Option<Instant> = None;
    let mut rest_at: Option<DateTime<Utc>> = None;
    loop {
        // One timer for both: each wakes the processor.
        let resting = rest_at.filter(|at| *at < due);
        tokio::select! {
            command = commands.recv() => match command {
                None => return source.finish().await,
                Some(Command::Refresh) if refresh.is_young() => {}
                Some(Command::Refresh) => {
                    // Who asks is waiting: without a network it is looked for soon again.
                    looks = 0;
                    refresh = Refresh::start(&source, &snapshot, true);
                }
                Some(Command::Reconfigure(new_interval, new_source)) => {
                    interval = new_interval;
                    source = new_source;
                    watch = source.watch(changed.clone());
                    refresh = Refresh::start(&source, &snapshot, false);
                }
            },
            Some(()) = changes.recv() => {
                if let Some(watch) = &mut watch {
                    watch.rearm();
                }
                if Some(source.scan().await.signature) != signature {
                    log::debug!("the accounts have changed");
                    refresh = Refresh::start(&source, &snapshot, false);
                }
            }
            Some(progress) = refresh.progress.recv() => {
                match progress {
                    Progress::Started { snapshot: started, signature: seen } => {
                        signature = Some(seen);
                        rest_at = None;
                        let is_news = started.is_news_after(&snapshot);
                        snapshot = started;
                        if !is_news {
                            show_at = show_at.or(Some(Instant::now() + SHOWN_AFTER));
                            continue;
                        }
                    }
                    Progress::Ended(ended, again_at) => {
                        looks = if ended.offline { looks + 1 } else { 0 };
                        let wait = match again_at.map(until) {
                            _ if looks > 0 => look_after(looks).min(interval),
                            Some(soon) => soon.clamp(SOONEST, interval),
                            None => interval,
                        };
                        due = crate::platform::clock::now() + wait;
                        rest_at = Some(crate::platform::clock::now() + REST_AFTER);
                        snapshot = Snapshot { next_at: Some(due), ..ended };
                    }
                }
                show_at = None;
                publish(snapshot.clone());
            }
            () = sleep_until(show_at.unwrap_or_else(Instant::now)), if show_at.is_some() => {
                show_at = None;
                publish(snapshot.clone());
            }
            woken = alarm.wait(resting.unwrap_or(due)) => {
                if woken == TimerEvent::Jumped || resting.is_some() {
                    // After a suspend the connections are dead, too.
                    rest_at = None;
                    source.rest();
                    allocator::give_back();
                }
                if woken == TimerEvent::Jumped {
                    log::debug!("the clock has jumped: refreshing");
                } else if resting.is_some() {
                    continue;
                }
                due = crate::platform::clock::now() + interval;
                refresh = Refresh::start(&source, &snapshot, false);
            }
        }
    }
}

/// One refresh, without a task of its own: what `status` does. Where the accounts have changed meanwhile, as by a new
/// login in the same file, there is a second one. Renewals may be under way when it returns; [`Source::finish`] waits for
/// them.
pub async fn once<S: Source>(source: Arc<S>, last_known: Snapshot) -> Snapshot {
    source.recover().await;
    let mut snapshot = last_known;
    for _ in 0..2 {
        let mut refresh = Refresh::start(&source, &snapshot, false);
        let mut signature = None;
        while let Some(progress) = refresh.progress.recv().await {
            match progress {
                Progress::Started { signature: seen, .. } => signature = Some(seen),
                Progress::Ended(ended, _) => snapshot = ended,
            }
        }
        if Some(source.scan().await.signature) == signature {
            break;
        }
    }
    snapshot
}

/// What is known of the accounts without any request: the cached numbers of the logins that are there now. Another login in
/// the same file has none.
pub async fn cached<S: Source>(source: &S, last_known: &Snapshot) -> Snapshot {
    let scan = source.scan().await;
    if scan.problem.is_some() {
        return Snapshot { problem: scan.problem, ..last_known.clone() };
    }
    let found = scan.accounts.into_iter().map(|(account, standing, _)| (account, standing));
    let mut snapshot = Snapshot::placeholders(last_known, found.collect());
    snapshot.refreshing = false;
    for usage in &mut snapshot.accounts {
        usage.loading = false;
    }
    snapshot.accounts.retain(|usage| usage.disabled || usage.state() != UsageState::Loading);
    snapshot
}

fn until(at: DateTime<Utc>) -> Duration {
    (at - crate::platform::clock::now()).to_std().unwrap_or_default()
}

fn look_after(looks: u32) -> Duration {
    FIRST_LOOK.saturating_mul(2_u32.saturating_pow(looks - 1)).min(LAST_LOOK)
}

/// A refresh under way. Dropping it, as a newer one does, ends its questions.
struct Refresh {
    progress: mpsc::UnboundedReceiver<Progress>,
    task: AbortHandle,
    began: Instant,
}

impl Refresh {
    /// `demanded` by a person, or by the clock.
    fn start<S: Source>(source: &Arc<S>, known: &Snapshot, demanded: bool) -> Refresh {
        let (tell, progress) = mpsc::unbounded_channel();
        let task = tokio::spawn(refresh(source.clone(), known.clone(), demanded, tell));
        Refresh { progress, task: task.abort_handle(), began: Instant::now() }
    }

    fn is_young(&self) -> bool {
        !self.task.is_finished() && self.began.elapsed() < ONE_CLICK
    }
}

impl Drop for Refresh {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn refresh<S: Source>(
    source: Arc<S>,
    known: Snapshot,
    demanded: bool,
    tell: mpsc::UnboundedSender<Progress>,
) {
    let scan = source.scan().await;
    let mut found = Vec::new();
    let mut logins = Vec::new();
    for (account, standing, login) in scan.accounts {
        logins.extend(login.map(|login| (account.clone(), login)));
        found.push((account, standing));
    }
    let mut snapshot = Snapshot::placeholders(&known, found);
    snapshot.problem = scan.problem;
    let admitted = admit(&*source, &mut snapshot, logins, demanded);
    let started = Progress::Started { snapshot: snapshot.clone(), signature: scan.signature };
    // Nobody listens any more when a newer refresh has taken over.
    let _ = tell.send(started);

    let asked: Vec<_> = admitted.iter().map(|(id, ..)| id.clone()).collect();
    let outcomes = ask(&source, admitted).await;
    let again_at = outcomes.iter().filter_map(|(_, outcome)| outcome.again_at).min();
    settle(&*source, &mut snapshot, outcomes);
    snapshot.refreshing = false;
    // Where nobody may be asked, nothing is learnt of the network.
    snapshot.offline = if asked.is_empty() { snapshot.offline } else { snapshot.found_no_network(&asked) };
    snapshot.updated_at = Some(crate::platform::clock::now());
    let _ = tell.send(Progress::Ended(snapshot, again_at));
}

/// Who may be asked now, and how long to wait first. The others are left as they are.
fn admit<S: Source>(
    source: &S,
    snapshot: &mut Snapshot,
    logins: Vec<(Account, S::Login)>,
    demanded: bool,
) -> Vec<(AccountId, Duration, S::Login)> {
    let candidates: Vec<_> = logins.iter().map(|(account, _)| candidate(snapshot, account)).collect();
    let refusing: Vec<_> = snapshot.refusing_providers().collect();
    let mut waits: HashMap<Provider, Duration> = HashMap::new();
    let mut admitted = Vec::new();
    for ((account, login), verdict) in logins.into_iter().zip(source.admit(&candidates, demanded)) {
        let Account { id, provider, .. } = account;
        let Some(usage) = snapshot.account_mut(&id) else { continue };
        match verdict {
            Admission::Cooling(until) => {
                usage.settle(Err(Failure::RateLimited(until)), crate::platform::clock::now())
            }
            Admission::Held(until) => usage.hold(until),
            Admission::Ask => {
                let wait = waits.entry(provider).or_default();
                admitted.push((id, *wait, login));
                if refusing.contains(&provider) {
                    *wait = (*wait + APART).min(MOST_APART);
                }
            }
        }
    }
    admitted
}

/// What decides on whether an account may be asked.
fn candidate(snapshot: &Snapshot, account: &Account) -> Candidate {
    let known = snapshot.accounts.iter().find(|usage| usage.account.id == account.id);
    Candidate { account: account.clone(), next_reset: known.and_then(AccountUsage::next_reset) }
}

/// Asks for all at once, each in a task of its own: one that fails, or panics, hides no other.
async fn ask<S: Source>(
    source: &Arc<S>,
    admitted: Vec<(AccountId, Duration, S::Login)>,
) -> Vec<(AccountId, FetchOutcome)> {
    let mut asked = JoinSet::new();
    let mut ids: HashMap<tokio::task::Id, AccountId> = HashMap::new();
    for (id, wait, login) in admitted {
        let source = source.clone();
        let task = asked.spawn(async move {
            if !wait.is_zero() {
                sleep(wait).await;
            }
            source.fetch(login).await
        });
        ids.insert(task.id(), id);
    }
    let mut outcomes = Vec::with_capacity(ids.len());
    while let Some(answer) = asked.join_next_with_id().await {
        let (task, outcome) = match answer {
            Ok(answer) => answer,
            Err(error) => (error.id(), Err(Failure::Internal("a task ended in a panic".into())).into()),
        };
        outcomes.extend(ids.remove(&task).map(|id| (id, outcome)));
    }
    outcomes
}

/// Takes in what asking came to.
fn settle<S: Source>(source: &S, snapshot: &mut Snapshot, outcomes: Vec<(AccountId, FetchOutcome)>) {
    let now = crate::platform::clock::now();
    let mut results = Vec::new();
    for (id, FetchOutcome { result, validity, .. }) in outcomes {
        let Some(usage) = snapshot.account_mut(&id) else { continue };
        usage.validity = validity;
        match result {
            Some(result) => results.push((usage.account.clone(), result)),
            None => usage.loading = false,
        }
    }
    let failures = results.iter().map(|(account, result)| (account.clone(), result.as_ref().err().cloned()));
    let shown = source.answered(failures.collect());
    for ((Account { id, .. }, result), failure) in results.into_iter().zip(shown) {
        let Some(usage) = snapshot.account_mut(&id) else { continue };
        if let Some(failure) = &failure {
            log::info!("{id}: {failure:?}");
        }
        usage.settle(failure.map_or(result, Err), now);
    }
}
