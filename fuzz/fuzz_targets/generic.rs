//! The generic parser for responses of unknown shape, without the parsers that precede it.
//! Starts from the fixtures of the tests, see `fuzz/run`.
#![no_main]

#[allow(dead_code, reason = "each target uses its own part of it")]
mod invariants;

use libfuzzer_sys::fuzz_target;
use quota_tray::providers::generic;
use std::collections::HashSet;

fuzz_target!(|body: &[u8]| {
    let Ok(document) = serde_json::from_slice(body) else { return };
    let windows = generic::parse(&document, invariants::now());
    windows.iter().for_each(invariants::assert_valid_window);
    assert!(windows.len() <= 4, "more windows than titles: {windows:?}");
    let titles: HashSet<_> = windows.iter().map(|window| &window.title).collect();
    let keys: HashSet<_> = windows.iter().map(|window| &window.key).collect();
    assert_eq!((titles.len(), keys.len()), (windows.len(), windows.len()), "{windows:?}");
});
