//! From the start of the process to its icon, and to a menu with usage.

use std::path::Path;
use std::time::Duration;

use super::fixture::BenchFixture;
use super::run::Bench;
use super::table::{Row, Table, median, ratio, time};

const ACCOUNTS: usize = 5;

/// Longer than a start takes, so that the numbers in the menu are those of the run before.
const LATENCY: Duration = Duration::from_secs(3);

/// The start times of one program.
#[derive(Default)]
struct Starts {
    icon: Vec<Duration>,
    menu: Vec<Duration>,
}

pub fn measure(bench: &Bench, table: &mut Table) {
    bench.server.set_latency(Duration::ZERO);
    let (ours, floor) = (BenchFixture::new(&bench.server, ACCOUNTS), BenchFixture::new(&bench.server, 0));
    // Stores the values that later starts show.
    drop(ours.start(&bench.programs.tray));
    ours.fixture.host.wait_until_empty();
    bench.server.set_latency(LATENCY);
    let [mut tray, mut least, mut python] = [(); 3].map(|()| Starts::default());
    for _ in 0..bench.effort.starts {
        // Alternating, so that other load on the machine affects all of them equally.
        least.add(&floor, &mut floor.command(&bench.programs.floor));
        tray.add(&ours, &mut ours.command(Path::new(&bench.programs.tray)));
    }
    if let Ok(found) = &bench.programs.python {
        // The Python tray shows its rows before it requests usage.
        for _ in 0..bench.effort.starts.div_ceil(3) {
            let mut command = found.command(&floor, &bench.server.claude(), &bench.server.codex());
            python.add_icon(&floor, &mut command);
        }
    }
    let (ours, least_icon) = (median(tray.icon), median(least.icon));
    let beside = ratio(ours, least_icon);
    table.add(
        Row::new("start to icon registered", time(ours))
            .beside(format!("floor {}", time(least_icon)), beside)
            .goal("≤ 1.2 × floor", beside <= 1.2),
    );
    if !python.icon.is_empty() {
        let python = median(python.icon);
        table.add(
            Row::new("start to icon registered", time(ours))
                .beside(format!("Python {}", time(python)), ratio(ours, python)),
        );
    }
    let (ours, least_menu) = (median(tray.menu), median(least.menu));
    let beside = ratio(ours, least_menu);
    table.add(
        Row::new("start to menu with last known numbers", time(ours))
            .beside(format!("floor {}", time(least_menu)), beside)
            .goal("≤ 2 × floor", beside <= 2.0),
    );
}

impl Starts {
    /// One start, until the menu shows a remaining percentage.
    fn add(&mut self, fixture: &BenchFixture, command: &mut std::process::Command) {
        let (program, began, icon) = fixture.spawn(command);
        fixture.fixture.host.menu_until(|menu| menu.shows("% left"));
        self.menu.push(began.elapsed());
        self.icon.push(icon);
        drop(program);
        fixture.fixture.host.wait_until_empty();
    }

    fn add_icon(&mut self, fixture: &BenchFixture, command: &mut std::process::Command) {
        let (program, _, icon) = fixture.spawn_peer(command);
        self.icon.push(icon);
        drop(program);
        fixture.fixture.host.wait_until_empty();
    }
}
