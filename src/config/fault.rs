//! What is wrong with a settings file, in words that repeat nothing of a value: a hook's command line, or an address,
//! may hold a password, and the words end up in the menu, in logs and in bug reports.
//!
//! The messages of serde quote values ("invalid type: string "…", expected a sequence"), and so would the line itself.
//! What is told is the line's number, the key, and what is expected there, which the program says and not the file.

use crate::config::file::TEMPLATE;
use std::ops::Range;
use toml_edit::{Document, TableLike};

/// The sections of the settings; whatever else has keys in it is a value.
const TABLES: [&str; 3] = ["limits", "hooks", "endpoints"];

/// `line 2, hooks.on_low: expected a sequence`. `place`: where in `text` the reader found `message`.
pub fn describe(text: &str, message: &str, place: Option<Range<usize>>) -> String {
    let start = place.map_or(0, |place| place.start.min(text.len()));
    let before = text.get(..start).unwrap_or(text).matches('\n').count();
    let (key, what) = match Document::parse(text) {
        Ok(document) => (key_at(document.as_table(), start), expectation(message)),
        // The messages of the TOML parser are constants.
        Err(_) => (key_of_line(text.lines().nth(before).unwrap_or_default()), message.to_owned()),
    };
    let key = key.map(|key| format!(", {}", crate::text::label(&key))).unwrap_or_default();
    format!("line {}{key}: {what}", before + 1)
}

/// What should be there. The messages of this program begin with it, those of serde end with it.
fn expectation(message: &str) -> String {
    let is_key = message.starts_with("unknown field ");
    match message.rsplit_once(", expected ") {
        _ if message.starts_with("expected ") => message.to_owned(),
        Some((_, expected)) if is_key => format!("unknown key, expected {expected}"),
        Some((_, expected)) => format!("expected {expected}"),
        None if is_key => "unknown key".into(),
        None => "this value can't be used".into(),
    }
}

/// The key whose value, or whose name, stands at this byte: `hooks.on_low`.
fn key_at(settings: &dyn TableLike, at: usize) -> Option<String> {
    let holds = |span: Option<Range<usize>>| span.is_some_and(|span| span.contains(&at) || span.start == at);
    let stands_at = |table: &dyn TableLike, name: &str| {
        holds(table.key(name).and_then(|key| key.span()))
            || holds(table.get(name).and_then(|item| item.span()))
    };
    settings.iter().find_map(|(name, item)| {
        let below = item.as_table_like().filter(|_| TABLES.contains(&name)).and_then(|table| {
            let (key, _) = table.iter().find(|(key, _)| stands_at(table, key))?;
            Some(format!("{name}.{key}"))
        });
        below.or_else(|| stands_at(settings, name).then(|| name.to_owned()))
    })
}

/// The key of a line of a file that is no TOML, where it is one of ours: before an `=` could stand anything else.
fn key_of_line(line: &str) -> Option<String> {
    let key = line.split('=').next()?.trim();
    let last = key.rsplit('.').next()?;
    let is_ours = TEMPLATE.lines().any(|line| {
        line.trim_start_matches("# ").split_once(" = ").is_some_and(|(setting, _)| setting == last)
    });
    let is_plain = key.bytes().all(|byte| byte.is_ascii_lowercase() || b"_.".contains(&byte));
    (is_ours && is_plain && key.split('.').rev().skip(1).all(|table| TABLES.contains(&table)))
        .then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_not_repeated_whatever_it_holds() {
        for (message, told) in [
            ("invalid type: string \"x, expected y\", expected a sequence", "expected a sequence"),
            ("unknown variant `x`, expected one of `auto`, `never`", "expected one of `auto`, `never`"),
            ("unknown field `x`, expected `a` or `b`", "unknown key, expected `a` or `b`"),
            ("expected minutes from 1 to 1440", "expected minutes from 1 to 1440"),
            ("wanted exactly 1 element, more than 1 element", "this value can't be used"),
        ] {
            assert_eq!(expectation(message), told);
        }
    }

    #[test]
    fn only_a_key_of_the_settings_is_named_in_a_line_that_is_no_toml() {
        for (line, key) in [
            ("auth_dir = x", Some("auth_dir")),
            ("  hooks.on_low=[", Some("hooks.on_low")),
            ("on_low = [", Some("on_low")),
            ("secret = x", None),
            ("\"token=x\",", None),
            ("secret.on_low = x", None),
            ("[hooks", None),
            ("", None),
        ] {
            assert_eq!(key_of_line(line).as_deref(), key, "{line}");
        }
    }
}
