//! What happened → which program is to be run, with what. Pure.

use crate::config::hooks::{Hooks, Kind, fill};
use crate::presenter::format::{self, Zone};
use crate::quota::attention::Attention;
use crate::quota::notification::Notification;
use crate::quota::{Account, Window};
use crate::text;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// One run of a hook.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Why it is run.
    pub kind: Kind,
    /// The program and its arguments, the facts filled in. Never empty.
    pub command: Vec<String>,
    /// What happened, as one JSON object in one line: the program's standard input.
    pub input: String,
    /// The same for the environment, as names and values.
    pub environment: Vec<(String, String)>,
    /// How long it may take.
    pub time_out: Duration,
}

/// What all hooks are told in the same way.
#[derive(Clone, Copy)]
pub struct HookCalls<'a> {
    /// The hooks of the settings.
    pub hooks: &'a Hooks,
    /// Whether addresses are hidden, here as in `status`.
    pub hide_email: bool,
    /// When it happened.
    pub now: DateTime<Utc>,
    /// The reader's time zone.
    pub zone: Zone,
}

impl HookCalls<'_> {
    /// The hook for a notice of one window. `None`: there is none, or it is a summary.
    pub fn of_notice(&self, notice: &Notification) -> Option<Call> {
        let (kind, event) = match notice {
            Notification::Low(event) => (Kind::Low, event),
            Notification::Reset(event) => (Kind::Reset, event),
            Notification::Summary { .. } => return None,
        };
        let words = notice.words(self.now, self.zone, self.hide_email);
        self.call(kind, &event.account, Some(&event.window), None, words)
    }

    /// The hook for an account that needs its owner. `None`: there is none.
    pub fn of_trouble(&self, trouble: &Attention) -> Option<Call> {
        let words = trouble.words(self.now, self.zone, self.hide_email);
        let error = trouble.account.told(trouble.failure.words(self.now, self.zone), self.hide_email);
        self.call(Kind::Error, &trouble.account, None, Some(error), words)
    }

    fn call(
        &self,
        kind: Kind,
        account: &Account,
        window: Option<&Window>,
        error: Option<String>,
        (title, text): (String, String),
    ) -> Option<Call> {
        let command = self.hooks.command(kind);
        let name = account.name(self.hide_email);
        let place = |place: &str| match place {
            "event" => Some(kind.name().to_owned()),
            "provider" => Some(account.provider.name().to_owned()),
            "account" => Some(name.clone()),
            "window" => Some(window?.title.clone()),
            "remaining" => Some(bare(window?.remaining_percent())),
            "used" => Some(bare(window?.used_percent())),
            "reset" => reset(window?, self.now, self.zone),
            "error" => error.clone(),
            "title" => Some(title.clone()),
            "text" => Some(text.clone()),
            _ => None,
        };
        let (program, arguments) = command.split_first()?;
        let arguments = arguments.iter().map(|argument| fill(argument, place));
        let event = json!({
            "event": kind.name(),
            "at": moment(self.now),
            "provider": account.provider.key(),
            "id": account.id,
            "account": name,
            "window_key": window.map(|window| &window.key),
            "window": window.map(|window| &window.title),
            "remaining_percent": window.map(Window::remaining_percent),
            "used_percent": window.map(Window::used_percent),
            "resets_at": window.and_then(|window| window.resets_at).map(moment),
            "error": error,
            "title": title,
            "text": text,
        });
        Some(Call {
            kind,
            // A NUL would end an argument, and nothing that is shown needs one.
            command: std::iter::once(program.clone())
                .chain(arguments)
                .map(|part| part.replace('\0', ""))
                .collect(),
            // The id is a file's name as it is.
            input: format!("{}\n", text::escape_json(&event.to_string())),
            environment: environment(event.as_object()?),
            time_out: self.hooks.time_out(),
        })
    }
}

/// "12", "under 1": the caller writes the sign.
fn bare(percent: f64) -> String {
    format::percent(percent).trim_end_matches('%').to_owned()
}

