//! Responses of 1 MiB, the maximum that is read: parsing takes a bounded multiple of their size, and
//! the resulting usage is small.

use super::*;
use quota_tray::providers::http::MAX_RESPONSE_BYTES;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system allocator with a count per thread, since tests run in parallel.
struct Counting;

#[global_allocator]
static MEMORY: Counting = Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

// SAFETY: every call is forwarded unchanged to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        unsafe { System.dealloc(place, layout) }
    }
}

/// The value of `make`, and the peak memory in bytes while it ran.
fn peak_memory<T>(make: impl FnOnce() -> T) -> (T, isize) {
    let before = LIVE.get();
    PEAK.set(before);
    let made = make();
    (made, PEAK.get() - before)
}

/// Bodies of 1 MiB, each filled with something else.
fn large() -> Vec<(&'static str, Vec<u8>)> {
    let fill = |head: &str, each: &dyn Fn(usize) -> String, tail: &str| {
        let mut body = head.to_owned();
        for index in 0.. {
            let element = each(index);
            if body.len() + element.len() + tail.len() > MAX_RESPONSE_BYTES {
                break;
            }
            body.push_str(&element);
        }
        (body + tail).into_bytes()
    };
    let long = "x".repeat(MAX_RESPONSE_BYTES - 500);
    vec![
        ("blanks", fill("{\"five_hour\":{\"utilization\":5}", &|_| " ".into(), "}")),
        ("zeros", fill("[0", &|_| ",0".into(), "]")),
        ("empty objects", fill("[{}", &|_| ",{}".into(), "]")),
        ("small objects", fill("[0", &|_| ",{\"\":0}".into(), "]")),
        ("keys", fill("{\"\":0", &|i| format!(",\"{i:x}\":0"), "}")),
        ("one key", fill("{\"five_hour\":null", &|_| ",\"five_hour\":{\"utilization\":5}".into(), "}")),
        (
            "unknown buckets",
            fill("{\"five_hour\":{\"utilization\":5}", &|i| format!(",\"{i:x}\":{{\"utilization\":9}}"), "}"),
        ),
        (
            "scoped limits",
            fill(
                "{\"five_hour\":{\"utilization\":5},\"limits\":[null",
                &|i| format!(",{{\"kind\":\"weekly_scoped\",\"percent\":5,\"scope\":\"{i:x}\"}}"),
                "]}",
            ),
        ),
        (
            "additional limits",
            fill(
                "{\"rate_limit\":{\"primary_window\":{\"used_percent\":5}},\"additional_rate_limits\":[null",
                &|i| {
                    format!(
                        ",{{\"limit_name\":\"{i:x}\",\"rate_limit\":{{\"primary_window\":{{\"used_percent\":5}}}}}}"
                    )
                },
                "]}",
            ),
        ),
        (
            "additional limits of one name",
            fill(
                "{\"rate_limit\":{\"primary_window\":{\"used_percent\":5}},\"additional_rate_limits\":[null",
                &|_| ",{\"limit_name\":\"a\",\"rate_limit\":{\"primary_window\":{\"used_percent\":5}}}".into(),
                "]}",
            ),
        ),
        ("generic windows", fill("[0", &|_| ",{\"5h\":0,\"percent\":5}".into(), "]")),
        ("generic keys", fill("{\"weekly\":{\"percent\":5", &|i| format!(",\"used{i:x}\":null"), "}}")),
        ("a long key", format!("{{\"{long}\":{{\"utilization\":5}},\"five_hour\":{{\"utilization\":5}}}}").into()),
        ("a long name", format!("{{\"limits\":[{{\"kind\":\"weekly_scoped\",\"percent\":5,\"scope\":\"{long}\"}}]}}").into()),
        (
            "a long limit name",
            format!(
                "{{\"rate_limit\":{{}},\"additional_rate_limits\":[{{\"limit_name\":\"{long}\",\"rate_limit\":{{\"primary_window\":{{\"used_percent\":5}}}}}}]}}"
            )
            .into(),
        ),
        ("a long plan", format!("{{\"plan_type\":\"{long}\",\"rate_limit\":{{\"primary_window\":{{\"used_percent\":5}}}}}}").into()),
        ("a long reset", format!("{{\"weekly\":{{\"percent\":5,\"resets\":\"{long}\"}}}}").into()),
        ("a long error", format!("{{\"error\":{{\"type\":\"{long}\"}}}}").into()),
        ("a long number", format!("{{\"five_hour\":{{\"utilization\":1{}}}}}", "0".repeat(MAX_RESPONSE_BYTES - 500)).into()),
        ("a long fraction", format!("{{\"five_hour\":{{\"utilization\":1.{}}}}}", "1".repeat(MAX_RESPONSE_BYTES - 500)).into()),
        ("a long text number", format!("{{\"weekly\":{{\"percent\":\"{}\"}}}}", "9".repeat(MAX_RESPONSE_BYTES - 500)).into()),
        ("no text", vec![0xff; MAX_RESPONSE_BYTES]),
        ("quotes", vec![b'"'; MAX_RESPONSE_BYTES]),
        ("backslashes", [b"{\"a\":\"".as_slice(), &vec![b'\\'; MAX_RESPONSE_BYTES - 10], b"\"}"].concat()),
    ]
}

#[test]
fn response_of_1_mib_takes_a_bounded_multiple_of_its_size() {
    for (case, body) in large() {
        assert!(
            body.len() > MAX_RESPONSE_BYTES - 1024 && body.len() <= MAX_RESPONSE_BYTES,
            "{case}: {} bytes",
            body.len()
        );
        for provider in REGISTRY.providers() {
            let ((), peak) = peak_memory(|| drop(REGISTRY.spec(provider).unwrap().parse_body(&body, now())));
            let times = peak / body.len().cast_signed();
            println!("{case}, {}: {times} times", provider.name());
            assert!(times <= 256, "{case}, {}: {times} times the body", provider.name());
        }
    }
}

#[test]
fn usage_of_a_1_mib_response_is_small() {
    let mut too_much = Vec::new();
    for (case, body) in large() {
        for provider in REGISTRY.providers() {
            let Ok(usage) = REGISTRY.spec(provider).unwrap().parse_body(&body, now()) else { continue };
            // Kept in the menu, in the snapshot and, by its keys, in the state file.
            let kept = serde_json::to_vec(&usage).unwrap().len();
            if kept > 64 * 1024 {
                let windows = usage.windows.len();
                too_much.push(format!("{case}, {}: {windows} windows, {kept} bytes", provider.name()));
            }
        }
    }
    assert!(too_much.is_empty(), "{too_much:#?}");
}
