//! The section `[endpoints]`: addresses in place of the providers' own.

use crate::config::endpoint::Endpoint;
use serde::{Deserialize, Deserializer, de};

/// Addresses to use in place of those of the providers' specs: for tests, for gateways, and if an API moves. `None`: the
/// address in the spec.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Endpoints {
    /// Claude's usage API.
    pub claude_usage: Option<Endpoint>,
    /// Claude's token endpoint.
    pub claude_token: Option<Endpoint>,
    /// Codex's usage API.
    pub codex_usage: Option<Endpoint>,
    /// Codex's token endpoint.
    pub codex_token: Option<Endpoint>,
    /// Where a running CLIProxyAPI is looked for.
    pub cli_proxy_api: Vec<Endpoint>,
    /// The `User-Agent` of requests for Claude's usage.
    #[serde(deserialize_with = "user_agent")]
    pub claude_user_agent: Option<String>,
}

impl Default for Endpoints {
    fn default() -> Endpoints {
        let known = |text: &str| Endpoint::parse(text).expect("a constant address");
        Endpoints {
            claude_usage: None,
            claude_token: None,
            codex_usage: None,
            codex_token: None,
            cli_proxy_api: vec![known("http://127.0.0.1:8317"), known("http://127.0.0.1:8318")],
            claude_user_agent: None,
        }
    }
}

impl Endpoints {
    /// `<provider>_usage`, by the provider's key.
    pub fn usage(&self, provider: &str) -> Option<&Endpoint> {
        match provider {
            "claude" => self.claude_usage.as_ref(),
            "codex" => self.codex_usage.as_ref(),
            _ => None,
        }
    }

    /// `<provider>_token`.
    pub fn token(&self, provider: &str) -> Option<&Endpoint> {
        match provider {
            "claude" => self.claude_token.as_ref(),
            "codex" => self.codex_token.as_ref(),
            _ => None,
        }
    }

    /// `<provider>_user_agent`.
    pub fn user_agent(&self, provider: &str) -> Option<&str> {
        self.claude_user_agent.as_deref().filter(|_| provider == "claude")
    }
}

fn user_agent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let agent = String::deserialize(deserializer)?;
    let is_valid =
        !agent.trim().is_empty() && agent.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    match is_valid {
        true => Ok(Some(agent)),
        false => Err(de::Error::custom("expected a name such as \"claude-code/2.1.0\"")),
    }
}
