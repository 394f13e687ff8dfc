//! Runs all measurements and prints their table.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::curl::Curl;
use super::programs::Programs;
use super::server::Server;
use super::table::Table;
use super::{idle, memory, refresh, rewrite, size, start};

/// The number and duration of measurements.
pub struct Effort {
    /// Starts of each program.
    pub starts: usize,
    /// Refreshes before memory is measured.
    pub warm_up_refreshes: usize,
    /// Timed refreshes for each number of accounts.
    pub refreshes: usize,
    /// Timed refreshes after an idle period, which is waited for each time.
    pub rested_refreshes: usize,
    /// Refreshes whose CPU time is measured.
    pub cpu_refreshes: usize,
    /// The wait before a program counts as idle: longer than its worker threads stay alive without work.
    pub settle_time: Duration,
    /// The only number of accounts to refresh. `None`: all of them.
    pub accounts: Option<usize>,
    /// The duration of the idle measurement.
    pub idle_time: Duration,
}

/// The input of each measurement.
pub struct Bench {
    pub programs: Programs,
    pub server: Server,
    pub curl: Option<Curl>,
    pub effort: Effort,
}

impl Effort {
    fn from_arguments() -> Self {
        let quick = std::env::args().any(|argument| argument == "--quick");
        let number = |name: &str| {
            let value = std::env::var(name).ok()?;
            Some(value.parse::<u64>().unwrap_or_else(|_| panic!("{name} must be a number, not {value}")))
        };
        let idle_time = number("FOOTPRINT_IDLE");
        let accounts = number("FOOTPRINT_ACCOUNTS").map(|accounts| accounts as usize);
        let settle_time = Duration::from_secs(15);
        if quick {
            let idle_time = Duration::from_secs(idle_time.unwrap_or(30));
            let (starts, refreshes, rested_refreshes, cpu_refreshes) = (3, 3, 1, 5);
            Self {
                starts,
                warm_up_refreshes: 20,
                refreshes,
                rested_refreshes,
                cpu_refreshes,
                accounts,
                settle_time,
                idle_time,
            }
        } else {
            let idle_time = Duration::from_secs(idle_time.unwrap_or(60));
            let (starts, refreshes, rested_refreshes, cpu_refreshes) = (15, 9, 3, 20);
            Self {
                starts,
                warm_up_refreshes: 20,
                refreshes,
                rested_refreshes,
                cpu_refreshes,
                accounts,
                settle_time,
                idle_time,
            }
        }
    }
}

/// Measures one group of figures.
type Part = fn(&Bench, &mut Table);

/// In the order of the table.
const PARTS: [(&str, Part); 6] = [
    ("size", size::measure),
    ("start", start::measure),
    ("rewrite", rewrite::measure),
    ("refresh", refresh::measure),
    ("memory", memory::measure),
    ("idle", idle::measure),
];

/// The parts named on the command line, or all.
fn selected_parts() -> Vec<(&'static str, Part)> {
    let names: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with("--")).collect();
    if let Some(unknown) = names.iter().find(|name| PARTS.iter().all(|(part, _)| part != name)) {
        let parts = PARTS.map(|(part, _)| part).join(", ");
        eprintln!("footprint: there is no part `{unknown}` (hint: the parts are {parts})");
        std::process::exit(2);
    }
    PARTS.into_iter().filter(|(part, _)| names.is_empty() || names.iter().any(|name| name == part)).collect()
}

/// Runs the selected parts and prints the table.
pub fn run() {
    let selected = selected_parts();
    let dir = tempfile::tempdir().expect("a directory");
    let bench = Bench {
        effort: Effort::from_arguments(),
        programs: Programs::find(),
        server: Server::start(dir.path()),
        curl: Curl::find(),
    };
    let mut table = Table::default();
    if let Err(reason) = &bench.programs.python {
        table.note(format!("The Python tray is left out: {reason}."));
    }
    if bench.curl.is_none() {
        table.note("The figures beside curl are left out: there is no curl with HTTP/2.");
    }
    for (name, measure) in selected {
        eprintln!("{name} …");
        measure(&bench, &mut table);
    }
    println!("\n{}\n\n{table}", machine(&bench));
    match table.missed() {
        0 => println!("\nAll goals are met."),
        missed => println!("\nGoals missed: {missed}."),
    }
}

/// Kernel, cores, load and versions of the machine.
fn machine(bench: &Bench) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = read("/proc/loadavg");
    let load = load.split_whitespace().next().unwrap_or("?");
    let curl = bench.curl.as_ref().map_or("no curl", |curl| &curl.version);
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).into());
    format!("Linux {}, {cores} cores, load {load}; {curl}; {}", kernel.trim(), rustc.trim())
}
