//! The whole table.

use crate::output::style::{TableStyle, TextStyle};
use crate::output::table::columns::{Columns, INDENT};
use crate::presenter::Presenter;
use crate::presenter::account_rows::AccountRow;

/// The whole table, each account with its windows below it.
pub fn table(presenter: &Presenter<'_>, style: TableStyle) -> String {
    let mut lines = Vec::new();
    for remark in presenter.remarks() {
        lines.extend(style.wrap(&remark, 0));
    }
    let rows = presenter.account_rows();
    let columns = Columns::of(&rows, style);
    for row in &rows {
        lines.extend(account(row, &columns, style));
    }
    lines.into_iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn account(row: &AccountRow, columns: &Columns, style: TableStyle) -> Vec<String> {
    let label = style.truncate(&row.label, 0);
    if row.icon_state.is_none() {
        return vec![style.paint(&label, TextStyle::Dim)];
    }
    let mut lines = vec![style.paint(&label, TextStyle::Bold)];
    lines.extend(row.windows.iter().map(|window| columns.row(window, style)));
    let indent = " ".repeat(INDENT);
    let mut below = |text: &str, look| {
        let wrapped = style.wrap(text, INDENT);
        lines.extend(wrapped.iter().map(|line| format!("{indent}{}", style.paint(line, look))));
    };
    if let Some(error) = &row.error {
        below(error, TextStyle::Bad);
    }
    let details: Vec<_> = row.facts.iter().chain(&row.notes).cloned().collect();
    below(&details.join(" · "), TextStyle::Dim);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::presenter::Locale;
    use crate::quota::{Account, AccountId, AccountUsage, Failure, Provider, Snapshot, Usage, Window};
    use crate::text;
    use chrono::{DateTime, Utc};
    use insta::assert_snapshot;
    use std::path::Path;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).expect("in range")
    }

    fn usage(email: &str, windows: &[(&str, f64, Option<i64>)]) -> AccountUsage {
        let account = Account {
            id: AccountId::file(format!("{email}.json")),
            provider: Provider::CLAUDE,
            email: email.into(),
            identity: None,
            given_name: None,
        };
        let mut usage = AccountUsage::unknown(account);
        let windows = windows.iter().map(|(title, used, reset)| {
            let mut window = Window::new(*title, *title, *used).expect("a number");
            window.resets_at = reset.map(at);
            window
        });
        usage.record(Ok(Usage { windows: windows.collect(), ..Usage::default() }), at(0));
        usage
    }

    fn snapshot() -> Snapshot {
        let mut refused = usage("carol@x", &[]);
        refused.last_usage = None;
        refused.record(Err(Failure::SignInAgain), at(0));
        let accounts = vec![
            usage(
                "alice@x",
                &[("5-hour", 36.0, Some(130)), ("Weekly", 88.0, Some(4_500)), ("Opus", 100.0, None)],
            ),
            usage("王小明@例え.jp", &[("5-hour", 0.0, Some(60)), ("周间限额（团队）", 99.6, Some(500))]),
            refused,
        ];
        Snapshot { accounts, updated_at: Some(at(0)), ..Snapshot::default() }
    }

    fn draw(snapshot: &Snapshot, width: Option<usize>, colour: bool) -> String {
        let settings = Settings::default();
        let auth_dir = Path::new("/auth");
        let presenter =
            Presenter { snapshot, settings: &settings, auth_dir, now: at(0), locale: Locale::UTC };
        table(&presenter, TableStyle { width, colour })
    }

    #[test]
    fn a_pipe_gets_whole_lines() {
        assert_snapshot!(draw(&snapshot(), None, false), @r"
        Claude · alice@x — 0% left
          5-hour           █████████████░░░░░░░      64% left  resets in 2 h 10 m (10:10)
        ! Weekly           ██░░░░░░░░░░░░░░░░░░      12% left  resets in 3 d 3 h (18 Jan, 11:00)
        × Opus             ░░░░░░░░░░░░░░░░░░░░       0% left
          Updated 08:00
        Claude · 王小明@例え.jp — under 1% left
          5-hour           ████████████████████     100% left  resets in 1 h (09:00)
        ! 周间限额（团队） █░░░░░░░░░░░░░░░░░░░ under 1% left  resets in 8 h 20 m (16:20)
          Updated 08:00
        Claude · carol@x — just now · sign in again
          Sign in again with CLIProxyAPI: the login is no longer accepted
          Updated 08:00
        ");
    }

    #[test]
    fn a_narrow_terminal_loses_the_time_of_day_then_the_bar() {
        assert_snapshot!(draw(&snapshot(), Some(64), false), @r"
        Claude · alice@x — 0% left
          5-hour           ███████░░░░      64% left  resets in 2 h 10 m
        ! Weekly           █░░░░░░░░░░      12% left  resets in 3 d 3 h
        × Opus             ░░░░░░░░░░░       0% left
          Updated 08:00
        Claude · 王小明@例え.jp — under 1% left
          5-hour           ███████████     100% left  resets in 1 h
        ! 周间限额（团队） █░░░░░░░░░░ under 1% left  resets in 8 h 20 m
          Updated 08:00
        Claude · carol@x — just now · sign in again
          Sign in again with CLIProxyAPI: the login is no longer
          accepted
          Updated 08:00
        ");
        assert_snapshot!(draw(&snapshot(), Some(40), false), @r"
        Claude · alice@x — 0% left
          5-hour         64% left  resets in 2…
        ! Weekly         12% left  resets in 3…
        × Opus            0% left
          Updated 08:00
        Claude · 王小明@例え.jp — under 1% left
          5-hour        100% left  resets in 1 h
        ! 周间限额（团… under 1% left  resets i…
          Updated 08:00
        Claude · carol@x — just now · sign in a…
          Sign in again with CLIProxyAPI: the
          login is no longer accepted
          Updated 08:00
        ");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_colour_changes_no_letter() {
        let mut snapshot = snapshot();
        snapshot.problem = Some("could not read the folder /a/very/long/name/of/a/folder".into());
        for width in 1..=120 {
            let plain = draw(&snapshot, Some(width), false);
            for line in plain.lines() {
                // The columns of the numbers are never cut: they are what it is all about.
                assert!(
                    text::width(line) <= width.max(INDENT + width / 3 + 1 + "under 1% left".len()),
                    "{width}: {line}"
                );
            }
            let mut coloured = draw(&snapshot, Some(width), true);
            for code in ["1", "2", "31", "32", "33", "0"] {
                coloured = coloured.replace(&format!("\x1b[{code}m"), "");
            }
            let trimmed: String = coloured.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
            assert_eq!(trimmed, plain);
        }
    }
}
