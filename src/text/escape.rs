//! Escaping texts for markup, and JSON for a terminal.

use crate::text::hidden::is_hidden;

/// Escapes text for XML and Pango markup: Waybar, the body of a notification.
pub fn escape_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text that is the same as plain text and as markup: `&`, `<` and `>` become the similar `＆`, `‹` and `›`.
///
/// For the tooltip of a StatusNotifierItem: XFCE 4.18 shows none if it contains a bare `&`, Plasma 5.27 renders `<b>`,
/// and hosts that read it as plain text show `&amp;`.
pub fn without_markup(text: &str) -> String {
    text.replace('&', "＆").replace('<', "‹").replace('>', "›")
}

/// JSON with hidden characters escaped: the same values, safe for a terminal. In JSON such characters can occur in
/// strings only, so the whole text is escaped at once.
pub fn escape_json(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) {
            escaped.extend(letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escape_markup("<a href=\"&amp;\">"), "&lt;a href=\"&amp;amp;\"&gt;");
    }

    #[test]
    fn text_without_markup_is_the_same_escaped_or_not() {
        for (text, plain) in [
            ("R&D <b>team</b>@x.org", "R＆D ‹b›team‹/b›@x.org"),
            ("a &amp; b &#60;", "a ＆amp; b ＆#60;"),
            ("alice@example.com\nWeekly: under 1% left", "alice@example.com\nWeekly: under 1% left"),
        ] {
            assert_eq!(without_markup(text), plain);
            assert_eq!(escape_markup(plain), plain);
        }
    }

    #[test]
    fn escaped_json_keeps_its_values() {
        let value = serde_json::json!({"\u{7f}é": "\u{1b}\u{9b}\u{202e}\u{e0041}\u{feff}x"});
        let text = escape_json(&value.to_string());
        assert!(text.chars().all(|letter| !is_hidden(letter)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
    }
}
