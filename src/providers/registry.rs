//! The list of providers.

use crate::providers::spec::ProviderSpec;
use crate::providers::{claude, codex};
use crate::quota::{Failure, Provider};
use serde::{Deserialize, Deserializer, de};

/// The providers of this program: one line each.
pub static REGISTRY: Registry = Registry::new(&[&claude::SPEC, &codex::SPEC]);

/// Providers by their keys.
#[derive(Debug)]
pub struct Registry<'a> {
    specs: &'a [&'a ProviderSpec],
}

impl<'a> Registry<'a> {
    /// A registry of these providers.
    pub const fn new(specs: &'a [&'a ProviderSpec]) -> Registry<'a> {
        Registry { specs }
    }

    /// Every provider.
    pub fn specs(&self) -> impl Iterator<Item = &'a ProviderSpec> + use<'a> {
        self.specs.iter().copied()
    }

    /// Every provider's key and name.
    pub fn providers(&self) -> impl Iterator<Item = Provider> + use<'a> {
        self.specs().map(|spec| spec.provider)
    }

    /// The spec with this key, in upper or lower case: the `type` of a credential file. `None`: there is none.
    pub fn find(&self, key: &str) -> Option<&'a ProviderSpec> {
        self.specs().find(|spec| spec.provider.key().eq_ignore_ascii_case(key))
    }

    /// The spec of a provider.
    ///
    /// # Errors
    /// The provider is not in this registry: an error in the program.
    pub fn spec(&self, provider: Provider) -> Result<&'a ProviderSpec, Failure> {
        let spec = self.specs().find(|spec| spec.provider == provider);
        spec.ok_or_else(|| Failure::Internal(format!("unknown provider {}", provider.key())))
    }
}

/// A key of [`REGISTRY`]; an unknown key is an error.
impl<'de> Deserialize<'de> for Provider {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Provider, D::Error> {
        let key = String::deserialize(deserializer)?;
        let provider = REGISTRY.providers().find(|provider| provider.key() == key);
        provider.ok_or_else(|| de::Error::custom(format!("unknown provider {key:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Endpoints;
    use std::collections::BTreeSet;

    #[test]
    fn keys_are_unique_lower_case_and_in_the_order_of_the_menu() {
        let keys: Vec<_> = REGISTRY.providers().map(Provider::key).collect();
        let sorted: Vec<_> = keys.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        assert_eq!(keys, sorted);
        assert!(keys.iter().all(|key| key.bytes().all(|byte| byte.is_ascii_lowercase())), "{keys:?}");
    }

    #[test]
    fn default_endpoints_of_every_spec_are_valid() {
        for spec in REGISTRY.specs() {
            assert_eq!(spec.usage_endpoint(&Endpoints::default()).url().scheme(), "https", "{spec:?}");
            assert!(spec.usage_page.is_none_or(|page| page.starts_with("https://")), "{spec:?}");
            let token = spec.token_endpoint(&Endpoints::default());
            assert!(token.is_none_or(|endpoint| endpoint.url().scheme() == "https"), "{spec:?}");
        }
    }

    #[test]
    fn settings_template_shows_the_default_endpoints() {
        let template = include_str!("../config/template.toml");
        for spec in REGISTRY.specs() {
            let key = spec.provider.key();
            let usage = format!("# {key}_usage = \"{}\"", spec.usage.url);
            let token = spec.renewal.as_ref().map(|renewal| format!("# {key}_token = \"{}\"", renewal.url));
            for line in [usage].into_iter().chain(token) {
                assert!(template.lines().any(|found| found == line), "{line}");
            }
        }
        let agent = format!("# claude_user_agent = \"{}\"", claude::SPEC.usage.user_agent);
        assert!(template.lines().any(|found| found == agent), "{agent}");
    }

    #[test]
    fn provider_is_read_from_its_key_and_written_as_it() {
        for provider in REGISTRY.providers() {
            let json = serde_json::to_string(&provider).expect("a string");
            assert_eq!(json, format!("\"{}\"", provider.key()));
            assert_eq!(serde_json::from_str::<Provider>(&json).expect("known"), provider);
        }
        assert!(serde_json::from_str::<Provider>("\"Claude\"").is_err());
        assert!(serde_json::from_str::<Provider>("\"other\"").is_err());
        assert_eq!(REGISTRY.find("CLAUDE").map(|spec| spec.provider), Some(Provider::CLAUDE));
        assert!(REGISTRY.find("gemini").is_none());
    }
}
