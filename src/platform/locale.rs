//! The time zone and the locale in force: what the environment says, else the system.

use chrono::{DateTime, FixedOffset, Local, Offset, Utc};

/// The offset of the machine's time zone from UTC at a moment.
pub fn utc_offset(at: DateTime<Utc>) -> FixedOffset {
    at.with_timezone(&Local).offset().fix()
}

/// The name of the locale for times, such as `de_DE.UTF-8`. Empty: none is set.
pub fn time() -> String {
    name("LC_TIME")
}

/// The name of the locale for numbers. Empty: none is set.
pub fn numeric() -> String {
    name("LC_NUMERIC")
}

/// The locale of a category, as POSIX has it: `LC_ALL`, else the category's own variable, else `LANG`.
fn name(category: &str) -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    ["LC_ALL", category, "LANG"].into_iter().find_map(set).or_else(of_system).unwrap_or_default()
}

/// There the environment of programs that are not started from a terminal has no locale.
#[cfg(any(target_os = "macos", windows))]
fn of_system() -> Option<String> {
    sys_locale::get_locale()
}

#[cfg(not(any(target_os = "macos", windows)))]
fn of_system() -> Option<String> {
    None
}
