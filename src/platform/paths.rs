//! Where the settings, the state and the lock are, by the conventions of each system.

use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
use std::path::{Path, PathBuf};

const NAME: &str = "quota-tray";

/// The paths that this program writes to. Credential files are in none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The settings file.
    pub config_file: PathBuf,
    /// State that is kept over restarts.
    pub state_dir: PathBuf,
    /// Files of this login session: the lock of the running tray.
    pub runtime_dir: PathBuf,
    /// The user's home directory.
    pub home: PathBuf,
}

impl Paths {
    /// The usual paths. `None`: no home directory was found.
    pub fn native() -> Option<Paths> {
        let base = choose_native_strategy().ok()?;
        // A system without a folder for state or runtime files has them in its folder for application data.
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

/// Replaces a leading `~` by the home directory.
pub fn expand_home(path: &Path, home: &Path) -> PathBuf {
    match path.strip_prefix("~") {
        // Joining an empty rest would add a slash at the end.
        Ok(rest) if rest.as_os_str().is_empty() => home.to_owned(),
        Ok(rest) => home.join(rest),
        Err(_) => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_leading_tilde_is_expanded() {
        let home = Path::new("/home/u");
        for (path, expected) in
            [("~", "/home/u"), ("~/x/y", "/home/u/x/y"), ("/a/~", "/a/~"), ("~other/x", "~other/x")]
        {
            assert_eq!(expand_home(Path::new(path), home), Path::new(expected));
        }
    }
}
