//! The reader's time zone, and how times and numbers are written there.

use crate::presenter::locale_format::LocaleFormat;
use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset, Utc};

/// The reader's time zone, and how times and numbers are written there.
#[derive(Debug, Clone, Copy)]
pub struct Locale {
    /// The time zone.
    pub zone: TimeZone,
    /// How times and numbers are written.
    pub format: LocaleFormat,
}

impl Locale {
    /// Coordinated universal time, with the default format.
    pub const UTC: Locale = Locale::of_zone(|_| Utc.fix());

    /// The time zone with this offset from UTC at a moment, with the default format.
    pub const fn of_zone(offset_at: fn(DateTime<Utc>) -> FixedOffset) -> Locale {
        Locale { zone: TimeZone(offset_at), format: LocaleFormat::DEFAULT }
    }

    /// What a clock there shows at a moment.
    pub fn wall_time(self, at: DateTime<Utc>) -> NaiveDateTime {
        // Years at the very end of the calendar have no local time east or west of UTC.
        at.naive_utc().checked_add_offset((self.zone.0)(at)).unwrap_or(at.naive_utc())
    }
}

/// A time zone: its offset from UTC at a moment. A function, since that differs over the year.
#[derive(Debug, Clone, Copy)]
pub struct TimeZone(pub fn(DateTime<Utc>) -> FixedOffset);
