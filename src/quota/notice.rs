//! What the user is told of windows, and its words.

use super::words::{self, Zone};
use super::{Account, Window};
use chrono::{DateTime, Utc};

/// More notices than this in one refresh become a single summary.
const MOST_AT_ONCE: usize = 3;

/// Something to tell the user.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// A window fell below a threshold, or is used up.
    Low(Event),
    /// A window that had fired was given back.
    Reset(Event),
    /// So much at once that one sentence has to do.
    Summary {
        /// How many windows are low.
        low: usize,
        /// How many were given back.
        reset: usize,
        /// The worst of the low ones.
        worst: Option<Event>,
    },
}

/// The account and the window that a notice is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Whose window it is.
    pub account: Account,
    /// The window as it was read.
    pub window: Window,
}

/// Many notices at once become a single one.
pub fn summarise(notices: Vec<Notice>) -> Vec<Notice> {
    if notices.len() <= MOST_AT_ONCE {
        return notices;
    }
    let (mut low, mut reset) = (Vec::new(), 0);
    for notice in notices {
        match notice {
            Notice::Low(event) => low.push(event),
            Notice::Reset(_) => reset += 1,
            Notice::Summary { .. } => {}
        }
    }
    let count = low.len();
    let worst =
        low.into_iter().min_by(|a, b| a.window.remaining_percent().total_cmp(&b.window.remaining_percent()));
    vec![Notice::Summary { low: count, reset, worst }]
}

impl Notice {
    /// Whether something is used up, so that the desktop should not let it pass unseen.
    pub fn is_urgent(&self) -> bool {
        match self {
            Notice::Low(event) | Notice::Summary { worst: Some(event), .. } => {
                event.window.remaining_percent() <= 0.0
            }
            _ => false,
        }
    }

    /// The title and the text of the notification.
    pub fn words(&self, now: DateTime<Utc>, zone: Zone, hide_email: bool) -> (String, String) {
        match self {
            Notice::Low(event) => {
                let left = event.window.remaining_percent();
                let title = if left <= 0.0 {
                    format!("{} {} used up", event.account.provider.name(), event.window.title)
                } else {
                    format!(
                        "{} {}: {} left",
                        event.account.provider.name(),
                        event.window.title,
                        words::percent(left)
                    )
                };
                (title, event.text(now, zone, hide_email))
            }
            Notice::Reset(event) => (
                format!("{} {} has reset", event.account.provider.name(), event.window.title),
                format!(
                    "{}: {} left again",
                    event.account.name(hide_email),
                    words::percent(event.window.remaining_percent())
                ),
            ),
            Notice::Summary { low, reset, worst } => {
                let count = |n: usize, what: &str| {
                    format!("{n} quota window{} {what}", if n == 1 { "" } else { "s" })
                };
                let title = match (low, reset) {
                    (0, reset) => count(*reset, "reset"),
                    (low, 0) => count(*low, "low"),
                    (low, reset) => format!("{}, {reset} reset", count(*low, "low")),
                };
                let text = worst.as_ref().map_or_else(
                    || "Their quota is there again".to_owned(),
                    |event| {
                        format!(
                            "Lowest: {} {}, {} left. {}",
                            event.account.provider.name(),
                            event.window.title,
                            words::percent(event.window.remaining_percent()),
                            event.text(now, zone, hide_email)
                        )
                    },
                );
                (title, text)
            }
        }
    }
}

impl Event {
    fn text(&self, now: DateTime<Utc>, zone: Zone, hide_email: bool) -> String {
        let name = self.account.name(hide_email);
        match (self.window.resets_at, &self.window.reset_note) {
            (Some(at), _) => format!("{name}: resets {}", words::reset_both_ways(at, now, zone)),
            (None, Some(note)) => format!("{name}: reset {note}"),
            (None, None) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{AccountId, Provider};

    #[test]
    fn the_words_name_account_window_rest_and_reset() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("in range");
        let words = |used: f64, hide: bool| {
            let (id, email) = (AccountId("alice".into()), "alice@x".to_owned());
            let mut window = Window::new("five_hour", "5-hour", used).expect("a number");
            window.resets_at = Some(now + chrono::TimeDelta::minutes(130));
            let account = Account { id, provider: Provider::Claude, email };
            Notice::Low(Event { account, window }).words(now, Zone::UTC, hide)
        };
        let text = |name: &str| format!("{name}: resets in 2 hours (15 Jan 2027, 10:10)");
        assert_eq!(words(88.0, false), ("Claude 5-hour: 12% left".into(), text("alice@x")));
        assert_eq!(words(99.5, false).0, "Claude 5-hour: <1% left");
        assert_eq!(words(100.0, true), ("Claude 5-hour used up".into(), text("a…e")));
    }
}
