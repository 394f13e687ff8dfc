//! Percentages, moments and stretches of time as a person reads them; below it all sentences of this room, so
//! that a translation finds them in one place.

use crate::presenter::locale_format::{DateOrder, LocaleFormat};
use crate::quota::percent::shown;
use chrono::{DateTime, FixedOffset, Local, NaiveDateTime, Offset, TimeDelta, Utc};

/// Where the reader is: what offset from UTC held at a moment, and how times and numbers are written.
/// Functions rather than type parameters, so that tests fix them and nothing else need know of them.
#[derive(Debug, Clone, Copy)]
pub struct Zone {
    offset_at: fn(DateTime<Utc>) -> FixedOffset,
    customs: fn() -> LocaleFormat,
}

impl Zone {
    /// The machine's time zone, and the customs of its locale.
    pub const LOCAL: Zone = Zone {
        offset_at: |at| at.with_timezone(&Local).offset().fix(),
        customs: crate::platform::locale::customs,
    };
    /// Coordinated universal time.
    pub const UTC: Zone = Zone::from_fn(|_| Utc.fix());

    /// A time zone of the caller's, with the plain customs.
    pub const fn from_fn(offset_at: fn(DateTime<Utc>) -> FixedOffset) -> Zone {
        Zone { offset_at, customs: || LocaleFormat::PLAIN }
    }

    /// The same with customs of the caller's.
    pub const fn with_customs(self, customs: fn() -> LocaleFormat) -> Zone {
        Zone { customs, ..self }
    }

    fn wall(self, at: DateTime<Utc>) -> NaiveDateTime {
        // Years at the very end of the calendar have no local time east or west of UTC.
        at.naive_utc().checked_add_offset((self.offset_at)(at)).unwrap_or(at.naive_utc())
    }
}

/// Percent rounded to whole numbers, halves up; "under 1%" where something is left that would round to nothing,
/// since 0% means exhausted. In words, for "<" begins a tag in what takes markup: Waybar and i3blocks showed nothing.
pub fn percent(value: f64) -> String {
    if value > 0.0 && value < 1.0 { "under 1%".into() } else { format!("{:.0}%", shown(value)) }
}

/// A number with so many decimals: "3.20", or "3,20" where that is the custom.
pub fn number(value: f64, decimals: usize, zone: Zone) -> String {
    with_mark(format!("{value:.decimals$}"), zone)
}

/// A number with as many decimals as it has: "20", "2.5".
pub fn plain_number(value: f64, zone: Zone) -> String {
    with_mark(value.to_string(), zone)
}

fn with_mark(number: String, zone: Zone) -> String {
    number.replace('.', (zone.customs)().decimal_mark.encode_utf8(&mut [0; 4]))
}

/// "17 Sep 2026, 15:10", or "Sep 17, 2026, 3:10 PM", or "2026 Sep 17, 15:10".
pub fn date_time(at: DateTime<Utc>, zone: Zone) -> String {
    let customs = (zone.customs)();
    let date = match customs.order {
        DateOrder::DayMonthYear => "%-d %b %Y",
        DateOrder::MonthDayYear => "%b %-d, %Y",
        DateOrder::YearMonthDay => "%Y %b %-d",
    };
    zone.wall(at).format(&format!("{date}, {}", clock(customs))).to_string()
}

/// "15:10" today, "18 Sep, 15:10" on another day; "3:10 PM", "Sep 18, 3:10 PM" where that is the custom.
pub fn clock_time(at: DateTime<Utc>, now: DateTime<Utc>, zone: Zone) -> String {
    let customs = (zone.customs)();
    let (wall, today) = (zone.wall(at), zone.wall(now));
    let day = match customs.order {
        _ if wall.date() == today.date() => "",
        DateOrder::DayMonthYear => "%-d %b, ",
        DateOrder::MonthDayYear | DateOrder::YearMonthDay => "%b %-d, ",
    };
    wall.format(&format!("{day}{}", clock(customs))).to_string()
}

fn clock(customs: LocaleFormat) -> &'static str {
    if customs.twelve_hours { "%-I:%M %p" } else { "%H:%M" }
}

/// Both ways to say when: "in 3 hours (17 Sep 2026, 15:10)".
pub fn reset_both_ways(at: DateTime<Utc>, now: DateTime<Utc>, zone: Zone) -> String {
    format!("{} ({})", relative(at - now), date_time(at, zone))
}

/// "in 3 hours", "in 1 day", "in less than a minute", "already passed": one unit, rounded to the
/// nearest.
fn relative(ahead: TimeDelta) -> String {
    let seconds = ahead.num_seconds();
    let unit = |count: i64, name: &str| format!("in {count} {name}{}", if count == 1 { "" } else { "s" });
    let rounded = |length: i64| (seconds + length / 2) / length;
    if seconds < 0 {
        "already passed".into()
    } else if seconds < 60 {
        "in less than a minute".into()
    } else if rounded(60) < 60 {
        unit(rounded(60), "minute")
    } else if rounded(3600) < 24 {
        unit(rounded(3600), "hour")
    } else {
        unit(rounded(86_400), "day")
    }
}

