//! The settings file, the state directory, the lock of the running tray, the autostart entry.

use crate::app::context::Context;
use crate::app::instance;
use crate::autostart::{self, Autostart, AutostartStatus};
use crate::cli::doctor::finding::{Finding, bad, doubtful, good};
use crate::config::{self, ConfigError};
use crate::engine::state_dir::StateDir;
use crate::text;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

pub fn settings(context: &Context, error: Option<&ConfigError>) -> Finding {
    let file = context.paths.config_file.display();
    let former_keys = config::former_keys(&context.paths.config_file);
    if let (None, Some(key)) = (error, former_keys.first()) {
        let state = format!("{file}: {} is now {}", key.former, key.current);
        return doubtful("settings file", state, "rename it; the former name still works");
    }
    match error {
        None if context.paths.config_file.exists() => good("settings file", format!("{file}")),
        None => good("settings file", format!("{file} does not exist; using the defaults")),
        Some(ConfigError::Wrong { message, .. }) => bad(
            "settings file",
            format!("{file}: {message}"),
            "fix that line, or delete the file to use the defaults",
        ),
        Some(error) => {
            let text = error.to_string();
            let (state, remedy) = text.split_once("\nhint: ").unwrap_or((&text, ""));
            bad("settings file", state, remedy)
        }
    }
}

/// A section `[windows."…"]` whose name matches no window of the last known usage. `None`: there is none, or no usage is
/// known.
pub fn unknown_windows(context: &Context) -> Option<Finding> {
    let snapshot = StateDir::new(&context.paths.state_dir).snapshot();
    let windows: Vec<_> = snapshot.accounts.iter().flat_map(|usage| usage.windows()).collect();
    let is_unknown = |name: &&String| !windows.iter().any(|window| config::is_about(name, window));
    let unknown = context.settings.windows.keys().find(is_unknown).filter(|_| !windows.is_empty())?;
    let titles: BTreeSet<_> = windows.iter().map(|window| format!("\"{}\"", window.title)).collect();
    let state = format!("no window is called \"{}\" at the moment", text::label(unknown));
    let titles = titles.into_iter().collect::<Vec<_>>().join(", ");
    Some(doubtful("settings file", state, format!("the windows are {titles}")))
}

/// The state directory: writes a file there and removes it.
pub fn state(context: &Context) -> Finding {
    let dir = &context.paths.state_dir;
    let shown = dir.display();
    if !dir.exists() {
        let parent = dir.ancestors().find(|parent| parent.exists()).unwrap_or(dir);
        return match probe(parent) {
            Ok(()) => good("state folder", format!("{shown} will be created when needed")),
            Err(error) => bad(
                "state folder",
                format!("could not create {shown}: {error}"),
                format!("check the owner and the permissions of {}", parent.display()),
            ),
        };
    }
    match probe(dir) {
        Ok(()) => good("state folder", format!("{shown} is writable")),
        Err(error) => bad(
            "state folder",
            format!("could not write to {shown}: {error}"),
            "check its owner, its permissions and the disk space; without it, last known values, sent notifications and \
             renewals are not saved",
        ),
    }
}

fn probe(dir: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".quota-tray-").suffix(".tmp").tempfile_in(dir)?;
    file.write_all(&[b' '; 4096])?;
    file.flush()
}

/// Whether a tray is running: the first check if there is no icon.
pub fn tray(context: &Context) -> Finding {
    match instance::is_held(&context.paths.runtime_dir) {
        Ok(true) => good("tray", "running"),
        Ok(false) => good("tray", "not running; start it with `quota-tray`"),
        Err(error) => doubtful(
            "tray",
            format!("could not check its lock: {error}"),
            format!("check the owner of {}", context.paths.runtime_dir.display()),
        ),
    }
}

/// Whether it is started at login, and whether the program exists.
pub fn autostart(autostart: &Autostart) -> Finding {
    let subject = "start at login";
    match autostart.status() {
        Ok(AutostartStatus::Off) => good(subject, "off"),
        Ok(AutostartStatus::On(command)) => match command.first() {
            Some(program) if !autostart::exists(program) => doubtful(
                subject,
                format!("on, but {program} does not exist"),
                "run `quota-tray autostart on` to start this program instead",
            ),
            program => good(subject, format!("on, starts {}", program.map_or("", String::as_str))),
        },
        Err(error) => doubtful(subject, error.to_string().replace("\nhint: ", "; "), ""),
    }
}
