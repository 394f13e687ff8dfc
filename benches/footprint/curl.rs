//! The yardstick of a refresh: `curl --parallel` with the same requests at the same server.

use std::process::Command;
use std::time::{Duration, Instant};

use super::server::Server;

/// curl up to 8.15 takes a higher `--parallel-max` for a mistake and falls back to 50.
const MAX_PARALLEL: usize = 300;

/// An installed curl.
pub struct Curl {
    /// "curl 7.88.1".
    pub version: String,
}

/// One refresh by curl.
pub struct Run {
    /// From its start to its end.
    pub whole: Duration,
    /// Its figure for the slowest transfer (`%{time_total}`): without start, certificates read, end.
    pub slowest: Duration,
}

impl Curl {
    /// `None`: there is no curl with HTTP/2.
    pub fn find() -> Option<Self> {
        let output = Command::new("curl").arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        text.contains("HTTP2").then_some(Self { version })
    }

    /// Sends a request per account, half of them to each provider.
    pub fn refresh(&self, server: &Server, accounts: usize) -> Run {
        let requests = server.requests();
        let (claude, codex) = (accounts.div_ceil(2), accounts / 2);
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--parallel", "--http2"])
            .args(["--parallel-max", &accounts.min(MAX_PARALLEL).to_string()])
            .args(["--header", "Authorization: Bearer of-curl", "--header", "Accept: application/json"])
            .args(["--write-out", "%{stderr}%{time_total}\n"])
            .arg("--cacert")
            .arg(server.bundle());
        for (url, count) in [(server.claude(), claude), (server.codex(), codex)] {
            if count > 0 {
                curl.args(["--output", "/dev/null", &format!("{url}?[1-{count}]")]);
            }
        }
        let began = Instant::now();
        let output = curl.env_remove("SSL_CERT_FILE").output().expect("could not start curl");
        let whole = began.elapsed();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "curl failed: {stderr}");
        assert_eq!(server.requests() - requests, accounts, "curl has not requested all accounts");
        let times = stderr.lines().filter_map(|line| line.parse::<f64>().ok());
        Run { whole, slowest: Duration::from_secs_f64(times.fold(0.0, f64::max)) }
    }
}