/// The menu's short form: "3 d 4 h", "2 h 10 m", "45 m", "under a minute". Two units at most, cut
/// and not rounded, so that it never promises too late a moment. Nothing below zero.
pub fn duration(length: TimeDelta) -> String {
    let minutes = length.num_minutes();
    let (days, hours) = (minutes / 1440, minutes / 60 % 24);
    match (days, hours, minutes % 60) {
        _ if minutes < 1 => "under a minute".into(),
        (0, 0, m) => format!("{m} m"),
        (0, h, 0) => format!("{h} h"),
        (0, h, m) => format!("{h} h {m} m"),
        (d, 0, _) => format!("{d} d"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

/// How long ago: "just now", "3 min ago", "2 h ago", "4 d ago".
pub fn age(since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match (now - since).num_minutes() {
        ..1 => "just now".into(),
        minutes @ 1..60 => format!("{minutes} min ago"),
        minutes @ 60..2880 => format!("{} h ago", minutes / 60),
        minutes => format!("{} d ago", minutes / 1440),
    }
}

/// A text with its first letter in upper case.
pub fn capitalise(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    #[test]
    fn a_percentage_never_rounds_something_to_nothing() {
        for (value, words) in [
            (0.0, "0%"),
            (0.01, "under 1%"),
            (0.999, "under 1%"),
            (1.0, "1%"),
            (41.5, "42%"),
            (2.5, "3%"),
            (99.6, "100%"),
        ] {
            assert_eq!(percent(value), words, "{value}");
        }
    }

    #[test]
    fn a_reset_is_told_both_ways() {
        let now = at("2026-09-17T12:10:00Z");
        for (reset, words) in [
            ("2026-09-17T15:10:00Z", "in 3 hours (17 Sep 2026, 15:10)"),
            ("2026-09-17T12:10:59Z", "in less than a minute (17 Sep 2026, 12:10)"),
            ("2026-09-17T12:11:00Z", "in 1 minute (17 Sep 2026, 12:11)"),
            ("2026-09-17T13:09:40Z", "in 1 hour (17 Sep 2026, 13:09)"),
            ("2026-09-18T11:50:00Z", "in 1 day (18 Sep 2026, 11:50)"),
            ("2026-09-20T20:00:00Z", "in 3 days (20 Sep 2026, 20:00)"),
            ("2026-09-17T12:09:00Z", "already passed (17 Sep 2026, 12:09)"),
        ] {
            assert_eq!(reset_both_ways(at(reset), now, Zone::UTC), words);
        }
    }

    #[test]
    fn the_clock_is_the_readers() {
        let berlin = Zone::from_fn(|_| FixedOffset::east_opt(2 * 3600).expect("in range"));
        let now = at("2026-09-17T21:00:00Z");
        assert_eq!(clock_time(at("2026-09-17T21:30:00Z"), now, berlin), "23:30");
        assert_eq!(clock_time(at("2026-09-17T22:30:00Z"), now, berlin), "18 Sep, 00:30");
        assert_eq!(date_time(at("2026-09-17T22:30:00Z"), berlin), "18 Sep 2026, 00:30");
    }

    #[test]
    fn the_customs_are_the_readers() {
        const AMERICAN: Zone = Zone::UTC.with_customs(|| LocaleFormat::of("en_US", "en_US"));
        const SWEDISH: Zone = Zone::UTC.with_customs(|| LocaleFormat::of("sv_SE", "sv_SE"));
        let now = at("2026-09-17T12:00:00Z");
        for (moment, american, swedish) in [
            ("2026-09-17T15:10:00Z", "3:10 PM", "15:10"),
            ("2026-09-17T00:05:00Z", "12:05 AM", "00:05"),
            ("2026-09-18T12:00:00Z", "Sep 18, 12:00 PM", "Sep 18, 12:00"),
        ] {
            assert_eq!(clock_time(at(moment), now, AMERICAN), american);
            assert_eq!(clock_time(at(moment), now, SWEDISH), swedish);
        }
        assert_eq!(date_time(now, AMERICAN), "Sep 17, 2026, 12:00 PM");
        assert_eq!(date_time(now, SWEDISH), "2026 Sep 17, 12:00");
        assert_eq!((number(3.2, 2, AMERICAN), number(3.2, 2, SWEDISH)), ("3.20".into(), "3,20".into()));
        assert_eq!((plain_number(20.0, SWEDISH), plain_number(2.5, SWEDISH)), ("20".into(), "2,5".into()));
    }

    #[test]
    fn moments_at_the_ends_of_the_calendar_have_words_too() {
        let west = Zone::from_fn(|_| FixedOffset::west_opt(11 * 3600).expect("in range"));
        assert!(!date_time(DateTime::<Utc>::MIN_UTC, west).is_empty());
        assert!(!reset_both_ways(DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC, west).is_empty());
    }

    #[test]
    fn a_stretch_of_time_has_two_units_at_most() {
        for (seconds, words) in [
            (-5, "under a minute"),
            (59, "under a minute"),
            (60, "1 m"),
            (2_700, "45 m"),
            (7_200, "2 h"),
            (7_800, "2 h 10 m"),
            (86_400, "1 d"),
            (3 * 86_400 + 4 * 3_600 + 59 * 60, "3 d 4 h"),
        ] {
            assert_eq!(duration(TimeDelta::seconds(seconds)), words, "{seconds}");
        }
    }

    #[test]
    fn an_age_is_told_in_one_unit() {
        let now = at("2026-09-17T12:00:00Z");
        for (since, words) in [
            ("2026-09-17T12:00:30Z", "just now"),
            ("2026-09-17T11:59:30Z", "just now"),
            ("2026-09-17T11:57:00Z", "3 min ago"),
            ("2026-09-16T14:00:00Z", "22 h ago"),
            ("2026-09-13T11:00:00Z", "4 d ago"),
        ] {
            assert_eq!(age(at(since), now), words);
        }
    }
}
