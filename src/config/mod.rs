//! Every setting: its default, its form in the settings file, and how the menu changes it there.

mod endpoint;
mod fault;
mod file;
pub mod hooks;

pub use endpoint::{Endpoint, Endpoints};
pub use file::{Choice, ConfigError, apply, create, load};

use crate::config::hooks::Hooks;
use serde::{Deserialize, Deserializer, de};
use std::path::PathBuf;
use std::time::Duration;

/// The settings. The table in `docs/settings.md` lists them all.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Minutes between two refreshes, 1 to 1440.
    #[serde(deserialize_with = "minutes")]
    pub refresh_minutes: u32,
    /// Notify when a window has less than this left, in percent, above 0 and below 100. 0 % left
    /// always notifies.
    #[serde(deserialize_with = "thresholds")]
    pub thresholds: Vec<f64>,
    /// Notify when a window that was low is given back.
    pub notify_on_reset: bool,
    /// Show "a…e" in place of "alice@example.com".
    pub hide_email: bool,
    /// Show the lowest percentage as text beside the icon, where the platform does that.
    pub show_title: bool,
    /// Show accounts that are switched off, greyed.
    pub show_disabled: bool,
    /// The folder with the credential files. A leading `~` is the home directory.
    #[serde(deserialize_with = "folder")]
    pub auth_dir: PathBuf,
    /// Who renews expired tokens.
    pub token_renewal: TokenRenewal,
    /// How much is asked of the providers.
    pub limits: Limits,
    /// What is run when something happens.
    pub hooks: Box<Hooks>,
    /// Where the providers are.
    pub endpoints: Box<Endpoints>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            refresh_minutes: 5,
            thresholds: vec![20.0, 5.0],
            notify_on_reset: true,
            hide_email: false,
            show_title: false,
            show_disabled: false,
            auth_dir: PathBuf::from("~/.cli-proxy-api"),
            token_renewal: TokenRenewal::Auto,
            limits: Limits::default(),
            hooks: Box::default(),
            endpoints: Box::default(),
        }
    }
}

impl Settings {
    /// The time between two refreshes.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.refresh_minutes) * 60)
    }

    /// Whether with the others the same is asked of the same accounts: what differs is how that is shown and
    /// told.
    pub fn asks_like(&self, others: &Settings) -> bool {
        // Each by its name, so that a new setting has to be decided on.
        let Settings {
            refresh_minutes,
            show_disabled,
            auth_dir,
            token_renewal,
            limits,
            endpoints,
            thresholds: _,
            notify_on_reset: _,
            hide_email: _,
            show_title: _,
            hooks: _,
        } = self;
        (*refresh_minutes, *show_disabled, *token_renewal)
            == (others.refresh_minutes, others.show_disabled, others.token_renewal)
            && (auth_dir, limits, endpoints) == (&others.auth_dir, &others.limits, &others.endpoints)
    }
}

/// Who renews expired access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenRenewal {
    /// CLIProxyAPI where it is running, else Quota Tray.
    Auto,
    /// Quota Tray, whether CLIProxyAPI is running or not.
    Always,
    /// Never Quota Tray.
    Never,
}

/// How much is asked of the providers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests for one account's usage in five minutes, 1 to 60, the tray and `status` together.
    #[serde(deserialize_with = "asks")]
    pub asks_per_five_minutes: u32,
    /// Requests for one Claude account's usage in any hour, 1 to 720, the tray and `status` together.
    #[serde(deserialize_with = "per_hour")]
    pub claude_requests_per_hour: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { asks_per_five_minutes: 5, claude_requests_per_hour: 20 }
    }
}

fn minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1..=1440, "minutes from 1 to 1440")
}

fn asks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1..=60, "a whole number from 1 to 60")
}

fn per_hour<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1..=720, "a whole number from 1 to 720")
}

/// A whole number, or an error that says what was expected, without repeating the value (see `config/fault.rs`).
///
/// # Errors
/// It is none, or out of `range`.
pub fn in_range<'de, D: Deserializer<'de>>(
    deserializer: D,
    range: std::ops::RangeInclusive<u32>,
    expected: &str,
) -> Result<u32, D::Error> {
    let value = i64::deserialize(deserializer)?;
    u32::try_from(value)
        .ok()
        .filter(|value| range.contains(value))
        .ok_or_else(|| de::Error::custom(format!("expected {expected}")))
}

fn thresholds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::<f64>::deserialize(deserializer)?;
    match values.iter().all(|value| *value > 0.0 && *value < 100.0) {
        true => Ok(values),
        false => Err(de::Error::custom("expected percentages above 0 and below 100 (0 % always notifies)")),
    }
}

fn folder<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(de::Error::custom("expected a path such as \"~/.cli-proxy-api\", not an empty string"));
    }
    Ok(PathBuf::from(text))
}
