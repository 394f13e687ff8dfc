//! The background thread: refreshes, the settings file, signals, notifications, hooks, and on Linux and BSD the tray
//! icon. All of it runs on one asynchronous runtime and reports to the main thread as events.

use crate::app::context::Context;
use crate::app::settings_file::{SettingsFile, SettingsJob};
use crate::app::state_machine::AppEvent;
use crate::engine::SourceSet;
use crate::engine::refresher::{self, Command};
use crate::engine::state_dir::StateDir;
use crate::hooks;
use crate::hooks::call::HookCall;
use crate::platform::signals;
use crate::quota::Snapshot;
use crate::tray::backend::TrayService;
use crate::tray::event_loop::Sender;
use crate::tray::notify::{self, NotificationReport, NotificationRequest};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// How long the first refresh waits for the icon to be registered.
const FIRST_ICON_TIMEOUT: Duration = Duration::from_millis(250);

/// Panels read the menu of a new icon within this time.
const MENU_READ_TIME: Duration = Duration::from_millis(50);

/// What the background thread works with.
pub struct Background {
    /// Where events go.
    pub events: Sender<AppEvent>,
    /// The settings file and the home directory.
    pub context: Context,
    /// Where each complete snapshot is saved.
    pub state: StateDir,
    /// Notifications to show and close.
    pub notifications: mpsc::UnboundedReceiver<NotificationRequest>,
    /// What to do with the settings file.
    pub settings_jobs: mpsc::UnboundedReceiver<SettingsJob>,
    /// Hooks to run.
    pub hook_calls: mpsc::UnboundedReceiver<Vec<HookCall>>,
    /// The part of the tray that runs here.
    pub tray: TrayService,
}

impl Background {
    /// Runs until the channel of `commands` closes, or until a second signal.
    pub async fn run(
        self,
        sources: Arc<SourceSet>,
        interval: Duration,
        commands: mpsc::UnboundedReceiver<Command>,
    ) {
        let Background { events, context, state, notifications, settings_jobs, hook_calls, tray } = self;
        let (home, locale) = (context.paths.home.clone(), context.locale);
        let last_known = state.snapshot();
        let (snapshot_events, notification_events) = (events.clone(), events.clone());
        let publish = move |snapshot: Snapshot| {
            if !snapshot.refreshing {
                state.save_snapshot(&snapshot);
            }
            snapshot_events.send(AppEvent::Snapshot(snapshot));
        };
        let mut settings_file = SettingsFile::new(context, events.clone(), settings_jobs);
        let mut icon = tray.first_attempt();
        let refreshes = async {
            let _ = timeout(FIRST_ICON_TIMEOUT, icon.wait_for(|attempted| *attempted)).await;
            // So that panels can read the menu first: certificates and TLS handshakes compete with them for the
            // processor.
            sleep(MENU_READ_TIME).await;
            tokio::select! {
                () = refresher::run(sources, interval, last_known, commands, publish) => {}
                () = settings_file.run() => {}
            }
        };
        tokio::select! {
            () = refreshes => {}
            () = tray.run() => {}
            () = wait_for_signals(events.clone()) => {}
            () = notify::run(notifications, locale, |report| notification_events.send(report.into())) => {}
            () = hooks::run::run(hook_calls, home) => {}
        }
        settings_file.finish();
    }
}

impl From<NotificationReport> for AppEvent {
    fn from(report: NotificationReport) -> AppEvent {
        match report {
            NotificationReport::Action(action) => AppEvent::Notification(action),
            NotificationReport::Delivery { windows, delivery } => AppEvent::Delivered { windows, delivery },
        }
    }
}

/// Sends `Quit` at the first signal, and returns at the second.
async fn wait_for_signals(events: Sender<AppEvent>) {
    signals::termination().await;
    events.send(AppEvent::Quit);
    // A token renewal in flight is waited for, which can take minutes. A second signal ends the program at once.
    signals::termination().await;
}
