//! Carries out the effects that the state machine returns: one method per effect.

use crate::app::context::Context;
use crate::app::settings_file::SettingsJob;
use crate::app::state_machine::{App, AppEvent, Effect};
use crate::autostart::{Autostart, AutostartStatus};
use crate::config::Settings;
use crate::engine::SourceSet;
use crate::engine::refresher::Command;
use crate::engine::state_dir::StateDir;
use crate::hooks::call::HookCall;
use crate::output::style::TableStyle;
use crate::output::table::table;
use crate::output::terminal::LiveTerminal;
use crate::platform::opener::open;
use crate::platform::{clock, stdio};
use crate::tray::backend::TrayBackend;
use crate::tray::event_loop::Sender;
use crate::tray::notify::NotificationRequest;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Carries out effects, on the main thread.
pub struct EffectRunner<F> {
    /// To the state machine.
    pub events: Sender<AppEvent>,
    /// The settings file, the folders and the entry for starting at login.
    pub context: Context,
    /// The tray icon.
    pub tray: Box<dyn TrayBackend>,
    /// Shows the accounts where there is no tray host.
    pub terminal: LiveTerminal,
    /// Returns the refresh interval and the sources of accounts for given settings.
    pub create_sources: F,
    /// Where alerts are saved.
    pub state: StateDir,
    /// To the refresher, which ends when this is dropped. `None`: [`close`](EffectRunner::close) was called.
    pub commands: Option<mpsc::UnboundedSender<Command>>,
    /// To the task that shows notifications.
    pub notifications: mpsc::UnboundedSender<NotificationRequest>,
    /// To the task that has the settings file.
    pub settings_jobs: mpsc::UnboundedSender<SettingsJob>,
    /// To the task that runs hooks.
    pub hook_calls: mpsc::UnboundedSender<Vec<HookCall>>,
}

impl<F: Fn(&Settings) -> (Duration, Arc<SourceSet>)> EffectRunner<F> {
    /// Carries out an effect. Returns an event with its result if it has one. [`Effect::Quit`] is the caller's.
    pub fn run(&mut self, effect: Effect, app: &App) -> Option<AppEvent> {
        match effect {
            Effect::Show(content) => self.tray.show(content),
            Effect::ShowInTerminal(advice) => self.show_in_terminal(advice, app),
            Effect::PrintAdvice(advice) => stdio::print_error(advice),
            Effect::InvalidateMenu => self.tray.invalidate_menu(),
            Effect::Refresh => self.send(Command::Refresh),
            Effect::Reconfigure(settings) => self.reconfigure(&settings),
            Effect::SaveChoice(choice) => {
                self.send_job(SettingsJob::Save(choice, Box::new(app.settings().clone())));
            }
            Effect::ReadStartAtLogin => return Some(AppEvent::StartsAtLogin(self.starts_at_login())),
            Effect::SetStartAtLogin(on) => return Some(self.set_start_at_login(on)),
            Effect::OpenFolder => self.open(&self.context.auth_dir(app.settings())),
            Effect::OpenSettings => self.send_job(SettingsJob::Open),
            Effect::RenameAccount(id) => self.send_job(SettingsJob::Rename(id)),
            Effect::NotifyAccountList(message) => {
                // An error means that the background thread has ended.
                let _ = self.notifications.send(NotificationRequest::AccountList(message));
            }
            Effect::Notify(notifications) => {
                let hide_email = app.settings().hide_email;
                // As above.
                let _ = self.notifications.send(NotificationRequest::Show { notifications, hide_email });
            }
            Effect::CloseNotifications(windows) => {
                // As above.
                let _ = self.notifications.send(NotificationRequest::Close(windows));
            }
            Effect::OpenPage(address) => self.open(Path::new(address)),
            Effect::RunHooks(calls) => {
                // As above.
                let _ = self.hook_calls.send(calls);
            }
            Effect::SaveAlerts(history) => self.state.save_alerts(&history),
            Effect::Quit => {}
        }
        None
    }

    fn send(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // As above.
            let _ = commands.send(command);
        }
    }

    fn send_job(&self, job: SettingsJob) {
        // As above.
        let _ = self.settings_jobs.send(job);
    }

    fn reconfigure(&self, settings: &Settings) {
        let (interval, sources) = (self.create_sources)(settings);
        self.send(Command::Reconfigure(interval, sources));
    }

    fn show_in_terminal(&mut self, advice: &str, app: &App) {
        let table = table(&app.presenter(clock::now()), TableStyle::stdout());
        // It fails when the terminal is closed, and then the output has no reader.
        let _ = self.terminal.show(&format!("{advice}\n\n{table}"));
    }

    fn starts_at_login(&self) -> Result<Option<bool>, String> {
        let status = self.context.autostart.as_ref().map(Autostart::status).transpose();
        let status = status.map_err(|error| error.to_string())?;
        Ok(status.map(|status| matches!(status, AutostartStatus::On(_))))
    }

    fn set_start_at_login(&self, on: bool) -> AppEvent {
        let set = self.context.autostart.as_ref().map_or(Ok(()), |autostart| autostart.set(on));
        let status = set.map_err(|error| error.to_string()).and_then(|()| self.starts_at_login());
        if let Err(error) = &status {
            log::warn!("{error}");
        }
        AppEvent::StartsAtLogin(status)
    }

    fn open(&self, path: &Path) {
        let events = self.events.clone();
        open(path, move |problem| events.send(AppEvent::NotOpened(problem)));
    }

    /// Removes the icon and ends the refresher.
    pub fn close(&mut self) {
        self.commands = None;
        self.tray.close();
    }
}
