//! How large the binary is.

use std::fs;
use std::path::Path;

use super::run::Bench;
use super::table::{Row, Table, mebibytes};

const MOST: u64 = 6 << 20;

pub fn measure(bench: &Bench, table: &mut Table) {
    let size = |program: &Path| fs::metadata(program).expect("it was there a moment ago").len();
    let (tray, floor) = (size(&bench.programs.tray), size(&bench.programs.floor));
    table.add(
        Row::new("binary, stripped", mebibytes(tray))
            .beside(format!("floor {}", mebibytes(floor)), tray as f64 / floor as f64)
            .goal("≤ 6 MiB", tray <= MOST),
    );
}
