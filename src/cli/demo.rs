//! `quota-tray demo`: the program as it is, with made-up accounts. Needs no account and no network, and changes no file
//! of the user.

use crate::app::context::{Context, locale};
use crate::app::runner;
use crate::cli::error::{CommandError, runtime};
use crate::cli::status;
use crate::config::Settings;
use crate::engine::SourceSet;
use crate::engine::one_shot;
use crate::engine::state_dir::StateDir;
use crate::platform::paths::Paths;
use crate::platform::stdio;
use crate::quota::Snapshot;
use crate::sources::demo::Demo;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// The time between two refreshes: short, so that changes can be watched.
const INTERVAL: Duration = Duration::from_secs(5);

/// Shows the demo in the tray, or prints it `once`.
///
/// # Errors
/// The tray can't be run, or standard output can't be written.
pub fn run(once: bool) -> Result<ExitCode, CommandError> {
    let system = |source| CommandError::System { what: "create a temporary folder".into(), source };
    let folder = tempfile::Builder::new().prefix("quota-tray-demo-").tempdir().map_err(system)?;
    let path = folder.path().to_owned();
    let state_dir = path.join("state");
    // No limits: there is no provider that could refuse.
    let sources = Arc::new(SourceSet::new(vec![Arc::new(Demo::new())], None, StateDir::new(&state_dir)));
    if once {
        let snapshot = runtime()?.block_on(one_shot::refresh(sources, Snapshot::default()));
        stdio::print(&status::text(&snapshot, &Settings::default(), &path, locale()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let paths = Paths {
        config_file: path.join("config.toml"),
        state_dir,
        runtime_dir: path.join("run"),
        home: path.clone(),
    };
    let context = Context::new(paths, Some(path))?;
    Ok(runner::run_with(context, move |_| (INTERVAL, sources.clone()), folder)?)
}
