//! Percentages, numbers, times and durations as a person reads them.

use crate::presenter::locale::Locale;
use crate::presenter::locale_format::{DateOrder, LocaleFormat};
use crate::quota::percent::rounded;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

/// Percent rounded to whole numbers, halves up; "under 1%" where something is left that would round to nothing,
/// since 0% means exhausted. Not "<1%": "<" begins a tag in Pango markup, and Waybar and i3blocks displayed nothing.
pub fn percent(value: f64) -> String {
    if value > 0.0 && value < 1.0 { "under 1%".into() } else { format!("{:.0}%", rounded(value)) }
}

/// A number with this many decimals: "3.20", or "3,20" in a locale with a decimal comma.
pub fn number(value: f64, decimals: usize, locale: Locale) -> String {
    with_decimal_mark(format!("{value:.decimals$}"), locale)
}

/// A number with as many decimals as it has: "20", "2.5".
pub fn plain_number(value: f64, locale: Locale) -> String {
    with_decimal_mark(value.to_string(), locale)
}

fn with_decimal_mark(number: String, locale: Locale) -> String {
    number.replace('.', locale.format.decimal_mark.encode_utf8(&mut [0; 4]))
}

/// "17 Sep 2026, 15:10", or "Sep 17, 2026, 3:10 PM", or "2026 Sep 17, 15:10".
pub fn date_time(at: DateTime<Utc>, locale: Locale) -> String {
    let format = locale.format;
    let date = match format.order {
        DateOrder::DayMonthYear => "%-d %b %Y",
        DateOrder::MonthDayYear => "%b %-d, %Y",
        DateOrder::YearMonthDay => "%Y %b %-d",
    };
    locale.wall_time(at).format(&format!("{date}, {}", clock(format))).to_string()
}

/// "15:10" today, "18 Sep, 15:10" on another day; "3:10 PM", "Sep 18, 3:10 PM" in other locales.
pub fn clock_time(at: DateTime<Utc>, now: DateTime<Utc>, locale: Locale) -> String {
    let format = locale.format;
    let wall = locale.wall_time(at);
    let day = match format.order {
        _ if is_same_day(at, now, locale) => "",
        DateOrder::DayMonthYear => "%-d %b, ",
        DateOrder::MonthDayYear | DateOrder::YearMonthDay => "%b %-d, ",
    };
    wall.format(&format!("{day}{}", clock(format))).to_string()
}

/// A time of day: "15:10", "3:10 PM".
pub fn time_of_day(time: NaiveTime, locale: Locale) -> String {
    time.format(clock(locale.format)).to_string()
}

/// Whether both are on the same day in the time zone of the locale.
pub fn is_same_day(one: DateTime<Utc>, other: DateTime<Utc>, locale: Locale) -> bool {
    locale.wall_time(one).date() == locale.wall_time(other).date()
}

fn clock(format: LocaleFormat) -> &'static str {
    if format.twelve_hours { "%-I:%M %p" } else { "%H:%M" }
}

/// A reset as a duration and as a time: "in 3 hours (17 Sep 2026, 15:10)".
pub fn reset_time(at: DateTime<Utc>, now: DateTime<Utc>, locale: Locale) -> String {
    format!("{} ({})", relative(at - now), date_time(at, locale))
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

/// A duration for the menu: "3 d 4 h", "2 h 10 m", "45 m", "under a minute". Two units at most, rounded down, so that
/// it is never too long. A negative one is "under a minute".
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
    use chrono::FixedOffset;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    #[test]
    fn percentage_above_0_is_not_rounded_to_0() {
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
    fn reset_has_duration_and_time() {
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
            assert_eq!(reset_time(at(reset), now, Locale::UTC), words);
        }
    }

    #[test]
    fn times_are_in_the_time_zone_of_the_locale() {
        let berlin = Locale::of_zone(|_| FixedOffset::east_opt(2 * 3600).expect("in range"));
        let now = at("2026-09-17T21:00:00Z");
        assert_eq!(clock_time(at("2026-09-17T21:30:00Z"), now, berlin), "23:30");
        assert_eq!(clock_time(at("2026-09-17T22:30:00Z"), now, berlin), "18 Sep, 00:30");
        assert_eq!(date_time(at("2026-09-17T22:30:00Z"), berlin), "18 Sep 2026, 00:30");
    }

    #[test]
    fn times_and_numbers_follow_the_locale_format() {
        let of_country = |name| Locale { format: LocaleFormat::of(name, name), ..Locale::UTC };
        let (american_locale, swedish_locale) = (of_country("en_US"), of_country("sv_SE"));
        let now = at("2026-09-17T12:00:00Z");
        for (moment, american, swedish) in [
            ("2026-09-17T15:10:00Z", "3:10 PM", "15:10"),
            ("2026-09-17T00:05:00Z", "12:05 AM", "00:05"),
            ("2026-09-18T12:00:00Z", "Sep 18, 12:00 PM", "Sep 18, 12:00"),
        ] {
            assert_eq!(clock_time(at(moment), now, american_locale), american);
            assert_eq!(clock_time(at(moment), now, swedish_locale), swedish);
        }
        assert_eq!(date_time(now, american_locale), "Sep 17, 2026, 12:00 PM");
        assert_eq!(date_time(now, swedish_locale), "2026 Sep 17, 12:00");
        assert_eq!(
            (number(3.2, 2, american_locale), number(3.2, 2, swedish_locale)),
            ("3.20".into(), "3,20".into())
        );
        assert_eq!(
            (plain_number(20.0, swedish_locale), plain_number(2.5, swedish_locale)),
            ("20".into(), "2,5".into())
        );
    }

    #[test]
    fn times_at_the_ends_of_the_calendar_are_formatted() {
        let west = Locale::of_zone(|_| FixedOffset::west_opt(11 * 3600).expect("in range"));
        assert!(!date_time(DateTime::<Utc>::MIN_UTC, west).is_empty());
        assert!(!reset_time(DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC, west).is_empty());
    }

    #[test]
    fn duration_has_two_units_at_most() {
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
    fn age_has_one_unit() {
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
