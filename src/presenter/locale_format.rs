//! How a country writes the time of day, the date and the decimal mark. Words stay English.

use pure_rust_locales::{Locale, locale_match};

/// How a country writes times and numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocaleFormat {
    /// "3:10 PM" in place of "15:10".
    pub twelve_hours: bool,
    /// The order of day, month and year.
    pub order: DateOrder,
    /// The character before the decimals.
    pub decimal_mark: char,
}

/// The order of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// "17 Sep 2026".
    DayMonthYear,
    /// "Sep 17, 2026".
    MonthDayYear,
    /// "2026 Sep 17".
    YearMonthDay,
}

impl LocaleFormat {
    /// The format where the locale is not known, which is understood everywhere: "17 Sep 2026, 15:10", "3.20".
    pub const DEFAULT: LocaleFormat =
        LocaleFormat { twelve_hours: false, order: DateOrder::DayMonthYear, decimal_mark: '.' };

    /// The format of the locales with these names, one for times and one for numbers: "de_DE.UTF-8" and "de-DE" mean
    /// the same. One that is not known, such as "C", has the default format.
    pub fn of(time: &str, numeric: &str) -> LocaleFormat {
        let mut format = LocaleFormat::DEFAULT;
        if let Some(locale) = find(time) {
            let clock = locale_match!(locale => LC_TIME::T_FMT);
            format.twelve_hours = ["%I", "%l", "%r", "%p"].iter().any(|part| clock.contains(part));
            format.order = order(locale_match!(locale => LC_TIME::D_FMT));
        }
        if let Some(locale) = find(numeric) {
            let mark = locale_match!(locale => LC_NUMERIC::DECIMAL_POINT).chars().next();
            format.decimal_mark = mark.unwrap_or(LocaleFormat::DEFAULT.decimal_mark);
        }
        format
    }
}

/// The country takes precedence over the language: dates in English in Germany are written as in Germany.
fn find(name: &str) -> Option<Locale> {
    let name = name.split(['.', '@']).next()?;
    let mut parts = name.split(['-', '_']);
    let language = parts.next()?.to_lowercase();
    let region =
        parts.find(|part| part.len() == 2 || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit())));
    let names = match region.map(str::to_uppercase) {
        Some(region) => [format!("{language}_{region}"), format!("{}_{region}", region.to_lowercase())],
        None => [format!("{language}_{}", language.to_uppercase()), String::new()],
    };
    names.iter().find_map(|name| Locale::try_from(name.as_str()).ok())
}

/// The order of a date in a pattern of `strftime`.
fn order(pattern: &str) -> DateOrder {
    let position = |letters: &str| {
        let mut before = '%';
        pattern.char_indices().find_map(|(at, letter)| {
            let conversion = std::mem::replace(&mut before, letter);
            // `%-d`, `%Od`: a flag may be in between.
            ("%-OE_".contains(conversion) && letters.contains(letter)).then_some(at)
        })
    };
    match (position("yYCGF"), position("mbBhD"), position("de")) {
        (Some(year), Some(month), _) if year < month => DateOrder::YearMonthDay,
        (Some(_), None, None) => DateOrder::YearMonthDay,
        (_, Some(month), Some(day)) if month < day => DateOrder::MonthDayYear,
        (_, Some(_), None) => DateOrder::MonthDayYear,
        _ => DateOrder::DayMonthYear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_their_formats() {
        use DateOrder::{DayMonthYear, MonthDayYear, YearMonthDay};
        for (name, twelve_hours, order, decimal_mark) in [
            ("en_US.UTF-8", true, MonthDayYear, '.'),
            ("en-US", true, MonthDayYear, '.'),
            ("en_GB.UTF-8", false, DayMonthYear, '.'),
            ("de_DE.UTF-8", false, DayMonthYear, ','),
            ("de_DE@euro", false, DayMonthYear, ','),
            ("de", false, DayMonthYear, ','),
            ("en-DE", false, DayMonthYear, ','),
            ("de_CH.utf8", false, DayMonthYear, '.'),
            ("sv_SE", false, YearMonthDay, ','),
            ("ja_JP.UTF-8", false, YearMonthDay, '.'),
            ("zh-Hans-CN", false, YearMonthDay, '.'),
            ("hi_IN", true, DayMonthYear, '.'),
            ("fa_IR", false, YearMonthDay, '.'),
            ("ar_EG", true, DayMonthYear, '.'),
            ("bg_BG", false, DayMonthYear, ','),
        ] {
            let expected = LocaleFormat { twelve_hours, order, decimal_mark };
            assert_eq!(LocaleFormat::of(name, name), expected, "{name}");
        }
    }

    #[test]
    fn times_and_numbers_may_have_different_locales() {
        let mixed = LocaleFormat::of("en_US", "de_DE");
        assert_eq!((mixed.twelve_hours, mixed.decimal_mark), (true, ','));
    }

    #[test]
    fn unknown_locale_has_the_default_format() {
        for name in
            ["", "C", "POSIX", "C.UTF-8", "xx_YY", "_", ".", "@", "-", "en", "tlh", "\u{e9}_\u{e9}", "..@"]
        {
            let format = LocaleFormat::of(name, name);
            assert!(format == LocaleFormat::DEFAULT || name == "en", "{name}: {format:?}");
        }
    }
}