fn reset(window: &Window, now: DateTime<Utc>, zone: Zone) -> Option<String> {
    let both_ways = window.resets_at.map(|at| format::reset_both_ways(at, now, zone));
    both_ways.or_else(|| window.reset_note.clone())
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `remaining_percent` → `QUOTA_TRAY_REMAINING_PERCENT`; what is null is left out.
fn environment(event: &Map<String, Value>) -> Vec<(String, String)> {
    let variable = |(key, value): (&String, &Value)| {
        let text = match value {
            Value::Null => return None,
            Value::String(text) => text.replace('\0', ""),
            other => other.to_string(),
        };
        Some((format!("QUOTA_TRAY_{}", key.to_uppercase()), text))
    };
    event.iter().filter_map(variable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::notification::WindowEvent;
    use crate::quota::{AccountId, Failure, Provider};

    fn account() -> Account {
        Account {
            id: AccountId::file("f.json".into()),
            provider: Provider::Claude,
            email: "alice@example.com".into(),
            identity: None,
        }
    }

    fn hooks(argument: &str) -> Hooks {
        let command = || vec!["~/{title}".to_owned(), argument.to_owned()];
        Hooks { on_low: command(), on_error: command(), ..Hooks::default() }
    }

    fn teller(hooks: &Hooks, hide_email: bool) -> HookCalls<'_> {
        let now = "2026-09-17T12:10:00Z".parse().expect("a moment");
        HookCalls { hooks, hide_email, now, zone: Zone::UTC }
    }

    fn low() -> Notification {
        let mut window = Window::new("five_hour", "5-hour", 88.0).expect("a number");
        window.resets_at = Some("2026-09-17T15:10:00Z".parse().expect("a moment"));
        Notification::Low(WindowEvent { account: account(), window })
    }

    #[test]
    fn a_low_window_is_told_in_arguments_json_and_environment() {
        let hooks = hooks("{provider} {account} {window} {remaining} {used} {reset}");
        let call = teller(&hooks, false).of_notice(&low()).expect("a call");
        assert_eq!(
            call.command,
            ["~/{title}", "Claude alice@example.com 5-hour 12 88 in 3 hours (17 Sep 2026, 15:10)"]
        );
        assert_eq!(
            call.input,
            "{\"event\":\"low\",\"at\":\"2026-09-17T12:10:00Z\",\"provider\":\"claude\",\"id\":\"f.json\",\
             \"account\":\"alice@example.com\",\"window_key\":\"five_hour\",\"window\":\"5-hour\",\
             \"remaining_percent\":12.0,\"used_percent\":88.0,\"resets_at\":\"2026-09-17T15:10:00Z\",\
             \"error\":null,\"title\":\"Claude 5-hour: 12% left\",\
             \"text\":\"alice@example.com: resets in 3 hours (17 Sep 2026, 15:10)\"}\n"
        );
        let has = |name: &str, value: &str| call.environment.contains(&(name.into(), value.into()));
        assert!(has("QUOTA_TRAY_EVENT", "low") && has("QUOTA_TRAY_REMAINING_PERCENT", "12.0"));
        assert!(!call.environment.iter().any(|(name, _)| name == "QUOTA_TRAY_ERROR"));
    }

    #[test]
    fn hidden_addresses_are_hidden_here_too() {
        let hooks = hooks("{account} {title} {text}");
        let trouble = Attention { account: account(), failure: Failure::SignInAgain };
        for call in [
            teller(&hooks, true).of_notice(&low()).expect("a call"),
            teller(&hooks, true).of_trouble(&trouble).expect("a call"),
        ] {
            assert!(!format!("{call:?}").contains("alice@"), "{call:?}");
            assert!(call.command[1].contains("a…e"), "{call:?}");
        }
    }

    #[test]
    fn without_a_hook_there_is_no_call() {
        let Notification::Low(event) = low() else { panic!("it is low") };
        assert_eq!(teller(&Hooks::default(), false).of_notice(&low()), None);
        assert_eq!(teller(&hooks("x"), false).of_notice(&Notification::Reset(event)), None);
    }
}
