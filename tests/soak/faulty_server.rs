//! The test server as a usage API that fails a quarter of its requests, at random.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::common::{Provider, Request, Response, ServerOptions, TestServer};

/// Longer than the longest body that the program reads.
const TOO_LONG: usize = 1024 * 1024 + 1;

/// How long a connection may be idle and a slow fault may last. The timeouts of the program are longer than a test
/// has time for.
const IDLE_TIMEOUT: Duration = Duration::from_millis(150);

/// How many requests the server got.
#[derive(Default)]
pub struct Counts {
    pub requests: AtomicUsize,
    /// Those of them that got a usage response.
    pub successes: AtomicUsize,
}

/// The server, with the paths that [`Fixture::set_config`](crate::common::Fixture::set_config) writes.
pub fn start() -> (TestServer, Arc<Counts>) {
    let server =
        TestServer::start_with(ServerOptions { idle_timeout: Some(IDLE_TIMEOUT), forget_requests: true });
    let counts = Arc::<Counts>::default();
    for (seed, provider) in (0..).zip(Provider::ALL) {
        let counts = Arc::clone(&counts);
        let mut rng = fastrand::Rng::with_seed(seed);
        server.respond_at(&format!("/{}/usage", provider.key()), move |_: &Request| {
            counts.requests.fetch_add(1, Ordering::Relaxed);
            if rng.u8(..) >= 190 {
                return fault(&mut rng);
            }
            counts.successes.fetch_add(1, Ordering::Relaxed);
            Response::json(&usage(provider, &mut rng))
        });
    }
    (server, counts)
}

fn fault(rng: &mut fastrand::Rng) -> Response {
    // The first two last until the idle timeout, and are rare, since the soak waits for them.
    match rng.u8(..128) {
        0 => Response::silence(),
        1 => Response::status(200).body(vec![b' '; 50]).trickled(IDLE_TIMEOUT / 50),
        other => brief_fault(other % 14, rng),
    }
}

/// A fault that the client detects at once.
fn brief_fault(kind: u8, rng: &mut fastrand::Rng) -> Response {
    match kind {
        0 => Response::status(429).header("Retry-After", "0"),
        1 => Response::status(429).body("{\"error\":{\"type\":\"rate_limit_error\"}}"),
        2 => Response::status(401),
        3 => Response::status(403).body("{}"),
        4 => Response::status(500).body(vec![b'x'; rng.usize(..50_000)]),
        5 => Response::status(503).header("Retry-After", "10").body("<html>"),
        6 => Response::redirect("http://127.0.0.1:1/"),
        7 => Response::status(200)
            .header("Content-Type", "text/html")
            .body("<html>Sign in to the network</html>"),
        8 => Response::status(200).body("[".repeat(10_000)),
        9 => Response::status(200).header("Content-Encoding", "gzip").body(b"\x1f\x8bno gzip at all"),
        10 => Response::status(200).body(vec![b' '; TOO_LONG]),
        11 => Response::status(200).body(format!("{{\"five_hour\":{:1000}", "")).cut_after(13),
        12 => Response::endless_headers(),
        _ => Response::hang_up(),
    }
}

/// A usage response with random values, now and then of windows that are nearly used up. Its reset times move on with
/// the clock, so that each one is a new window.
fn usage(provider: Provider, rng: &mut fastrand::Rng) -> Value {
    let used = |rng: &mut fastrand::Rng| rng.u8(..=100);
    let reset = |hours: i64| -> DateTime<Utc> { Utc::now() + TimeDelta::hours(hours) };
    match provider {
        Provider::Claude => {
            let window = |rng: &mut fastrand::Rng, hours| {
                let resets_at = reset(hours).to_rfc3339();
                json!({"utilization": used(rng), "resets_at": resets_at})
            };
            let mut usage = json!({"five_hour": window(rng, 3), "seven_day": window(rng, 90)});
            if rng.bool() {
                // Windows that the API names after unreleased models come and go.
                usage[format!("code_name_{}", rng.u8(..4))] = window(rng, 20);
            }
            usage
        }
        Provider::Codex => {
            let window = |rng: &mut fastrand::Rng, hours: i64| {
                json!({
                    "used_percent": used(rng),
                    "limit_window_seconds": hours * 7_200,
                    "reset_at": reset(hours).timestamp(),
                })
            };
            json!({
                "plan_type": "plus",
                "rate_limit": {"primary_window": window(rng, 3), "secondary_window": window(rng, 84)},
            })
        }
    }
}
