//! `quota-tray`: the tray. Puts the rooms together: the refresher on a thread of its own, the tray on
//! the main thread, events one way and commands the other.

use crate::app::context::Context;
use crate::app::instance;
use crate::app::state_machine::{App, AppEvent, Effect, TrayContent};
use crate::autostart::{Autostart, AutostartStatus};
use crate::config::{self, Settings};
use crate::engine::accounts::{self, Accounts, Source};
use crate::engine::refresher::{self, Command};
use crate::engine::state_file::StateFile;
use crate::hooks::call::HookCall;
use crate::output::table::{self, TableStyle};
use crate::output::terminal::LiveTerminal;
use crate::platform::folder_watch::FolderWatch;
use crate::platform::opener::open;
use crate::platform::{debounce, runtime, signals, stdio};
use crate::presenter::format::Zone;
use crate::presenter::tray_host::TrayHostStatus;
use crate::quota::Snapshot;
use crate::quota::notification::Notification;
use crate::tray::backend::Clicks;
use crate::tray::event_loop::{ControlFlow, EventLoop, Sender};
use crate::tray::handle::{IconPresence, READING, Shown};
use crate::tray::menu::Action;
use crate::tray::notify;
use crate::{hooks, text};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

/// The first refresh, and the look at the tray host, wait no longer than this for the icon.
const FIRST: Duration = Duration::from_millis(250);

/// The tray can't be started.
#[derive(Debug, thiserror::Error)]
#[error("could not {what}: {source}")]
pub struct StartError {
    what: String,
    source: std::io::Error,
}

/// Runs the tray with the real accounts, until it is told to quit.
///
/// # Errors
/// It can't be run.
pub fn run(context: Context) -> Result<ExitCode, StartError> {
    let shared = context.shared();
    let accounts = {
        let context = context.clone();
        move |settings: &Settings| {
            let accounts = Accounts::new(context.auth_dir(settings), settings, &shared);
            (settings.interval(), Arc::new(accounts))
        }
    };
    run_with(context, accounts, ())
}

