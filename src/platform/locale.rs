//! Which locale is in force: what the environment says, else what the system does.

use crate::presenter::locale_format::LocaleFormat;
use std::sync::LazyLock;

/// The customs of the reader's locale. Looked up once: every sentence with a number or a moment in it asks.
pub fn customs() -> LocaleFormat {
    static CUSTOMS: LazyLock<LocaleFormat> =
        LazyLock::new(|| LocaleFormat::of(&name("LC_TIME"), &name("LC_NUMERIC")));
    *CUSTOMS
}

/// The locale of a category, as POSIX has it: `LC_ALL`, else the category's own variable, else `LANG`.
/// Empty: nobody says.
fn name(category: &str) -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    ["LC_ALL", category, "LANG"].into_iter().find_map(set).or_else(of_system).unwrap_or_default()
}

/// Programs that are not started from a terminal are told nothing by the environment there.
#[cfg(any(target_os = "macos", windows))]
fn of_system() -> Option<String> {
    sys_locale::get_locale()
}

#[cfg(not(any(target_os = "macos", windows)))]
fn of_system() -> Option<String> {
    None
}
