//! The background refresher: one task that refreshes at an interval, on demand, after a suspend, when the accounts
//! change, and when a window has reset.

use crate::engine::SourceSet;
use crate::engine::refresh::{Progress, Refresh, RefreshScope};
use crate::engine::reset_schedule::{REQUEST_DELAY, ResetSchedule};
use crate::platform::wall_clock_timer::{TimerEvent, WallClockTimer};
use crate::platform::{allocator, clock, code_pages, debounce};
use crate::quota::Snapshot;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

/// The shortest time from one refresh to an early next one.
const MIN_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Without a network the next refresh comes after this time, doubled with each further one ...
const FIRST_OFFLINE_RETRY: Duration = Duration::from_secs(5);
/// ... up to this.
const MAX_OFFLINE_RETRY: Duration = Duration::from_secs(60);

/// Most refreshes take less than this. One that takes longer is shown as in progress.
const PROGRESS_DELAY: Duration = Duration::from_millis(400);

/// This long after a refresh another one is unlikely: connections are closed, free memory is returned.
const REST_AFTER: TimeDelta = TimeDelta::seconds(10);

/// How long memory is kept after connections are closed: their tasks end, which uses memory and code once more.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// A command to the refresher.
pub enum Command {
    /// *Refresh now*.
    Refresh,
    /// Refreshes now, and from now on at this interval with these sources.
    Reconfigure(Duration, Arc<SourceSet>),
}

/// Runs until `commands` is closed, then waits for [`SourceSet::finish`]. `publish` gets a snapshot at the start of a
/// refresh, if it differs from the last one or the refresh takes long, one at its end, and the same one again when a
/// window resets, since its percentage is out of date then. A new refresh cancels the one in progress.
pub async fn run(
    mut sources: Arc<SourceSet>,
    mut interval: Duration,
    last_known: Snapshot,
    mut commands: mpsc::UnboundedReceiver<Command>,
    mut publish: impl FnMut(Snapshot),
) {
    let timer = WallClockTimer::new();
    let mut snapshot = last_known;
    let mut fingerprint = None;
    let mut offline_refreshes = 0;
    let (change_sender, mut changes) = debounce::channel();
    let mut watches = sources.watch(&change_sender);
    sources.recover().await;
    let mut refresh = Refresh::start(&sources, &snapshot, RefreshScope::All);
    let mut due = clock::now() + interval;
    let mut show_at: Option<Instant> = None;
    let mut rest_at: Option<DateTime<Utc>> = None;
    let mut resets = ResetSchedule::new(clock::now());
    loop {
        // One timer for all: each one wakes the processor.
        let next_reset = resets.next_reset(&snapshot, clock::now());
        // A refresh in progress is not cancelled by one for a part of the accounts.
        let next_request = resets.next_request().filter(|_| refresh.has_ended);
        let wake_at = [rest_at, next_reset, next_request].into_iter().flatten().fold(due, DateTime::min);
        tokio::select! {
            command = commands.recv() => match command {
                None => return sources.finish().await,
                Some(Command::Refresh) if refresh.serves_a_click() => {}
                Some(Command::Refresh) => {
                    // The user is waiting: without a network the first retry comes soon again.
                    offline_refreshes = 0;
                    refresh = Refresh::start(&sources, &snapshot, RefreshScope::Manual);
                }
                Some(Command::Reconfigure(new_interval, new_sources)) => {
                    interval = new_interval;
                    sources = new_sources;
                    watches = sources.watch(&change_sender);
                    refresh = Refresh::start(&sources, &snapshot, RefreshScope::All);
                }
            },
            Some(()) = changes.recv() => {
                for watch in &mut watches {
                    watch.rearm();
                }
                if Some(sources.list().await.fingerprint) != fingerprint {
                    log::debug!("the accounts have changed");
                    refresh = Refresh::start(&sources, &snapshot, RefreshScope::All);
                }
            }
            Some(progress) = refresh.progress.recv() => {
                match progress {
                    Progress::Started { snapshot: started, fingerprint: listed } => {
                        if !refresh.scope.is_partial() {
                            // A partial refresh does not request an account that was added meanwhile.
                            fingerprint = Some(listed);
                        }
                        rest_at = None;
                        let is_news = started.differs_from(&snapshot);
                        snapshot = started;
                        if !is_news {
                            show_at = show_at.or(Some(Instant::now() + PROGRESS_DELAY));
                            continue;
                        }
                    }
                    Progress::Ended { snapshot: ended, retry_at } => {
                        offline_refreshes = if ended.offline { offline_refreshes + 1 } else { 0 };
                        let now = clock::now();
                        let next = now + time_to_next(offline_refreshes, retry_at, interval);
                        // A refresh for a part of the accounts does not delay the next one for all.
                        due = if refresh.scope.is_partial() { next.min(due) } else { next };
                        rest_at = Some(now + REST_AFTER);
                        refresh.has_ended = true;
                        resets.refreshed(&ended, &refresh.scope.reset_accounts(), now);
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
            event = timer.wait(wake_at) => {
                let has_jumped = event == TimerEvent::Jumped;
                // A timer that follows the monotonic clock may end a moment too early.
                let now = if has_jumped { clock::now() } else { clock::now().max(wake_at) };
                if has_jumped || rest_at.is_some_and(|at| at <= now) {
                    // After a suspend the connections are dead as well.
                    rest_at = None;
                    sources.rest();
                    tokio::spawn(release_memory());
                }
                if has_jumped {
                    log::debug!("the clock has jumped: refreshing");
                    resets.clock_jumped(now);
                }
                if resets.detect(&snapshot, now, request_delay) {
                    log::debug!("a window has reset");
                    publish(snapshot.clone());
                }
                if has_jumped || due <= now {
                    due = now + interval;
                    refresh = Refresh::start(&sources, &snapshot, RefreshScope::All);
                } else if refresh.has_ended {
                    let accounts = resets.take_due(now);
                    if !accounts.is_empty() {
                        refresh = Refresh::start(&sources, &snapshot, RefreshScope::Reset(accounts));
                    }
                }
            }
        }
    }
}

/// The random time from a reset to the request.
fn request_delay() -> TimeDelta {
    let (shortest, longest) = REQUEST_DELAY;
    TimeDelta::milliseconds(fastrand::i64(shortest.num_milliseconds()..=longest.num_milliseconds()))
}

/// Returns free memory to the system, and unmaps code.
async fn release_memory() {
    sleep(CLOSE_TIME).await;
    allocator::trim();
    code_pages::release();
}

/// The time from the end of a refresh to the next one. `offline_refreshes`: how many in a row found no network.
fn time_to_next(offline_refreshes: u32, retry_at: Option<DateTime<Utc>>, interval: Duration) -> Duration {
    if offline_refreshes > 0 {
        let doubled = FIRST_OFFLINE_RETRY.saturating_mul(2_u32.saturating_pow(offline_refreshes - 1));
        return doubled.min(MAX_OFFLINE_RETRY).min(interval);
    }
    let until = |at: DateTime<Utc>| (at - clock::now()).to_std().unwrap_or_default();
    retry_at.map_or(interval, |at| until(at).clamp(MIN_RETRY_INTERVAL, interval))
}
