//! What the tray shows, as one value, so that a backend can compare it with the previous one.

use crate::config::Settings;
use crate::presenter::icon_state::IconContent;
use crate::presenter::{Locale, Presenter};
use crate::quota::Snapshot;
use crate::tray::menu::{Item, Menu};
use chrono::{DateTime, Utc};
use std::path::PathBuf;
use std::sync::Arc;

/// The tray icon with its menu and texts.
#[derive(Debug, Clone, PartialEq)]
pub struct TrayContent {
    /// The menu.
    pub menu: Arc<MenuModel>,
    /// The icon.
    pub icon: IconContent,
    /// Whether the icon asks for attention: a window is low, or an account needs its owner.
    pub needs_attention: bool,
    /// Whether panels may hide the icon, since there is no account.
    pub passive: bool,
    /// What the icon shows, in words: its accessible name (`Title` of a StatusNotifierItem).
    pub label: String,
    /// The text that appears when the pointer is over the icon.
    pub tooltip: String,
    /// The text beside the icon, of the setting `show_title` (`XAyatanaLabel`). Empty: none.
    pub title: String,
}

/// What the menu is built from. Its rows have countdowns, so they are built when the menu is opened.
#[derive(Debug, Clone)]
pub struct MenuModel {
    /// The accounts and their usage.
    pub snapshot: Arc<Snapshot>,
    /// How they are displayed.
    pub settings: Arc<Settings>,
    /// The folder with the credential files.
    pub auth_dir: PathBuf,
    /// A message about the program itself, such as a settings file that can't be used.
    pub problem: Option<String>,
    /// Whether the program is started at login. `None`: that can't be changed here.
    pub starts_at_login: Option<bool>,
    /// The reader's time zone and format.
    pub locale: Locale,
}

impl PartialEq for MenuModel {
    /// The locale, which never changes, is left out.
    fn eq(&self, other: &MenuModel) -> bool {
        (&self.snapshot, &self.settings, &self.auth_dir, &self.problem, self.starts_at_login)
            == (&other.snapshot, &other.settings, &other.auth_dir, &other.problem, other.starts_at_login)
    }
}

impl MenuModel {
    /// The items as they read at `now`.
    pub fn items(&self, now: DateTime<Utc>) -> Vec<Item> {
        self.menu(now).items()
    }

    /// The menu at `now`.
    pub fn menu(&self, now: DateTime<Utc>) -> Menu<'_> {
        Menu {
            presenter: Presenter {
                snapshot: &self.snapshot,
                settings: &self.settings,
                auth_dir: &self.auth_dir,
                now,
                locale: self.locale,
            },
            problem: self.problem.as_deref(),
            starts_at_login: self.starts_at_login,
        }
    }
}
