//! What is kept when the settings change: connections, token renewals and state.

use crate::credentials::renewal::Checkpoint;
use crate::engine::state_dir::StateDir;
use crate::platform::files;
use crate::sources::Clients;
use std::path::Path;

/// Connections, token renewals and state: shared by each [`SourceSet`](crate::engine::SourceSet) and its successor.
#[derive(Clone)]
pub struct Resources {
    /// What the sources need.
    pub clients: Clients,
    /// The state directory.
    pub state: StateDir,
}

impl Resources {
    /// Everything is kept in `state_dir`, except locks that are shared by processes with different state directories:
    /// these are in `runtime_dir`. `on_checkpoint` is called at each checkpoint of a token renewal.
    pub fn new(state_dir: &Path, runtime_dir: &Path, on_checkpoint: fn(Checkpoint)) -> Resources {
        files::remove_abandoned(state_dir);
        Resources {
            clients: Clients::new(state_dir, runtime_dir, on_checkpoint),
            state: StateDir::new(state_dir),
        }
    }
}
