//! The settings file: read with errors that name the line.

use crate::config::problem;
use crate::config::settings::Settings;
use crate::config::template::{FORMER_KEYS, FormerKey};
use crate::platform::files;
use crate::text;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml_edit::DocumentMut;

/// A longer file does not hold settings, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// An error of the settings file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It can't be read.
    #[error("could not read the settings file {}: {source}\nhint: {}", text::path(path), read_hint(source))]
    Read { path: PathBuf, source: io::Error },
    /// It has a wrong key or value; the message names the line and the key, and does not repeat the value.
    #[error(
        "could not use the settings file {}: {message}\nhint: fix that line, or delete the file to use the defaults",
        text::path(path)
    )]
    Wrong { path: PathBuf, message: String },
    /// It can't be written.
    #[error("could not write the settings file {}: {source}", text::path(path))]
    Write { path: PathBuf, source: io::Error },
    /// Another program keeps changing it.
    #[error(
        "could not change the settings file {}: another program keeps writing to it\nhint: close that program, then try again",
        text::path(path)
    )]
    Busy { path: PathBuf },
}

/// What helps where the settings file can't be read.
fn read_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        // The default file need not exist, so this one was named.
        ErrorKind::NotFound => "choose another file, or leave out --config to use the default one",
        ErrorKind::PermissionDenied => "check its owner and its permissions",
        _ => "settings are a text file; use another one with --config",
    }
}

/// Reads the settings. A file that does not exist means the defaults.
///
/// # Errors
/// A file that can't be read, or that holds a wrong key or value.
pub fn load(path: &Path) -> Result<Settings, ConfigError> {
    parse(path, &read(path)?.unwrap_or_default())
}

/// Parses the text of a settings file; `path` is for the error.
///
/// # Errors
/// It has a wrong key or value.
pub fn parse(path: &Path, text: &str) -> Result<Settings, ConfigError> {
    toml_edit::de::from_str(text).map_err(|error| wrong(path, text, error.message(), error.span()))
}

/// The error for a place in the text of a settings file.
pub fn wrong(path: &Path, text: &str, message: &str, span: Option<Range<usize>>) -> ConfigError {
    ConfigError::Wrong { path: path.to_owned(), message: problem::describe(text, message, span) }
}

/// The renamed keys that the settings file still has under their former names. Empty for a file that can't be read.
pub fn former_keys(path: &Path) -> Vec<FormerKey> {
    let document =
        read(path).ok().flatten().and_then(|text| text.parse::<DocumentMut>().ok()).unwrap_or_default();
    let is_used = |key: &FormerKey| {
        let table = document.get(key.table).and_then(|item| item.as_table_like());
        table.is_some_and(|table| table.contains_key(key.former))
    };
    FORMER_KEYS.into_iter().filter(is_used).collect()
}

