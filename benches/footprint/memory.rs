//! The memory and the threads of an idle program, as a user has them: it is the only process that maps its file, and
//! the file is in the page cache. Two copies would share pages, and each of them would seem to be smaller.
//!
//! The figure is the proportional set size (Pss). Alone it consists of all private pages, all resident pages of the
//! program's own file, and the share of the libraries that other programs have as well. The resident set size (Rss)
//! counts those libraries whole.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;

use super::fixture::BenchFixture;
use super::idle::{FEW, MANY, refresh_peer};
use super::process::{Switches, read};
use super::run::Bench;
use super::table::{Row, Table, mebibytes};

const MEBIBYTE: u64 = 1 << 20;

/// The largest mappings that are listed.
const MAX_MAPPINGS: usize = 8;

/// The memory of one process that idles alone.
struct Memory {
    /// Proportional set size, in bytes.
    pss: u64,
    /// Resident set size, in bytes.
    rss: u64,
    /// Of [`Memory::pss`]: heap, stacks, and changed data of the program and its libraries.
    anonymous: u64,
    /// Of [`Memory::pss`]: code and constants, which the system can drop and read again.
    file_backed: u64,
    /// Pss by file and permissions, the largest first.
    mappings: Vec<(String, u64)>,
    /// The names of the threads.
    threads: Vec<String>,
}

pub fn measure(bench: &Bench, table: &mut Table) {
    let Bench { programs, server, effort, .. } = bench;
    server.set_latency(std::time::Duration::from_millis(10));
    // One after the other: each fixture and its program end before the next one starts.
    let floor = {
        let fixture = BenchFixture::new(server, 0);
        let (program, ..) = fixture.spawn(&mut fixture.command(&programs.floor));
        thread::sleep(effort.settle_time);
        Memory::of(program.id(), Some(&programs.floor))
    };
    let [few, many] = [FEW, MANY].map(|accounts| {
        let fixture = BenchFixture::new(server, accounts);
        let mut tray = fixture.start(&programs.tray);
        (0..effort.warm_up_refreshes).for_each(|_| drop(tray.refresh()));
        thread::sleep(effort.settle_time);
        Memory::of(tray.id(), Some(&programs.tray))
    });
    let python = programs.python.as_ref().ok().map(|python| {
        let peer = BenchFixture::new(server, FEW);
        let (program, ..) = peer.spawn_peer(&mut python.command(&peer, &server.claude(), &server.codex()));
        refresh_peer(&peer, effort.warm_up_refreshes);
        thread::sleep(effort.settle_time);
        // Other programs in Python may be running; most of its memory is its own.
        Memory::of(program.id(), None)
    });
    add_rows(&few, &many, &floor, python.as_ref(), effort.warm_up_refreshes, table);
    for (name, memory) in [("the tray with 5 accounts", &few), ("the floor", &floor)] {
        table.note(format!("Memory of {name} by mapping: {}.", memory.largest_mappings()));
        table.note(format!("Threads of {name}: {}.", memory.threads.join(", ")));
    }
}

