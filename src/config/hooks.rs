//! The section `[hooks]`: a program and its arguments, with placeholders.

use crate::config::values::in_range;
use serde::{Deserialize, Deserializer, de};
use std::time::Duration;

/// The events that can run a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookEvent {
    /// A window fell below a threshold, or is exhausted.
    Low,
    /// A window that was low has reset.
    Reset,
    /// An account fails in a way that only a person can fix.
    Error,
}

impl HookEvent {
    /// Its key in the settings.
    pub fn key(self) -> &'static str {
        match self {
            HookEvent::Low => "on_low",
            HookEvent::Reset => "on_reset",
            HookEvent::Error => "on_error",
        }
    }

    /// The `event` in the JSON and in the environment.
    pub fn name(self) -> &'static str {
        match self {
            HookEvent::Low => "low",
            HookEvent::Reset => "reset",
            HookEvent::Error => "error",
        }
    }

    /// The placeholders that its arguments may have, without braces.
    pub fn placeholders(self) -> &'static [&'static str] {
        match self {
            HookEvent::Low | HookEvent::Reset => {
                &["event", "provider", "account", "window", "remaining", "used", "reset", "title", "text"]
            }
            HookEvent::Error => &["event", "provider", "account", "error", "title", "text"],
        }
    }
}

/// The hooks of the settings.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hooks {
    /// The program, then its arguments, for each event. Empty: none.
    #[serde(deserialize_with = "on_low")]
    pub on_low: Vec<String>,
    #[serde(deserialize_with = "on_reset")]
    pub on_reset: Vec<String>,
    #[serde(deserialize_with = "on_error")]
    pub on_error: Vec<String>,
    /// Seconds after which a hook is killed, 1 to 3600.
    #[serde(deserialize_with = "seconds")]
    pub timeout_seconds: u32,
}

impl Default for Hooks {
    fn default() -> Hooks {
        Hooks { on_low: Vec::new(), on_reset: Vec::new(), on_error: Vec::new(), timeout_seconds: 30 }
    }
}

impl Hooks {
    /// The program and the arguments for an event. Empty: none.
    pub fn command(&self, event: HookEvent) -> &[String] {
        match event {
            HookEvent::Low => &self.on_low,
            HookEvent::Reset => &self.on_reset,
            HookEvent::Error => &self.on_error,
        }
    }

    /// How long a hook may run.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout_seconds))
    }
}

fn on_low<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    command(deserializer, HookEvent::Low)
}

fn on_reset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    command(deserializer, HookEvent::Reset)
}

fn on_error<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    command(deserializer, HookEvent::Error)
}

fn command<'de, D: Deserializer<'de>>(deserializer: D, event: HookEvent) -> Result<Vec<String>, D::Error> {
    let command = Vec::<String>::deserialize(deserializer)?;
    match check(&command, event) {
        Ok(()) => Ok(command),
        Err(problem) => Err(de::Error::custom(problem)),
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1..=3600, "seconds from 1 to 3600")
}

fn check(command: &[String], event: HookEvent) -> Result<(), String> {
    if command.first().is_some_and(|program| program.trim().is_empty()) {
        return Err("expected [\"program\", \"argument\", …], with a program name that is not empty".into());
    }
    if command.iter().any(|part| part.contains('\0')) {
        return Err("expected text without NUL characters, which can't be passed to a program".into());
    }
    let known = event.placeholders();
    for (number, argument) in command.iter().enumerate().skip(1) {
        let unknown = |piece| matches!(piece, Piece::Placeholder(name) if !known.contains(&name));
        if pieces(argument).any(unknown) {
            let list: Vec<_> = known.iter().map(|name| format!("{{{name}}}")).collect();
            // The word itself is not repeated: it may be part of a password.
            return Err(format!(
                "expected one of {} in braces, and argument {number} has another; write {{{{word}}}} for the text {{word}}",
                list.join(", ")
            ));
        }
    }
    Ok(())
}

/// Replaces the placeholders of an argument by their values; a placeholder without a value becomes empty.
pub fn fill(argument: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let fill = |piece| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Placeholder(name) => value(name).unwrap_or_default(),
    };
    pieces(argument).map(fill).collect()
}

#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// `{word}` is a placeholder, `{{word}}` is the text `{word}`; any other brace is itself, so that JSON can be
/// written as it is.
fn pieces(mut rest: &str) -> impl Iterator<Item = Piece<'_>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let starts = rest.match_indices('{').find_map(|(at, _)| Some((at, word(&rest[at..])?)));
        let Some((at, word)) = starts else {
            return Some(Piece::Text(std::mem::take(&mut rest)));
        };
        let end = at + word.len() + 2;
        let doubled = at > 0 && rest.as_bytes()[at - 1] == b'{' && rest[end..].starts_with('}');
        let (piece, next) = match at {
            _ if doubled && at == 1 => (Piece::Text(&rest[at..end]), end + 1),
            0 => (Piece::Placeholder(word), end),
            _ if doubled => (Piece::Text(&rest[..at - 1]), at - 1),
            _ => (Piece::Text(&rest[..at]), at),
        };
        rest = &rest[next..];
        Some(piece)
    })
}

/// The word of a text that begins with `{word}`.
fn word(text: &str) -> Option<&str> {
    let (word, _) = text.strip_prefix('{')?.split_once('}')?;
    let plain = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    plain.then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_other_braces_stay() {
        for (argument, filled) in [
            ("", ""),
            ("plain", "plain"),
            ("{account}: {remaining} %", "<account>: <remaining> %"),
            ("{account}{account}", "<account><account>"),
            ("{{account}}", "{account}"),
            ("x{{account}}y{account}", "x{account}y<account>"),
            (
                "{\"text\": \"{account}\", \"n\": {\"a\": {}}}",
                "{\"text\": \"<account>\", \"n\": {\"a\": {}}}",
            ),
            ("{{\"a\": {account}}}", "{{\"a\": <account>}}"),
            ("{Account} { account } {a-b} {", "{Account} { account } {a-b} {"),
            ("ä{account}ö", "ä<account>ö"),
        ] {
            assert_eq!(fill(argument, |name| Some(format!("<{name}>"))), filled, "{argument}");
        }
    }

    #[test]
    fn error_names_the_argument_with_an_unknown_placeholder() {
        let check = |parts: &[&str], event| {
            check(&parts.iter().map(ToString::to_string).collect::<Vec<_>>(), event).err().unwrap_or_default()
        };
        for event in [HookEvent::Low, HookEvent::Reset, HookEvent::Error] {
            let every: Vec<_> = event.placeholders().iter().map(|name| format!("{{{name}}}")).collect();
            assert_eq!(check(&["x", &every.join(" ")], event), "");
            let error = check(&["x", "{account}", "{acount}"], event);
            assert!(error.contains("argument 2") && !error.contains("acount}"), "{error}");
            assert!(check(&["", "x"], event).contains("empty"));
            assert_eq!(check(&[], event), "");
        }
        assert!(check(&["x", "{window}"], HookEvent::Error).contains("argument 1"));
        assert!(check(&["x", "{error}"], HookEvent::Low).contains("argument 1"));
        assert_eq!(check(&["x", "{{acount}}"], HookEvent::Low), "");
    }
}