/// Runs the tray with any source of accounts, which settings make anew. `keep` is dropped at the end.
///
/// # Errors
/// It can't be run.
pub fn run_with<S: Source, K: 'static>(
    context: Context,
    accounts: impl Fn(&Settings) -> (Duration, Arc<S>) + Send + 'static,
    keep: K,
) -> Result<ExitCode, StartError> {
    let runtime_dir = &context.paths.runtime_dir;
    let Some(lock) = instance::lock(runtime_dir).map_err(|source| StartError {
        what: format!("take the lock in {}", text::path(runtime_dir)),
        source,
    })?
    else {
        stdio::print_error("already running; look for its icon in the tray");
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(autostart) = &context.autostart {
        match autostart.follow_program() {
            Ok(true) => log::info!("{} starts this program from now on", autostart.place()),
            Ok(false) => {}
            Err(error) => log::warn!("{error}"),
        }
    }
    let event_loop = EventLoop::new();
    let events = event_loop.sender();
    let (commands, received) = mpsc::unbounded_channel();
    let (interval, first) = accounts(&context.settings);
    let state = StateFile::new(&context.paths.state_dir);
    let (notices, to_show) = mpsc::unbounded_channel();
    let (calls, to_run) = mpsc::unbounded_channel();
    let (icon_state, icon) = watch::channel(IconPresence::default());
    let background = Background {
        events: events.clone(),
        context: context.clone(),
        state: state.clone(),
        notices: to_show,
        calls: to_run,
        icon,
    };
    let runtime = runtime::new().map_err(|source| StartError { what: "start the runtime".into(), source })?;
    let thread = std::thread::Builder::new()
        .name("refresher".into())
        .spawn(move || runtime.block_on(background.run(first, interval, received)))
        .map_err(|source| StartError { what: "start a thread".into(), source })?;

    let shown = Shown::new(Clicks::new(events), icon_state);
    let mut shell = Shell::new(context, shown, commands, accounts, notices, calls, state);
    // What the handler owns is dropped with it, on every platform: the lock, the icon, the channel.
    let (mut thread, mut keep, mut lock) = (Some(thread), Some(keep), Some(lock));
    event_loop.run(move |event| {
        let flow = shell.handle(event);
        if flow.is_break() {
            // To whoever looks it has ended now; what it still waits for is a token server.
            shell.close();
            drop(lock.take());
            if let Some(thread) = thread.take() {
                let _ = thread.join();
            }
            drop(keep.take());
        }
        flow
    });
    Ok(ExitCode::SUCCESS)
}

/// What runs on the thread of the refresher.
struct Background {
    events: Sender,
    context: Context,
    state: StateFile,
    notices: mpsc::UnboundedReceiver<(Vec<Notification>, bool)>,
    calls: mpsc::UnboundedReceiver<Vec<HookCall>>,
    icon: watch::Receiver<IconPresence>,
}

/// What to tell the user, and whether to hide e-mail addresses.
type Notices = mpsc::UnboundedSender<(Vec<Notification>, bool)>;

impl Background {
    async fn run<S: Source>(
        self,
        source: Arc<S>,
        interval: Duration,
        commands: mpsc::UnboundedReceiver<Command<S>>,
    ) {
        let events = self.events.clone();
        let last_known = self.state.snapshot();
        let home = self.context.paths.home.clone();
        let publish = move |snapshot: Snapshot| {
            if !snapshot.refreshing {
                self.state.keep_snapshot(&snapshot);
            }
            events.send(AppEvent::Snapshot(snapshot));
        };
        let (config_events, session_events) = (self.events.clone(), self.events.clone());
        let refreshes = async {
            // The menu is read first: a refresh reads certificates and shakes hands, all with the same processor.
            sleep(READING).await;
            tokio::select! {
                () = refresher::run(source, interval, last_known, commands, publish) => {}
                () = watch_settings(self.context, config_events) => {}
            }
        };
        let work = async {
            let mut icon = self.icon;
            // Whatever comes of it, the host is looked at then.
            let _ = timeout(FIRST, icon.wait_for(IconPresence::was_tried)).await;
            tokio::select! {
                () = follow_host(self.events, icon) => {}
                () = refreshes => {}
            }
        };
        tokio::select! {
            () = work => {}
            () = end_of_session(session_events) => {}
            () = notify::run(self.notices, Zone::LOCAL) => {}
            () = hooks::run::run(self.calls, home) => {}
        }
    }
}

/// Tells of tray hosts, which come and go on Linux and BSD alone.
async fn follow_host(events: Sender, icon: watch::Receiver<IconPresence>) {
    #[cfg(all(unix, not(target_os = "macos")))]
    crate::tray::host::watch(events, icon).await;
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    {
        let _ = (events, icon);
        std::future::pending::<()>().await;
    }
}

/// Tells of each change of the settings file.
async fn watch_settings(context: Context, events: Sender) {
    let (changed, mut changes) = debounce::bursts();
    // The folder and not the file: editors put a new file in its place.
    let folder = context.paths.config_file.parent().map(Path::to_owned).unwrap_or_default();
    let mut watch: Option<FolderWatch> = accounts::watch(&[&folder], changed);
    loop {
        // The first time for what has changed since the file was read.
        events.send(AppEvent::Settings(context.reload().map_err(|error| error.to_string())));
        if changes.recv().await.is_none() {
            break;
        }
        watch.iter_mut().for_each(FolderWatch::rearm);
    }
    std::future::pending::<()>().await;
}

/// Tells when the system asks the program to end.
async fn end_of_session(events: Sender) {
    signals::asked_to_end().await;
    events.send(AppEvent::Quit);
    // A token on its way is waited for, which can take minutes. A second signal ends the program without waiting.
    signals::asked_to_end().await;
}

/// Carries out what the app asks for.
struct Shell<S: Source, F> {
    app: App,
    context: Context,
    shown: Shown,
    drawing: Option<TrayContent>,
    host: Option<TrayHostStatus>,
    live: LiveTerminal,
    commands: Option<mpsc::UnboundedSender<Command<S>>>,
    accounts: F,
    notices: Notices,
    calls: mpsc::UnboundedSender<Vec<HookCall>>,
    state: StateFile,
}

impl<S: Source, F: Fn(&Settings) -> (Duration, Arc<S>)> Shell<S, F> {
    fn new(
        context: Context,
        shown: Shown,
        commands: mpsc::UnboundedSender<Command<S>>,
        accounts: F,
        notices: Notices,
        calls: mpsc::UnboundedSender<Vec<HookCall>>,
        state: StateFile,
    ) -> Shell<S, F> {
        let settings = context.settings.clone();
        let auth_dir = context.auth_dir(&settings);
        let app = App::new(settings, auth_dir, state.alerts(), state.snapshot(), Zone::LOCAL);
        Shell {
            app,
            context,
            shown,
            drawing: None,
            host: None,
            live: LiveTerminal::default(),
            commands: Some(commands),
            accounts,
            notices,
            calls,
            state,
        }
    }

    fn handle(&mut self, event: AppEvent) -> ControlFlow<()> {
        if let AppEvent::Host(host) = &event {
            let before = self.host.replace(*host);
            // Before it is known, most likely there is one, and the icon is being put up.
            if before.unwrap_or(TrayHostStatus::Present) == *host {
                return ControlFlow::Continue(());
            }
            self.host_changed(*host);
        }
        if matches!(event, AppEvent::Clicked(Action::Choose(_) | Action::StartAtLogin(_))) {
            self.shown.distrust_menu();
        }
        if matches!(&event, AppEvent::Snapshot(snapshot) if !snapshot.refreshing) {
            // The desktop's own tool may have changed it, too.
            let starts = self.starts_at_login();
            let _ = self.handle(AppEvent::StartsAtLogin(starts));
        }
        for effect in self.app.handle(event, crate::platform::clock::now()) {
            match effect {
                Effect::Draw(drawing) => self.draw(drawing),
                Effect::Refresh => self.command(Command::Refresh),
                Effect::Reconfigure(settings) => {
                    let (interval, source) = (self.accounts)(&settings);
                    self.command(Command::Reconfigure(interval, source));
                }
                Effect::Choose(choice) => self.choose(choice),
                Effect::StartAtLogin(on) => self.start_at_login(on),
                Effect::OpenFolder => open(&self.context.auth_dir(self.app.settings())),
                Effect::OpenSettings => self.open_settings(),
                Effect::Notify(notices) => {
                    // Its other end lives as long as the refresher's thread.
                    let _ = self.notices.send((notices, self.app.settings().hide_email));
                }
                Effect::RunHooks(calls) => {
                    // As above.
                    let _ = self.calls.send(calls);
                }
                Effect::Remember(memory) => self.state.keep_alerts(&memory),
                Effect::Quit => return ControlFlow::Break(()),
            }
        }
        ControlFlow::Continue(())
    }

    fn command(&self, command: Command<S>) {
        if let Some(commands) = &self.commands {
            // The refresher runs until this channel closes.
            let _ = commands.send(command);
        }
    }

    fn draw(&mut self, drawing: TrayContent) {
        if matches!(self.host, None | Some(TrayHostStatus::Present)) {
            self.shown.draw(drawing.clone());
        }
        if let Some(advice) = self.host.and_then(TrayHostStatus::advice) {
            let rows = table::table(&self.app.view(crate::platform::clock::now()), TableStyle::stdout());
            // A terminal that is gone takes nothing, and needs nothing.
            let _ = self.live.show(&format!("{advice}\n\n{rows}"));
        }
        self.drawing = Some(drawing);
    }

    fn host_changed(&mut self, host: TrayHostStatus) {
        match host {
            TrayHostStatus::NotRegistered => self.shown.restart(),
            // The library would wait for the lost bus in a busy loop.
            TrayHostStatus::NoSessionBus => self.shown.remove(),
            _ => {}
        }
        if let Some(advice) = host.advice() {
            stdio::print_error(advice);
        }
    }

    fn choose(&mut self, choice: config::Choice) {
        let file = &self.context.paths.config_file;
        let applied = config::apply(file, self.app.settings(), choice);
        let result = applied.and_then(|_| self.context.reload()).map_err(|error| error.to_string());
        if let Err(error) = &result {
            log::warn!("{error}");
        }
        // As if the file had been changed by hand; its watch finds nothing new then.
        let _ = self.handle(AppEvent::Settings(result));
        if let Some(drawing) = self.drawing.clone() {
            self.draw(drawing);
        }
    }

    fn starts_at_login(&self) -> Result<Option<bool>, String> {
        let standing = self.context.autostart.as_ref().map(Autostart::standing).transpose();
        let standing = standing.map_err(|error| error.to_string())?;
        Ok(standing.map(|standing| matches!(standing, AutostartStatus::On(_))))
    }

    fn start_at_login(&mut self, on: bool) {
        let changed = self.context.autostart.as_ref().map_or(Ok(()), |autostart| autostart.set(on));
        let starts = changed.map_err(|error| error.to_string()).and_then(|()| self.starts_at_login());
        if let Err(error) = &starts {
            log::warn!("{error}");
        }
        let _ = self.handle(AppEvent::StartsAtLogin(starts));
        if let Some(drawing) = self.drawing.clone() {
            self.draw(drawing);
        }
    }

    fn open_settings(&self) {
        let file = &self.context.paths.config_file;
        match config::create(file) {
            Ok(()) => open(file),
            Err(error) => log::warn!("{error}"),
        }
    }

    /// Takes the icon away and ends the refresher.
    fn close(&mut self) {
        self.commands = None;
        self.shown.close();
    }
}
