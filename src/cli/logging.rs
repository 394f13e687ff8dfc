//! The log, on standard error: one line a message, such as
//! `2026-09-17T13:10:00.000000Z  WARN could not watch …`.

use crate::platform::stdio;
use chrono::{DateTime, SecondsFormat, Utc};
use log::{LevelFilter, Log, Metadata, Record};

/// Logs the messages of this crate: warnings; with `verbose` 1, information; from 2 on, debug messages. To be called once.
pub fn log_to_stderr(verbose: u8) {
    log::set_max_level(match verbose {
        0 => LevelFilter::Warn,
        1 => LevelFilter::Info,
        _ => LevelFilter::Debug,
    });
    log::set_logger(&StandardError).expect("the logger is set once");
}

struct StandardError;

impl Log for StandardError {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target().split("::").next() == Some("quota_tray") && metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            stdio::write_stderr(&line(crate::platform::clock::now(), record));
        }
    }

    fn flush(&self) {}
}

/// A message as it is printed, except for the hidden characters, which [`stdio`] escapes.
fn line(now: DateTime<Utc>, record: &Record) -> String {
    let time = now.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!("{time} {:>5} {}\n", record.level(), record.args())
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Level;

    fn printed(level: Level, text: &str) -> String {
        let now = DateTime::from_timestamp(1_789_650_600, 7_000).expect("a moment");
        line(now, &Record::builder().level(level).args(format_args!("{text}")).build())
    }

    #[test]
    fn line_has_the_time_and_the_level() {
        assert_eq!(printed(Level::Warn, "a\tb \u{e9}"), "2026-09-17T13:10:00.000007Z  WARN a\tb \u{e9}\n");
        assert_eq!(printed(Level::Debug, "a\nb"), "2026-09-17T13:10:00.000007Z DEBUG a\nb\n");
    }

    #[test]
    fn messages_of_other_crates_are_not_logged() {
        log::set_max_level(LevelFilter::Info);
        let enabled = |target: &str, level: Level| {
            StandardError.enabled(&Metadata::builder().target(target).level(level).build())
        };
        for target in ["quota_tray", "quota_tray::tray::native"] {
            assert!(enabled(target, Level::Warn) && enabled(target, Level::Info), "{target}");
            assert!(!enabled(target, Level::Debug), "{target}");
        }
        for target in ["hyper::client", "quota_tray_else", ""] {
            assert!(!enabled(target, Level::Error), "{target}");
        }
    }
}
