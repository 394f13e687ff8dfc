//! Percentages, moments and stretches of time as a person reads them.

use chrono::{DateTime, FixedOffset, Local, NaiveDateTime, Offset, TimeDelta, Utc};

/// The reader's time zone: what offset from UTC held at a moment. A function rather than a type
/// parameter, so that tests fix it and nothing else need know of it.
#[derive(Debug, Clone, Copy)]
pub struct Zone(fn(DateTime<Utc>) -> FixedOffset);

impl Zone {
    /// The machine's time zone.
    pub const LOCAL: Zone = Zone(|at| at.with_timezone(&Local).offset().fix());
    /// Coordinated universal time.
    pub const UTC: Zone = Zone(|_| Utc.fix());

    /// A time zone of the caller's.
    pub const fn from_fn(offset_at: fn(DateTime<Utc>) -> FixedOffset) -> Zone {
        Zone(offset_at)
    }

    fn wall(self, at: DateTime<Utc>) -> NaiveDateTime {
        // Years at the very end of the calendar have no local time east or west of UTC.
        at.naive_utc().checked_add_offset((self.0)(at)).unwrap_or(at.naive_utc())
    }
}

/// Percent rounded to whole numbers, halves up; "<1%" where something is left that would round to nothing,
/// since 0% means exhausted.
pub fn percent(value: f64) -> String {
    if value > 0.0 && value < 1.0 { "<1%".into() } else { format!("{:.0}%", value.max(0.0).round() + 0.0) }
}

/// "17 Sep 2026, 15:10".
pub fn date_time(at: DateTime<Utc>, zone: Zone) -> String {
    zone.wall(at).format("%-d %b %Y, %H:%M").to_string()
}

/// "15:10" today, "18 Sep, 15:10" on another day.
pub fn clock_time(at: DateTime<Utc>, now: DateTime<Utc>, zone: Zone) -> String {
    let (wall, today) = (zone.wall(at), zone.wall(now));
    let format = if wall.date() == today.date() { "%H:%M" } else { "%-d %b, %H:%M" };
    wall.format(format).to_string()
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
pub fn stretch(length: TimeDelta) -> String {
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
            (0.01, "<1%"),
            (0.999, "<1%"),
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
            assert_eq!(stretch(TimeDelta::seconds(seconds)), words, "{seconds}");
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
