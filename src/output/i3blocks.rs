//! `status --format i3blocks`.

use crate::output::bar::short_text;
use crate::presenter::Presenter;
use crate::presenter::icon_state::IconState;

/// The three lines of i3blocks: full text, short text, colour. They are Pango markup where the block has
/// `markup=pango`, and not otherwise, so they contain nothing that would have to be escaped.
///
/// See <https://vivien.github.io/i3blocks>.
pub fn i3blocks(presenter: &Presenter<'_>) -> String {
    let short = short_text(presenter);
    let full = match presenter.snapshot.lowest(presenter.now) {
        Some((usage, window)) => {
            let title = window.title.replace('&', "+").replace('<', "‹").replace('>', "›");
            format!("{} {title} {short} left", usage.account.provider.name())
        }
        None => short.clone(),
    };
    let colour = match presenter.icon_state() {
        IconState::Fine(_) => "#14995A",
        IconState::Low(_) => "#D2690C",
        IconState::Exhausted | IconState::Error => "#DC3F45",
        IconState::NoAccounts | IconState::Refreshing => "#7B8088",
    };
    format!("{full}\n{short}\n{colour}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::test_snapshot::{present, snapshot};

    #[test]
    fn i3blocks_output_has_three_lines() {
        let print = |used| present(&snapshot(&[("a", used)]), i3blocks);
        assert_eq!(print(Some(58.0)), "Claude 5-hour 42% left\n42%\n#14995A\n");
        assert_eq!(print(Some(100.0)), "Claude 5-hour 0% left\n0%\n#DC3F45\n");
        assert_eq!(print(None), "error\nerror\n#DC3F45\n");
    }
}
