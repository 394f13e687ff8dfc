//! The state behind the tray: events in, effects out. Knows no clock, no disk and no tray.

use crate::app::hook_call::HookCallBuilder;
use crate::config::{Choice, Settings};
use crate::hooks::call::HookCall;
use crate::presenter::format::Zone;
use crate::presenter::icon_state::IconState;
use crate::presenter::tray_host::TrayHostStatus;
use crate::quota::alert::{self, AlertHistory, Rules};
use crate::quota::notification::{self, Notification};
use crate::quota::{Snapshot, attention};
use crate::tray::menu::{Action, Item, Presenter};
use chrono::{DateTime, Utc};
use std::path::PathBuf;

/// What can happen.
#[derive(Debug)]
pub enum AppEvent {
    /// The event loop runs: from now on there can be a tray icon.
    Started,
    /// The refresher has something new.
    Snapshot(Snapshot),
    /// A menu item was clicked.
    Clicked(Action),
    /// The settings file was changed, to settings or to something that can't be used.
    Settings(Result<Settings, String>),
    /// Whether the program is started at login (`None`: that is not to be changed), or why that is not
    /// known or could not be changed.
    StartsAtLogin(Result<Option<bool>, String>),
    /// A tray host has come or gone, hangs or answers again.
    Host(TrayHostStatus),
    /// Somebody asks the program to end: a signal, or the session's end.
    Quit,
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Show this, anew if asked to.
    Draw(TrayContent),
    /// Ask the refresher for a refresh.
    Refresh,
    /// Go on with these settings.
    Reconfigure(Settings),
    /// Write a choice to the settings file.
    Choose(Choice),
    /// Start the program at login, or no more.
    StartAtLogin(bool),
    /// Show the folder with the credential files.
    OpenFolder,
    /// Edit the settings file.
    OpenSettings,
    /// Tell the user.
    Notify(Vec<Notification>),
    /// Run the user's programs.
    RunHooks(Vec<HookCall>),
    /// Keep what was said, for after a restart.
    Remember(AlertHistory),
    /// End.
    Quit,
}

/// All that is on show.
#[derive(Debug, Clone, PartialEq)]
pub struct TrayContent {
    /// The menu.
    pub items: Vec<Item>,
    /// The icon.
    pub face: IconState,
    /// The icon's mark.
    pub refreshing: bool,
    /// What the icon shows, in words: its name for those who do not see it.
    pub label: String,
    /// The text that a pointer over the icon brings.
    pub tooltip: String,
    /// The text beside the icon.
    pub title: String,
}

/// The state behind the tray.
pub struct App {
    snapshot: Snapshot,
    settings: Settings,
    auth_dir: PathBuf,
    memory: AlertHistory,
    problem: Option<String>,
    starts_at_login: Result<Option<bool>, String>,
    zone: Zone,
}

impl App {
    /// A tray that knows nothing of its accounts yet.
    pub fn new(
        settings: Settings,
        auth_dir: PathBuf,
        memory: AlertHistory,
        snapshot: Snapshot,
        zone: Zone,
    ) -> App {
        App { snapshot, settings, auth_dir, memory, problem: None, starts_at_login: Ok(None), zone }
    }

