//! The error message for a settings file. It never repeats a value: a hook's command line, or an address, may hold a
//! password, and the message ends up in the menu, in logs and in bug reports.
//!
//! serde's messages quote values ("invalid type: string "…", expected a sequence"), and so would the line itself. The
//! message has the line's number, the key, and what is expected there, which is the program's own text.

use crate::config::template::{FORMER_KEYS, TEMPLATE};
use crate::text;
use std::ops::Range;
use toml_edit::{Document, TableLike};

/// The sections of the settings; any other table is a value.
const TABLES: [&str; 5] = ["icon", "limits", "quiet", "hooks", "endpoints"];

/// The sections that consist of tables.
const NESTED_TABLES: [&str; 3] = ["accounts", "providers", "windows"];

/// `line 2, hooks.on_low: expected a list`. `span`: where in `text` the parser found `message`.
pub fn describe(text: &str, message: &str, span: Option<Range<usize>>) -> String {
    let start = span.map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..start).unwrap_or(text).matches('\n').count();
    let (key, what) = match Document::parse(text) {
        Ok(document) => (key_at(document.as_table(), start), expectation(message)),
        // The messages of the TOML parser are constants.
        Err(_) => {
            let what =
                if message == "integer number overflowed" { "the number is too large" } else { message };
            (key_of_line(text.lines().nth(before).unwrap_or_default()), what.to_owned())
        }
    };
    let key = key.map(|key| format!(", {}", text::label(&key))).unwrap_or_default();
    format!("line {}{key}: {what}", before + 1)
}

/// What is expected: the start of this program's own messages, the end of serde's.
fn expectation(message: &str) -> String {
    let is_key = message.starts_with("unknown field ");
    let is_choice = message.starts_with("unknown variant ");
    match message.rsplit_once(", expected ") {
        _ if message.starts_with("expected ") => message.to_owned(),
        // TOML itself refuses a key that is given twice, so these are the two names of a renamed key.
        _ if message.starts_with("duplicate field ") => both_names(message),
        Some((_, expected)) if is_key => format!("unknown key, expected {expected}"),
        Some((_, expected)) if is_choice => format!("expected {}", expected.replace('`', "\"")),
        Some((_, expected)) => format!("expected {}", name_of_type(expected)),
        None if is_key => "unknown key".into(),
        // toml_edit's message for a value that has to be one of several words and is no text.
        None if message == "wanted string or table" => "expected text in quotes".into(),
        None => "this value can't be used".into(),
    }
}

/// serde's name of a type, as docs/settings.md has it.
fn name_of_type(name: &str) -> &str {
    match name {
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "a sequence" => "a list",
        "a map" => "a table",
        "f32" | "f64" => "a number",
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        name if name.starts_with("struct ") => "a table",
        name => name,
    }
}

fn both_names(message: &str) -> String {
    match FORMER_KEYS.iter().find(|key| message.contains(key.current)) {
        Some(key) => format!("expected {} only, not also its former name {}", key.current, key.former),
        None => "expected the key once".into(),
    }
}

/// The key whose value, or whose name, is at this byte: `hooks.on_low`.
fn key_at(settings: &dyn TableLike, at: usize) -> Option<String> {
    key_below(settings, at, &|section| match section {
        _ if TABLES.contains(&section) => 1,
        _ if NESTED_TABLES.contains(&section) => 2,
        _ => 0,
    })
}

/// The key in a table. `depth`: how many levels of tables an entry contains; 0: it is a value.
fn key_below(table: &dyn TableLike, at: usize, depth: &dyn Fn(&str) -> usize) -> Option<String> {
    let is_at = |span: Option<Range<usize>>| span.is_some_and(|span| span.contains(&at) || span.start == at);
    table.iter().find_map(|(name, item)| {
        let levels = depth(name);
        let below = item.as_table_like().filter(|_| levels > 0);
        let below = below.and_then(|below| key_below(below, at, &|_| levels - 1));
        // The name of an account's section is that of its credential file, which usually contains an address.
        let name_of = text::hide_addresses(name);
        match below {
            Some(key) => Some(format!("{name_of}.{key}")),
            None => {
                (is_at(table.key(name).and_then(|key| key.span())) || is_at(item.span())).then_some(name_of)
            }
        }
    })
}

/// The key of a line in a file that is not TOML, if it is a key of the settings: anything else could be before an `=`.
fn key_of_line(line: &str) -> Option<String> {
    let key = line.split('=').next()?.trim();
    let last = key.rsplit('.').next()?;
    let is_setting = TEMPLATE.lines().any(|line| {
        line.trim_start_matches("# ").split_once(" = ").is_some_and(|(setting, _)| setting == last)
    }) || FORMER_KEYS.iter().any(|key| key.former == last);
    let is_plain = key.bytes().all(|byte| byte.is_ascii_lowercase() || b"_.".contains(&byte));
    (is_setting && is_plain && key.split('.').rev().skip(1).all(|table| TABLES.contains(&table)))
        .then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_never_repeated() {
        for (message, expected) in [
            ("invalid type: string \"x, expected y\", expected a sequence", "expected a list"),
            ("invalid type: string \"x\", expected struct Limits", "expected a table"),
            ("invalid type: string \"x\", expected something else", "expected something else"),
            ("unknown variant `x`, expected one of `auto`, `never`", "expected one of \"auto\", \"never\""),
            ("unknown field `x`, expected `a` or `b`", "unknown key, expected `a` or `b`"),
            ("expected minutes from 1 to 1440", "expected minutes from 1 to 1440"),
            (
                "duplicate field `requests_per_five_minutes`",
                "expected requests_per_five_minutes only, not also its former name asks_per_five_minutes",
            ),
            ("wanted exactly 1 element, more than 1 element", "this value can't be used"),
        ] {
            assert_eq!(expectation(message), expected);
        }
    }

    #[test]
    fn only_a_key_of_the_settings_is_named_in_a_line_that_is_not_toml() {
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
