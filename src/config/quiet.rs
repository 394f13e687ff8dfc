//! The section `[quiet]`: the hours during which no notification is shown.

use chrono::NaiveTime;
use serde::{Deserialize, Deserializer, de};

/// The quiet hours, in local time. `None`: there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Times")]
pub struct Quiet(Option<QuietHours>);

/// From one time of day to another. If the second is earlier, it is on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// The start, inclusive.
    pub from: NaiveTime,
    /// The end, exclusive.
    pub to: NaiveTime,
}

/// The section as written in the file. An empty string: no time.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Times {
    #[serde(deserialize_with = "time")]
    from: Option<NaiveTime>,
    #[serde(deserialize_with = "time")]
    to: Option<NaiveTime>,
}

impl Quiet {
    /// Quiet hours between these times of day.
    pub fn hours(from: NaiveTime, to: NaiveTime) -> Quiet {
        Quiet(Some(QuietHours { from, to }))
    }

    /// The quiet hours, if this time of day is within them. `None`: it is not, or there are none.
    pub fn at(&self, time: NaiveTime) -> Option<QuietHours> {
        self.0.filter(|QuietHours { from, to }| match from < to {
            true => (*from..*to).contains(&time),
            false => time >= *from || time < *to,
        })
    }
}

impl TryFrom<Times> for Quiet {
    type Error = &'static str;

    fn try_from(times: Times) -> Result<Quiet, &'static str> {
        match (times.from, times.to) {
            (None, None) => Ok(Quiet(None)),
            (Some(from), Some(to)) if from == to => Err("expected two different times"),
            (Some(from), Some(to)) => Ok(Quiet::hours(from, to)),
            _ => Err("expected both from and to"),
        }
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveTime>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let time = NaiveTime::parse_from_str(&text, "%H:%M");
    time.map(Some).map_err(|_| de::Error::custom("expected a time from \"00:00\" to \"23:59\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u32, minute: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, minute, 0).expect("a time of day")
    }

    #[test]
    fn quiet_hours_may_pass_midnight() {
        let night = Quiet::hours(at(22, 0), at(7, 0));
        for (hour, minute, is_quiet) in [
            (21, 59, false),
            (22, 0, true),
            (23, 59, true),
            (0, 0, true),
            (6, 59, true),
            (7, 0, false),
            (12, 0, false),
        ] {
            assert_eq!(night.at(at(hour, minute)).is_some(), is_quiet, "{hour}:{minute}");
        }
        let noon = Quiet::hours(at(12, 0), at(13, 30));
        for (hour, minute, is_quiet) in
            [(11, 59, false), (12, 0, true), (13, 29, true), (13, 30, false), (0, 0, false)]
        {
            assert_eq!(noon.at(at(hour, minute)).is_some(), is_quiet, "{hour}:{minute}");
        }
        assert_eq!(Quiet::default().at(at(0, 0)), None);
    }
}
