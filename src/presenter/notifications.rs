//! The messages of notifications: windows that are low or have reset, and accounts that need their owner.
//!
//! In a banner, GNOME shows one line of the text, about 50 characters. So the account and the time of the reset come
//! first.

use crate::presenter::Locale;
use crate::presenter::format::{percent, time_of_day};
use crate::presenter::locale_format::DateOrder;
use crate::quota::attention::Attention;
use crate::quota::notification::{Notification, WindowEvent};
use chrono::{DateTime, TimeDelta, Utc};

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
                    "{} · {} left",
                    event.account.name(hide_email),
                    percent(event.window.remaining_percent())
                ),
            ),
            Notification::Summary { low, reset, worst, .. } => {
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
                            "Lowest: {} {}, {} left · {}",
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
    /// "alice@example.com · resets 21:12, in 42 min".
    fn text(&self, now: DateTime<Utc>, locale: Locale, hide_email: bool) -> String {
        let name = self.account.name(hide_email);
        match (self.window.resets_at, &self.window.reset_note) {
            (Some(at), _) => format!("{name} · {}", reset(at, now, locale)),
            (None, Some(note)) => format!("{name} · reset {note}"),
            (None, None) => name,
        }
    }
}

/// "resets 21:12, in 42 min", "resets Fri 08:30, in 11 h 5 min". After the reset time: "reset due 21:12".
fn reset(at: DateTime<Utc>, now: DateTime<Utc>, locale: Locale) -> String {
    let time = short_time(at, now, locale);
    if at <= now { format!("reset due {time}") } else { format!("resets {time}, in {}", duration(at - now)) }
}

/// "21:12" today, "Fri 08:30" within the next six days, "3 Dec 08:30" on other days.
fn short_time(at: DateTime<Utc>, now: DateTime<Utc>, locale: Locale) -> String {
    let (wall, today) = (locale.wall_time(at), locale.wall_time(now));
    let day = match ((wall.date() - today.date()).num_days(), locale.format.order) {
        (0, _) => "",
        (1..=6, _) => "%a ",
        (_, DateOrder::DayMonthYear) => "%-d %b ",
        (_, DateOrder::MonthDayYear | DateOrder::YearMonthDay) => "%b %-d ",
    };
    format!("{}{}", wall.format(day), time_of_day(wall.time(), locale))
}

