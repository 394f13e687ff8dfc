//! The settings, with their defaults.

use crate::config::accounts::AccountSettings;
use crate::config::endpoints::Endpoints;
use crate::config::hooks::Hooks;
use crate::config::icon::IconSettings;
use crate::config::limits::Limits;
use crate::config::quiet::Quiet;
use crate::config::values::{in_range, thresholds};
use crate::config::windows::{Providers, WindowSettings, is_about};
use crate::quota::{AccountId, Provider, Window};
use serde::{Deserialize, Deserializer, de};
use std::collections::BTreeMap;
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
    /// Notify when a window that was low resets.
    pub notify_on_reset: bool,
    /// Show "a…e" instead of "alice@example.com".
    pub hide_email: bool,
    /// Show the lowest percentage as text beside the icon, where the platform does that.
    pub show_title: bool,
    /// Whether the icon asks for attention while the window that it shows is low, or an account needs its owner. The
    /// panel decides what that looks like.
    pub attention: bool,
    /// Whether panels may hide the icon while there is no account.
    pub passive_without_accounts: bool,
    /// What the menu shows of each account.
    pub menu: MenuForm,
    /// Show disabled accounts, greyed out.
    pub show_disabled: bool,
    /// The folder with the credential files. A leading `~` is the home directory.
    #[serde(deserialize_with = "folder")]
    pub auth_dir: PathBuf,
    /// Who renews expired tokens.
    pub token_renewal: TokenRenewal,
    /// What the icon shows, and how.
    pub icon: IconSettings,
    /// How individual accounts are displayed.
    pub accounts: BTreeMap<AccountId, AccountSettings>,
    /// Settings for all windows of a provider.
    pub providers: Providers,
    /// Settings for all windows with a title.
    pub windows: BTreeMap<String, WindowSettings>,
    /// Limits on requests to the providers.
    pub limits: Limits,
    /// The hours during which no notification is shown.
    pub quiet: Quiet,
    /// Programs to run on events.
    pub hooks: Box<Hooks>,
    /// Addresses in place of the providers' own.
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
            attention: true,
            passive_without_accounts: false,
            menu: MenuForm::Auto,
            show_disabled: false,
            auth_dir: PathBuf::from("~/.cli-proxy-api"),
            token_renewal: TokenRenewal::Auto,
            accounts: BTreeMap::new(),
            providers: Providers::default(),
            windows: BTreeMap::new(),
            icon: IconSettings::default(),
            limits: Limits::default(),
            quiet: Quiet::default(),
            hooks: Box::default(),
            endpoints: Box::default(),
        }
    }
}

impl Settings {
    /// Whether a window is ignored.
    pub fn ignores(&self, window: &Window) -> bool {
        self.of_window(window).any(|settings| settings.ignore)
    }

    /// The thresholds of a window that take precedence over the general ones: its own, otherwise those of its provider.
    /// `None`: there are none.
    pub fn own_thresholds(&self, provider: Provider, window: &Window) -> Option<&[f64]> {
        let of_window = self.of_window(window).find_map(|settings| settings.thresholds.as_deref());
        of_window.or_else(|| self.providers.of(provider)?.thresholds.as_deref())
    }

    fn of_window(&self, window: &Window) -> impl Iterator<Item = &WindowSettings> {
        self.windows.iter().filter(|(name, _)| is_about(name, window)).map(|(_, settings)| settings)
    }

    /// The time between two refreshes.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.refresh_minutes) * 60)
    }

    /// Whether `others` result in the same requests for the same accounts, and differ at most in presentation and
    /// notifications.
    pub fn requests_like(&self, others: &Settings) -> bool {
        // All fields are named, so that a new one has to be placed here.
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
            attention: _,
            passive_without_accounts: _,
            icon: _,
            quiet: _,
            menu: _,
            accounts: _,
            providers: _,
            windows: _,
            hooks: _,
        } = self;
        (*refresh_minutes, *show_disabled, *token_renewal)
            == (others.refresh_minutes, others.show_disabled, others.token_renewal)
            && (auth_dir, limits, endpoints) == (&others.auth_dir, &others.limits, &others.endpoints)
    }
}

/// What the menu shows of each account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MenuForm {
    /// Every window with up to five accounts, one row per account with more.
    Auto,
    /// Every window.
    Windows,
    /// One row per account.
    Accounts,
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

fn minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1..=1440, "minutes from 1 to 1440")
}

fn folder<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(de::Error::custom("expected a path such as \"~/.cli-proxy-api\", not an empty string"));
    }
    Ok(PathBuf::from(text))
}
