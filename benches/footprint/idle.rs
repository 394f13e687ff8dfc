//! Wake-ups of an idle program, between two refreshes. Its memory: `memory.rs`.

use std::thread;
use std::time::Duration;

use super::fixture::BenchFixture;
use super::process::{Switches, cpu_time};
use super::run::Bench;
use super::table::{Row, Table};

/// Accounts.
pub const FEW: usize = 5;
pub const MANY: usize = 200;

/// One idle process, as measured at the start.
struct IdleProcess {
    pid: u32,
    ticks: Duration,
    switches: Switches,
}

/// All of them idle at the same time, so that the measurement takes that time only once.
pub fn measure(bench: &Bench, table: &mut Table) {
    let Bench { programs, server, effort, .. } = bench;
    server.set_latency(Duration::from_millis(10));
    let [few, many, none] = [FEW, MANY, 0].map(|accounts| BenchFixture::new(server, accounts));
    let [mut tray, mut tray_of_many] = [&few, &many].map(|fixture| fixture.start(&programs.tray));
    for tray in [&mut tray, &mut tray_of_many] {
        (0..effort.warm_up_refreshes).for_each(|_| drop(tray.refresh()));
    }
    let (floor, ..) = none.spawn(&mut none.command(&programs.floor));
    let peer = BenchFixture::new(server, FEW);
    let python = programs.python.as_ref().ok().map(|python| {
        let (program, ..) = peer.spawn_peer(&mut python.command(&peer, &server.claude(), &server.codex()));
        refresh_peer(&peer, effort.warm_up_refreshes);
        program
    });

    let pids = [Some(tray.id()), Some(tray_of_many.id()), Some(floor.id()), python.as_ref().map(|p| p.id())];
    thread::sleep(effort.settle_time);
    let before = pids.map(|pid| pid.map(IdleProcess::measure_start));
    thread::sleep(effort.idle_time);
    let [Some(tray), Some(tray_of_many), Some(floor), python] = before else {
        unreachable!("three of them are always started");
    };
    let seconds = effort.idle_time.as_secs();
    for (who, process, has_goal) in [("5 accounts", &tray, true), ("200 accounts", &tray_of_many, false)] {
        idle(who, process, &floor, seconds, has_goal, table);
    }
    if let Some(python) = &python {
        let (_, switches) = python.since();
        table.note(format!("The Python tray switched {switches} times in the same {seconds} s."));
    }
}

fn idle(
    who: &str,
    process: &IdleProcess,
    floor: &IdleProcess,
    seconds: u64,
    has_goal: bool,
    table: &mut Table,
) {
    let ((ticks, switches), (floor_ticks, floor_switches)) = (process.since(), floor.since());
    let with_goal = |row: Row, goal: String, met: bool| if has_goal { row.goal(goal, met) } else { row };
    let mut row = Row::new(format!("context switches in {seconds} idle s, {who}"), switches);
    row = row.beside(format!("floor {floor_switches}"), switches as f64 / floor_switches.max(1) as f64);
    table.add(with_goal(row, format!("≤ {} (1 in 30 s)", seconds / 30), switches <= seconds / 30));
    let mut row = Row::new(format!("CPU ticks in {seconds} idle s, {who}"), ticks);
    row = row.beside(format!("floor {floor_ticks}"), ticks as f64 / floor_ticks.max(1) as f64);
    table.add(with_goal(row, "0".to_owned(), ticks == 0));
    let by_thread = process.by_thread();
    if !by_thread.is_empty() {
        table.note(format!(
            "Threads that woke with {who}, of {}: {}.",
            process.switches.threads(),
            by_thread.join(", ")
        ));
    }
}

impl IdleProcess {
    fn measure_start(pid: u32) -> Self {
        Self { pid, ticks: cpu_time(&pid.to_string()), switches: Switches::of(pid) }
    }

    /// CPU ticks and context switches since the start of the measurement.
    fn since(&self) -> (u128, u64) {
        let ticks = (cpu_time(&self.pid.to_string()) - self.ticks).as_millis() / 10;
        let switches = Switches::of(self.pid).since(&self.switches);
        (ticks, switches.iter().map(|(_, count)| count).sum())
    }

    fn by_thread(&self) -> Vec<String> {
        let switches = Switches::of(self.pid).since(&self.switches);
        switches.into_iter().map(|(name, count)| format!("{name} {count}")).collect()
    }
}

/// Refreshes the Python tray by clicks. It replies to a click once the refresh is complete.
pub fn refresh_peer(peer: &BenchFixture, refreshes: usize) {
    let menu = peer.fixture.host.menu_until(|menu| menu.shows("% left"));
    for _ in 0..refreshes {
        peer.fixture.host.send_click(menu.item("Refresh now")).expect("could not click");
    }
}
