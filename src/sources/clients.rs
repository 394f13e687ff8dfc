//! The connections and token renewals that all sources share.

use crate::credentials::renewal::{Checkpoint, Renewer};
use crate::providers::Http;
use std::path::Path;
use std::sync::Arc;

/// What the sources share, also with those that replace them when the settings change.
#[derive(Clone)]
pub struct Clients {
    /// The connections.
    pub http: Arc<Http>,
    /// The token renewals, including those in progress.
    pub renewer: Arc<Renewer>,
}

impl Clients {
    /// Journals of renewals are kept in `state_dir`; locks that are shared by processes with different state directories
    /// in `runtime_dir`. `on_checkpoint` is called at each checkpoint of a renewal.
    pub fn new(state_dir: &Path, runtime_dir: &Path, on_checkpoint: fn(Checkpoint)) -> Clients {
        let http = Arc::new(Http::default());
        let renewer = Renewer::new(state_dir, runtime_dir, http.clone(), on_checkpoint);
        Clients { http, renewer }
    }
}
