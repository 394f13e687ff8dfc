//! Starts the tray program and runs its main loop: the lock, the background thread, the channels between the two
//! threads, then events → state machine → effects.

use crate::app::background::Background;
use crate::app::context::Context;
use crate::app::effects::EffectRunner;
use crate::app::instance;
use crate::app::state_machine::{App, AppEvent, Effect};
use crate::autostart::Autostart;
use crate::config::Settings;
use crate::engine::SourceSet;
use crate::engine::state_dir::StateDir;
use crate::output::terminal::LiveTerminal;
use crate::platform::{clock, runtime, stdio};
use crate::text;
use crate::tray::backend::{self, TrayEvent};
use crate::tray::event_loop::EventLoop;
use crate::tray::menu::Action;
use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The tray can't be started.
#[derive(Debug, thiserror::Error)]
#[error("could not {what}: {source}")]
pub struct StartError {
    what: String,
    source: io::Error,
}

/// Runs the tray with the real accounts, until it is quit.
///
/// # Errors
/// It can't be started.
pub fn run(context: Context) -> Result<ExitCode, StartError> {
    let resources = context.resources();
    let create_sources = {
        let context = context.clone();
        move |settings: &Settings| {
            let sources = SourceSet::configured(context.auth_dir(settings), settings, &resources);
            (settings.interval(), Arc::new(sources))
        }
    };
    run_with(context, create_sources, ())
}

/// Runs the tray with any sources of accounts. `create_sources` returns the refresh interval and the sources for given
/// settings, at the start and when they change. `keep` is dropped at the end.
///
/// # Errors
/// It can't be started.
pub fn run_with<K: 'static>(
    context: Context,
    create_sources: impl Fn(&Settings) -> (Duration, Arc<SourceSet>) + Send + 'static,
    keep: K,
) -> Result<ExitCode, StartError> {
    let runtime_dir = &context.paths.runtime_dir;
    let lock = instance::lock(runtime_dir).map_err(|source| StartError {
        what: format!("take the lock in {}", text::path(runtime_dir)),
        source,
    })?;
    let Some(lock) = lock else {
        stdio::print_error("already running; look for its icon in the tray");
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(autostart) = &context.autostart {
        update_autostart_entry(autostart);
    }

    let event_loop = EventLoop::new();
    let events = event_loop.sender();
    let (commands, command_receiver) = mpsc::unbounded_channel();
    let (notifications, notification_receiver) = mpsc::unbounded_channel();
    let (settings_jobs, settings_job_receiver) = mpsc::unbounded_channel();
    let (hook_calls, hook_call_receiver) = mpsc::unbounded_channel();
    let tray_events = events.clone();
    let (tray, tray_service) = backend::create(Box::new(move |event| tray_events.send(app_event(event))));
    let state = StateDir::new(&context.paths.state_dir);
    let background = Background {
        events: events.clone(),
        context: context.clone(),
        state: state.clone(),
        notifications: notification_receiver,
        settings_jobs: settings_job_receiver,
        hook_calls: hook_call_receiver,
        tray: tray_service,
    };
    let (interval, sources) = create_sources(&context.settings);
    let runtime = runtime::new().map_err(|source| StartError { what: "start the runtime".into(), source })?;
    let thread = std::thread::Builder::new()
        .name("refresher".into())
        .spawn(move || runtime.block_on(background.run(sources, interval, command_receiver)))
        .map_err(|source| StartError { what: "start a thread".into(), source })?;

    let settings = context.settings.clone();
    let auth_dir = context.auth_dir(&settings);
    let mut app = App::new(settings, auth_dir, state.alerts(), state.snapshot(), context.locale);
    let mut effects = EffectRunner {
        events,
        context,
        tray,
        terminal: LiveTerminal::default(),
        create_sources,
        state,
        commands: Some(commands),
        notifications,
        settings_jobs,
        hook_calls,
    };
    // On some platforms the loop does not return, so what ends with it is dropped in the handler.
    let (mut thread, mut keep, mut lock) = (Some(thread), Some(keep), Some(lock));
    event_loop.run(AppEvent::Started, move |event| {
        let flow = handle(event, &mut app, &mut effects);
        if flow.is_break() {
            effects.close();
            // Another tray may start from now on: all that this one still waits for is a token request in flight.
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

/// What an event of the tray means: a middle click refreshes; a click that opens no menu shows the accounts.
fn app_event(event: TrayEvent) -> AppEvent {
    match event {
        TrayEvent::Clicked(action) => AppEvent::Clicked(action),
        TrayEvent::SecondaryActivated => AppEvent::Clicked(Action::Refresh),
        TrayEvent::Activated => AppEvent::AccountListRequested,
        TrayEvent::Host(status) => AppEvent::Host(status),
        TrayEvent::NotificationServerStarted => AppEvent::NotificationServerStarted,
    }
}

/// Handles an event, and the events that its effects result in.
fn handle<F: Fn(&Settings) -> (Duration, Arc<SourceSet>)>(
    event: AppEvent,
    app: &mut App,
    effects: &mut EffectRunner<F>,
) -> ControlFlow<()> {
    let mut queue = VecDeque::from([event]);
    while let Some(event) = queue.pop_front() {
        for effect in app.handle(event, clock::now()) {
            if effect == Effect::Quit {
                return ControlFlow::Break(());
            }
            queue.extend(effects.run(effect, app));
        }
    }
    ControlFlow::Continue(())
}

/// Changes the entry for starting at login if it names a program that was moved to where this one is.
fn update_autostart_entry(autostart: &Autostart) {
    match autostart.update_after_move() {
        Ok(true) => log::info!("{} now starts this program", autostart.location()),
        Ok(false) => {}
        Err(error) => log::warn!("{error}"),
    }
}
