//! The accounts as an aligned table, for people at a terminal.
//!
//! What colour says, a sign or a word says too: `!` stands before a window that is low, `×` before one
//! that is used up.

use crate::presenter::icon_state::IconState;
use crate::presenter::messages as say;
use crate::quota::{AccountUsage, Window};
use crate::tray::menu::Presenter;
use std::io::{self, IsTerminal};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cells of a bar where there is room for it, ...
const BAR: usize = 20;
/// ... and the fewest that still tell something.
const SHORTEST_BAR: usize = 8;
/// Cells before a window, with its sign in them.
const INDENT: usize = 2;
/// "100% left"; "under 1% left" takes more.
const LEFT: usize = 9;

/// What the table is written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableStyle {
    /// Cells in a line. `None`: as many as are needed, for what is read by a program.
    pub width: Option<usize>,
    /// Whether it takes colour.
    pub colour: bool,
}

impl TableStyle {
    /// Standard output: a terminal with its width, and colour unless `NO_COLOR` says otherwise; anything
    /// else without either.
    pub fn stdout() -> TableStyle {
        if !io::stdout().is_terminal() {
            return TableStyle { width: None, colour: false };
        }
        let size = terminal_size::terminal_size_of(io::stdout());
        let colour = !anstyle_query::no_color() && anstyle_query::term_supports_ansi_color();
        #[cfg(windows)]
        let colour = colour && anstyle_query::windows::enable_ansi_colors() != Some(false);
        // A terminal that does not tell says 0.
        TableStyle { width: size.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0), colour }
    }
}

/// How a piece of text looks.
#[derive(Clone, Copy)]
pub enum TextStyle {
    /// A heading.
    Bold,
    /// Read in passing.
    Dim,
    /// All is well.
    Fine,
    /// Worth a look.
    Low,
    /// Something is wrong.
    Bad,
}

