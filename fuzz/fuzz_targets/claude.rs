//! The body of a Claude usage response.
//! Starts from the fixtures of the tests, see `fuzz/run`.
#![no_main]

mod invariants;

use libfuzzer_sys::fuzz_target;
use quota_tray::quota::Provider;

fuzz_target!(|body: &[u8]| invariants::response(Provider::CLAUDE, body));
