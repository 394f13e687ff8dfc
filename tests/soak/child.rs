//! The process that refreshes: the real refresher, accounts, HTTP client, menu and state. The refresher's
//! clock runs two hundred times too fast; the connections have a thread and a clock of their own.

use crate::figures::{self, Figures};
use crate::fixture::Folder;
use chrono::Utc;
use quota_tray::app::state_machine::{App, AppEvent, Effect};
use quota_tray::cli;
use quota_tray::config::{Endpoint, Endpoints, Settings, TokenRenewal};
use quota_tray::engine::budget::RequestBudget;
use quota_tray::engine::refresher::{self, Command};
use quota_tray::engine::state_dir::StateDir;
use quota_tray::engine::{Resources, SourceSet};
use quota_tray::platform::allocator;
use quota_tray::presenter::Locale;
use quota_tray::quota::Snapshot;
use quota_tray::quota::alert::AlertHistory;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, advance};

pub const SERVER: &str = "SOAK_SERVER";
pub const FOLDER: &str = "SOAK_FOLDER";
pub const REFRESHES: &str = "SOAK_REFRESHES";

/// After so many refreshes everything that is needed has been made once.
const WARM: usize = 100;

/// Each time so much of real time has passed, ...
const TICK: Duration = Duration::from_millis(1);
/// ... the clock goes on by so much.
const FAST: Duration = Duration::from_millis(200);

/// How often the figures are taken each time: a few small blocks in the wrong places keep half a MiB of pages.
pub const SAMPLES: usize = 3;

/// How many refreshes lie between two of them.
const BETWEEN: usize = 10;

/// By the fast clock: longer than anything is waited for before the next refresh, which a change of the
/// folder brings.
const REST: Duration = Duration::from_secs(60);

/// By the real clock: what has not come to rest by then never does, and is told as it is.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
#[ignore = "the child of the other tests; does nothing where it is not told how often"]
fn child_process_refreshes() {
    let Ok(refreshes) = std::env::var(REFRESHES) else { return };
    let refreshes: usize = refreshes.parse().expect("a number");
    let dir = PathBuf::from(std::env::var_os(FOLDER).expect("a folder"));
    let server = std::env::var(SERVER).expect("an address");
    // As the program begins.
    allocator::configure();
    cli::logging::log_to_stderr(0);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    // Threads that wait for work, as those that read files did, end soon.
    runtime.enable_all().start_paused(true).thread_keep_alive(TICK * 100);
    let runtime = runtime.build().expect("a runtime");
    runtime.block_on(async {
        let mut soak = Soak::start(&dir, &server);
        soak.refresh(WARM).await;
        soak.tell().await;
        soak.refresh(refreshes - WARM).await;
        soak.tell().await;
    });
    // The task that holds the clock has no end.
    runtime.shutdown_background();
}

struct Soak {
    commands: mpsc::UnboundedSender<Command>,
    snapshots: mpsc::UnboundedReceiver<Snapshot>,
    ticks: mpsc::Receiver<()>,
    app: App,
    state: StateDir,
    folder: Folder,
    rng: fastrand::Rng,
    /// When somebody clicks in the middle of a refresh.
    click_at: Option<Instant>,
    refreshing: bool,
}

impl Soak {
    fn start(dir: &Path, server: &str) -> Soak {
        let endpoint = |path: &str| Endpoint::parse(&format!("{server}{path}")).expect("on loopback");
        let endpoints = Endpoints {
            claude_usage: Some(endpoint("/claude")),
            codex_usage: Some(endpoint("/codex")),
            cli_proxy_api: Vec::new(),
            ..Endpoints::default()
        };
        // Renewals have tests of their own, and wait for minutes.
        let settings = Settings {
            token_renewal: TokenRenewal::Never,
            endpoints: Box::new(endpoints),
            ..Settings::default()
        };
        let folder = Folder::new(dir);
        let resources = Resources::new(&folder.state, &folder.state, |_| {});
        let sources = SourceSet::configured(folder.logins.clone(), &settings, &resources);
        let (commands, inbox) = mpsc::unbounded_channel();
        let (told, snapshots) = mpsc::unbounded_channel();
        let hour = Duration::from_secs(3600);
        tokio::spawn(refresher::run(Arc::new(sources), hour, Snapshot::default(), inbox, move |snapshot| {
            // Nobody listens any more at the very end.
            let _ = told.send(snapshot);
        }));
        let memory = AlertHistory::default();
        Soak {
            commands,
            snapshots,
            ticks: clock(),
            app: App::new(settings, folder.logins.clone(), memory, Snapshot::default(), Locale::UTC),
            state: resources.state,
            folder,
            rng: fastrand::Rng::with_seed(1),
            click_at: None,
            refreshing: true,
        }
    }

