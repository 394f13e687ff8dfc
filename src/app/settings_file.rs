//! The task that has the settings file: reads it after each change, and writes the choices made in the menu.
//!
//! A file that has just become missing or empty is probably being saved. Its settings, which are the defaults, would show
//! hidden e-mail addresses and send requests to the default endpoints. So they take effect after [`SETTLE_TIME`] only.

use crate::app::context::Context;
use crate::app::state_machine::AppEvent;
use crate::config::{self, Choice, ConfigError, FileState, SETTLE_TIME, Settings};
use crate::platform::debounce;
use crate::platform::folder_watch::FolderWatch;
use crate::platform::opener::open;
use crate::platform::stdio;
use crate::quota::AccountId;
use crate::tray::event_loop::Sender;
use std::path::Path;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// What is to be done with the settings file.
#[derive(Debug, Clone)]
pub enum SettingsJob {
    /// Write a choice to it. The settings are those in force.
    Save(Choice, Box<Settings>),
    /// Open it in an editor; it is created if necessary.
    Open,
    /// Open it with a section for the name of this account.
    Rename(AccountId),
}

/// Reads and writes the settings file, one after the other.
pub struct SettingsFile {
    context: Context,
    events: Sender<AppEvent>,
    jobs: mpsc::UnboundedReceiver<SettingsJob>,
    /// The state of the file whose settings are in force, or whose error is displayed.
    state: FileState,
    /// When the file was first found missing or empty, if that is not in force yet.
    vanished: Option<Instant>,
}

impl SettingsFile {
    /// The file in `context`, whose settings were read from it.
    pub fn new(
        context: Context,
        events: Sender<AppEvent>,
        jobs: mpsc::UnboundedReceiver<SettingsJob>,
    ) -> SettingsFile {
        let state = context.file_state;
        SettingsFile { context, events, jobs, state, vanished: None }
    }

    /// Sends the settings after each change of the file, and does the jobs. Does not return.
    pub async fn run(&mut self) {
        let (changed, mut changes) = debounce::channel();
        // The folder and not the file: editors replace the file with a new one.
        let folder = self.context.paths.config_file.parent().map(Path::to_owned).unwrap_or_default();
        let mut watch = FolderWatch::start(&[&folder], changed);
        // The first time because the file may have changed since the program has read it.
        self.send_settings();
        loop {
            let settled = self.vanished.map(|vanished| vanished + SETTLE_TIME);
            let is_settled = async { sleep_until(settled.unwrap_or_else(Instant::now)).await };
            tokio::select! {
                Some(()) = changes.recv() => {
                    watch.iter_mut().for_each(FolderWatch::rearm);
                    self.send_settings();
                }
                () = is_settled, if settled.is_some() => self.send_settings(),
                Some(job) = self.jobs.recv() => self.run_jobs(job).await,
                else => break,
            }
        }
        std::future::pending::<()>().await;
    }

    /// Does the jobs that are left: a setting may be chosen just before the program is quit.
    pub fn finish(mut self) {
        let jobs = self.waiting_jobs();
        run_all(jobs, &self.context, self.state, &self.events);
    }

    fn send_settings(&mut self) {
        if let Some(settings) = self.next_settings(Instant::now()) {
            send(&self.events, settings);
        }
    }

    /// Reads the file. `None`: it is missing or empty, but was not for long enough.
    fn next_settings(&mut self, now: Instant) -> Option<Result<Settings, ConfigError>> {
        let (settings, state) = self.context.read_settings();
        if state == FileState::Blank && self.state != FileState::Blank {
            let vanished = *self.vanished.get_or_insert(now);
            if now < vanished + SETTLE_TIME {
                return None;
            }
        }
        self.vanished = None;
        self.state = state;
        Some(settings)
    }

    fn waiting_jobs(&mut self) -> Vec<SettingsJob> {
        std::iter::from_fn(|| self.jobs.try_recv().ok()).collect()
    }

    /// Does this job and those that wait, on another thread, since they wait for other programs and for the disk.
    async fn run_jobs(&mut self, first: SettingsJob) {
        let jobs = [vec![first], self.waiting_jobs()].concat();
        let (context, state, events) = (self.context.clone(), self.state, self.events.clone());
        // It fails only if a job panics, which is printed.
        let _ = tokio::task::spawn_blocking(move || run_all(jobs, &context, state, &events)).await;
        // Where the file is a link to another folder, its change is not noticed there.
        if self.context.read_settings().1 == FileState::Valid {
            (self.state, self.vanished) = (FileState::Valid, None);
        }
    }
}

