//! The resource use of the program, measured from outside and compared with the alternatives.
//!
//! ```text
//! cargo bench --bench footprint                # all of it, about six minutes
//! cargo bench --bench footprint -- --quick     # fewer and shorter runs
//! cargo bench --bench footprint -- size start  # some parts: size, start, rewrite,
//!                                              # refresh, memory, idle
//! FOOTPRINT_BINARY=path cargo bench …          # another release binary
//! FOOTPRINT_ACCOUNTS=100 cargo bench …         # refresh only this many: 1, 10, 100 or 1000
//! FOOTPRINT_IDLE=120 cargo bench …             # seconds of idling to measure, 60 by default
//! ```
//!
//! The release binary runs on a private bus with a simulated tray host (`tests/common`) and sends its requests
//! to a server in this process, with TLS and HTTP/2 like the real ones. Memory is measured as a user has it: one copy of
//! a program at a time, with its file in the page cache. Each figure is compared with a
//! yardstick from the same run: `examples/floor.rs`, the minimum for an icon with `ksni`;
//! `footprint/peer.py`, a typical tray in Python, if its libraries are installed; `curl --parallel`.
//! Seconds differ between machines, ratios much less, so the goals are ratios.

#[cfg(target_os = "linux")]
#[path = "../tests/common/mod.rs"]
mod common;

#[cfg(target_os = "linux")]
#[path = "footprint"]
mod parts {
    use super::common;

    mod curl;
    mod fixture;
    mod idle;
    mod memory;
    mod process;
    mod programs;
    mod refresh;
    mod rewrite;
    pub mod run;
    mod server;
    mod signals;
    mod size;
    mod start;
    mod table;
}

#[cfg(target_os = "linux")]
fn main() {
    parts::run::run();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("footprint: it runs on Linux only: it needs D-Bus and /proc");
}
