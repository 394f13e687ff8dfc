//! One refresh: its time from the click to the new menu, its TLS handshakes and its CPU time; and how time
//! and memory grow with the number of accounts.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use super::fixture::BenchFixture;
use super::memory::proportional_memory;
use super::process::{cpu_time, cpu_time_of_children};
use super::run::Bench;
use super::server::Tally;
use super::table::{Row, Table, mebibytes, median, ratio, time};

const LATENCY: Duration = Duration::from_millis(100);

/// The numbers of accounts.
const COUNTS: [usize; 4] = [1, 10, 100, 1000];

/// The number of accounts at which CPU time is measured.
const CPU_COUNT: usize = 100;

/// The figures compared between numbers of accounts.
struct Size {
    took: Duration,
    memory: u64,
}

pub fn measure(bench: &Bench, table: &mut Table) {
    let selected = bench.effort.accounts;
    let counts = COUNTS.into_iter().filter(|count| selected.is_none_or(|selected| selected == *count));
    let sizes: BTreeMap<usize, Size> =
        counts.map(|accounts| (accounts, one_size(bench, accounts, table))).collect();
    let (Some(small), Some(large)) = (sizes.get(&100), sizes.get(&1000)) else { return };
    let beside = ratio(large.took, small.took);
    table.add(
        Row::new("refresh, 1,000 accounts against 100: time", time(large.took))
            .beside(time(small.took), beside)
            .goal("≤ 10 ×", beside <= 10.0),
    );
    let beside = large.memory as f64 / small.memory as f64;
    table.add(
        Row::new("idle memory, 1,000 accounts against 100", mebibytes(large.memory))
            .beside(mebibytes(small.memory), beside)
            .goal("≤ 10 ×", beside <= 10.0),
    );
}

fn one_size(bench: &Bench, accounts: usize, table: &mut Table) -> Size {
    let Bench { server, curl, effort, .. } = bench;
    server.set_latency(LATENCY);
    let fixture = BenchFixture::new(server, accounts);
    let before = server.tally();
    let mut tray = fixture.start(&bench.programs.tray);
    let cold = most_handshakes(before, server.tally());
    table.add(Row::new(format!("TLS handshakes a host, first refresh, {}", of(accounts)), cold));

    let (mut ours, mut whole, mut slowest, mut warm) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for _ in 0..effort.refreshes {
        // One more than is measured: with many accounts curl takes so long that connections are closed.
        tray.refresh();
        let before = server.tally();
        server.change_all();
        ours.push(tray.refresh_to_change().took);
        warm = warm.max(most_handshakes(before, server.tally()));
        if let Some(curl) = curl {
            let run = curl.refresh(server, accounts);
            whole.push(run.whole);
            slowest.push(run.slowest);
        }
    }
    let took = median(ours);
    let curl = curl.as_ref().map(|_| (median(whole), median(slowest)));
    table.add(beside_curl(format!("one refresh, {}", of(accounts)), took, curl));
    let row = Row::new(format!("TLS handshakes a host, warm refresh, {}", of(accounts)), warm);
    table.add(row.goal("≤ 1", warm <= 1));

    // Like an automatic refresh: the connections have been closed.
    let (mut rested, mut cold, mut memory) = (Vec::new(), 0, Vec::new());
    for _ in 0..effort.rested_refreshes {
        thread::sleep(effort.settle_time);
        memory.push(proportional_memory(tray.id()));
        let before = server.tally();
        server.change_all();
        rested.push(tray.refresh_to_change().took);
        cold = cold.max(most_handshakes(before, server.tally()));
    }
    let (rested, memory) = (median(rested), median(memory));
    table.add(Row::new(format!("TLS handshakes a host, rested refresh, {}", of(accounts)), cold));
    table.add(beside_curl(format!("one rested refresh, {}", of(accounts)), rested, curl));
    drop(tray);
    if accounts == CPU_COUNT {
        processor(bench, table);
    }
    Size { took, memory }
}

/// The time of a refresh compared with curl: in total, and its slowest transfer. `None`: there is no curl.
fn beside_curl(figure: String, took: Duration, curl: Option<(Duration, Duration)>) -> Row {
    let row = Row::new(figure, time(took));
    let Some((whole, slowest)) = curl else { return row };
    let beside = ratio(took, whole);
    row.beside(format!("curl {}, slowest transfer {}", time(whole), time(slowest)), beside)
        .goal("≤ 1.2 × curl", beside <= 1.2)
}

/// User and system time of a refresh, for each account.
fn processor(bench: &Bench, table: &mut Table) {
    // Without latency: a wait costs nothing, and this many refreshes are a long one.
    bench.server.set_latency(Duration::ZERO);
    let fixture = BenchFixture::new(&bench.server, CPU_COUNT);
    let mut tray = fixture.start(&bench.programs.tray);
    let refreshes = bench.effort.cpu_refreshes;
    let each = (refreshes * CPU_COUNT) as u32;
    let pid = tray.id().to_string();
    let (mut unchanged, mut changed, mut curls) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    // Alternating, since the speed of the machine varies from minute to minute.
    for _ in 0..refreshes {
        if let Some(curl) = &bench.curl {
            let before = cpu_time_of_children();
            curl.refresh(&bench.server, CPU_COUNT);
            curls += cpu_time_of_children() - before;
        }
        let before = cpu_time(&pid);
        tray.refresh();
        let between = cpu_time(&pid);
        bench.server.change_all();
        tray.refresh_to_change();
        unchanged += between - before;
        changed += cpu_time(&pid) - between;
    }
    let curl = bench.curl.as_ref().map(|_| curls / each);
    for (what, ours) in [("nothing has changed", unchanged / each), ("all have changed", changed / each)] {
        let row =
            Row::new(format!("CPU of one refresh, for each of {CPU_COUNT} accounts, {what}"), time(ours));
        table.add(match curl {
            Some(curl) => {
                let beside = ratio(ours, curl);
                row.beside(format!("curl {}", time(curl)), beside).goal("≤ curl", beside <= 1.0)
            }
            None => row,
        });
    }
}

/// The handshakes at the host with the most.
fn most_handshakes(before: [Tally; 2], after: [Tally; 2]) -> usize {
    let hosts = before.iter().zip(after);
    hosts.map(|(before, after)| after.handshakes - before.handshakes).max().unwrap_or_default()
}

fn of(accounts: usize) -> String {
    match accounts {
        1 => "1 account".to_owned(),
        1000 => "1,000 accounts".to_owned(),
        accounts => format!("{accounts} accounts"),
    }
}
