//! What the program takes, measured from outside and beside what a user would pick instead.
//!
//! ```text
//! cargo bench --bench footprint                # all of it, about six minutes
//! cargo bench --bench footprint -- --quick     # fewer and shorter runs
//! cargo bench --bench footprint -- size start  # some parts: size, start, rewrite, refresh, resting
//! FOOTPRINT_BINARY=path cargo bench …          # another release binary
//! FOOTPRINT_ACCOUNTS=100 cargo bench …         # refresh so many, of 1, 10, 100 and 1000
//! FOOTPRINT_IDLE=120 cargo bench …             # seconds of idling that are watched, 60 if not told
//! ```
//!
//! The release binary runs on a private bus with a played tray host (`tests/common`) and asks a
//! server in this process, with TLS and HTTP/2 as the real ones. Each figure has its yardstick from
//! the same run: `examples/floor.rs`, which is the least that an icon with `tray-icon` takes;
//! `footprint/peer.py`, the usual tray in Python, where its libraries are there; `curl --parallel`.
//! Seconds differ from machine to machine, ratios much less: these are what the goals are about.

#[cfg(target_os = "linux")]
#[path = "../tests/common/mod.rs"]
mod common;

#[cfg(target_os = "linux")]
#[path = "footprint"]
mod parts {
    use super::common;

    mod curl;
    mod fixture;
    mod process;
    mod programs;
    mod refresh;
    mod resting;
    mod rewrite;
    pub mod run;
    mod server;
    mod size;
    mod start;
    mod table;
    mod wire;
}

#[cfg(target_os = "linux")]
fn main() {
    parts::run::run();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("footprint: it measures on Linux, where the tray is on D-Bus and the kernel tells in /proc");
}
