//! The sources that the settings name.

use crate::config::Settings;
use crate::sources::cli_proxy_api::CliProxyApi;
use crate::sources::{AccountSource, Clients};
use std::path::PathBuf;
use std::sync::Arc;

/// The sources, in the order in which they are preferred where two have the same account. `auth_dir` is CLIProxyAPI's
/// folder.
pub fn configured(auth_dir: PathBuf, settings: &Settings, clients: &Clients) -> Vec<Arc<dyn AccountSource>> {
    vec![Arc::new(CliProxyApi::new(auth_dir, settings, clients))]
}