/// Does jobs in their order. Blocks.
fn run_all(jobs: Vec<SettingsJob>, context: &Context, state: FileState, events: &Sender<AppEvent>) {
    let file = &context.paths.config_file;
    let mut jobs = jobs.into_iter().peekable();
    while let Some(job) = jobs.next() {
        match job {
            SettingsJob::Save(choice, settings) => {
                // Each change watches the former file for a moment, so several clicks are one change.
                let mut choices = vec![choice];
                while let Some(SettingsJob::Save(choice, _)) =
                    jobs.next_if(|job| matches!(job, SettingsJob::Save(..)))
                {
                    choices.push(choice);
                }
                let saved = || send(events, context.read_settings().0);
                match config::apply(file, state, &settings, &choices, saved) {
                    Ok(()) => {}
                    // Displayed until the file is valid.
                    Err(error @ ConfigError::Wrong { .. }) => {
                        log::warn!("{error}");
                        send(events, Err(error));
                    }
                    Err(error) => failed(&error, events),
                }
            }
            SettingsJob::Open => open_if(config::create(file, state), file, events),
            SettingsJob::Rename(id) => open_if(config::prepare_account(file, state, &id), file, events),
        }
    }
}

/// Opens the file if it was prepared for that.
fn open_if(prepared: Result<(), ConfigError>, file: &Path, events: &Sender<AppEvent>) {
    match prepared {
        Ok(()) => {
            let events = events.clone();
            open(file, move |problem| events.send(AppEvent::NotOpened(problem)));
        }
        Err(error) => failed(&error, events),
    }
}

fn failed(error: &ConfigError, events: &Sender<AppEvent>) {
    log::warn!("{error}");
    events.send(AppEvent::NotOpened(error.to_string()));
}

fn send(events: &Sender<AppEvent>, settings: Result<Settings, ConfigError>) {
    if let Ok(settings) = &settings {
        stdio::hide_addresses(settings.hide_email);
    }
    events.send(AppEvent::Settings(settings.map_err(|error| error.to_string())));
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use super::*;
    use crate::platform::paths::Paths;
    use crate::tray::event_loop::EventLoop;
    use std::fs;
    use std::path::PathBuf;
    use std::time::Duration;

    fn settings_file(dir: &Path, text: Option<&str>) -> (SettingsFile, PathBuf) {
        let path = dir.join("config.toml");
        if let Some(text) = text {
            fs::write(&path, text).expect("written");
        }
        let paths = Paths {
            config_file: path.clone(),
            state_dir: dir.into(),
            runtime_dir: dir.into(),
            home: dir.into(),
        };
        let context = Context::new(paths, None).expect("valid");
        let (_, jobs) = mpsc::unbounded_channel();
        (SettingsFile::new(context, EventLoop::new().sender(), jobs), path)
    }

    fn hides(settings: Option<Result<Settings, ConfigError>>) -> Option<bool> {
        settings.map(|settings| settings.expect("valid").hide_email)
    }

    #[test]
    fn missing_or_empty_file_is_applied_after_a_second_and_not_before() {
        for remove in [|path: &Path| fs::remove_file(path), |path: &Path| fs::write(path, "\n")] {
            let dir = tempfile::tempdir().expect("a folder");
            let (mut file, path) = settings_file(dir.path(), Some("hide_email = true"));
            let start = Instant::now();
            remove(&path).expect("removed");
            for millis in [0, 300, 999] {
                assert_eq!(hides(file.next_settings(start + Duration::from_millis(millis))), None);
            }
            assert_eq!(hides(file.next_settings(start + SETTLE_TIME)), Some(false));
            assert_eq!(hides(file.next_settings(start + SETTLE_TIME)), Some(false), "known by then");
        }
    }

    #[test]
    fn file_that_comes_back_within_a_second_is_applied_at_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let (mut file, path) = settings_file(dir.path(), Some("hide_email = true"));
        let start = Instant::now();
        for round in 0..3 {
            let now = start + SETTLE_TIME * round;
            fs::write(&path, "").expect("truncated");
            assert_eq!(hides(file.next_settings(now)), None);
            fs::write(&path, "hide_email = true").expect("written");
            assert_eq!(hides(file.next_settings(now + SETTLE_TIME / 2)), Some(true));
        }
    }

    #[test]
    fn invalid_file_is_an_error_at_once_and_an_empty_one_after_it_is_not_applied_at_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let (mut file, path) = settings_file(dir.path(), Some("hide_email = true"));
        let now = Instant::now();
        fs::write(&path, "hide_ema").expect("written");
        file.next_settings(now).expect("an event").expect_err("invalid");
        fs::write(&path, "").expect("truncated");
        assert!(file.next_settings(now).is_none());
    }

    #[test]
    fn file_that_never_existed_is_the_defaults_at_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let (mut file, _) = settings_file(dir.path(), None);
        assert_eq!(hides(file.next_settings(Instant::now())), Some(false));
    }
}
