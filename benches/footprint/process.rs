//! CPU time and context switches of a process, from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// Linux reports times in hundredths of a second, whatever the kernel's tick.
const TICK: Duration = Duration::from_millis(10);

/// User and system time of the process, threads that have ended included.
pub fn cpu_time(pid: &str) -> Duration {
    TICK * stat_fields(pid, 14, 15)
}

/// The same of all children that this process has waited for, and theirs.
pub fn cpu_time_of_children() -> Duration {
    TICK * stat_fields("self", 16, 17)
}

/// The sum of two fields of `/proc/…/stat`, counted from 1 as in proc(5).
fn stat_fields(pid: &str, first: usize, second: usize) -> u32 {
    let text = read(&format!("/proc/{pid}/stat"));
    // The second field is the program's name in parentheses, which may contain anything.
    let (_, rest) = text.rsplit_once(')').expect("stat names the program");
    let fields: Vec<&str> = rest.split_whitespace().collect();
    [first, second].map(|field| fields[field - 3].parse::<u32>().expect("a number of ticks")).iter().sum()
}

/// Context switches so far by thread id and name. Each one is a wake-up or a preemption.
#[derive(Clone, Debug)]
pub struct Switches(BTreeMap<(u32, String), u64>);

impl Switches {
    pub fn of(pid: u32) -> Self {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
        let threads = tasks.filter_map(|task| {
            let path = task.ok()?.path();
            // A thread may end between the listing and the reading.
            let status = fs::read_to_string(path.join("status")).ok()?;
            let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let count = |name: &str| field(name)?.parse::<u64>().ok();
            let switches = count("voluntary_ctxt_switches:")? + count("nonvoluntary_ctxt_switches:")?;
            Some(((field("Pid:")?.parse().ok()?, field("Name:")?.to_owned()), switches))
        });
        Self(threads.collect())
    }

    /// The switches since `before` by thread name, without threads that had none. Threads that have ended are
    /// not counted.
    pub fn since(&self, before: &Switches) -> Vec<(String, u64)> {
        let differences = self.0.iter().map(|(thread, count)| {
            let before = before.0.get(thread).copied().unwrap_or_default();
            (thread.1.clone(), count - before)
        });
        differences.filter(|(_, count)| *count > 0).collect()
    }

    pub fn threads(&self) -> usize {
        self.0.len()
    }

    /// The names of the threads, sorted.
    pub fn thread_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.0.keys().map(|(_, name)| &**name).collect();
        names.sort_unstable();
        names
    }
}

pub fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("could not read {path}: {error}"))
}
