//! Writes a choice made in the menu into the settings file. Only the key of that choice changes.

use crate::config::edit::{FileState, edit};
use crate::config::file::{ConfigError, parse, wrong};
use crate::config::settings::Settings;
use crate::config::template::TEMPLATE;
use crate::quota::AccountId;
use std::path::Path;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Key, Table, TableLike, Value, value};

/// A choice made in the menu.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// Minutes between two refreshes.
    RefreshMinutes(u32),
    /// Whether to notify below this many percent left.
    NotifyBelow(f64, bool),
    /// Whether to hide e-mail addresses.
    HideEmail(bool),
    /// Whether to hide an account.
    HideAccount(AccountId, bool),
    /// Whether to list an account before the others.
    PinAccount(AccountId, bool),
}

/// Writes choices into the settings file, which is created if necessary. Comments, order and other keys stay. `known` is
/// the state of the file when it was read last; `settings` are the ones in force, for a choice that replaces an invalid
/// value. `saved` is called each time the file was written.
///
/// # Errors
/// The file can't be read or written, or has an error elsewhere; such a file is not changed.
pub fn apply(
    path: &Path,
    known: FileState,
    settings: &Settings,
    choices: &[Choice],
    saved: impl FnMut(),
) -> Result<(), ConfigError> {
    let change_all = |text: Option<&str>| {
        let text = text.unwrap_or_default().to_owned();
        choices.iter().try_fold(text, |text, choice| change(path, &text, settings, choice)).map(Some)
    };
    edit(path, known, change_all, saved)
}

/// The text of the settings file with the choice in it.
fn change(path: &Path, text: &str, settings: &Settings, choice: &Choice) -> Result<String, ConfigError> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| wrong(path, text, error.message(), error.span()))?;
    let current = parse(path, text);
    match choice {
        Choice::RefreshMinutes(minutes) => set(&mut *document, "refresh_minutes", i64::from(*minutes).into()),
        Choice::NotifyBelow(percent, on) => {
            let mut thresholds = current.as_ref().unwrap_or(settings).thresholds.clone();
            thresholds.retain(|threshold| threshold != percent);
            if *on {
                thresholds.push(*percent);
            }
            thresholds.sort_by(|a, b| b.total_cmp(a));
            // Whole percentages are written without a decimal point.
            let values = thresholds
                .iter()
                .map(|t| if t.fract() == 0.0 { Value::from(*t as i64) } else { Value::from(*t) });
            set(&mut *document, "thresholds", values.collect::<Array>().into());
        }
        Choice::HideEmail(hide) => set(&mut *document, "hide_email", (*hide).into()),
        Choice::HideAccount(id, hide) => set_for_account(&mut document, id, "hide", *hide),
        Choice::PinAccount(id, pin) => set_for_account(&mut document, id, "pin", *pin),
    }
    let changed = document.to_string();
    // Errors name lines of the file before the change.
    parse(path, &changed).map_err(|error| current.err().unwrap_or(error))?;
    Ok(changed)
}

/// Sets a key of a table, keeping the comments around it.
fn set(table: &mut dyn TableLike, key: &str, mut new: Value) {
    let Some(item) = table.get_mut(key) else {
        table.insert(key, value(new));
        return;
    };
    if let Some(old) = item.as_value() {
        *new.decor_mut() = old.decor().clone();
    }
    *item = value(new);
}

/// Sets a key of `[accounts."…"]`, which is added at the end of the file if it is not there.
fn set_for_account(document: &mut DocumentMut, id: &AccountId, key: &str, on: bool) {
    // `[accounts]` itself has no keys, so it needs no header.
    let mut section = Table::new();
    section.set_implicit(true);
    let accounts = document.entry("accounts").or_insert(Item::Table(section));
    let is_inline = accounts.is_inline_table();
    let Some(accounts) = accounts.as_table_like_mut() else { return };
    let mut account = Table::new();
    account.set_dotted(accounts.is_dotted());
    let account = if is_inline { value(InlineTable::new()) } else { Item::Table(account) };
    if let Some(account) = accounts.entry(&id.text()).or_insert(account).as_table_like_mut() {
        set(account, key, on.into());
    }
}

/// Creates the settings file, with every key explained, if it does not exist. `known` is the state of the file when it
/// was read last.
///
/// # Errors
/// The file can't be written.
pub fn create(path: &Path, known: FileState) -> Result<(), ConfigError> {
    if path.exists() {
        return Ok(());
    }
    let template = |text: Option<&str>| Ok(text.is_none().then(|| TEMPLATE.to_owned()));
    edit(path, known, template, || {})
}

