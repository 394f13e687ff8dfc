//! How the reader's country writes the time of day, the date and the decimal mark. Words stay English.

/// The customs of a country. The default is what is understood everywhere: "17 Sep 2026, 15:10", "3.20".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Customs {
    /// "3:10 PM" in place of "15:10".
    pub twelve_hours: bool,
    /// The order of day, month and year.
    pub order: Order,
    /// What stands before the decimals.
    pub decimal_mark: char,
}

/// The order of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// "17 Sep 2026".
    DayMonthYear,
    /// "Sep 17, 2026".
    MonthDayYear,
    /// "2026 Sep 17".
    YearMonthDay,
}

impl Customs {
    /// The customs of a reader whose system says nothing of them.
    pub const PLAIN: Customs = Customs { twelve_hours: false, order: Order::DayMonthYear, decimal_mark: '.' };

    /// Those of the locales that are in force for times and for numbers: "de_DE.UTF-8" and "de-DE" mean the
    /// same. One that is not known, such as "C", says nothing.
    pub fn of(time: &str, numbers: &str) -> Customs {
        let mut customs = find(time).unwrap_or(Customs::PLAIN);
        customs.decimal_mark = find(numbers).unwrap_or(Customs::PLAIN).decimal_mark;
        customs
    }
}

/// Every locale by its customs, a line each: hours, order and decimal mark, then the names. Made from
/// `pure-rust-locales` by the test below: in the program, that crate is ten times as large as what it is asked.
const LOCALES: &str = include_str!("locales.txt");

/// A country's customs count before a language's: who reads English in Germany writes dates as there.
fn find(name: &str) -> Option<Customs> {
    let name = name.split(['.', '@']).next()?;
    let mut parts = name.split(['-', '_']);
    let language = parts.next()?.to_lowercase();
    let region =
        parts.find(|part| part.len() == 2 || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit())));
    let names = match region.map(str::to_uppercase) {
        Some(region) => [format!("{language}_{region}"), format!("{}_{region}", region.to_lowercase())],
        None => [format!("{language}_{}", language.to_uppercase()), String::new()],
    };
    names.iter().find_map(|name| LOCALES.lines().find_map(|line| read(line, name)))
}

/// The customs of a line, if it has the name.
fn read(line: &str, name: &str) -> Option<Customs> {
    let mut words = line.split(' ');
    let (hours, order, decimal_mark) = (words.next()?, words.next()?, words.next()?.chars().next()?);
    words.find(|word| *word == name)?;
    let order = match order {
        "MonthDayYear" => Order::MonthDayYear,
        "YearMonthDay" => Order::YearMonthDay,
        _ => Order::DayMonthYear,
    };
    Some(Customs { twelve_hours: hours == "12", order, decimal_mark })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pure_rust_locales::{Locale, locale_match};
    use std::collections::BTreeMap;

    #[test]
    fn each_country_has_its_customs() {
        use Order::{DayMonthYear, MonthDayYear, YearMonthDay};
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
            let expected = Customs { twelve_hours, order, decimal_mark };
            assert_eq!(Customs::of(name, name), expected, "{name}");
        }
    }

    #[test]
    fn times_and_numbers_may_have_different_locales() {
        let mixed = Customs::of("en_US", "de_DE");
        assert_eq!((mixed.twelve_hours, mixed.decimal_mark), (true, ','));
    }

    #[test]
    fn what_is_not_known_says_nothing() {
        for name in
            ["", "C", "POSIX", "C.UTF-8", "xx_YY", "_", ".", "@", "-", "en", "tlh", "\u{e9}_\u{e9}", "..@"]
        {
            let customs = Customs::of(name, name);
            assert!(customs == Customs::PLAIN || name == "en", "{name}: {customs:?}");
        }
    }

    #[test]
    fn the_table_says_what_the_locales_of_glibc_say() {
        // Nobody lists them, so all names that there can be are tried: 12 million.
        let letters = |first: u8| first..first + 26;
        let pairs = |first| letters(first).flat_map(move |a| letters(first).map(move |b| [a, b]));
        let regions: Vec<_> = pairs(b'A').collect();
        let languages = pairs(b'a')
            .flat_map(|[a, b]| std::iter::once(vec![a, b]).chain(letters(b'a').map(move |c| vec![a, b, c])));
        let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for language in languages {
            let mut name = [&language, b"_RR".as_slice()].concat();
            let end = name.len() - 2;
            for region in &regions {
                name[end..].copy_from_slice(region);
                let name = str::from_utf8(&name).expect("ASCII");
                if let Ok(locale) = Locale::try_from(name) {
                    let clock = locale_match!(locale => LC_TIME::T_FMT);
                    let twelve_hours = ["%I", "%l", "%r", "%p"].iter().any(|part| clock.contains(part));
                    let hours = if twelve_hours { 12 } else { 24 };
                    let order = order(locale_match!(locale => LC_TIME::D_FMT));
                    let mark = locale_match!(locale => LC_NUMERIC::DECIMAL_POINT).chars().next();
                    let mark = mark.unwrap_or(Customs::PLAIN.decimal_mark);
                    lines.entry(format!("{hours} {order:?} {mark}")).or_default().push(name.to_owned());
                }
            }
        }
        let lines = lines.iter().map(|(customs, names)| format!("{customs} {}\n", names.join(" ")));
        let table: String = lines.collect();
        assert!(table.lines().eq(LOCALES.lines()), "src/quota/locales.txt has to be:\n{table}");
    }

    /// The order in a form for `strftime`.
    fn order(form: &str) -> Order {
        let place = |letters: &str| {
            let mut before = '%';
            form.char_indices().find_map(|(at, letter)| {
                let conversion = std::mem::replace(&mut before, letter);
                // `%-d`, `%Od`: a flag may stand in between.
                ("%-OE_".contains(conversion) && letters.contains(letter)).then_some(at)
            })
        };
        match (place("yYCGF"), place("mbBhD"), place("de")) {
            (Some(year), Some(month), _) if year < month => Order::YearMonthDay,
            (Some(_), None, None) => Order::YearMonthDay,
            (_, Some(month), Some(day)) if month < day => Order::MonthDayYear,
            (_, Some(_), None) => Order::MonthDayYear,
            _ => Order::DayMonthYear,
        }
    }
}
