//! The menu as a value: a snapshot and a moment in, rows out. Its words stand in `words.rs`.

use crate::config::{Choice, Settings};
use crate::presenter::format::{self, Zone};
use crate::presenter::icon_state::IconState;
use crate::presenter::messages as say;
use crate::quota::{AccountUsage, Failure, Provider, Snapshot, UsageState, Window, percent};
use crate::text;
use chrono::{DateTime, TimeDelta, Utc};
use std::path::Path;

/// Beyond this many accounts the menu shows the lowest few, and the rest by provider.
const MOST_ROWS: usize = 20;
const LOWEST_ON_TOP: usize = 5;

/// Longer sentences are broken into several rows.
const WIDTH: usize = 64;

/// The choices of the settings menu.
const MINUTES: [u32; 4] = [1, 5, 15, 30];
const THRESHOLDS: [f64; 4] = [50.0, 20.0, 10.0, 5.0];

/// One entry of the menu.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Something to read. Not greyed, since it is what the menu is opened for; a click does nothing.
    Text(String),
    /// Something to read in passing, greyed.
    Note(String),
    /// Something to do. Disabled where there is no action.
    Action(String, Option<Action>),
    /// Something to switch.
    Check(String, Action, bool),
    /// Something with more below it, and a gauge in front where it is an account.
    Submenu(String, Option<IconState>, Vec<Item>),
    /// A line.
    Separator,
}

/// What a click asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// Refresh now.
    Refresh,
    /// Change a setting.
    Choose(Choice),
    /// Start the program at login, or no more.
    StartAtLogin(bool),
    /// Show the credential files.
    OpenFolder,
    /// Edit the settings.
    OpenSettings,
    /// End the program.
    Quit,
}

/// The words and numbers all pictures of one snapshot are made with.
#[derive(Clone, Copy)]
pub struct Presenter<'a> {
    /// What is shown.
    pub snapshot: &'a Snapshot,
    /// How it is shown.
    pub settings: &'a Settings,
    /// The folder with the credential files.
    pub auth_dir: &'a Path,
    /// A sentence about the program itself, such as a settings file that can't be used.
    pub problem: Option<&'a str>,
    /// Whether the program is started at login. `None`: that is not to be changed here.
    pub starts_at_login: Option<bool>,
    /// The moment of the picture.
    pub now: DateTime<Utc>,
    /// The reader's time zone.
    pub zone: Zone,
}

