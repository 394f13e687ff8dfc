//! Text made to fit: lines broken between words, and texts cut with `…`.
//!
//! Widths are cells of a terminal: a CJK character takes two, a combining mark none.

use textwrap::{Options, WordSplitter, WrapAlgorithm};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The width of a text in cells.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Breaks a text between its words into lines of at most `width` cells. A wider word is alone on its
/// line. White space, line breaks included, separates words only.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let options = Options::new(width)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    let lines = textwrap::wrap(&text, options).into_iter().map(|line| line.into_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// Cuts a text to `max` cells, the last of which is `…`.
pub fn truncate_to_width(text: &str, max: usize) -> String {
    match text.width() > max {
        true if max == 0 => String::new(),
        true => truncate(text, max, |letter| letter.width().unwrap_or(0)),
        false => text.to_owned(),
    }
}

/// Cuts a text to `max` UTF-16 units, as Windows counts them, the last of which is `…`.
pub fn truncate_to_utf16(text: &str, max: usize) -> String {
    match text.encode_utf16().count() > max {
        true => truncate(text, max, char::len_utf16),
        false => text.to_owned(),
    }
}

/// A text with spaces after it up to `to` cells.
pub fn pad_to_width(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(text.width())))
}

fn truncate(text: &str, max: usize, size: fn(char) -> usize) -> String {
    let mut used = 1;
    let fits = |letter: &char| {
        used += size(*letter);
        used <= max
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two  three\nfour", 9), ["one two", "three", "four"]);
        assert_eq!(wrap("a well-known overlong-word b", 8), ["a", "well-known", "overlong-word", "b"]);
        assert_eq!(wrap("王小明 王 王", 7), ["王小明", "王 王"]);
        assert_eq!(wrap("a b", 0), ["a", "b"]);
        assert_eq!(wrap("a b", usize::MAX), ["a b"]);
        assert!(wrap(" \n", 5).is_empty());
    }

    #[test]
    fn text_is_cut_to_cells() {
        for (text, max, cut) in [
            ("weekly", 6, "weekly"),
            ("weekly", 5, "week…"),
            ("a week", 3, "a…"),
            ("王小明", 6, "王小明"),
            ("王小明", 5, "王小…"),
            ("王小明", 4, "王…"),
            ("x", 0, ""),
        ] {
            assert_eq!(truncate_to_width(text, max), cut, "{text} {max}");
        }
        assert_eq!(pad_to_width("王", 4), "王  ");
    }

    #[test]
    fn text_is_cut_to_utf16_units_and_never_within_a_character() {
        let exact = "x".repeat(127);
        assert_eq!(truncate_to_utf16(&exact, 127), exact);
        assert_eq!(truncate_to_utf16(&"x".repeat(128), 127), format!("{}…", "x".repeat(126)));
        // A smiley is two units: one more would be the 128th.
        let smileys = "😀".repeat(64);
        assert_eq!(truncate_to_utf16(&smileys, 127), format!("{}…", "😀".repeat(63)));
        assert_eq!(truncate_to_utf16(&format!("x{smileys}"), 127), format!("x{}…", "😀".repeat(62)));
        let text = "ö😀 ".repeat(60);
        for max in 0..200 {
            let cut = truncate_to_utf16(&text, max);
            let units = cut.encode_utf16().count();
            assert!(units <= max.max(1) && text.starts_with(cut.trim_end_matches('…')), "{max}: {cut}");
        }
    }
}
