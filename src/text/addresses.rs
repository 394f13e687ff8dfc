//! Hiding e-mail addresses in texts.

/// The text with `<e-mail>` in place of each e-mail address and what is joined to it, such as the rest of a file's name.
pub fn hide_addresses(text: &str) -> String {
    let is_part = |letter: char| letter.is_alphanumeric() || "._%+-!#$&'*=?^{|}~".contains(letter);
    let mut hidden = String::new();
    let mut remaining = text;
    while let Some((before, after)) = remaining.split_once('@') {
        let kept = before.trim_end_matches(is_part);
        let cut = after.trim_start_matches(is_part);
        let is_address = kept.len() < before.len() && cut.len() < after.len();
        hidden.push_str(if is_address { kept } else { before });
        hidden.push_str(if is_address { "<e-mail>" } else { "@" });
        remaining = if is_address { cut } else { after };
    }
    hidden + remaining
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_hidden_with_the_rest_of_the_file_name() {
        for (text, hidden) in [
            ("/home/x/claude-alice@example.com.json: gone", "/home/x/<e-mail>: gone"),
            ("o'brien+x@b.c and é.b@d.org", "<e-mail> and <e-mail>"),
            ("is @ odd, a@ too", "is @ odd, a@ too"),
            ("a@b@c", "<e-mail>@c"),
            ("", ""),
        ] {
            assert_eq!(hide_addresses(text), hidden);
        }
    }
}