impl Presenter<'_> {
    /// The whole menu.
    pub fn menu(&self) -> Vec<Item> {
        let mut items = Vec::new();
        if let Some(problem) = self.problem {
            items.extend(wrap(&self.without_addresses(problem)));
            items.push(Item::Separator);
        }
        items.extend(self.accounts());
        items.push(Item::Separator);
        items.extend(self.updated().map(Item::Note));
        items.push(match self.snapshot.refreshing {
            true => Item::Action(say::REFRESHING.into(), None),
            false => Item::Action(say::REFRESH_NOW.into(), Some(Action::Refresh)),
        });
        items.push(Item::Submenu(say::SETTINGS.into(), None, self.settings()));
        items.push(Item::Action(say::OPEN_FOLDER.into(), Some(Action::OpenFolder)));
        items.push(Item::Action(say::OPEN_SETTINGS.into(), Some(Action::OpenSettings)));
        items.push(Item::Separator);
        items.push(Item::Action(say::QUIT.into(), Some(Action::Quit)));
        items
    }

    /// The rows of the accounts, or what to do where there are none.
    pub fn accounts(&self) -> Vec<Item> {
        let mut items: Vec<_> = self.remarks().iter().flat_map(|remark| wrap(remark)).collect();
        let accounts = &self.snapshot.accounts;
        if accounts.len() <= MOST_ROWS {
            items.extend(accounts.iter().map(|usage| self.account(usage)));
            return items;
        }
        let mut known: Vec<_> = self
            .snapshot
            .enabled()
            .filter_map(|usage| Some((usage.lowest(self.now)?.remaining_percent(), usage)))
            .collect();
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        items.extend(known.iter().take(LOWEST_ON_TOP).map(|(_, usage)| self.account(usage)));
        if !items.is_empty() {
            items.push(Item::Separator);
        }
        items.extend(Provider::ALL.into_iter().filter_map(|provider| self.provider(provider)));
        items
    }

    /// The sentences before the accounts: why there are none, or that their numbers are old.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks: Vec<_> = self.snapshot.problem.iter().cloned().collect();
        let none = self.snapshot.accounts.is_empty();
        if self.snapshot.offline && !none {
            remarks.push(say::OFFLINE.into());
        }
        if none && remarks.is_empty() {
            if self.snapshot.updated_at.is_none() {
                return vec![say::LOOKING.into()];
            }
            remarks.push(say::NO_ACCOUNT.into());
            remarks.push(say::sign_in(text::path(self.auth_dir)));
        }
        remarks.iter().map(|remark| self.without_addresses(remark)).collect()
    }

    /// A path in a sentence may hold an address, too.
    fn without_addresses(&self, sentence: &str) -> String {
        if self.settings.hide_email { text::without_addresses(sentence) } else { sentence.to_owned() }
    }

    fn of_provider(&self, provider: Provider) -> impl Iterator<Item = &AccountUsage> {
        self.snapshot.accounts.iter().filter(move |usage| usage.account.provider == provider)
    }

    /// One provider's accounts, where there are too many for one menu.
    fn provider(&self, provider: Provider) -> Option<Item> {
        let rows: Vec<_> = self.of_provider(provider).map(|usage| self.account(usage)).collect();
        let lowest = self.snapshot.lowest_of_provider(provider, self.now);
        let count = match rows.len() {
            0 => return None,
            count => say::accounts(count),
        };
        let (rest, face) = match lowest {
            Some((_, window)) => {
                let left = window.remaining_percent();
                (say::lowest(left), self.level(left))
            }
            None if self.of_provider(provider).all(|usage| usage.disabled || usage.error.is_some()) => {
                (say::NO_NUMBER.into(), IconState::Error)
            }
            None if self.of_provider(provider).any(AccountUsage::is_billed_by_use) => {
                (say::NO_WINDOW.into(), IconState::Refreshing)
            }
            None => (say::NOTHING_KNOWN.into(), IconState::Refreshing),
        };
        Some(Item::Submenu(say::provider(provider.name(), &count, &rest), Some(face), rows))
    }

    fn account(&self, usage: &AccountUsage) -> Item {
        let label = self.row(usage);
        if usage.disabled {
            return Item::Note(label);
        }
        let mut items: Vec<_> =
            usage.windows().iter().map(|window| Item::Text(self.window(usage, window))).collect();
        if !items.is_empty() {
            items.push(Item::Separator);
        }
        items.extend(self.plan(usage).into_iter().map(Item::Text));
        items.extend(self.notes(usage).into_iter().map(Item::Note));
        items.extend(self.error(usage).iter().flat_map(|error| wrap(error)));
        Item::Submenu(label, Some(self.face_of(usage)), items)
    }

    /// The plan, what is paid beyond it, and other facts.
    pub fn plan(&self, usage: &AccountUsage) -> Vec<String> {
        usage.reading.as_ref().map(|reading| reading.facts_in_words(self.now, self.zone)).unwrap_or_default()
    }

    /// When it was and will be asked, and how long its login holds.
    pub fn notes(&self, usage: &AccountUsage) -> Vec<String> {
        let clock = |at| format::clock_time(at, self.now, self.zone);
        let mut notes = vec![match usage.updated_at {
            Some(at) => say::updated(&clock(at), None),
            None if usage.loading => say::ASKING_FIRST.into(),
            None => say::NEVER_UPDATED.into(),
        }];
        notes.extend(self.login(usage));
        let held = usage.held_until.filter(|until| *until > self.now);
        notes.extend(held.map(|until| say::held_until(&clock(until))));
        notes
    }

    /// What went wrong, and what helps.
    pub fn error(&self, usage: &AccountUsage) -> Option<String> {
        let error = usage.error.as_ref()?.words(self.now, self.zone);
        Some(capital(&usage.account.told(error, self.settings.hide_email)))
    }

    /// How long the login holds; where it does not, the error says so.
    fn login(&self, usage: &AccountUsage) -> Option<String> {
        let validity = usage.validity?;
        let is_said = |error: &Failure| {
            use Failure::{CannotReadUsage, Expired, Rejected, SignInAgain, WorkspaceDeactivated};
            matches!(error, Expired(_) | Rejected(_) | SignInAgain | CannotReadUsage | WorkspaceDeactivated)
        };
        if usage.error.as_ref().is_some_and(is_said) {
            return None;
        }
        let valid = validity.expires_at.filter(|at| *at > self.now);
        let valid = valid.map(|at| format::clock_time(at, self.now, self.zone));
        let renewed = validity.renewed_at.map(|at| format::age(at, self.now));
        say::login(renewed.as_deref(), valid.as_deref())
    }

    /// "Claude · alice@example.com — 42% left".
    pub fn row(&self, usage: &AccountUsage) -> String {
        let name = usage.account.label(self.settings.hide_email);
        let mut facts = Vec::new();
        match usage.lowest(self.now) {
            _ if usage.disabled => facts.push(say::SWITCHED_OFF.to_owned()),
            Some(window) => facts.push(say::left(window.remaining_percent())),
            None if usage.windows().iter().any(|window| window.named) => {
                facts.push(say::UNCONFIRMED.into());
            }
            None if usage.is_billed_by_use() => facts.push(say::BILLED_BY_USE.into()),
            None if usage.reading.is_some() => facts.push(say::NO_KNOWN_WINDOW.into()),
            None if usage.state() == UsageState::Loading => facts.push(say::LOADING.into()),
            None => {}
        }
        // That there is no network is said once, at the top.
        let known = self.snapshot.offline
            && usage.reading.is_some()
            && matches!(usage.error, Some(Failure::Unreachable(_)));
        let error = usage.error.as_ref().filter(|_| !usage.disabled && !known);
        let age = usage.updated_at.filter(|at| error.is_some() || self.is_old(*at));
        facts.extend(age.filter(|_| !usage.disabled).map(|at| format::age(at, self.now)));
        facts.extend(error.map(|error| error.short(self.now, self.zone)));
        say::account(&name, &facts)
    }

    /// Whether an answer is older than it should be: one and a half times the interval.
    fn is_old(&self, at: DateTime<Utc>) -> bool {
        self.now - at > TimeDelta::seconds(i64::from(self.settings.refresh_minutes) * 90 + 30)
    }

    /// "5-hour: 42% left — resets in 2 h 10 m (15:10)".
    fn window(&self, usage: &AccountUsage, window: &Window) -> String {
        let holds = !usage.is_unconfirmed(window, self.now);
        let rest = holds.then(|| window.remaining_percent());
        say::window(&window.title, rest, self.reset(usage, window).as_deref())
    }

    /// "resets in 2 h 10 m (15:10)"; `None` where nothing is told of it.
    pub fn reset(&self, usage: &AccountUsage, window: &Window) -> Option<String> {
        let clock = |at| format::clock_time(at, self.now, self.zone);
        match (window.resets_at, &window.reset_note) {
            (Some(at), _) if usage.is_unconfirmed(window, self.now) => {
                Some(say::unconfirmed_since(&clock(at)))
            }
            (Some(at), _) if at > self.now => {
                Some(say::resets(&format::stretch(at - self.now), Some(&clock(at))))
            }
            (None, Some(note)) => Some(say::reset_note(note)),
            _ => None,
        }
    }

    /// The same without the time of day, where there is little room.
    pub fn reset_briefly(&self, usage: &AccountUsage, window: &Window) -> Option<String> {
        match window.resets_at {
            Some(_) if usage.is_unconfirmed(window, self.now) => Some(say::UNCONFIRMED.into()),
            Some(at) if at > self.now => Some(say::resets(&format::stretch(at - self.now), None)),
            _ => self.reset(usage, window),
        }
    }

    fn updated(&self) -> Option<String> {
        let clock = |at| format::clock_time(at, self.now, self.zone);
        let updated = clock(self.snapshot.updated_at?);
        Some(say::updated(&updated, self.snapshot.next_at.map(clock).as_deref()))
    }

    fn settings(&self) -> Vec<Item> {
        let settings = self.settings;
        let mut minutes = MINUTES.to_vec();
        let mut thresholds = THRESHOLDS.to_vec();
        // A value from the settings file that is not among the usual ones has its place too.
        if !minutes.contains(&settings.refresh_minutes) {
            minutes.push(settings.refresh_minutes);
            minutes.sort_unstable();
        }
        thresholds.extend(settings.thresholds.iter().filter(|t| !THRESHOLDS.contains(t)));
        thresholds.sort_by(|a, b| b.total_cmp(a));
        thresholds.dedup();

        let mut items: Vec<_> = minutes
            .into_iter()
            .map(|minutes| {
                let label = say::refresh_every(minutes);
                let choice = Action::Choose(Choice::RefreshMinutes(minutes));
                Item::Check(label, choice, minutes == settings.refresh_minutes)
            })
            .collect();
        items.push(Item::Separator);
        items.extend(thresholds.into_iter().map(|threshold| {
            let on = settings.thresholds.contains(&threshold);
            let choice = Action::Choose(Choice::NotifyBelow(threshold, !on));
            let percent = format::plain_number(threshold, self.zone);
            Item::Check(say::notify_below(&percent), choice, on)
        }));
        items.push(Item::Separator);
        let choice = Action::Choose(Choice::HideEmail(!settings.hide_email));
        items.push(Item::Check(say::HIDE_EMAIL.into(), choice, settings.hide_email));
        if let Some(on) = self.starts_at_login {
            items.push(Item::Check(say::START_AT_LOGIN.into(), Action::StartAtLogin(!on), on));
        }
        items
    }

    /// What the icon says.
    pub fn face(&self) -> IconState {
        let mut accounts = self.snapshot.enabled().peekable();
        if let Some((_, window)) = self.snapshot.lowest(self.now) {
            self.level(window.remaining_percent())
        } else if self.snapshot.problem.is_some() {
            IconState::Error
        } else if accounts.peek().is_none() {
            if self.snapshot.updated_at.is_none() { IconState::Refreshing } else { IconState::NoAccounts }
        } else if accounts.any(|usage| usage.error.is_none()) {
            IconState::Refreshing
        } else {
            IconState::Error
        }
    }

    fn face_of(&self, usage: &AccountUsage) -> IconState {
        match usage.lowest(self.now) {
            Some(window) => self.level(window.remaining_percent()),
            None if usage.error.is_some() => IconState::Error,
            None => IconState::Refreshing,
        }
    }

    /// The face of a window with so many percent left.
    pub fn level(&self, left: f64) -> IconState {
        let low = self.settings.thresholds.iter().any(|threshold| percent::is_below(left, *threshold));
        match left {
            left if left <= 0.0 => IconState::Exhausted,
            left if low => IconState::Low(left),
            left => IconState::Fine(left),
        }
    }

    /// What the icon shows, in words.
    pub fn label(&self) -> String {
        match self.face() {
            IconState::Refreshing if self.has_no_window() => format!("{}: {}", say::NAME, say::NO_WINDOW),
            face => say::face(face),
        }
    }

    /// Whether no account has a percentage because at least one of them has no quota window at all.
    pub fn has_no_window(&self) -> bool {
        let mut ok = self.snapshot.enabled().filter(|usage| usage.error.is_none());
        self.snapshot.lowest(self.now).is_none() && ok.any(AccountUsage::is_billed_by_use)
    }

    /// The lowest account and its reset.
    pub fn tooltip(&self) -> String {
        let Some((usage, window)) = self.snapshot.lowest(self.now) else {
            return match self.accounts().first() {
                Some(Item::Text(text) | Item::Note(text) | Item::Submenu(text, ..)) => text.clone(),
                _ => say::NAME.into(),
            };
        };
        format!("{}\n{}", usage.account.label(self.settings.hide_email), self.window(usage, window))
    }

    /// The text beside the icon; empty where none is wanted.
    pub fn title(&self) -> String {
        match self.snapshot.lowest(self.now) {
            Some((_, window)) if self.settings.show_title => format::percent(window.remaining_percent()),
            _ => String::new(),
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Breaks a sentence into rows between its words.
fn wrap(text: &str) -> Vec<Item> {
    let mut rows: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match rows.last_mut() {
            Some(row) if row.chars().count() + 1 + word.chars().count() <= WIDTH => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows.into_iter().map(Item::Text).collect()
}

/// The rows as text for a terminal, a submenu's rows indented below it.
pub fn as_text(items: &[Item]) -> String {
    let mut text = String::new();
    write_text(items, 0, &mut text);
    text
}

fn write_text(items: &[Item], depth: usize, text: &mut String) {
    for item in items {
        let label = match item {
            Item::Separator => continue,
            Item::Text(label)
            | Item::Note(label)
            | Item::Action(label, _)
            | Item::Check(label, ..)
            | Item::Submenu(label, ..) => label,
        };
        text.extend(std::iter::repeat_n("  ", depth));
        text.push_str(label);
        text.push('\n');
        if let Item::Submenu(_, _, items) = item {
            write_text(items, depth + 1, text);
        }
    }
}

/// Cuts a text to a platform's limit, counted in UTF-16 units as Windows does.
pub fn cut(text: &str, most: usize) -> String {
    if text.encode_utf16().count() <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub(1);
    let fits = |letter: &char| {
        let fits = letter.len_utf16() <= left;
        left = left.saturating_sub(letter.len_utf16());
        fits
    };
    text.chars().take_while(fits).chain(['…']).collect()
}
