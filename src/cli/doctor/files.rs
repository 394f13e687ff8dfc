//! The settings file, the state directory, the lock of the running tray.

use crate::app::context::Context;
use crate::app::instance;
use crate::autostart::{self, Autostart, AutostartStatus};
use crate::cli::doctor::{Finding, bad, doubtful, good};
use crate::config::ConfigError;
use std::io::{self, Write};
use std::path::Path;

pub fn settings(context: &Context, error: Option<&ConfigError>) -> Finding {
    let file = context.paths.config_file.display();
    match error {
        None if context.paths.config_file.exists() => good("settings file", format!("{file}")),
        None => good("settings file", format!("there is none at {file}, so the defaults hold")),
        Some(ConfigError::Wrong { message, .. }) => bad(
            "settings file",
            format!("{file}: {message}"),
            "fix the line, or delete the file to go back to the defaults",
        ),
        Some(error) => bad("settings file", error.to_string(), ""),
    }
}

/// Where the numbers are kept: writes a file there and takes it away again.
pub fn state(context: &Context) -> Finding {
    let dir = &context.paths.state_dir;
    let place = dir.display();
    if !dir.exists() {
        let above = dir.ancestors().find(|above| above.exists()).unwrap_or(dir);
        return match probe(above) {
            Ok(()) => good("state directory", format!("{place} is made when it is needed")),
            Err(error) => bad(
                "state directory",
                format!("{place} can't be made: {error}"),
                format!("check the owner and the permissions of {}", above.display()),
            ),
        };
    }
    match probe(dir) {
        Ok(()) => good("state directory", format!("{place} can be written")),
        Err(error) => bad(
            "state directory",
            format!("{place} can't be written: {error}"),
            "check its owner, its permissions, and the room on the disk; without it the last numbers, what was \
             notified and renewals are not kept",
        ),
    }
}

fn probe(dir: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".quota-tray-").suffix(".tmp").tempfile_in(dir)?;
    file.write_all(&[b' '; 4096])?;
    file.flush()
}

/// Whether a tray runs: the first question where there is no icon.
pub fn tray(context: &Context) -> Finding {
    match instance::is_held(&context.paths.runtime_dir) {
        Ok(true) => good("tray", "it is running"),
        Ok(false) => good("tray", "it is not running; `quota-tray` starts it"),
        Err(error) => doubtful(
            "tray",
            format!("could not look at its lock: {error}"),
            format!("check the owner of {}", context.paths.runtime_dir.display()),
        ),
    }
}

/// Whether it is started at login, and whether that will work.
pub fn autostart(autostart: &Autostart) -> Finding {
    let what = "start at login";
    match autostart.standing() {
        Ok(AutostartStatus::Off) => good(what, "off"),
        Ok(AutostartStatus::On(command)) => match command.first() {
            Some(program) if !autostart::exists(program) => doubtful(
                what,
                format!("on, but {program} is not there"),
                "`quota-tray autostart on` starts this one",
            ),
            program => good(what, format!("on, starts {}", program.map_or("", String::as_str))),
        },
        Err(error) => doubtful(what, error.to_string().replace("\nhint: ", "; "), ""),
    }
}