impl TableStyle {
    /// A text in the colour of a look, where the paper takes it.
    pub fn paint(self, text: &str, look: TextStyle) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match look {
            TextStyle::Bold => "1",
            TextStyle::Dim => "2",
            TextStyle::Fine => "32",
            TextStyle::Low => "33",
            TextStyle::Bad => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Cuts a text to what is left of a line after `before` cells.
    fn cut(self, text: &str, before: usize) -> String {
        let most = self.width.map_or(usize::MAX, |width| width.saturating_sub(before));
        if text.width() <= most {
            return text.to_owned();
        }
        let mut used = 1;
        let fits = |letter: &char| {
            used += letter.width().unwrap_or(0);
            used <= most
        };
        let kept: String = text.chars().take_while(fits).collect();
        if most == 0 { String::new() } else { format!("{}…", kept.trim_end()) }
    }

    /// Breaks a text into lines that fit behind an indent, between its words.
    fn wrap(self, text: &str, indent: usize) -> Vec<String> {
        let most = self.width.map_or(usize::MAX, |width| width.saturating_sub(indent));
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if line.width() + 1 + word.width() <= most => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines.iter().map(|line| self.cut(line, indent)).collect()
    }
}

/// The whole table, each account with its windows below it.
pub fn table(view: &Presenter<'_>, paper: TableStyle) -> String {
    let mut lines = Vec::new();
    for remark in view.remarks() {
        lines.extend(paper.wrap(&remark, 0));
    }
    let columns = Columns::of(view, paper);
    for usage in &view.snapshot.accounts {
        lines.extend(account(view, usage, &columns, paper));
    }
    lines.into_iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn account(view: &Presenter<'_>, usage: &AccountUsage, columns: &Columns, paper: TableStyle) -> Vec<String> {
    let label = paper.cut(&view.row(usage), 0);
    if usage.disabled {
        return vec![paper.paint(&label, TextStyle::Dim)];
    }
    let mut lines = vec![paper.paint(&label, TextStyle::Bold)];
    lines.extend(usage.windows().iter().map(|window| columns.row(view, usage, window, paper)));
    let indent = " ".repeat(INDENT);
    let mut under = |text: &str, look| {
        let wrapped = paper.wrap(text, INDENT);
        lines.extend(wrapped.iter().map(|line| format!("{indent}{}", paper.paint(line, look))));
    };
    if let Some(error) = view.error(usage) {
        under(&error, TextStyle::Bad);
    }
    let facts: Vec<_> = view.plan(usage).into_iter().chain(view.notes(usage)).collect();
    under(&facts.join(" · "), TextStyle::Dim);
    lines
}

/// How wide each column is, in cells, and whether the last one leaves out the time of day.
struct Columns {
    title: usize,
    left: usize,
    bar: usize,
    brief: bool,
}

impl Columns {
    /// Where there is little room, the time of day goes first, and then the bar: the words say the same.
    fn of(view: &Presenter<'_>, paper: TableStyle) -> Columns {
        let shown = || view.snapshot.enabled().flat_map(|u| u.windows().iter().map(move |w| (u, w)));
        let title = shown().map(|(_, window)| window.title.width()).max().unwrap_or(0);
        let told = |(usage, window): (&AccountUsage, &Window)| match usage.is_unconfirmed(window, view.now) {
            true => 0,
            false => say::left(window.remaining_percent()).width(),
        };
        let left = shown().map(told).max().unwrap_or(0).max(LEFT);
        let Some(width) = paper.width else { return Columns { title, left, bar: BAR, brief: false } };
        // A title may take a third of the line.
        let title = title.min(width / 3);
        let room = |brief| {
            let longest = shown().map(|(usage, window)| reset(view, usage, window, brief).width()).max();
            width.saturating_sub(INDENT + title + 1 + 1 + left + 2 + longest.unwrap_or(0))
        };
        match (room(false), room(true)) {
            (whole @ SHORTEST_BAR.., _) => Columns { title, left, bar: whole.min(BAR), brief: false },
            (_, rest @ SHORTEST_BAR..) => Columns { title, left, bar: rest.min(BAR), brief: true },
            // Only a row that needs it takes the room of "under 1% left".
            _ => Columns { title, left: LEFT, bar: 0, brief: true },
        }
    }

    fn row(&self, view: &Presenter<'_>, usage: &AccountUsage, window: &Window, paper: TableStyle) -> String {
        let left = window.remaining_percent();
        let unconfirmed = usage.is_unconfirmed(window, view.now);
        let (sign, look) = match view.level(left) {
            _ if unconfirmed || !window.named => (" ", TextStyle::Dim),
            IconState::Exhausted => ("×", TextStyle::Bad),
            IconState::Low(_) => ("!", TextStyle::Low),
            _ => (" ", TextStyle::Fine),
        };
        let title = TableStyle { width: Some(self.title), ..paper }.cut(&window.title, 0);
        let title = format!("{title}{}", " ".repeat(self.title.saturating_sub(title.width())));
        let (full, number) = match unconfirmed {
            true => (0, String::new()),
            false => (cells(left, self.bar), say::left(left)),
        };
        let bar = match self.bar {
            0 => String::new(),
            bar => format!(
                "{}{} ",
                paper.paint(&"█".repeat(full), look),
                paper.paint(&"░".repeat(bar - full), TextStyle::Dim)
            ),
        };
        let used = INDENT
            + self.title
            + 1
            + self.bar
            + usize::from(self.bar > 0)
            + number.width().max(self.left)
            + 2;
        let reset = paper.cut(&reset(view, usage, window, self.brief), used);
        let number = paper.paint(&format!("{number:>width$}", width = self.left), look);
        format!("{} {title} {bar}{number}  {}", paper.paint(sign, look), paper.paint(&reset, TextStyle::Dim))
    }
}

fn reset(view: &Presenter<'_>, usage: &AccountUsage, window: &Window, brief: bool) -> String {
    let words = if brief { view.reset_briefly(usage, window) } else { view.reset(usage, window) };
    words.unwrap_or_default()
}

/// How many of a bar's cells are full: none and all of them only where that is true.
fn cells(left: f64, bar: usize) -> usize {
    match left {
        left if left <= 0.0 || bar == 0 => 0,
        left if left >= 100.0 => bar,
        // The cast is of a number within the bar.
        left => ((left / 100.0 * bar as f64).round() as usize).clamp(1, (bar - 1).max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::presenter::format::Zone;
    use crate::quota::{Account, AccountId, Failure, Provider, Snapshot, Usage};
    use chrono::{DateTime, Utc};
    use insta::assert_snapshot;
    use std::path::Path;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).expect("in range")
    }

    fn usage(email: &str, windows: &[(&str, f64, Option<i64>)]) -> AccountUsage {
        let account = Account {
            id: AccountId::file(format!("{email}.json")),
            provider: Provider::Claude,
            email: email.into(),
            identity: None,
        };
        let mut usage = AccountUsage::unknown(account);
        let windows = windows.iter().map(|(title, used, reset)| {
            let mut window = Window::new(*title, *title, *used).expect("a number");
            window.resets_at = reset.map(at);
            window
        });
        usage.settle(Ok(Usage { windows: windows.collect(), ..Usage::default() }), at(0));
        usage
    }

    fn snapshot() -> Snapshot {
        let mut refused = usage("carol@x", &[]);
        refused.reading = None;
        refused.settle(Err(Failure::SignInAgain), at(0));
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
        let view = Presenter {
            snapshot,
            settings: &settings,
            auth_dir,
            problem: None,
            starts_at_login: None,
            now: at(0),
            zone: Zone::UTC,
        };
        table(&view, TableStyle { width, colour })
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
                    line.width() <= width.max(INDENT + width / 3 + 1 + "under 1% left".len()),
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

    #[test]
    fn a_bar_is_full_or_empty_only_where_that_is_true() {
        for (left, full) in [(0.0, 0), (0.1, 1), (50.0, 10), (99.9, 19), (100.0, 20)] {
            assert_eq!(cells(left, BAR), full, "{left}");
        }
    }
}
