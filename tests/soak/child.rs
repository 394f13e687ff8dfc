//! The process that refreshes: the real refresher, accounts, HTTP client, menu and state. The refresher's
//! clock runs two hundred times too fast; the connections have a thread and a clock of their own.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use quota_tray::app::state_machine::{App, AppEvent, Effect};
use quota_tray::cli;
use quota_tray::config;
use quota_tray::engine::budget::RequestBudget;
use quota_tray::engine::refresher::{self, Command};
use quota_tray::engine::state_dir::StateDir;
use quota_tray::engine::{Resources, SourceSet};
use quota_tray::platform::allocator;
use quota_tray::platform::paths::{Paths, expand_home};
use quota_tray::presenter::Locale;
use quota_tray::quota::Snapshot;
use quota_tray::quota::alert::AlertHistory;
use tokio::sync::mpsc;
use tokio::time::{Instant, advance};

use crate::credentials::Credentials;
use crate::figures::{self, Figures};

/// How many refreshes the child makes; the fixture's environment says where.
pub const REFRESHES: &str = "SOAK_REFRESHES";

/// After so many refreshes caches and pools have reached their size.
const WARM_UP: usize = 100;

/// Each time so much of real time has passed, ...
const TICK: Duration = Duration::from_millis(1);
/// ... the fast clock is advanced by so much.
const FAST: Duration = Duration::from_millis(200);

/// How often the figures are taken each time: a few small blocks in the wrong places keep half a MiB of pages.
pub const SAMPLES: usize = 3;

/// How many refreshes lie between two samples.
const BETWEEN: usize = 10;

/// By the fast clock: longer than any delay before the next refresh, which a change of the folder causes.
const QUIET: Duration = Duration::from_secs(60);

/// By the real clock: connections and threads that are still there by then are part of the figures.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

#[test]
#[ignore = "the child of the other tests; does nothing without their environment"]
fn child_process_refreshes() {
    let Ok(refreshes) = std::env::var(REFRESHES) else { return };
    let refreshes: usize = refreshes.parse().expect("a number");
    // As the program begins.
    allocator::configure();
    cli::logging::log_to_stderr(0);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    // Idle threads of the blocking pool, which read files, end soon.
    runtime.enable_all().start_paused(true).thread_keep_alive(TICK * 100);
    let runtime = runtime.build().expect("a runtime");
    runtime.block_on(async {
        let mut soak = Soak::start();
        soak.refresh(WARM_UP).await;
        soak.report().await;
        soak.refresh(refreshes - WARM_UP).await;
        soak.report().await;
    });
    // The task that drives the clock has no end.
    runtime.shutdown_background();
}

struct Soak {
    commands: mpsc::UnboundedSender<Command>,
    snapshots: mpsc::UnboundedReceiver<Snapshot>,
    ticks: mpsc::Receiver<()>,
    app: App,
    state: StateDir,
    state_dir: PathBuf,
    credentials: Credentials,
    rng: fastrand::Rng,
    /// When a click supersedes the current refresh.
    click_at: Option<Instant>,
    refreshing: bool,
}

impl Soak {
    fn start() -> Soak {
        let paths = Paths::native().expect("the fixture has a home");
        let settings = config::load(&paths.config_file).expect("the fixture's settings are valid");
        let auth_dir = expand_home(&settings.auth_dir, &paths.home);
        let credentials = Credentials::new(auth_dir.clone(), paths.state_dir.clone());
        let resources = Resources::new(&paths.state_dir, &paths.state_dir, |_| {});
        let sources = SourceSet::configured(auth_dir.clone(), &settings, &resources);
        let (commands, inbox) = mpsc::unbounded_channel();
        let (publish, snapshots) = mpsc::unbounded_channel();
        let hour = Duration::from_secs(3600);
        tokio::spawn(refresher::run(Arc::new(sources), hour, Snapshot::default(), inbox, move |snapshot| {
            // The receiver is dropped at the end.
            let _ = publish.send(snapshot);
        }));
        Soak {
            commands,
            snapshots,
            ticks: clock(),
            app: App::new(settings, auth_dir, AlertHistory::default(), Snapshot::default(), Locale::UTC),
            state: resources.state,
            state_dir: paths.state_dir,
            credentials,
            rng: fastrand::Rng::with_seed(1),
            click_at: None,
            refreshing: true,
        }
    }

