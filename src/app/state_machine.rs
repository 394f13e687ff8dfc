//! The state machine behind the tray: events in, effects out. Pure: it reads no clock, no disk and no tray.

mod alerts;

use crate::config::{Choice, Settings};
use crate::hooks::call::HookCall;
use crate::presenter::Locale;
use crate::presenter::Presenter;
use crate::presenter::account_list_message::AccountListMessage;
use crate::presenter::icon_state::IconState;
use crate::presenter::preferences;
use crate::presenter::tray_host::TrayHostStatus;
use crate::providers::REGISTRY;
use crate::quota::alert::AlertHistory;
use crate::quota::alert::delivery::{Deliveries, Delivery};
use crate::quota::notification::{Notification, WindowId};
use crate::quota::{AccountId, Snapshot};
use crate::tray::content::{MenuModel, TrayContent};
use crate::tray::menu::Action;
use crate::tray::notify::NotificationAction;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// What can happen.
#[derive(Debug)]
pub enum AppEvent {
    /// The event loop runs: from now on there can be a tray icon.
    Started,
    /// The refresher has published a snapshot.
    Snapshot(Snapshot),
    /// A menu item was clicked.
    Clicked(Action),
    /// The icon was clicked, and the tray host opened no menu: the accounts are shown as a notification.
    AccountListRequested,
    /// The user has chosen an action of a notification.
    Notification(NotificationAction),
    /// What became of a notification that says that these windows are low.
    Delivered {
        /// The low windows; none if it is about a reset.
        windows: BTreeSet<WindowId>,
        /// What became of it.
        delivery: Delivery,
    },
    /// A notification server has started.
    NotificationServerStarted,
    /// The settings file was read again, or why it can't be used.
    Settings(Result<Settings, String>),
    /// Whether the program starts at login (`None`: not supported, or not to be changed), or why that can't be read or
    /// changed.
    StartsAtLogin(Result<Option<bool>, String>),
    /// Why the settings file or the folder could not be opened, or a choice could not be saved.
    NotOpened(String),
    /// The status of the tray host, which may be the same as before.
    Host(TrayHostStatus),
    /// The program has to exit: by a signal, or by the end of the session.
    Quit,
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Show this in the tray.
    Show(TrayContent),
    /// Show the accounts in the terminal, below this advice, since there is no tray host.
    ShowInTerminal(&'static str),
    /// Print this to standard error.
    PrintAdvice(&'static str),
    /// The platform has changed the menu by itself: apply the next content in full.
    InvalidateMenu,
    /// Request a refresh from the refresher.
    Refresh,
    /// Pass these settings to the refresher.
    Reconfigure(Settings),
    /// Write a choice to the settings file and read it again. Results in [`AppEvent::Settings`], or in
    /// [`AppEvent::NotOpened`] if it can't be written.
    SaveChoice(Choice),
    /// Find out whether the program starts at login. Results in [`AppEvent::StartsAtLogin`].
    ReadStartAtLogin,
    /// Switch starting at login on or off. Results in [`AppEvent::StartsAtLogin`].
    SetStartAtLogin(bool),
    /// Open the folder with the credential files.
    OpenFolder,
    /// Open the settings file in an editor.
    OpenSettings,
    /// Open the settings file with a section for the name of this account.
    RenameAccount(AccountId),
    /// Show the accounts as a notification.
    NotifyAccountList(AccountListMessage),
    /// Show notifications.
    Notify(Vec<Notification>),
    /// Close the notifications about these windows: they are outdated.
    CloseNotifications(BTreeSet<WindowId>),
    /// Open a web page.
    OpenPage(&'static str),
    /// Run hooks.
    RunHooks(Vec<HookCall>),
    /// Save the alerts, so that a restart repeats none.
    SaveAlerts(AlertHistory),
    /// End the program.
    Quit,
}

/// The state behind the tray.
pub struct App {
    snapshot: Snapshot,
    /// The snapshot with the settings for accounts and windows applied: what is displayed and counted.
    displayed: Arc<Snapshot>,
    settings: Arc<Settings>,
    auth_dir: PathBuf,
    alerts: AlertHistory,
    /// The low windows that the user has been notified of since the program was started.
    notified: BTreeSet<WindowId>,
    /// Which notifications of this run were shown.
    deliveries: Deliveries,
    /// Why the settings file can't be used.
    settings_problem: Option<String>,
    starts_at_login: Result<Option<bool>, String>,
    /// Why the settings file or the folder could not be opened or written. Displayed until the next click.
    open_problem: Option<String>,
    host: TrayHostStatus,
    /// The next settings or autostart status have to be shown even if they change nothing: there is a new snapshot, or
    /// the platform has toggled the check item that was clicked.
    show_is_pending: bool,
    locale: Locale,
}

impl App {
    /// The state at the start. `snapshot` has the last known values.
    pub fn new(
        settings: Settings,
        auth_dir: PathBuf,
        alerts: AlertHistory,
        snapshot: Snapshot,
        locale: Locale,
    ) -> App {
        App {
            displayed: Arc::new(preferences::apply(&snapshot, &settings)),
            snapshot,
            settings: Arc::new(settings),
            auth_dir,
            alerts,
            notified: BTreeSet::new(),
            deliveries: Deliveries::default(),
            settings_problem: None,
            starts_at_login: Ok(None),
            open_problem: None,
            // Most likely.
            host: TrayHostStatus::Present,
            show_is_pending: false,
            locale,
        }
    }

    /// Handles an event and returns what is to be done, in this order.
    pub fn handle(&mut self, event: AppEvent, now: DateTime<Utc>) -> Vec<Effect> {
        match event {
            AppEvent::Started => vec![self.show_with_start_at_login()],
            AppEvent::Quit => self.quit(),
            AppEvent::Clicked(action) => self.clicked(action, now),
            AppEvent::NotOpened(problem) => {
                self.open_problem = Some(problem);
                vec![self.show(now)]
            }
            AppEvent::Snapshot(snapshot) => self.snapshot_published(snapshot, now),
            AppEvent::Settings(Ok(settings)) => self.settings_loaded(settings, now),
            AppEvent::Settings(Err(problem)) => {
                self.settings_problem = Some(problem);
                vec![self.show(now)]
            }
            AppEvent::StartsAtLogin(status) => {
                let changed = status != self.starts_at_login;
                self.starts_at_login = status;
                if changed || self.show_is_pending { vec![self.show(now)] } else { Vec::new() }
            }
            AppEvent::Host(status) => self.host_checked(status, now),
            AppEvent::AccountListRequested => {
                vec![Effect::NotifyAccountList(self.presenter(now).account_list_message())]
            }
            AppEvent::Notification(NotificationAction::Show(provider)) => {
                let spec = REGISTRY.spec(provider).ok();
                spec.and_then(|spec| spec.usage_page).map(Effect::OpenPage).into_iter().collect()
            }
            AppEvent::Notification(NotificationAction::Snooze) => {
                self.alerts.snooze(now);
                vec![Effect::SaveAlerts(self.alerts.clone())]
            }
            AppEvent::Delivered { windows, delivery } => {
                let missed = self.deliveries.delivered(windows, delivery);
                self.hold(&missed).into_iter().collect()
            }
            AppEvent::NotificationServerStarted => self.evaluate_alerts(now),
        }
    }

    fn clicked(&mut self, action: Action, now: DateTime<Utc>) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.open_problem.take().is_some() {
            effects.push(self.show(now));
        }
        match action {
            Action::Refresh => effects.push(Effect::Refresh),
            Action::Choose(choice) => {
                self.show_is_pending = true;
                effects.extend([Effect::InvalidateMenu, Effect::SaveChoice(choice)]);
            }
            Action::StartAtLogin(on) => {
                self.show_is_pending = true;
                effects.extend([Effect::InvalidateMenu, Effect::SetStartAtLogin(on)]);
            }
            Action::OpenFolder => effects.push(Effect::OpenFolder),
            Action::OpenSettings => effects.push(Effect::OpenSettings),
            Action::RenameAccount(id) => effects.push(Effect::RenameAccount(id)),
            Action::Quit => effects.extend(self.quit()),
        }
        effects
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The presenter of the current state.
    pub fn presenter(&self, now: DateTime<Utc>) -> Presenter<'_> {
        Presenter {
            snapshot: &self.displayed,
            settings: &self.settings,
            auth_dir: &self.auth_dir,
            now,
            locale: self.locale,
        }
    }

    /// The menu of the current state.
    pub fn menu(&self) -> MenuModel {
        let login_problem = self.starts_at_login.as_ref().err();
        let problem = self.settings_problem.as_ref().or(login_problem).or(self.open_problem.as_ref());
        MenuModel {
            snapshot: self.displayed.clone(),
            settings: self.settings.clone(),
            auth_dir: self.auth_dir.clone(),
            problem: problem.cloned(),
            // If it can't be read, the item is offered anyway: a click reports the error.
            starts_at_login: self.starts_at_login.as_ref().copied().unwrap_or(Some(false)),
            locale: self.locale,
        }
    }

    fn snapshot_published(&mut self, snapshot: Snapshot, now: DateTime<Utc>) -> Vec<Effect> {
        self.displayed = Arc::new(preferences::apply(&snapshot, &self.settings));
        self.snapshot = snapshot;
        if self.snapshot.refreshing {
            return vec![self.show(now)];
        }
        // The desktop's own settings may have changed the autostart entry.
        let mut effects = vec![self.show_with_start_at_login()];
        effects.extend(self.evaluate_alerts(now));
        effects
    }

    /// Shows the current state as soon as the autostart status is known. Otherwise the menu would change twice, and a
    /// click in between could be on an item that no longer exists.
    fn show_with_start_at_login(&mut self) -> Effect {
        self.show_is_pending = true;
        Effect::ReadStartAtLogin
    }

    fn settings_loaded(&mut self, settings: Settings, now: DateTime<Utc>) -> Vec<Effect> {
        let mut effects = Vec::new();
        let fixed = self.settings_problem.take().is_some();
        let changed = settings != *self.settings;
        if changed {
            // The other settings take effect without a refresh, which would count against the request limits.
            if !settings.requests_like(&self.settings) {
                effects.push(Effect::Reconfigure(settings.clone()));
            }
            if settings.auth_dir != self.settings.auth_dir {
                self.auth_dir = settings.auth_dir.clone();
            }
            self.displayed = Arc::new(preferences::apply(&self.snapshot, &settings));
            self.settings = Arc::new(settings);
        }
        if fixed || changed || self.show_is_pending {
            effects.push(self.show(now));
        }
        if changed {
            effects.extend(self.evaluate_alerts(now));
        }
        effects
    }

    fn host_checked(&mut self, status: TrayHostStatus, now: DateTime<Utc>) -> Vec<Effect> {
        if status == self.host {
            return Vec::new();
        }
        self.host = status;
        let advice = status.advice().map(Effect::PrintAdvice);
        advice.into_iter().chain([self.show(now)]).collect()
    }

    /// Shows the current state: in the tray, or in the terminal where there is no tray host.
    fn show(&mut self, now: DateTime<Utc>) -> Effect {
        self.show_is_pending = false;
        if let Some(advice) = self.host.advice() {
            return Effect::ShowInTerminal(advice);
        }
        let presenter = self.presenter(now);
        let icon = presenter.icon_content();
        let is_low = matches!(icon.state, IconState::Low(_) | IconState::Exhausted);
        Effect::Show(TrayContent {
            menu: Arc::new(self.menu()),
            icon,
            needs_attention: self.settings.attention && (is_low || self.alerts.attention.needs_owner()),
            passive: self.settings.passive_without_accounts && icon.state == IconState::NoAccounts,
            label: presenter.label(),
            tooltip: presenter.tooltip(),
            title: presenter.title(),
        })
    }
}