fn add_rows(
    few: &Memory,
    many: &Memory,
    floor: &Memory,
    python: Option<&Memory>,
    refreshes: usize,
    table: &mut Table,
) {
    let ratio = |of: u64, to: u64| of as f64 / to.max(1) as f64;
    let mut add = |what: &str, figure: fn(&Memory) -> u64, goal: Option<(&str, bool)>| {
        let (ours, least) = (figure(few), figure(floor));
        let row =
            Row::new(format!("{what}, 5 accounts, alone, after {refreshes} refreshes"), mebibytes(ours));
        let row = row.beside(format!("floor {}", mebibytes(least)), ratio(ours, least));
        table.add(match goal {
            Some((goal, met)) => row.goal(goal, met),
            None => row,
        });
    };
    add("idle memory (Pss)", |memory| memory.pss, Some(("≤ 5.0 MiB", few.pss <= 5 * MEBIBYTE)));
    add("… of it anonymous", |memory| memory.anonymous, None);
    add("… of it file-backed", |memory| memory.file_backed, None);
    add("resident memory (Rss)", |memory| memory.rss, None);
    let (threads, least) = (few.threads.len(), floor.threads.len());
    table.add(
        Row::new("threads at rest, 5 accounts", threads)
            .beside(format!("floor {least}"), threads as f64 / least as f64)
            .goal("≤ 4", threads <= 4),
    );
    if let Some(python) = python {
        table.add(
            Row::new("idle memory (Pss), 5 accounts, alone", mebibytes(few.pss))
                .beside(format!("Python {}", mebibytes(python.pss)), ratio(few.pss, python.pss)),
        );
    }
    table.add(
        Row::new("idle memory (Pss), 200 accounts, alone", mebibytes(many.pss))
            .beside(format!("floor {}", mebibytes(floor.pss)), ratio(many.pss, floor.pss))
            .goal("≤ 12 MiB", many.pss <= 12 * MEBIBYTE),
    );
}

impl Memory {
    /// Panics if another process maps `file`, the process's program.
    fn of(pid: u32, file: Option<&Path>) -> Self {
        if let Some(file) = file {
            let others = others_that_map(file, pid);
            assert!(others.is_empty(), "{} is not alone: processes {others:?} map it, too", file.display());
        }
        let rollup = read(&format!("/proc/{pid}/smaps_rollup"));
        let figure =
            |name: &str| field(&rollup, name).unwrap_or_else(|| panic!("smaps_rollup has no {name}"));
        let threads = Switches::of(pid).thread_names().into_iter().map(str::to_owned).collect();
        Self {
            pss: figure("Pss:"),
            rss: figure("Rss:"),
            anonymous: figure("Pss_Anon:"),
            file_backed: figure("Pss_File:") + figure("Pss_Shmem:"),
            mappings: mappings(&read(&format!("/proc/{pid}/smaps"))),
            threads,
        }
    }

    fn largest_mappings(&self) -> String {
        let largest = self.mappings.iter().take(MAX_MAPPINGS);
        largest.map(|(name, bytes)| format!("{name} {} KiB", bytes >> 10)).collect::<Vec<_>>().join(", ")
    }
}

/// The Pss of a process, in bytes.
pub fn proportional_memory(pid: u32) -> u64 {
    field(&read(&format!("/proc/{pid}/smaps_rollup")), "Pss:").expect("smaps_rollup has a Pss line")
}

/// A figure of smaps or smaps_rollup, in bytes.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

/// The Pss of each mapped file, by permissions, and of memory without a file: its pages that are changed copies of a
/// file's are apart.
fn mappings(smaps: &str) -> Vec<(String, u64)> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    let mut name = String::new();
    for line in smaps.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        if words.first().is_some_and(|first| !first.ends_with(':')) {
            let file = words.get(5).map_or("anonymous", |path| path.rsplit('/').next().unwrap_or(path));
            name = format!("{file} {}", words.get(1).unwrap_or(&""));
        } else if let Some(bytes) = field(line, "Pss:").filter(|bytes| *bytes > 0) {
            *sums.entry(name.clone()).or_default() += bytes;
        }
    }
    let mut mappings: Vec<_> = sums.into_iter().collect();
    mappings.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    mappings
}

/// The other processes that map this file.
fn others_that_map(file: &Path, pid: u32) -> Vec<u32> {
    let inode = fs::metadata(file).expect("it was there a moment ago").ino().to_string();
    let file = fs::canonicalize(file).expect("it was there a moment ago");
    let is_it = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        words.get(4) == Some(&&*inode) && words.get(5).is_some_and(|path| Path::new(path) == file)
    };
    let processes = fs::read_dir("/proc").expect("Linux has it").flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|other| *other != pid)
        // A process that ends meanwhile, or is another user's, can't be read.
        .filter(|other| {
            fs::read_to_string(format!("/proc/{other}/maps")).is_ok_and(|maps| maps.lines().any(is_it))
        })
        .collect()
}
