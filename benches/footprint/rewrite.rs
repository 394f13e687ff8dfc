//! The D-Bus signals of a refresh of 200 accounts, of which one or none has changed.

use std::time::Duration;

use chrono::{Timelike, Utc};

use super::fixture::{BenchFixture, Refresh, Tray};
use super::run::Bench;
use super::signals::Signal;
use super::table::{Row, Table};

const ACCOUNTS: usize = 200;

/// What the rows' clock times and "resets in" would add where a minute begins in between.
const MARGIN: u32 = 10;

/// Signals of the menu and their bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    menu: (usize, usize),
    icon: (usize, usize),
}

pub fn measure(bench: &Bench, table: &mut Table) {
    bench.server.set_latency(Duration::ZERO);
    let fixture = BenchFixture::new(&bench.server, ACCOUNTS);
    let mut tray = fixture.start(&bench.programs.tray);
    let token = fixture.tokens()[ACCOUNTS / 2].to_owned();
    bench.server.set_used(&token, 50);
    tray.refresh();

    let (nothing, one) = within_a_minute(&mut tray, |tray| {
        tray.refresh();
        let nothing = Sent::by(&tray.refresh());
        bench.server.set_used(&token, 60);
        let one = Sent::by(&tray.refresh());
        bench.server.set_used(&token, 50);
        (nothing, one)
    });
    let sent = |(signals, bytes): (usize, usize)| format!("{signals} ({bytes} bytes)");
    table.add(
        Row::new("menu signals, 200 accounts, nothing changed", sent(nothing.menu))
            .goal("0", nothing.menu.0 == 0),
    );
    table.add(
        Row::new("menu signals, 200 accounts, 1 window changed", sent(one.menu))
            .goal("1, ≤ 1 KiB", one.menu.0 == 1 && one.menu.1 <= 1024),
    );
    table.add(Row::new("icon signals of a refresh by which the lowest stays the lowest", sent(one.icon)));
    table.add(Row::new("menu signals, 200 accounts, a minute later", sent(over_a_minute(&mut tray).menu)));
}

impl Sent {
    fn by(refresh: &Refresh) -> Self {
        let of = |interface: &str| {
            let signals = refresh.signals.iter().filter(|signal| signal.interface == interface);
            signals.fold((0, 0), |(count, bytes), signal: &Signal| (count + 1, bytes + signal.bytes))
        };
        Self { menu: of("com.canonical.dbusmenu"), icon: of("org.kde.StatusNotifierItem") }
    }
}

/// Runs `measure` such that no minute begins during it.
fn within_a_minute<T>(tray: &mut Tray, mut measure: impl FnMut(&mut Tray) -> T) -> T {
    loop {
        let began = Utc::now();
        if began.second() < 60 - MARGIN {
            let result = measure(tray);
            if Utc::now().minute() == began.minute() {
                return result;
            }
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// The next refresh in another minute, with the same responses.
fn over_a_minute(tray: &mut Tray) -> Sent {
    tray.refresh();
    let minute = Utc::now().minute();
    while Utc::now().minute() == minute {
        std::thread::sleep(Duration::from_millis(200));
    }
    Sent::by(&tray.refresh())
}
