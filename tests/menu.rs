//! What a person reads: the menu, the icon's face, the tooltip, the text beside the icon, and what
//! the tray does when something happens. All of it pure: a snapshot and a moment in, a value out.

#[path = "menu/app.rs"]
mod app;
#[path = "menu/faces.rs"]
mod faces;
#[path = "menu/pictures.rs"]
mod pictures;
#[path = "menu/rows.rs"]
mod rows;

use chrono::{DateTime, TimeDelta, Utc};
use quota_tray::config::Settings;
use quota_tray::presenter::Locale;
use quota_tray::presenter::Presenter;
use quota_tray::quota::{
    Account, AccountId, AccountUsage, Failure, Provider, RenewalFailure, Snapshot, Usage, Window,
};
use quota_tray::tray::menu::{Item, Menu, account_items};
use std::path::Path;

/// The moment of every picture, a Thursday.
fn now() -> DateTime<Utc> {
    "2026-09-17T13:00:00Z".parse().expect("a moment")
}

fn ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

fn ahead(minutes: i64) -> DateTime<Utc> {
    now() + TimeDelta::minutes(minutes)
}

/// A window with so much used that resets in so many minutes.
fn window(title: &str, used: f64, resets_in: i64) -> Window {
    let mut window = endless(title, used);
    window.resets_at = Some(ahead(resets_in));
    window
}

/// A window of which no reset is known.
fn endless(title: &str, used: f64) -> Window {
    Window::new(title.to_lowercase(), title, used).expect("a number")
}

/// A window under a code name, which counts for nothing.
fn unnamed(title: &str, used: f64) -> Window {
    let mut window = endless(title, used);
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
    AccountUsage::unknown(Account { id, provider, email: email.into(), identity: None })
}

/// What can have happened to an account.
trait Story {
    /// Answered so many minutes ago.
    fn read(self, minutes: i64, windows: &[Window]) -> Self;
    /// Not answered, and why.
    fn failed(self, failure: Failure) -> Self;
}

impl Story for AccountUsage {
    fn read(mut self, minutes: i64, windows: &[Window]) -> Self {
        self.record(Ok(Usage { windows: windows.to_vec(), ..Usage::default() }), ago(minutes));
        self
    }

    fn failed(mut self, failure: Failure) -> Self {
        self.record(Err(failure), now());
        self
    }
}

/// Everything a picture is made of.
struct Scene {
    snapshot: Snapshot,
    settings: Settings,
    problem: Option<String>,
    locale: Locale,
}

impl Scene {
    /// After a refresh two minutes ago, the next one in three.
    fn of(mut accounts: Vec<AccountUsage>) -> Scene {
        accounts.sort_by_key(|usage| usage.account.sort_key());
        let (updated_at, next_at) = (Some(ago(2)), Some(ahead(3)));
        let snapshot = Snapshot { accounts, updated_at, next_at, ..Snapshot::default() };
        Scene { snapshot, settings: Settings::default(), problem: None, locale: Locale::UTC }
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
        account_items(self.presenter().account_list())
    }

    /// The whole menu as text.
    fn menu(&self) -> String {
        drawn(&self.items())
    }

    /// The items of the accounts as text.
    fn accounts(&self) -> String {
        drawn(&self.account_items())
    }
}

/// A menu as text: greyed rows in brackets, a submenu with its gauge, lines as lines.
fn drawn(items: &[Item]) -> String {
    items.iter().map(draw).collect::<Vec<_>>().join("\n")
}

fn draw(item: &Item) -> String {
    match item {
        Item::Text(label) => label.clone(),
        Item::Note(label) => format!("({label})"),
        Item::Action(label, Some(_)) => format!("> {label}"),
        Item::Action(label, None) => format!("(> {label})"),
        Item::Check(label, _, on) => format!("[{}] {label}", if *on { "x" } else { " " }),
        Item::Separator => "---".into(),
        Item::Submenu(label, face, items) => {
            let face = face.map_or_else(String::new, |face| format!(" {face:?}"));
            format!("+ {label} +{face}\n    {}", drawn(items).replace('\n', "\n    "))
        }
    }
}

/// Twelve Claude and twelve Codex accounts with 1 % to 24 % left, as told by `story`.
fn crowd(story: impl Fn(usize, AccountUsage) -> AccountUsage) -> Scene {
    let both = [Provider::CLAUDE, Provider::CODEX].into_iter().cycle();
    let accounts = both.take(24).enumerate();
    Scene::of(
        accounts
            .map(|(n, provider)| story(n + 1, unknown(provider, &format!("u{:02}@x.org", n + 1))))
            .collect(),
    )
}
