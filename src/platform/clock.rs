//! The wall clock, clamped to the years 0 to 9999.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::{SystemTime, UNIX_EPOCH};

/// The time of the system's clock. `chrono::Utc::now` panics before 1970 ("system time before Unix epoch"), which a board
/// without a battery or a wrong firmware setting can cause.
#[must_use]
pub fn now() -> DateTime<Utc> {
    moment(SystemTime::now())
}

/// A system time, clamped to the years 0 to 9999: others can't be written in RFC 3339, and leave no room for additions.
fn moment(time: SystemTime) -> DateTime<Utc> {
    let since_1970 = match time.duration_since(UNIX_EPOCH) {
        Ok(ahead) => TimeDelta::from_std(ahead).unwrap_or(TimeDelta::MAX),
        Err(before) => TimeDelta::from_std(before.duration()).map_or(TimeDelta::MIN, |before| -before),
    };
    let (first, last) = (-62_167_219_200, 253_402_300_799);
    let seconds = since_1970.num_seconds();
    if seconds < first || seconds > last {
        return DateTime::from_timestamp(seconds.clamp(first, last), 0).unwrap_or_default();
    }
    DateTime::UNIX_EPOCH + since_1970
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    #[test]
    fn every_system_time_is_clamped_to_the_calendar() {
        let second = Duration::from_secs(1);
        for (time, text) in [
            (UNIX_EPOCH + second, "1970-01-01T00:00:01Z"),
            (UNIX_EPOCH - second, "1969-12-31T23:59:59Z"),
            (UNIX_EPOCH - Duration::from_millis(1), "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(moment(time), text.parse::<DateTime<Utc>>().expect("a moment"), "{text}");
        }
        for seconds in [1 << 36, 1 << 40, 1 << 50, 1 << 62] {
            for time in [
                UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
                UNIX_EPOCH.checked_sub(Duration::from_secs(seconds)),
            ] {
                // The system can't represent this time.
                let Some(time) = time else { continue };
                let text = moment(time).to_rfc3339();
                assert_eq!(text.parse::<DateTime<Utc>>().expect("can be read again"), moment(time));
            }
        }
    }

    #[test]
    fn no_other_file_reads_the_time_from_chrono() {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
            {
                if entry.is_dir() {
                    folders.push(entry);
                } else if !entry.ends_with("clock.rs")
                    && entry.extension().is_some_and(|extension| extension == "rs")
                {
                    files += 1;
                    let text = fs::read_to_string(&entry).expect("a source file");
                    let uses = ["Utc", "Local"].map(|zone| text.contains(&format!("{zone}::now")));
                    assert_eq!(uses, [false, false], "use clock::now in {}", entry.display());
                }
            }
        }
        assert!(files > 50, "{files} files are not all sources");
    }
}
