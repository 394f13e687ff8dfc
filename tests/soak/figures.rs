//! What a process uses: memory, files, threads, disk.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs;
use std::path::Path;

/// What a process uses at one moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figures {
    /// Memory in KiB, shared pages included.
    pub resident: u64,
    /// Memory in KiB that backs no file: heap and stacks.
    pub own: u64,
    /// What each open file is, in order: `pipe:[]`, `anon_inode:[timerfd]`, a path …
    pub open_files: Vec<String>,
    /// The threads' names, in order.
    pub threads: Vec<String>,
    /// The size of the files in the state directory, in bytes.
    pub state_bytes: u64,
    /// The size of the log since the start, in bytes.
    pub logged_bytes: u64,
}

impl Figures {
    /// Those of this process.
    pub fn of_this_process(state_dir: &Path, logged_bytes: u64) -> Figures {
        let memory = fs::read_to_string("/proc/self/smaps_rollup").expect("a kernel since 4.14");
        let field = |name: &str| {
            let line = memory.lines().find_map(|line| line.strip_prefix(name)).expect(name);
            line.trim().trim_end_matches(" kB").parse().expect("a number")
        };
        let state = entries(state_dir).map(|entry| entry.metadata().map_or(0, |metadata| metadata.len()));
        let mut open_files: Vec<_> =
            links().map(|link| link.replace(|c: char| c.is_ascii_digit(), "")).collect();
        open_files.sort();
        Figures {
            resident: field("Rss:"),
            own: field("Anonymous:"),
            open_files,
            threads: threads(),
            state_bytes: state.sum(),
            logged_bytes,
        }
    }

    /// One line, for [`from_line`](Self::from_line).
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("plain data is always JSON")
    }

    /// `None` for a line that holds something else.
    pub fn from_line(line: &str) -> Option<Figures> {
        serde_json::from_str(line).ok()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { resident, own, open_files, threads, state_bytes, logged_bytes } = self;
        let (files, threads) = (open_files.len(), threads.len());
        write!(
            f,
            "{resident} KiB resident, {own} KiB of it private, {files} open files, {threads} threads, "
        )?;
        write!(f, "{state_bytes} bytes of state, {logged_bytes} bytes of log")
    }
}

/// This process's TCP connections, open or being closed.
pub fn connections() -> usize {
    let table = fs::read_to_string("/proc/self/net/tcp").expect("Linux has it");
    let inode = |line: &str| Some(format!("socket:[{}]", line.split_whitespace().nth(9)?));
    let known: Vec<_> = table.lines().skip(1).filter_map(inode).collect();
    links().filter(|link| known.contains(link)).count()
}

/// The names of this process's threads, in order.
pub fn threads() -> Vec<String> {
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).ok();
    let mut names: Vec<_> =
        entries(Path::new("/proc/self/task")).filter_map(name).map(|name| name.trim().to_owned()).collect();
    names.sort();
    names
}

fn links() -> impl Iterator<Item = String> {
    let links = entries(Path::new("/proc/self/fd")).filter_map(|entry| fs::read_link(entry.path()).ok());
    links.map(|link| link.to_string_lossy().into_owned())
}

fn entries(dir: &Path) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(dir).into_iter().flatten().flatten()
}
