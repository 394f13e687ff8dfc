//! An address that requests may be sent to: https, or plain http on this machine.

use serde::{Deserialize, Deserializer, de};
use std::fmt;
use url::Url;

/// An address a token may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Parses an address.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_is_https_or_on_a_loopback_address() {
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
