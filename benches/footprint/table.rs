//! The table in the format of `docs/performance.md`.

use std::fmt;
use std::time::Duration;

/// The figures so far.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
    notes: Vec<String>,
}

/// One figure and its yardstick.
pub struct Row {
    figure: String,
    value: String,
    yardstick: String,
    ratio: Option<f64>,
    goal: String,
    met: Option<bool>,
}

impl Row {
    /// A figure without yardstick and goal.
    pub fn new(figure: impl Into<String>, value: impl fmt::Display) -> Self {
        Self {
            figure: figure.into(),
            value: value.to_string(),
            yardstick: String::new(),
            ratio: None,
            goal: String::new(),
            met: None,
        }
    }

    /// Adds the yardstick and the ratio to it.
    pub fn beside(mut self, yardstick: impl Into<String>, ratio: f64) -> Self {
        self.yardstick = yardstick.into();
        self.ratio = Some(ratio);
        self
    }

    /// Adds the goal and whether it is met.
    pub fn goal(mut self, goal: impl Into<String>, met: bool) -> Self {
        self.goal = goal.into();
        self.met = Some(met);
        self
    }
}

impl Table {
    pub fn add(&mut self, row: Row) {
        eprintln!("  {}: {}, {} {}", row.figure, row.value, row.yardstick, verdict(row.met));
        self.rows.push(row);
    }

    /// A sentence below the table.
    pub fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        eprintln!("  {note}");
        self.notes.push(note);
    }

    pub fn missed(&self) -> usize {
        self.rows.iter().filter(|row| row.met == Some(false)).count()
    }
}

fn verdict(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => "ok",
        Some(false) => "MISSED",
        None => "",
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = ["figure", "value", "yardstick", "ratio", "goal", ""].map(str::to_owned);
        let cells = self.rows.iter().map(|row| {
            let ratio = row.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
            let [figure, value] = [&row.figure, &row.value].map(Clone::clone);
            [figure, value, row.yardstick.clone(), ratio, row.goal.clone(), verdict(row.met).to_owned()]
        });
        let lines: Vec<[String; 6]> = std::iter::once(heads).chain(cells).collect();
        let widths: [usize; 6] = std::array::from_fn(|column| {
            lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
        });
        for (number, line) in lines.iter().enumerate() {
            for (cell, width) in line.iter().zip(widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")?;
            if number == 0 {
                widths.iter().try_for_each(|width| write!(f, "|{}", "-".repeat(width + 2)))?;
                writeln!(f, "|")?;
            }
        }
        self.notes.iter().try_for_each(|note| write!(f, "\n{note}\n"))
    }
}

/// "5.31 MiB".
pub fn mebibytes(bytes: u64) -> String {
    format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20))
}

/// "12.3 ms", "4.56 s".
pub fn time(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds if seconds >= 0.001 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{:.0} µs", seconds * 1e6),
    }
}

/// The middle one; of an even number the lower of the two in the middle.
pub fn median<T: Ord + Copy + Default>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// How many times `yardstick` goes into `value`.
pub fn ratio(value: Duration, yardstick: Duration) -> f64 {
    value.as_secs_f64() / yardstick.as_secs_f64().max(f64::MIN_POSITIVE)
}
