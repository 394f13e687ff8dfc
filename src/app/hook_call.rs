//! Builds hook calls from notifications and accounts that need attention: which program is run, with which arguments,
//! standard input and environment. Pure.

use crate::config::hooks::{HookEvent, Hooks, fill};
use crate::hooks::call::HookCall;
use crate::presenter::Locale;
use crate::presenter::format;
use crate::quota::attention::Attention;
use crate::quota::notification::Notification;
use crate::quota::{Account, Window};
use crate::text;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

/// Builds hook calls; holds what all calls at one time have in common.
#[derive(Clone, Copy)]
pub struct HookCallBuilder<'a> {
    /// The hooks of the settings.
    pub hooks: &'a Hooks,
    /// Whether addresses are hidden, here as in `status`.
    pub hide_email: bool,
    /// The time of the event.
    pub now: DateTime<Utc>,
    /// The user's time zone and locale format.
    pub locale: Locale,
}

impl HookCallBuilder<'_> {
    /// The hook for a notification about one window. `None`: none is configured, or the notification is a summary.
    pub fn for_notification(&self, notification: &Notification) -> Option<HookCall> {
        let (event, about) = match notification {
            Notification::Low(event) => (HookEvent::Low, event),
            Notification::Reset(event) => (HookEvent::Reset, event),
            Notification::Summary { .. } => return None,
        };
        let message = notification.message(self.now, self.locale, self.hide_email);
        self.call(event, &about.account, Some(&about.window), None, message)
    }

    /// The hook for an account that needs attention. `None`: none is configured.
    pub fn for_attention(&self, attention: &Attention) -> Option<HookCall> {
        let message = attention.message(self.now, self.locale, self.hide_email);
        let error =
            attention.account.redact(attention.failure.message(self.now, self.locale), self.hide_email);
        self.call(HookEvent::Error, &attention.account, None, Some(error), message)
    }

    fn call(
        &self,
        event: HookEvent,
        account: &Account,
        window: Option<&Window>,
        error: Option<String>,
        (title, text): (String, String),
    ) -> Option<HookCall> {
        let command = self.hooks.command(event);
        let name = account.name(self.hide_email);
        let value_of = |placeholder: &str| match placeholder {
            "event" => Some(event.name().to_owned()),
            "provider" => Some(account.provider.name().to_owned()),
            "account" => Some(name.clone()),
            "window" => Some(window?.title.clone()),
            "remaining" => Some(without_sign(window?.remaining_percent())),
            "used" => Some(without_sign(window?.used_percent())),
            "reset" => reset(window?, self.now, self.locale),
            "error" => error.clone(),
            "title" => Some(title.clone()),
            "text" => Some(text.clone()),
            _ => None,
        };
        let (program, arguments) = command.split_first()?;
        let arguments = arguments.iter().map(|argument| fill(argument, value_of));
        let facts = json!({
            "event": event.name(),
            "at": timestamp(self.now),
            "provider": account.provider.key(),
            "id": account.id,
            "account": name,
            "window_key": window.map(|window| &window.key),
            "window": window.map(|window| &window.title),
            "remaining_percent": window.map(Window::remaining_percent),
            "used_percent": window.map(Window::used_percent),
            "resets_at": window.and_then(|window| window.resets_at).map(timestamp),
            "error": error,
            "title": title,
            "text": text,
        });
        Some(HookCall {
            event,
            // The system takes no argument with a NUL in it.
            command: std::iter::once(program.clone())
                .chain(arguments)
                .map(|part| part.replace('\0', ""))
                .collect(),
            // The id is a file name, which may hold any character.
            input: format!("{}\n", text::escape_json(&facts.to_string())),
            environment: environment(facts.as_object()?),
            timeout: self.hooks.timeout(),
        })
    }
}

/// "12", "under 1": without the percent sign, which the user writes in the argument.
fn without_sign(percent: f64) -> String {
    format::percent(percent).trim_end_matches('%').to_owned()
}

fn reset(window: &Window, now: DateTime<Utc>, locale: Locale) -> Option<String> {
    let text = window.resets_at.map(|at| format::reset_time(at, now, locale));
    text.or_else(|| window.reset_note.clone())
}

fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `remaining_percent` → `QUOTA_TRAY_REMAINING_PERCENT`; null values are left out.
fn environment(facts: &Map<String, Value>) -> Vec<(String, String)> {
    let variable = |(key, value): (&String, &Value)| {
        let text = match value {
            Value::Null => return None,
            Value::String(text) => text.replace('\0', ""),
            other => other.to_string(),
        };
        Some((format!("QUOTA_TRAY_{}", key.to_uppercase()), text))
    };
    facts.iter().filter_map(variable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::notification::WindowEvent;
    use crate::quota::{AccountId, Failure, Provider};

    fn account() -> Account {
        Account {
            id: AccountId::file("f.json".into()),
            provider: Provider::CLAUDE,
            email: "alice@example.com".into(),
            identity: None,
            given_name: None,
        }
    }

    fn hooks(argument: &str) -> Hooks {
        let command = || vec!["~/{title}".to_owned(), argument.to_owned()];
        Hooks { on_low: command(), on_error: command(), ..Hooks::default() }
    }

    fn builder(hooks: &Hooks, hide_email: bool) -> HookCallBuilder<'_> {
        let now = "2026-09-17T12:10:00Z".parse().expect("a timestamp");
        HookCallBuilder { hooks, hide_email, now, locale: Locale::UTC }
    }

    fn low() -> Notification {
        let mut window = Window::new("five_hour", "5-hour", 88.0).expect("a number");
        window.resets_at = Some("2026-09-17T15:10:00Z".parse().expect("a timestamp"));
        Notification::Low(WindowEvent { account: account(), window })
    }

    #[test]
    fn low_window_is_in_arguments_json_and_environment() {
        let hooks = hooks("{provider} {account} {window} {remaining} {used} {reset}");
        let call = builder(&hooks, false).for_notification(&low()).expect("a call");
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
             \"text\":\"alice@example.com · resets 15:10, in 3 h\"}\n"
        );
        let has = |name: &str, value: &str| call.environment.contains(&(name.into(), value.into()));
        assert!(has("QUOTA_TRAY_EVENT", "low") && has("QUOTA_TRAY_REMAINING_PERCENT", "12.0"));
        assert!(!call.environment.iter().any(|(name, _)| name == "QUOTA_TRAY_ERROR"));
    }

    #[test]
    fn hidden_addresses_are_hidden_in_hooks() {
        let hooks = hooks("{account} {title} {text}");
        let attention = Attention { account: account(), failure: Failure::SignInAgain };
        for call in [
            builder(&hooks, true).for_notification(&low()).expect("a call"),
            builder(&hooks, true).for_attention(&attention).expect("a call"),
        ] {
            assert!(!format!("{call:?}").contains("alice@"), "{call:?}");
            assert!(call.command[1].contains("a…e"), "{call:?}");
        }
    }

    #[test]
    fn without_a_configured_hook_there_is_no_call() {
        let Notification::Low(event) = low() else { panic!("it is low") };
        assert_eq!(builder(&Hooks::default(), false).for_notification(&low()), None);
        assert_eq!(builder(&hooks("x"), false).for_notification(&Notification::Reset(event)), None);
    }
}
