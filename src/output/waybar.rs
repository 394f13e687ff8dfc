//! `status --format waybar`.

use crate::output::bar::short_text;
use crate::presenter::Presenter;
use crate::presenter::icon_state::IconState;
use crate::quota::percent;
use crate::text;
use serde_json::json;

/// One line of JSON for a custom module of Waybar: text, tooltip, class, percentage.
///
/// See <https://man.archlinux.org/man/waybar-custom.5>.
pub fn waybar(presenter: &Presenter<'_>) -> String {
    let lowest = presenter.snapshot.lowest(presenter.now).map(|(_, window)| window.remaining_percent());
    let line = json!({
        // Both are Pango markup.
        "text": text::escape_markup(&short_text(presenter)),
        "tooltip": text::escape_markup(presenter.account_list().to_text().trim_end()),
        "class": class(presenter.icon_state()),
        "percentage": lowest.map(|left| percent::rounded(left).ceil() as u8),
    });
    format!("{line}\n")
}

fn class(state: IconState) -> &'static str {
    match state {
        IconState::Fine(_) => "fine",
        IconState::Low(_) => "low",
        IconState::Exhausted => "exhausted",
        IconState::Error => "error",
        IconState::NoAccounts => "no-accounts",
        IconState::Refreshing => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::test_snapshot::{present, snapshot};

    #[test]
    fn waybar_line_has_text_class_and_percentage() {
        let line = present(&snapshot(&[("a", Some(99.5))]), waybar);
        let json: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(
            (line.matches('\n').count(), &json["text"], &json["class"]),
            (1, &json!("under 1%"), &json!("low"))
        );
        assert_eq!(json["percentage"], json!(1));
        assert!(json["tooltip"].as_str().expect("text").contains("under 1% left"), "{line}");
        let line = present(&snapshot(&[("a", Some(99.7))]), waybar);
        let json: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(json["percentage"], json!(1), "0 is used up");
        let line = present(&snapshot(&[("a", Some(80.4))]), waybar);
        assert!(line.contains("\"class\":\"fine\"") && line.contains("20%"), "{line}");
        let none = present(&snapshot(&[]), waybar);
        assert!(none.contains("\"class\":\"no-accounts\"") && none.contains("\"percentage\":null"), "{none}");
    }
}