    /// Until so many refreshes have come to their end, each but the last followed by the next.
    async fn refresh(&mut self, count: usize) {
        self.demand();
        let mut ended = 0;
        while ended < count {
            if !self.step().await {
                continue;
            }
            ended += 1;
            match self.rng.u8(..50) {
                0 => self.folder.disturb(&mut self.rng),
                // Most of it does not last: with a broken file each refresh takes half a second.
                1..25 => self.folder.mend(),
                _ => {}
            }
            self.demand();
        }
    }

    /// Tells the figures, so often.
    async fn tell(&mut self) {
        for sample in 0..SAMPLES {
            if sample > 0 {
                self.refresh(BETWEEN).await;
            }
            self.rest().await;
        }
    }

    /// Lets all refreshes, connections and idle threads come to their end, and tells the figures.
    async fn rest(&mut self) {
        self.folder.mend();
        let begun = std::time::Instant::now();
        let mut until = Instant::now() + REST;
        while self.refreshing || Instant::now() < until || (!is_at_rest() && begun.elapsed() < PATIENCE) {
            if self.step().await {
                until = Instant::now() + REST;
            }
        }
        // As the refresher does when it rests. That is by the wall clock, which does not run faster here.
        allocator::trim();
        let logged = std::fs::metadata("/proc/self/fd/2").expect("a file").len();
        println!("{}", Figures::of_this_process(&self.folder.state, logged).tell());
    }

    /// Refreshes, whatever the request budget says: it is kept, and cleared before.
    fn demand(&self) {
        self.state.budget(|budget| *budget = RequestBudget::default());
        self.commands.send(Command::Refresh).expect("the refresher runs");
    }

    /// Waits for what comes next. Whether a refresh has ended.
    async fn step(&mut self) -> bool {
        tokio::select! {
            Some(()) = self.ticks.recv() => {
                advance(FAST).await;
                if self.click_at.is_some_and(|at| at <= Instant::now()) {
                    self.click_at = None;
                    self.demand();
                }
                false
            }
            Some(snapshot) = self.snapshots.recv() => {
                self.refreshing = snapshot.refreshing;
                // Long after most have ended, so that what is broken off is a refresh that hangs.
                let is_clicked = self.refreshing && self.rng.bool();
                self.click_at = is_clicked.then(|| Instant::now() + Duration::from_secs(15));
                self.show(snapshot);
                !self.refreshing
            }
            else => panic!("the refresher has ended"),
        }
    }

    /// What the tray does with a snapshot, up to the desktop.
    fn show(&mut self, snapshot: Snapshot) {
        if !snapshot.refreshing {
            self.state.save_snapshot(&snapshot);
        }
        for effect in self.app.handle(AppEvent::Snapshot(snapshot), Utc::now()) {
            match effect {
                Effect::SaveAlerts(memory) => self.state.save_alerts(&memory),
                Effect::Show(drawing) => assert!(drawing.items.len() > 5, "{drawing:?}"),
                Effect::Notify(notices) => assert!(!notices.is_empty()),
                // Autostart is not part of this test.
                Effect::ReadStartAtLogin => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Whether the server has closed what it keeps open for a while, and no thread waits for work but the one
/// that ticks.
fn is_at_rest() -> bool {
    let workers = figures::threads().iter().filter(|name| name.starts_with("tokio-")).count();
    figures::connections() == 0 && workers == 1
}

/// Ticks by the real clock. The runtime's own stands still but for them: as long as a blocking task is
/// under way, it doesn't leap to the next time-out by itself.
fn clock() -> mpsc::Receiver<()> {
    let (tick, ticks) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        while tick.blocking_send(()).is_ok() {
            std::thread::sleep(TICK);
        }
    });
    ticks
}
