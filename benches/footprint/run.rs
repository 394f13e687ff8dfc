//! All figures, one after the other, and the table of them.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::curl::Curl;
use super::programs::Programs;
use super::server::Server;
use super::table::Table;
use super::{refresh, resting, rewrite, size, start};

/// How much is done for a figure.
pub struct Effort {
    /// Starts of each program.
    pub starts: usize,
    /// Refreshes before memory is looked at.
    pub warming: usize,
    /// Refreshes whose time is taken, for each number of accounts.
    pub refreshes: usize,
    /// Refreshes after a rest whose time is taken, each with a wait before it.
    pub rested: usize,
    /// Refreshes whose processor time is taken.
    pub cpu_refreshes: usize,
    /// Before a program is taken for idle: longer than its threads that wait for work live on.
    pub settling: Duration,
    /// The only number of accounts to refresh, where one was asked for.
    pub accounts: Option<usize>,
    /// How long it is watched then.
    pub idling: Duration,
}

/// What every figure is measured with.
pub struct Bench {
    pub programs: Programs,
    pub server: Server,
    pub curl: Option<Curl>,
    pub effort: Effort,
}

impl Effort {
    fn by_arguments() -> Self {
        let quick = std::env::args().any(|argument| argument == "--quick");
        let told = |name: &str| {
            let told = std::env::var(name).ok()?;
            Some(told.parse::<u64>().unwrap_or_else(|_| panic!("{name} is a number, and not {told}")))
        };
        let idling = told("FOOTPRINT_IDLE");
        let accounts = told("FOOTPRINT_ACCOUNTS").map(|accounts| accounts as usize);
        let settling = Duration::from_secs(15);
        if quick {
            let idling = Duration::from_secs(idling.unwrap_or(30));
            let (starts, refreshes, rested, cpu_refreshes) = (3, 3, 1, 5);
            Self { starts, warming: 20, refreshes, rested, cpu_refreshes, accounts, settling, idling }
        } else {
            let idling = Duration::from_secs(idling.unwrap_or(60));
            let (starts, refreshes, rested, cpu_refreshes) = (15, 9, 3, 20);
            Self { starts, warming: 20, refreshes, rested, cpu_refreshes, accounts, settling, idling }
        }
    }
}

/// What measures one group of figures.
type Part = fn(&Bench, &mut Table);

/// In the order of the table.
const PARTS: [(&str, Part); 5] = [
    ("size", size::measure),
    ("start", start::measure),
    ("rewrite", rewrite::measure),
    ("refresh", refresh::measure),
    ("resting", resting::measure),
];

/// Those named on the command line, or all.
fn wished_parts() -> Vec<(&'static str, Part)> {
    let names: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with("--")).collect();
    if let Some(unknown) = names.iter().find(|name| PARTS.iter().all(|(part, _)| part != name)) {
        let parts = PARTS.map(|(part, _)| part).join(", ");
        eprintln!("footprint: there is no part `{unknown}` (hint: the parts are {parts})");
        std::process::exit(2);
    }
    PARTS.into_iter().filter(|(part, _)| names.is_empty() || names.iter().any(|name| name == part)).collect()
}

/// Measures and prints.
pub fn run() {
    let wished = wished_parts();
    let dir = tempfile::tempdir().expect("a directory");
    let bench = Bench {
        effort: Effort::by_arguments(),
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
    for (name, measure) in wished {
        eprintln!("{name} …");
        measure(&bench, &mut table);
    }
    println!("\n{}\n\n{table}", machine(&bench));
    match table.missed() {
        0 => println!("\nAll goals are met."),
        missed => println!("\nGoals missed: {missed}."),
    }
}

/// Where and beside what this was measured.
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