/// Prepares the settings file for naming an account: adds a section with an example, unless the account has one. The
/// file is created if necessary. A file with an error is not changed. `known` is the state of the file when it was read
/// last.
///
/// # Errors
/// The file can't be read or written.
pub fn prepare_account(path: &Path, known: FileState, id: &AccountId) -> Result<(), ConfigError> {
    edit(path, known, |text| Ok(with_account(path, text.unwrap_or(TEMPLATE), id)), || {})
}

/// The text with a section for the account. `None`: it has one, or none can be added.
fn with_account(path: &Path, text: &str, id: &AccountId) -> Option<String> {
    if parse(path, text).ok()?.accounts.contains_key(id) {
        return None;
    }
    let key = Key::new(&*id.text()).display_repr().into_owned();
    let example = "# The name that is shown instead of the e-mail address:\n# name = \"Work\"\n";
    let separator = if text.is_empty() || text.ends_with('\n') { "\n" } else { "\n\n" };
    let changed = format!("{text}{separator}[accounts.{key}]\n{example}");
    // If `accounts` is written in another form, such as an inline table, a section can't be added.
    parse(path, &changed).is_ok().then_some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::file::{load, read};

    /// Applies a choice to a file that no other program is writing.
    fn apply(path: &Path, settings: &Settings, choice: Choice) -> Result<Settings, ConfigError> {
        let text = read(path)?.unwrap_or_default();
        std::fs::write(path, change(path, &text, settings, &choice)?).expect("written");
        load(path)
    }

    #[test]
    fn choice_changes_its_key_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        let before = "# mine\nrefresh_minutes = 7 # weekdays\n\n[limits] # low\nasks_per_five_minutes = 3\n";
        std::fs::write(&path, before).expect("written");
        let old = Settings::default();
        let new = apply(&path, &old, Choice::RefreshMinutes(15)).expect("applied");
        assert_eq!(new.refresh_minutes, 15);
        let new = apply(&path, &new, Choice::NotifyBelow(50.0, true)).expect("applied");
        let new = apply(&path, &new, Choice::NotifyBelow(20.0, false)).expect("applied");
        assert_eq!(new.thresholds, [50.0, 5.0]);
        apply(&path, &new, Choice::HideEmail(true)).expect("applied");
        let after = std::fs::read_to_string(&path).expect("read");
        assert_eq!(
            after,
            "# mine\nrefresh_minutes = 15 # weekdays\nthresholds = [50, 5]\nhide_email = true\n\n[limits] # low\nasks_per_five_minutes = 3\n"
        );
    }

    #[test]
    fn choice_beside_a_wrong_key_is_an_error_and_leaves_the_file_unchanged() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        for (text, choice) in [
            ("# mine\nrefresh_minute = 5\n", Choice::HideEmail(true)),
            ("# mine\nrefresh_minutes = 0\n", Choice::NotifyBelow(50.0, true)),
            ("# mine\nthresholds = 20\n", Choice::RefreshMinutes(30)),
        ] {
            std::fs::write(&path, text).expect("written");
            let error = apply(&path, &Settings::default(), choice).expect_err(text).to_string();
            assert!(error.contains("line 2, "), "{error}");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
        }
    }

    #[test]
    fn choice_replaces_a_wrong_value_of_its_key() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        for (text, choice) in [
            ("refresh_minutes = 0 # often\n", Choice::RefreshMinutes(1)),
            ("thresholds = \"20\"\n", Choice::NotifyBelow(50.0, true)),
            ("hide_email = \"yes\"\n", Choice::HideEmail(true)),
        ] {
            std::fs::write(&path, text).expect("written");
            let settings = apply(&path, &Settings::default(), choice).expect(text);
            assert_eq!(load(&path).expect("valid"), settings);
        }
    }

    #[test]
    fn choice_changes_the_current_file_and_not_the_settings_in_force() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        std::fs::write(&path, "thresholds = [70]\nshow_title = true\n").expect("written");
        let settings = apply(&path, &Settings::default(), Choice::NotifyBelow(50.0, true)).expect("applied");
        assert_eq!((settings.thresholds.as_slice(), settings.show_title), (&[70.0, 50.0][..], true));
        assert_eq!(load(&path).expect("valid"), settings);
    }

    #[test]
    fn choice_creates_the_file_and_leaves_a_broken_one_unchanged() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("deep/er/config.toml");
        let (settings, choices) = (Settings::default(), [Choice::HideEmail(true), Choice::RefreshMinutes(7)]);
        super::apply(&path, FileState::Blank, &settings, &choices, || {}).expect("applied");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "hide_email = true\nrefresh_minutes = 7\n");
        std::fs::write(&path, "hide_email = ").expect("written");
        super::apply(&path, FileState::Wrong, &settings, &choices, || {}).expect_err("broken");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "hide_email = ");
    }

    #[test]
    fn choice_keeps_a_key_under_the_name_it_has() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        for key in ["asks_per_five_minutes", "requests_per_five_minutes"] {
            let limits = format!("[limits]\n{key} = 3\n");
            std::fs::write(&path, &limits).expect("written");
            let settings = apply(&path, &Settings::default(), Choice::HideEmail(true)).expect("applied");
            assert_eq!(settings.limits.requests_per_five_minutes, 3);
            let text = std::fs::read_to_string(&path).expect("read");
            assert_eq!(text, format!("hide_email = true\n\n{limits}").replace("\n\n[", "\n["));
        }
    }

    fn id(text: &str) -> AccountId {
        AccountId::file(text.into())
    }

    #[test]
    fn choice_for_an_account_adds_its_section_and_changes_it_in_place() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        std::fs::write(&path, "hide_email = true # mine\n\n[limits]\nclaude_requests_per_hour = 9\n")
            .expect("written");
        let hide = |hide| Choice::HideAccount(id("claude-a@b.c.json"), hide);
        let settings = apply(&path, &Settings::default(), hide(true)).expect("applied");
        assert!(settings.accounts[&id("claude-a@b.c.json")].hide);
        apply(&path, &settings, Choice::PinAccount(id("claude-a@b.c.json"), true)).expect("applied");
        apply(&path, &settings, Choice::PinAccount(id("other \"x\""), true)).expect("applied");
        let before = "hide_email = true # mine\n\n[limits]\nclaude_requests_per_hour = 9\n";
        let text = std::fs::read_to_string(&path).expect("read");
        assert_eq!(
            text,
            format!(
                "{before}\n[accounts.\"claude-a@b.c.json\"]\nhide = true\npin = true\n\n[accounts.'other \"x\"']\npin = true\n"
            )
        );
        std::fs::write(&path, text.replace("hide = true\n", "hide = true # for now\n")).expect("written");
        let settings = apply(&path, &settings, hide(false)).expect("applied");
        assert!(!settings.accounts[&id("claude-a@b.c.json")].hide);
        let changed = std::fs::read_to_string(&path).expect("read");
        assert!(changed.contains("hide = false # for now\npin = true\n"), "{changed}");
    }

    #[test]
    fn choice_for_an_account_keeps_the_form_of_the_section() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        for text in [
            "accounts = { \"a.json\" = { name = \"Work\" } }\n",
            "accounts.\"a.json\".name = \"Work\"\n",
            "[accounts]\n\"a.json\" = { name = \"Work\" }\n",
            "[accounts.\"a.json\"]\nname = \"Work\"\n",
        ] {
            std::fs::write(&path, text).expect("written");
            for account in ["a.json", "b.json"] {
                let choice = Choice::PinAccount(id(account), true);
                let settings = apply(&path, &Settings::default(), choice).expect(text);
                assert!(settings.accounts[&id(account)].pin, "{text}");
                assert_eq!(settings.accounts[&id("a.json")].name.as_deref(), Some("Work"), "{text}");
            }
        }
    }

    #[test]
    fn account_is_prepared_once_and_only_in_a_valid_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        prepare_account(&path, FileState::Blank, &id("a@b.c.json")).expect("prepared");
        prepare_account(&path, FileState::Valid, &id("a@b.c.json")).expect("prepared");
        let text = std::fs::read_to_string(&path).expect("read");
        assert!(text.ends_with("\n[accounts.\"a@b.c.json\"]\n# The name that is shown instead of the e-mail address:\n# name = \"Work\"\n"), "{text}");
        assert_eq!(text.matches("\n[accounts.").count(), 1, "{text}");
        let named = load(&path).expect("valid").accounts.remove(&id("a@b.c.json"));
        assert_eq!(named, Some(Default::default()));
        for text in ["hide_email = ", "accounts = { \"b.json\" = { pin = true } }"] {
            std::fs::write(&path, text).expect("written");
            prepare_account(&path, FileState::Wrong, &id("a@b.c.json")).expect("left");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
        }
    }

    #[test]
    fn create_writes_the_template_and_keeps_an_existing_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        create(&path, FileState::Blank).expect("made");
        assert_eq!(load(&path).expect("valid"), Settings::default());
        std::fs::write(&path, "hide_email = true").expect("written");
        create(&path, FileState::Valid).expect("kept");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "hide_email = true");
    }
}
