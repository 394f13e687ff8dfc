//! Thousands of refreshes against a server that fails now and then: nothing may grow.
//!
//! The refresher runs in a process of its own, which is this very test binary, started again; the server
//! and what it holds stay here. `cargo test --test soak -- --ignored whole` is the long one.
#![cfg(target_os = "linux")]

mod child;
mod figures;
mod fixture;
mod server;

use figures::Figures;
use server::Server;
use std::fs::{self, File};
use std::process::Command;

/// Memory may breathe by so much, in KiB.
const BREATH: u64 = 1024;

/// What is kept and logged may grow by so much, in bytes.
const FEW_BYTES: u64 = 16 * 1024;

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

/// Lets a child refresh so often, and compares what it needs at the end with what it needed after the
/// first hundred.
fn soak(refreshes: usize) {
    let server = Server::start();
    let dir = tempfile::tempdir().expect("a folder");
    let log = dir.path().join("log");
    let output = Command::new(std::env::current_exe().expect("this is a program"))
        .args(["--exact", "child::child_process_refreshes", "--ignored", "--nocapture"])
        .env_clear()
        .env("RUST_BACKTRACE", "1")
        .env(child::SERVER, server.url())
        .env(child::FOLDER, dir.path())
        .env(child::REFRESHES, refreshes.to_string())
        .stderr(File::create(&log).expect("a file"))
        .output()
        .expect("could not start the child");
    let printed = String::from_utf8_lossy(&output.stdout);
    let logged = fs::read_to_string(&log).expect("a log");
    assert!(output.status.success(), "{printed}\n{logged}");

    let told: Vec<_> = printed.lines().filter_map(Figures::read).collect();
    assert_eq!(told.len(), 2 * child::SAMPLES, "{printed}");
    let (first, last) = told.split_at(child::SAMPLES);
    let (first, last) = (middle(first), middle(last));
    println!("after the first hundred: {first}\nafter the last:          {last}");
    println!("{logged}{} questions, {} of them answered well", server.asked(), server.well());
    // Each account was asked each time, and in vain often enough to be a test.
    assert!(server.asked() >= refreshes * fixture::ACCOUNTS / 2, "{} questions", server.asked());
    assert!(server.well() < server.asked() * 9 / 10, "{} good answers", server.well());
    assert!(last.resident <= first.resident + BREATH, "memory has grown:\n{first}\n{last}");
    assert!(last.own <= first.own + BREATH, "memory has grown:\n{first}\n{last}");
    assert_eq!(last.open_files, first.open_files, "{first}\n{last}");
    assert_eq!(last.threads, first.threads, "{first}\n{last}");
    assert!(last.kept_bytes <= first.kept_bytes + FEW_BYTES, "the state has grown:\n{first}\n{last}");
    assert!(last.logged_bytes <= FEW_BYTES, "the log has grown:\n{last}\n{logged}");
}
