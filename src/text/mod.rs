//! Text from outside (names, addresses, file names, error texts) made harmless for what shows it.
//!
//! A terminal obeys control characters; marks and overrides of the direction reorder what is read ("Trojan Source",
//! CVE-2021-42574); zero-width characters make two names look the same. None of them is let through: [`name`] leaves
//! them out of what is a label, [`visible`] writes them out where the exact text matters, such as in a file name.

use std::path::Path;

/// The most characters of a [`name`].
const MAX_NAME: usize = 60;

/// Whether a character controls a terminal, reorders text, or is invisible: control characters, line and paragraph
/// separators, all format characters (Unicode 16, general category Cf), and the other characters that are ignored by default
/// (`Default_Ignorable_Code_Point`), such as variation selectors and the Hangul fillers.
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

/// A label: one line, cut to 60 characters plus `…`. White space and control characters become single spaces, other hidden
/// characters are left out. May be empty.
pub fn name(text: &str) -> String {
    let spaced = |letter: char| if letter.is_control() { ' ' } else { letter };
    let shown: String =
        text.chars().map(spaced).filter(|letter| letter.is_whitespace() || !is_hidden(*letter)).collect();
    let mut words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = words.char_indices().nth(MAX_NAME) {
        words.truncate(cut);
        words.push('…');
    }
    words
}

/// The whole text, hidden characters written as `\u{202e}`; line feeds and tabs stay.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => shown.push(letter),
            _ if is_hidden(letter) => shown.extend(letter.escape_unicode()),
            _ => shown.push(letter),
        }
    }
    shown
}

/// A path for a message: [`visible`], in one line.
pub fn path(path: &Path) -> String {
    visible(&path.to_string_lossy()).replace('\n', "\\n").replace('\t', "\\t")
}

/// JSON with hidden characters escaped: the same values, fit for a terminal. In JSON they can stand in strings alone.
pub fn json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) {
            shown.extend(letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Text for what takes markup: Pango (Waybar), the body of a notification, the tooltip of a StatusNotifier item.
pub fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `<e-mail>` in place of each e-mail address, with what is joined to it, such as the rest of a file's name.
pub fn without_addresses(text: &str) -> String {
    let part = |letter: char| letter.is_alphanumeric() || "._%+-!#$&'*=?^{|}~".contains(letter);
    let mut clean = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        let kept = before.trim_end_matches(part);
        let cut = after.trim_start_matches(part);
        let is_address = kept.len() < before.len() && cut.len() < after.len();
        clean.push_str(if is_address { kept } else { before });
        clean.push_str(if is_address { "<e-mail>" } else { "@" });
        rest = if is_address { cut } else { after };
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_is_one_short_line_of_what_can_be_seen() {
        assert_eq!(name(" a\n\u{1b}[31mb\t c "), "a [31mb c");
        assert_eq!(name("al\u{200b}ice\u{202e}@\u{2066}x\u{ad}.org\u{feff}"), "alice@x.org");
        assert_eq!(name("a\u{2028}b"), "a b");
        assert_eq!(name("\u{200b}\u{3164}"), "");
        assert_eq!(name("王小明 é ş ﷺ 😀"), "王小明 é ş ﷺ 😀");
        assert_eq!(name(&"é".repeat(100)), format!("{}…", "é".repeat(60)));
    }

    #[test]
    fn hidden_characters_are_escaped() {
        assert_eq!(visible("a\u{202e}\u{1b}[2J\u{9b}\r\nb\tc"), "a\\u{202e}\\u{1b}[2J\\u{9b}\\u{d}\nb\tc");
        assert_eq!(path(Path::new("/x\n\u{e0041}")), "/x\\n\\u{e0041}");
    }

    #[test]
    fn json_keeps_its_values() {
        let value = serde_json::json!({"\u{7f}é": "\u{1b}\u{9b}\u{202e}\u{e0041}\u{feff}x"});
        let text = json(&value.to_string());
        assert!(text.chars().all(|letter| !is_hidden(letter)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
    }

    #[test]
    fn address_is_hidden_with_the_rest_of_the_file_name() {
        for (text, clean) in [
            ("/home/x/claude-alice@example.com.json: gone", "/home/x/<e-mail>: gone"),
            ("o'brien+x@b.c and é.b@d.org", "<e-mail> and <e-mail>"),
            ("is @ odd, a@ too", "is @ odd, a@ too"),
            ("a@b@c", "<e-mail>@c"),
            ("", ""),
        ] {
            assert_eq!(without_addresses(text), clean);
        }
    }
}
