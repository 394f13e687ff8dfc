//! Where the settings, the state and the lock are, by the customs of each system.

use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
use std::path::{Path, PathBuf};

const NAME: &str = "quota-tray";

/// The places this program writes to. Credential files are in none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The settings file.
    pub config_file: PathBuf,
    /// What is remembered over restarts.
    pub state_dir: PathBuf,
    /// What lives no longer than the login: the lock of the running tray.
    pub runtime_dir: PathBuf,
    /// The user's home directory.
    pub home: PathBuf,
}

impl Paths {
    /// The customary places; `None` where there is no home directory to be found.
    pub fn native() -> Option<Paths> {
        let base = choose_native_strategy().ok()?;
        // Where a system has no place of its own for a kind, its place for application data serves.
        let data = base.data_dir().join(NAME);
        let config = if cfg!(target_os = "macos") { data.clone() } else { base.config_dir().join(NAME) };
        let state = base.state_dir().map_or(data, |dir| dir.join(NAME));
        let runtime = base.runtime_dir().map_or_else(|| state.clone(), |dir| dir.join(NAME));
        Some(Paths {
            config_file: config.join("config.toml"),
            state_dir: state,
            runtime_dir: runtime,
            home: base.home_dir().to_owned(),
        })
    }
}

/// A leading `~` is the home directory.
pub fn expand_home(path: &Path, home: &Path) -> PathBuf {
    match path.strip_prefix("~") {
        // An empty rest would leave a slash at the end.
        Ok(rest) if rest.as_os_str().is_empty() => home.to_owned(),
        Ok(rest) => home.join(rest),
        Err(_) => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_leading_tilde_is_the_home_directory() {
        let home = Path::new("/home/u");
        for (given, meant) in
            [("~", "/home/u"), ("~/x/y", "/home/u/x/y"), ("/a/~", "/a/~"), ("~other/x", "~other/x")]
        {
            assert_eq!(expand_home(Path::new(given), home), Path::new(meant));
        }
    }
}