    /// Takes in an event, says what is to be done.
    pub fn handle(&mut self, event: AppEvent, now: DateTime<Utc>) -> Vec<Effect> {
        match event {
            AppEvent::Started | AppEvent::Host(_) => vec![self.draw(now)],
            AppEvent::Quit | AppEvent::Clicked(Action::Quit) => vec![Effect::Quit],
            AppEvent::Snapshot(snapshot) => {
                self.snapshot = snapshot;
                let mut effects = vec![self.draw(now)];
                effects.extend(self.judge(now));
                effects
            }
            AppEvent::Settings(Ok(settings)) => {
                let mut effects = Vec::new();
                let mended = self.problem.take().is_some();
                let changed = settings != self.settings;
                if changed {
                    // The others take effect without a question, which counts against a limit.
                    if !settings.asks_like(&self.settings) {
                        effects.push(Effect::Reconfigure(settings.clone()));
                    }
                    if settings.auth_dir != self.settings.auth_dir {
                        self.auth_dir = settings.auth_dir.clone();
                    }
                    self.settings = settings;
                }
                if mended || changed {
                    effects.push(self.draw(now));
                }
                if changed {
                    effects.extend(self.judge(now));
                }
                effects
            }
            AppEvent::Settings(Err(problem)) => {
                self.problem = Some(problem);
                vec![self.draw(now)]
            }
            AppEvent::StartsAtLogin(now_so) if now_so == self.starts_at_login => Vec::new(),
            AppEvent::StartsAtLogin(now_so) => {
                self.starts_at_login = now_so;
                vec![self.draw(now)]
            }
            AppEvent::Clicked(Action::StartAtLogin(on)) => vec![Effect::StartAtLogin(on)],
            AppEvent::Clicked(Action::Refresh) => vec![Effect::Refresh],
            AppEvent::Clicked(Action::Choose(choice)) => vec![Effect::Choose(choice)],
            AppEvent::Clicked(Action::OpenFolder) => vec![Effect::OpenFolder],
            AppEvent::Clicked(Action::OpenSettings) => vec![Effect::OpenSettings],
        }
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The picture of this moment.
    pub fn view(&self, now: DateTime<Utc>) -> Presenter<'_> {
        Presenter {
            snapshot: &self.snapshot,
            settings: &self.settings,
            auth_dir: &self.auth_dir,
            problem: self.problem.as_deref().or(self.starts_at_login.as_ref().err().map(String::as_str)),
            // Where it is not known, a click may tell more.
            starts_at_login: self.starts_at_login.as_ref().copied().unwrap_or(Some(false)),
            now,
            zone: self.zone,
        }
    }

    fn draw(&self, now: DateTime<Utc>) -> Effect {
        let view = self.view(now);
        Effect::Draw(TrayContent {
            items: view.menu(),
            face: view.face().step(),
            refreshing: self.snapshot.refreshing,
            label: view.label(),
            tooltip: view.tooltip(),
            title: view.title(),
        })
    }

    /// Alerts are judged once all answers are in: half a refresh would warn in pieces.
    fn judge(&mut self, now: DateTime<Utc>) -> Vec<Effect> {
        if self.snapshot.refreshing {
            return Vec::new();
        }
        let settings = &self.settings;
        // A hook is asked for by itself, whatever is notified.
        let on_reset = settings.notify_on_reset || !settings.hooks.on_reset.is_empty();
        let rules = Rules { thresholds: settings.thresholds.clone(), on_reset };
        let before = self.memory.clone();
        let mut notices = alert::judge_each(&mut self.memory, &self.snapshot, &rules, now);
        let troubles = attention::judge(&mut self.memory.troubles, &self.snapshot, now);
        let hooks =
            HookCallBuilder { hooks: &settings.hooks, hide_email: settings.hide_email, now, zone: self.zone };
        let mut calls: Vec<_> = notices.iter().filter_map(|notice| hooks.for_notification(notice)).collect();
        calls.extend(troubles.iter().filter_map(|trouble| hooks.for_attention(trouble)));
        if !settings.notify_on_reset {
            notices.retain(|notice| !matches!(notice, Notification::Reset(_)));
        }
        let notices = notification::summarise(notices);
        let mut effects = Vec::new();
        // What was said is kept first: after a crash in between, silence is better than saying it twice.
        if self.memory != before {
            effects.push(Effect::Remember(self.memory.clone()));
        }
        if !notices.is_empty() {
            effects.push(Effect::Notify(notices));
        }
        if !calls.is_empty() {
            effects.push(Effect::RunHooks(calls));
        }
        effects
    }
}
