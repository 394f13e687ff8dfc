//! Thousands of refreshes against a server that fails now and then: nothing may grow.
//!
//! The refresher runs in a process of its own, this test binary started again, so that the server and its memory
//! are not measured. `cargo test --test soak -- --ignored whole` is the long version.
#![cfg(target_os = "linux")]

mod child;
#[path = "../common/mod.rs"]
mod common;
mod credentials;
mod faulty_server;
mod figures;

use std::fs::{self, File};
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use common::Fixture;
use figures::Figures;

/// By how much memory may vary, in KiB.
const MEMORY_TOLERANCE: u64 = 1024;

/// By how much the state and the log may grow, in bytes.
const DISK_TOLERANCE: u64 = 16 * 1024;

#[test]
fn resources_are_constant_over_200_refreshes() {
    soak(200);
}

#[test]
#[ignore = "ten thousand refreshes take minutes"]
fn resources_are_constant_over_the_whole_10000_refreshes() {
    soak(10_000);
}

/// The sample that needs neither the most nor the least memory.
fn middle(samples: &[Figures]) -> &Figures {
    let mut samples: Vec<_> = samples.iter().collect();
    samples.sort_by_key(|figures| figures.own);
    samples[samples.len() / 2]
}

/// Runs so many refreshes in a child, and compares its needs at the end with those after the first hundred.
fn soak(refreshes: usize) {
    let mut fixture = Fixture::new();
    let (server, counts) = faulty_server::start();
    fixture.server = server;
    // Renewals have tests of their own, and wait for minutes.
    fixture.set_config("token_renewal = \"never\"");
    let log = fixture.dir().join("log");
    let environment = fixture.command();
    let output = Command::new(std::env::current_exe().expect("this is a program"))
        .args(["--exact", "child::child_process_refreshes", "--ignored", "--nocapture"])
        .env_clear()
        .envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("RUST_BACKTRACE", "1")
        .env(child::REFRESHES, refreshes.to_string())
        .stderr(File::create(&log).expect("could not create the log"))
        .output()
        .expect("could not start the child");
    let printed = String::from_utf8_lossy(&output.stdout);
    let logged = fs::read_to_string(&log).expect("could not read the log");
    assert!(output.status.success(), "{printed}\n{logged}");

    let all: Vec<_> = printed.lines().filter_map(Figures::from_line).collect();
    assert_eq!(all.len(), 2 * child::SAMPLES, "{printed}");
    let (first, last) = all.split_at(child::SAMPLES);
    let (first, last) = (middle(first), middle(last));
    println!("after the first hundred: {first}\nafter the last:          {last}");
    let (requests, successes) = (counts.requests.load(Relaxed), counts.successes.load(Relaxed));
    println!("{logged}{requests} requests, {successes} of them with a usage response");
    // Each refresh made requests for its accounts, and enough of them failed for this to be a test.
    assert!(requests >= refreshes * credentials::ACCOUNTS / 2, "{requests} requests");
    assert!(successes < requests * 9 / 10, "{successes} usage responses to {requests} requests");
    assert!(last.resident <= first.resident + MEMORY_TOLERANCE, "memory has grown:\n{first}\n{last}");
    assert!(last.own <= first.own + MEMORY_TOLERANCE, "memory has grown:\n{first}\n{last}");
    assert_eq!(last.open_files, first.open_files, "{first}\n{last}");
    assert_eq!(last.threads, first.threads, "{first}\n{last}");
    assert!(last.state_bytes <= first.state_bytes + DISK_TOLERANCE, "the state has grown:\n{first}\n{last}");
    assert!(last.logged_bytes <= DISK_TOLERANCE, "the log has grown:\n{last}\n{logged}");
}