/// The text of the settings file. `None`: there is none.
///
/// # Errors
/// It can't be read.
pub fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    let content = match files::read_regular(path, MAX_BYTES) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        content => content,
    };
    let text = content.and_then(|content| {
        String::from_utf8(content).map_err(|_| io::Error::other("it is not text in UTF-8"))
    });
    text.map(Some).map_err(|source| ConfigError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::endpoints::Endpoints;
    use crate::config::template::TEMPLATE;

    fn settings(text: &str) -> Result<Settings, String> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).expect("written");
        load(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn missing_file_empty_file_and_template_are_the_defaults() {
        assert_eq!(load(Path::new("/nonexistent/config.toml")).expect("defaults"), Settings::default());
        assert_eq!(settings("").expect("defaults"), Settings::default());
        assert_eq!(settings(TEMPLATE).expect("defaults"), Settings::default());
    }

    #[test]
    fn template_shows_every_default() {
        let uncommented: String = TEMPLATE
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                // An example.
                Some(code) if code.starts_with(' ') => "\n".to_owned(),
                Some(code) if code.contains(" = ") || code.starts_with('[') => format!("{code}\n"),
                _ => "\n".to_owned(),
            })
            .collect();
        assert!(uncommented.contains("refresh_minutes = 5"), "{uncommented}");
        let mut settings = settings(&uncommented).expect("valid");
        // The registry's test compares these with the providers' specs.
        let overrides = std::mem::take(&mut *settings.endpoints);
        assert_eq!(overrides.cli_proxy_api, Endpoints::default().cli_proxy_api);
        assert!(overrides.claude_usage.is_some() && overrides.codex_token.is_some());
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn error_names_the_line_and_the_key() {
        for (text, line, word) in [
            ("refresh_minutes = 0", "line 1", "1 to 1440"),
            ("\nrefresh_minutes = 99999999999", "line 2", "1 to 1440"),
            ("\n\nrefresh_minute = 5", "line 3", "refresh_minute"),
            ("thresholds = [20, 100]", "line 1", "below 100"),
            ("thresholds = [nan]", "line 1", "below 100"),
            ("hide_email = \"yes\"", "line 1", "true or false"),
            ("token_renewal = \"sometimes\"", "line 1", "\"always\""),
            ("auth_dir = \"\"", "line 1", "empty"),
            ("[endpoints]\nclaude_usage = \"http://example.com\"", "line 2", "loopback"),
            ("[icon]\nstyle = \"bar\"", "line 2, icon.style", "\"bars\""),
            ("[icon]\nshows = \" \"", "line 2, icon.shows", "id of an account"),
            ("icon.show = \"claude\"", "line 1, icon.show", "shows"),
            ("menu = \"rows\"", "line 1", "\"windows\""),
            ("[accounts.\"a.json\"]\nname = \" \"", "line 2", "accounts.a.json.name"),
            ("[accounts.\"claude-a@b.c.json\"]\nhidden = true", "line 2", "accounts.<e-mail>.hidden"),
            ("accounts.\"a@b.c\".pin = 1", "line 1", "accounts.<e-mail>.pin"),
            (
                "[windows.Weekly]\nthresholds = [0]",
                "line 2",
                "windows.Weekly.thresholds: expected percentages",
            ),
            ("[providers.cluade]\nthresholds = [10]", "line 1", "codex"),
            ("[providers.claude]\nthreshold = [10]", "line 2", "providers.claude.threshold"),
            ("[limits]\nrequests_per_five_minutes = 0", "line 2", "1 to 60"),
            ("[limits]\nasks_per_five_minutes = 0", "line 2", "1 to 60"),
            ("[limits]\nrequest_per_five_minutes = 1", "line 2", "requests_per_five_minutes"),
            ("[quiet]\nfrom = \"25:00\"\nto = \"07:00\"", "line 2, quiet.from", "23:59"),
            ("[quiet]\nfrom = \"22:00\"\nto = 7", "line 3, quiet.to", "text in quotes"),
            ("[quiet]\nfrom = \"22:00\"\n", "line 1, quiet", "both from and to"),
            ("hide_email = true\n[quiet]\nfrom = \"22:00\"\nto = \"22:00\"", "line 2, quiet", "different"),
            ("[quiet]\nform = \"22:00\"", "line 2, quiet.form", "from"),
            ("refresh_minutes = ", "line 1", ""),
        ] {
            let error = settings(text).expect_err(text);
            assert!(error.contains(line) && error.contains(word), "{text}: {error}");
            assert!(error.contains("config.toml") && error.contains("hint:"), "{text}: {error}");
        }
    }

    #[test]
    fn value_of_another_type_is_explained_in_the_words_of_the_settings() {
        for (text, expected) in [
            ("refresh_minutes = \"5\"", "refresh_minutes: expected a whole number"),
            ("refresh_minutes = 5.5", "refresh_minutes: expected a whole number"),
            ("refresh_minutes = 99999999999999999999", "refresh_minutes: the number is too large"),
            ("thresholds = 20", "thresholds: expected a list"),
            ("thresholds = [\"20\"]", "thresholds: expected a number"),
            ("hide_email = 1", "hide_email: expected true or false"),
            ("auth_dir = 1", "auth_dir: expected text in quotes"),
            ("token_renewal = 1", "token_renewal: expected text in quotes"),
            ("token_renewal = []", "token_renewal: expected text in quotes"),
            ("limits = 1", "limits: expected a table"),
            ("hooks = \"x\"", "hooks: expected a table"),
            ("[hooks]\non_low = \"x\"", "hooks.on_low: expected a list"),
            ("[hooks]\non_low = [1]", "hooks.on_low: expected text in quotes"),
            ("[hooks]\ntimeout_seconds = true", "hooks.timeout_seconds: expected a whole number"),
            ("[endpoints]\nclaude_usage = 1", "endpoints.claude_usage: expected text in quotes"),
            ("[endpoints]\ncli_proxy_api = \"http://127.0.0.1\"", "endpoints.cli_proxy_api: expected a list"),
            ("[endpoints]\nclaude_user_agent = []", "endpoints.claude_user_agent: expected text in quotes"),
        ] {
            let error = settings(text).expect_err(text);
            assert!(error.contains(&format!(", {expected}\nhint: ")), "{text}: {error}");
        }
    }

    #[test]
    fn renamed_key_is_read_under_its_former_name() {
        let limit = |text: &str| settings(text).map(|settings| settings.limits.requests_per_five_minutes);
        assert_eq!(limit("[limits]\nrequests_per_five_minutes = 3"), Ok(3));
        assert_eq!(limit("[limits]\nasks_per_five_minutes = 3"), Ok(3));
        assert_eq!(limit("limits.asks_per_five_minutes = 3"), Ok(3));
    }

    #[test]
    fn renamed_key_under_both_names_is_an_error_that_names_both() {
        for order in [["asks", "requests"], ["requests", "asks"]] {
            let lines = order.map(|name| format!("{name}_per_five_minutes = 3\n"));
            let error = settings(&format!("[limits]\n{}", lines.concat())).expect_err("both");
            for part in ["limits", "asks_per_five_minutes", "requests_per_five_minutes", "hint:"] {
                assert!(error.contains(part), "{error}");
            }
        }
    }

    #[test]
    fn former_keys_of_a_file_are_found() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        for (text, former) in [
            ("[limits]\nasks_per_five_minutes = 3", true),
            ("limits = { asks_per_five_minutes = 3 }", true),
            ("[limits]\nrequests_per_five_minutes = 3", false),
            ("[limits]\n# asks_per_five_minutes = 3", false),
            ("[limits", false),
        ] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(former_keys(&path).len(), usize::from(former), "{text}");
        }
    }
}
