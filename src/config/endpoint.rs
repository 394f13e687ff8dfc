//! Where requests go: https, or plain http on this very machine.

use serde::{Deserialize, Deserializer, de};
use std::fmt;
use url::Url;

/// The providers' addresses. Changed only for tests, gateways and the day an API moves.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Endpoints {
    /// Claude's usage.
    pub claude_usage: Endpoint,
    /// Where Claude's tokens are renewed.
    pub claude_token: Endpoint,
    /// Codex's usage.
    pub codex_usage: Endpoint,
    /// Where Codex's tokens are renewed.
    pub codex_token: Endpoint,
    /// Where a running CLIProxyAPI is looked for.
    pub cli_proxy_api: Vec<Endpoint>,
    /// The agent that asks for Claude's usage. Others than Claude Code's own were answered 429 with
    /// the same token that then got 200.
    #[serde(deserialize_with = "agent")]
    pub claude_user_agent: String,
}

impl Default for Endpoints {
    fn default() -> Endpoints {
        let known = |text: &str| Endpoint::parse(text).expect("a constant address");
        Endpoints {
            claude_usage: known("https://api.anthropic.com/api/oauth/usage"),
            claude_token: known("https://platform.claude.com/v1/oauth/token"),
            codex_usage: known("https://chatgpt.com/backend-api/wham/usage"),
            codex_token: known("https://auth.openai.com/oauth/token"),
            cli_proxy_api: vec![known("http://127.0.0.1:8317"), known("http://127.0.0.1:8318")],
            claude_user_agent: crate::providers::claude::USER_AGENT.to_owned(),
        }
    }
}

/// An address a token may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Reads an address.
    ///
    /// # Errors
    /// Anything but https, or http on a loopback address. The address is not repeated: it may hold a password.
    pub fn parse(text: &str) -> Result<Endpoint, String> {
        let expected = "expected https://…, or http://… on a loopback address";
        let url = Url::parse(text).map_err(|error| format!("{expected} ({error})"))?;
        match url.scheme() {
            "https" if url.has_host() => Ok(Endpoint(url)),
            "http" if is_loopback(&url) => Ok(Endpoint(url)),
            _ => Err(format!(
                "{expected}: over plain http to another machine, tokens would be sent unencrypted"
            )),
        }
    }

    /// The address.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// The host's name, for messages.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Endpoint, D::Error> {
        Endpoint::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

fn agent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let agent = String::deserialize(deserializer)?;
    let fits = !agent.trim().is_empty() && agent.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    fits.then_some(agent).ok_or_else(|| de::Error::custom("expected a name such as \"claude-code/2.1.0\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_goes_out_in_the_clear() {
        for good in [
            "https://api.anthropic.com/api/oauth/usage",
            "http://127.0.0.1:1234/x",
            "http://127.9.9.9/x",
            "http://[::1]:80/",
            "http://localhost:80/",
        ] {
            assert!(Endpoint::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://example.com/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com/",
            "http://10.0.0.1/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "example.com",
            "",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }
}
