//! Characters that control a terminal, reorder text or are invisible.
//!
//! Terminals execute control characters; marks and overrides of the direction reorder what is read ("Trojan Source",
//! CVE-2021-42574); zero-width characters make two names look the same. No output contains any of them: [`label`]
//! leaves them out, [`escape_hidden`] escapes them where the exact text matters, such as in a file name.

use std::path::Path;

/// The most characters of a [`label`].
const MAX_LABEL_LENGTH: usize = 60;

/// Whether a character controls a terminal, reorders text, or is invisible: control characters, line and paragraph
/// separators, all format characters (Unicode 16, general category Cf), and the other characters that are ignored by
/// default (`Default_Ignorable_Code_Point`), such as variation selectors and the Hangul fillers.
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// A text as a label: one line of at most 60 characters, cut with `…`. White space and control characters become single
/// spaces, other hidden characters are left out. May be empty.
pub fn label(text: &str) -> String {
    let spaced = |letter: char| if letter.is_control() { ' ' } else { letter };
    let visible: String =
        text.chars().map(spaced).filter(|letter| letter.is_whitespace() || !is_hidden(*letter)).collect();
    let mut label = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = label.char_indices().nth(MAX_LABEL_LENGTH) {
        label.truncate(end);
        label.push('…');
    }
    label
}

/// The whole text with hidden characters escaped as `\u{202e}`; line feeds and tabs stay.
pub fn escape_hidden(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => escaped.push(letter),
            _ if is_hidden(letter) => escaped.extend(letter.escape_unicode()),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// A path for a message: [`escape_hidden`], on one line.
pub fn path(path: &Path) -> String {
    escape_hidden(&path.to_string_lossy()).replace('\n', "\\n").replace('\t', "\\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_is_one_short_line_of_visible_characters() {
        assert_eq!(label(" a\n\u{1b}[31mb\t c "), "a [31mb c");
        assert_eq!(label("al\u{200b}ice\u{202e}@\u{2066}x\u{ad}.org\u{feff}"), "alice@x.org");
        assert_eq!(label("a\u{2028}b"), "a b");
        assert_eq!(label("\u{200b}\u{3164}"), "");
        assert_eq!(label("王小明 é ş ﷺ 😀"), "王小明 é ş ﷺ 😀");
        assert_eq!(label(&"é".repeat(100)), format!("{}…", "é".repeat(60)));
    }

    #[test]
    fn hidden_characters_are_escaped() {
        assert_eq!(
            escape_hidden("a\u{202e}\u{1b}[2J\u{9b}\r\nb\tc"),
            "a\\u{202e}\\u{1b}[2J\\u{9b}\\u{d}\nb\tc"
        );
        assert_eq!(path(Path::new("/x\n\u{e0041}")), "/x\\n\\u{e0041}");
    }
}
