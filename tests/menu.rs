//! The menu, the icon state, the tooltip, the title beside the icon, and the effects of events: pure
//! functions of a snapshot and the current time.

#[path = "menu/account_details.rs"]
mod account_details;
#[path = "menu/account_list_message.rs"]
mod account_list_message;
#[path = "menu/account_settings.rs"]
mod account_settings;
#[path = "menu/app.rs"]
mod app;
#[path = "menu/app_alerts.rs"]
mod app_alerts;
#[path = "menu/icon_content.rs"]
mod icon_content;
#[path = "menu/icon_state.rs"]
mod icon_state;
#[path = "menu/notifications.rs"]
mod notifications;
#[path = "menu/rows.rs"]
mod rows;
#[path = "menu/whole_menu.rs"]
mod whole_menu;
#[path = "menu/window_settings.rs"]
mod window_settings;

use chrono::{DateTime, TimeDelta, Utc};
use quota_tray::config::Settings;
use quota_tray::presenter::Locale;
use quota_tray::presenter::Presenter;
use quota_tray::presenter::preferences;
use quota_tray::quota::{
    Account, AccountId, AccountUsage, Failure, Provider, RenewalFailure, Snapshot, Usage, Window,
};
use quota_tray::tray::menu::{Item, Menu, Submenu, SubmenuKey, account_items};
use std::path::Path;

/// The current time in every test, a Thursday.
fn now() -> DateTime<Utc> {
    "2026-09-17T13:00:00Z".parse().expect("a moment")
}

fn ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

fn ahead(minutes: i64) -> DateTime<Utc> {
    now() + TimeDelta::minutes(minutes)
}

/// A window with `used` percent used that resets in `resets_in` minutes.
fn window(title: &str, used: f64, resets_in: i64) -> Window {
    let mut window = window_without_reset(title, used);
    window.resets_at = Some(ahead(resets_in));
    window
}

/// A window without a known reset time.
fn window_without_reset(title: &str, used: f64) -> Window {
    Window::new(title.to_lowercase(), title, used).expect("a number")
}

/// A window under a code name, which is not counted.
fn unnamed(title: &str, used: f64) -> Window {
    let mut window = window_without_reset(title, used);
    window.named = false;
    window
}

fn claude(email: &str) -> AccountUsage {
    unknown(Provider::CLAUDE, email)
}

fn codex(email: &str) -> AccountUsage {
    unknown(Provider::CODEX, email)
}

fn unknown(provider: Provider, email: &str) -> AccountUsage {
    let id = AccountId::file(format!("{}-{email}.json", provider.key()));
    AccountUsage::unknown(Account { id, provider, email: email.into(), identity: None, given_name: None })
}

/// Builder methods for the usage of an account.
trait Record {
    /// With a response received `minutes` ago.
    fn with_usage(self, minutes: i64, windows: &[Window]) -> Self;
    /// With a failed request.
    fn with_failure(self, failure: Failure) -> Self;
}

impl Record for AccountUsage {
    fn with_usage(mut self, minutes: i64, windows: &[Window]) -> Self {
        self.record(Ok(Usage { windows: windows.to_vec(), ..Usage::default() }), ago(minutes));
        self
    }

    fn with_failure(mut self, failure: Failure) -> Self {
        self.record(Err(failure), now());
        self
    }
}

/// The input of a menu.
struct MenuFixture {
    snapshot: Snapshot,
    settings: Settings,
    problem: Option<String>,
    locale: Locale,
}

impl MenuFixture {
    /// Last refreshed two minutes ago, with the next refresh in three.
    fn of(mut accounts: Vec<AccountUsage>) -> MenuFixture {
        accounts.sort_by_key(|usage| usage.account.sort_key());
        let (updated_at, next_at) = (Some(ago(2)), Some(ahead(3)));
        let snapshot = Snapshot { accounts, updated_at, next_at, ..Snapshot::default() };
        MenuFixture { snapshot, settings: Settings::default(), problem: None, locale: Locale::UTC }
    }

    /// Applies the settings for single accounts and windows.
    fn with_settings(mut self, settings: Settings) -> MenuFixture {
        self.snapshot = preferences::apply(&self.snapshot, &settings);
        MenuFixture { settings, ..self }
    }

    fn presenter(&self) -> Presenter<'_> {
        Presenter {
            snapshot: &self.snapshot,
            settings: &self.settings,
            auth_dir: Path::new("/home/u/.cli-proxy-api"),
            now: now(),
            locale: self.locale,
        }
    }

    fn items(&self) -> Vec<Item> {
        let problem = self.problem.as_deref();
        Menu { presenter: self.presenter(), problem, starts_at_login: None }.items()
    }

    fn account_items(&self) -> Vec<Item> {
        account_items(self.presenter().menu_rows())
    }

    /// The whole menu as text.
    fn menu(&self) -> String {
        menu_text(&self.items())
    }

    /// The items of the accounts as text.
    fn accounts(&self) -> String {
        menu_text(&self.account_items())
    }
}

/// A menu as text: disabled rows in parentheses, submenus with their icon state, separators as `---`. The spaces that pad
/// marks and digits are spaces, as in a font of constant width.
fn menu_text(items: &[Item]) -> String {
    let text = items.iter().map(item_text).collect::<Vec<_>>().join("\n");
    text.replace('\u{2007}', " ").replace(['\u{2005}', '\u{200a}'], "")
}

/// The items at the end of each account's submenu, which are left out of the text: a line, pin, hide, rename.
const ACCOUNT_ACTIONS: usize = 4;

fn item_text(item: &Item) -> String {
    match item {
        Item::Text(label) => label.clone(),
        Item::Note(label) => format!("({label})"),
        Item::Action(label, Some(_)) => format!("> {label}"),
        Item::Action(label, None) => format!("(> {label})"),
        Item::Check(label, _, on) => format!("[{}] {label}", if *on { "x" } else { " " }),
        Item::Radio(label, _, on) => format!("({}) {label}", if *on { "o" } else { " " }),
        Item::Separator => "---".into(),
        Item::Submenu(Submenu { key, label, icon_state, items }) => {
            let items = match key {
                SubmenuKey::Account(_) => &items[..items.len() - ACCOUNT_ACTIONS],
                _ => items,
            };
            let icon_state = icon_state.map_or_else(String::new, |icon_state| format!(" {icon_state:?}"));
            format!("+ {label} +{icon_state}\n    {}", menu_text(items).replace('\n', "\n    "))
        }
    }
}

/// Twelve Claude and twelve Codex accounts numbered from 1, each changed by `record`.
fn many_accounts(record: impl Fn(usize, AccountUsage) -> AccountUsage) -> MenuFixture {
    let both = [Provider::CLAUDE, Provider::CODEX].into_iter().cycle();
    let accounts = both.take(24).enumerate();
    MenuFixture::of(
        accounts
            .map(|(n, provider)| record(n + 1, unknown(provider, &format!("u{:02}@x.org", n + 1))))
            .collect(),
    )
}