/// "under a minute", "42 min", "1 h 38 min", "3 d 4 h". Two units at most, rounded down.
fn duration(length: TimeDelta) -> String {
    let minutes = length.num_minutes();
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        _ if minutes < 1 => "under a minute".into(),
        (0, 0, m) => format!("{m} min"),
        (0, h, 0) => format!("{h} h"),
        (0, h, m) => format!("{h} h {m} min"),
        (d, 0, _) => format!("{d} d"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

impl Attention {
    /// A title and a text like those of a notification, for hooks.
    pub fn message(&self, now: DateTime<Utc>, locale: Locale, hide_email: bool) -> (String, String) {
        let title = format!("{}: {}", self.account.provider.name(), self.failure.short_message(now, locale));
        let error = self.account.redact(self.failure.message(now, locale), hide_email);
        (title, format!("{} · {error}", self.account.name(hide_email)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presenter::locale_format::LocaleFormat;
    use crate::quota::{Account, AccountId, Provider, Window};
    use std::collections::BTreeSet;

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
        let text = |name: &str| format!("{name} · resets 10:10, in 2 h 10 min");
        assert_eq!(message(88.0, false), ("Claude 5-hour: 12% left".into(), text("alice@x")));
        assert_eq!(message(99.5, false).0, "Claude 5-hour: under 1% left");
        assert_eq!(message(100.0, true), ("Claude 5-hour used up".into(), text("a…e")));
    }

    #[test]
    fn summary_counts_windows_and_names_the_lowest() {
        let message = |low, reset, worst| {
            Notification::Summary { low, reset, worst, windows: BTreeSet::new() }.message(
                now(),
                Locale::UTC,
                false,
            )
        };
        let lowest = "Lowest: Claude 5-hour, 7% left · alice@x · resets 10:10, in 2 h 10 min";
        assert_eq!(message(4, 0, Some(event(93.0))), ("4 quota windows low".into(), lowest.into()));
        assert_eq!(message(1, 3, Some(event(93.0))).0, "1 quota window low, 3 reset");
        let all_reset = ("4 quota windows reset".into(), "Their quota is available again".into());
        assert_eq!(message(0, 4, None), all_reset);
    }

    #[test]
    fn reset_of_a_window_is_short_and_has_its_time_first() {
        let country = |name| Locale { format: LocaleFormat::of(name, name), ..Locale::UTC };
        // Friday, 15 January 2027, 08:00.
        for (minutes, locale, text) in [
            (0, Locale::UTC, "reset due 08:00"),
            (-30, Locale::UTC, "reset due 07:30"),
            (-1440, Locale::UTC, "reset due 14 Jan 08:00"),
            (1, Locale::UTC, "resets 08:01, in 1 min"),
            (42, Locale::UTC, "resets 08:42, in 42 min"),
            (60, Locale::UTC, "resets 09:00, in 1 h"),
            (98, Locale::UTC, "resets 09:38, in 1 h 38 min"),
            (15 * 60 + 59, Locale::UTC, "resets 23:59, in 15 h 59 min"),
            (16 * 60, Locale::UTC, "resets Sat 00:00, in 16 h"),
            (24 * 60 + 30, Locale::UTC, "resets Sat 08:30, in 1 d"),
            (6 * 1440 + 4 * 60, Locale::UTC, "resets Thu 12:00, in 6 d 4 h"),
            (7 * 1440, Locale::UTC, "resets 22 Jan 08:00, in 7 d"),
            (42, country("en_US"), "resets 8:42 AM, in 42 min"),
            (2 * 1440, country("en_US"), "resets Sun 8:00 AM, in 2 d"),
            (20 * 1440, country("en_US"), "resets Feb 4 8:00 AM, in 20 d"),
            (20 * 1440, country("sv_SE"), "resets Feb 4 08:00, in 20 d"),
        ] {
            assert_eq!(reset(now() + TimeDelta::minutes(minutes), now(), locale), text);
        }
        assert_eq!(
            reset(now() + TimeDelta::seconds(59), now(), Locale::UTC),
            "resets 08:00, in under a minute"
        );
        let kathmandu = Locale::of_zone(|_| chrono::FixedOffset::east_opt(20_700).expect("in range"));
        let evening = now() + TimeDelta::hours(10);
        assert_eq!(reset(evening, now(), kathmandu), "resets 23:45, in 10 h");
        assert_eq!(
            reset(evening + TimeDelta::minutes(15), now(), kathmandu),
            "resets Sat 00:00, in 10 h 15 min"
        );
        assert!(!reset(DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC, kathmandu).is_empty());
    }

    #[test]
    fn window_without_a_reset_time_has_the_note_or_the_account_alone() {
        let text = |note: Option<&str>| {
            let mut event = event(97.0);
            (event.window.resets_at, event.window.reset_note) = (None, note.map(str::to_owned));
            Notification::Low(event).message(now(), Locale::UTC, false).1
        };
        assert_eq!(
            (text(Some("in 3 days")), text(None)),
            ("alice@x · reset in 3 days".into(), "alice@x".into())
        );
    }

    #[test]
    fn message_reads_the_same_with_and_without_markup() {
        let notifications = [
            Notification::Low(event(99.5)),
            Notification::Low(event(100.0)),
            Notification::Reset(event(0.0)),
            Notification::Summary { low: 4, reset: 1, worst: Some(event(99.5)), windows: BTreeSet::new() },
        ];
        for notification in notifications {
            let (title, text) = notification.message(now(), Locale::UTC, false);
            for part in [title, text] {
                assert_eq!(crate::text::escape_markup(&part), part);
                assert!(!part.contains('\n'), "{part}");
            }
        }
    }
}
