//! The messages of notifications: windows that are low or have reset, and accounts that need their owner.

use crate::presenter::Locale;
use crate::presenter::format::{percent, reset_time};
use crate::quota::attention::Attention;
use crate::quota::notification::{Notification, WindowEvent};
use chrono::{DateTime, Utc};

impl Notification {
    /// The title and the text of the notification.
    pub fn message(&self, now: DateTime<Utc>, locale: Locale, hide_email: bool) -> (String, String) {
        match self {
            Notification::Low(event) => {
                let left = event.window.remaining_percent();
                let title = if left <= 0.0 {
                    format!("{} {} used up", event.account.provider.name(), event.window.title)
                } else {
                    format!(
                        "{} {}: {} left",
                        event.account.provider.name(),
                        event.window.title,
                        percent(left)
                    )
                };
                (title, event.text(now, locale, hide_email))
            }
            Notification::Reset(event) => (
                format!("{} {} has reset", event.account.provider.name(), event.window.title),
                format!(
                    "{}: {} left again",
                    event.account.name(hide_email),
                    percent(event.window.remaining_percent())
                ),
            ),
            Notification::Summary { low, reset, worst } => {
                let count = |n: usize, what: &str| {
                    format!("{n} quota window{} {what}", if n == 1 { "" } else { "s" })
                };
                let title = match (low, reset) {
                    (0, reset) => count(*reset, "reset"),
                    (low, 0) => count(*low, "low"),
                    (low, reset) => format!("{}, {reset} reset", count(*low, "low")),
                };
                let text = worst.as_ref().map_or_else(
                    || "Their quota is available again".to_owned(),
                    |event| {
                        format!(
                            "Lowest: {} {}, {} left. {}",
                            event.account.provider.name(),
                            event.window.title,
                            percent(event.window.remaining_percent()),
                            event.text(now, locale, hide_email)
                        )
                    },
                );
                (title, text)
            }
        }
    }
}

impl WindowEvent {
    fn text(&self, now: DateTime<Utc>, locale: Locale, hide_email: bool) -> String {
        let name = self.account.name(hide_email);
        match (self.window.resets_at, &self.window.reset_note) {
            (Some(at), _) => format!("{name}: resets {}", reset_time(at, now, locale)),
            (None, Some(note)) => format!("{name}: reset {note}"),
            (None, None) => name,
        }
    }
}

impl Attention {
    /// A title and a text, as a notification would have them.
    pub fn message(&self, now: DateTime<Utc>, locale: Locale, hide_email: bool) -> (String, String) {
        let title = format!("{}: {}", self.account.provider.name(), self.failure.short_message(now, locale));
        let error = self.account.redact(self.failure.message(now, locale), hide_email);
        (title, format!("{}: {error}", self.account.name(hide_email)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Account, AccountId, Provider, Window};

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).expect("in range")
    }

    fn event(used: f64) -> WindowEvent {
        let (id, email) = (AccountId::file("alice".into()), "alice@x".to_owned());
        let mut window = Window::new("five_hour", "5-hour", used).expect("a number");
        window.resets_at = Some(now() + chrono::TimeDelta::minutes(130));
        WindowEvent {
            account: Account { id, provider: Provider::CLAUDE, email, identity: None, given_name: None },
            window,
        }
    }

    #[test]
    fn low_window_is_named_with_account_percentage_and_reset() {
        let message = |used, hide| Notification::Low(event(used)).message(now(), Locale::UTC, hide);
        let text = |name: &str| format!("{name}: resets in 2 hours (15 Jan 2027, 10:10)");
        assert_eq!(message(88.0, false), ("Claude 5-hour: 12% left".into(), text("alice@x")));
        assert_eq!(message(99.5, false).0, "Claude 5-hour: under 1% left");
        assert_eq!(message(100.0, true), ("Claude 5-hour used up".into(), text("a…e")));
    }

    #[test]
    fn summary_counts_windows_and_names_the_lowest() {
        let message = |low, reset, worst| {
            Notification::Summary { low, reset, worst }.message(now(), Locale::UTC, false)
        };
        let lowest = "Lowest: Claude 5-hour, 7% left. alice@x: resets in 2 hours (15 Jan 2027, 10:10)";
        assert_eq!(message(4, 0, Some(event(93.0))), ("4 quota windows low".into(), lowest.into()));
        assert_eq!(message(1, 3, Some(event(93.0))).0, "1 quota window low, 3 reset");
        let all_reset = ("4 quota windows reset".into(), "Their quota is available again".into());
        assert_eq!(message(0, 4, None), all_reset);
    }
}