    /// Returns when so many refreshes have ended. Each of them starts the next one.
    async fn refresh(&mut self, count: usize) {
        self.start_refresh();
        let mut ended = 0;
        while ended < count {
            if !self.step().await {
                continue;
            }
            ended += 1;
            match self.rng.u8(..50) {
                0 => self.credentials.damage(&mut self.rng),
                // Damage is repaired soon: with a broken file each refresh takes half a second.
                1..25 => self.credentials.restore(),
                _ => {}
            }
            self.start_refresh();
        }
    }

    /// Prints the samples.
    async fn report(&mut self) {
        for sample in 0..SAMPLES {
            if sample > 0 {
                self.refresh(BETWEEN).await;
            }
            self.sample().await;
        }
    }

    /// Waits until all refreshes, connections and idle threads have ended, and prints the figures.
    async fn sample(&mut self) {
        self.credentials.restore();
        let begun = std::time::Instant::now();
        let mut until = Instant::now() + QUIET;
        while self.refreshing || Instant::now() < until || (!is_idle() && begun.elapsed() < IDLE_TIMEOUT) {
            if self.step().await {
                until = Instant::now() + QUIET;
            }
        }
        // The refresher does it when it is idle, by the wall clock, which does not run faster here.
        allocator::trim();
        let logged = std::fs::metadata("/proc/self/fd/2").expect("a file").len();
        println!("{}", Figures::of_this_process(&self.state_dir, logged).to_line());
    }

    /// Starts a refresh, with a request budget of which nothing is used.
    fn start_refresh(&self) {
        self.state.budget(|budget| *budget = RequestBudget::default());
        self.commands.send(Command::Refresh).expect("the refresher runs");
    }

    /// Waits for the next event. Returns whether it is the end of a refresh.
    async fn step(&mut self) -> bool {
        tokio::select! {
            Some(()) = self.ticks.recv() => {
                advance(FAST).await;
                if self.click_at.is_some_and(|at| at <= Instant::now()) {
                    self.click_at = None;
                    self.start_refresh();
                }
                false
            }
            Some(snapshot) = self.snapshots.recv() => {
                self.refreshing = snapshot.refreshing;
                // Long after most refreshes have ended, so that only one that hangs is superseded.
                let is_clicked = self.refreshing && self.rng.bool();
                self.click_at = is_clicked.then(|| Instant::now() + Duration::from_secs(15));
                self.show(snapshot);
                !self.refreshing
            }
            else => panic!("the refresher has ended"),
        }
    }

    /// Handles a snapshot as the tray does, without a desktop.
    fn show(&mut self, snapshot: Snapshot) {
        if !snapshot.refreshing {
            self.state.save_snapshot(&snapshot);
        }
        let mut effects = VecDeque::from(self.app.handle(AppEvent::Snapshot(snapshot), Utc::now()));
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::SaveAlerts(history) => self.state.save_alerts(&history),
                Effect::Show(content) => assert!(content.menu.items(Utc::now()).len() > 5, "{content:?}"),
                Effect::Notify(notifications) => assert!(!notifications.is_empty()),
                Effect::CloseNotifications(windows) => assert!(!windows.is_empty()),
                // Autostart is not part of this test.
                Effect::ReadStartAtLogin => {
                    effects.extend(self.app.handle(AppEvent::StartsAtLogin(Ok(None)), Utc::now()));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Whether the server has closed its idle connections, and the only thread of the blocking pool is the one that
/// ticks.
fn is_idle() -> bool {
    let workers = figures::threads().iter().filter(|name| name.starts_with("tokio-")).count();
    figures::connections() == 0 && workers == 1
}

/// Ticks by the real clock. The runtime's clock is paused, and advances with them alone: while a blocking task
/// runs, tokio doesn't advance it to the next timer by itself.
fn clock() -> mpsc::Receiver<()> {
    let (tick, ticks) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        while tick.blocking_send(()).is_ok() {
            std::thread::sleep(TICK);
        }
    });
    ticks
}
