//! Everything the rest of the program needs to know about a provider's API, as one value beside its parser.

use crate::config::{Endpoint, Endpoints};
use crate::providers::http::Response;
use crate::quota::{Failure, Provider, Usage};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// Parses the document of a successful response (status 200). The moment is when it was received, for resets given in
/// seconds from then. The error says what is wrong with it, as a clause: "the response has no quota window".
pub type Parser = fn(&Value, DateTime<Utc>) -> Result<Usage, String>;

/// One provider.
#[derive(Debug)]
pub struct ProviderSpec {
    /// Its key and its name.
    pub provider: Provider,
    /// Its usage API.
    pub usage: UsageApi,
    /// How its tokens are renewed. `None`: this program does not renew them.
    pub renewal: Option<RenewalApi>,
    /// What its credential files have.
    pub credential: CredentialKeys,
    /// The page that shows an account's usage in a browser, by https. `None`: there is none.
    pub usage_page: Option<&'static str>,
    /// Parses a usage response.
    pub parse: Parser,
}

/// Where usage is requested, and how.
#[derive(Debug)]
pub struct UsageApi {
    /// The default endpoint; `endpoints.<key>_usage` of the settings overrides it.
    pub url: &'static str,
    /// The default `User-Agent`; `endpoints.<key>_user_agent` overrides it.
    pub user_agent: &'static str,
    /// Headers besides `Authorization`, `Accept` and `User-Agent`, with the same value for every account.
    pub headers: &'static [(&'static str, &'static str)],
    /// The header that names the account (a workspace, an organisation), sent where the credential names one.
    pub account_header: Option<&'static str>,
    /// A header, with its value, for accounts that are marked as FedRAMP.
    pub fedramp_header: Option<(&'static str, &'static str)>,
    /// What a response other than a success means, where that is special to this provider. `None`: what its status
    /// means for all of them.
    pub classify: fn(&Response) -> Option<Failure>,
}

/// Where tokens are renewed, and how (RFC 6749, section 6).
#[derive(Debug)]
pub struct RenewalApi {
    /// The default token endpoint; `endpoints.<key>_token` of the settings overrides it.
    pub url: &'static str,
    /// `client_id`.
    pub client_id: &'static str,
    /// `scope`. `None`: it is not sent.
    pub scope: Option<&'static str>,
    /// The form of the request.
    pub encoding: TokenRequestEncoding,
}

/// The encoding of a token request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRequestEncoding {
    /// `application/x-www-form-urlencoded`, as RFC 6749 has it.
    Form,
    /// `application/json`.
    Json,
}

/// Where CLIProxyAPI's credential files of a provider have what is special to it: keys of the file. Tokens, expiry and
/// e-mail address have the same keys for every provider.
#[derive(Debug)]
pub struct CredentialKeys {
    /// Names the person's account, as part of the login's identity. `None`: the files don't name it.
    pub account: Option<&'static str>,
    /// Name the organisation, as part of the identity. The first that a file has is used.
    pub organization: &'static [&'static str],
    /// Names the workspace: the value of [`UsageApi::account_header`], and part of the identity. `None`: the provider has
    /// no workspaces.
    pub workspace: Option<&'static str>,
    /// The claims to read from `id_token`. `None`: the files have no ID token, and a renewal writes none.
    pub id_token: Option<IdTokenClaims>,
}

/// The claims of an ID token that requests depend on.
#[derive(Debug)]
pub struct IdTokenClaims {
    /// The claim whose object has the others.
    pub object: &'static str,
    /// The workspace, for files that don't name it.
    pub workspace: &'static str,
    /// Whether it is a FedRAMP account: [`UsageApi::fedramp_header`].
    pub is_fedramp: &'static str,
}

impl ProviderSpec {
    /// Where usage is requested, with these settings.
    pub fn usage_endpoint(&self, settings: &Endpoints) -> Endpoint {
        let configured = settings.usage(self.provider.key()).cloned();
        configured.unwrap_or_else(|| constant(self.usage.url))
    }

    /// Where tokens are renewed, with these settings. `None`: they are not.
    pub fn token_endpoint(&self, settings: &Endpoints) -> Option<Endpoint> {
        let renewal = self.renewal.as_ref()?;
        let configured = settings.token(self.provider.key()).cloned();
        Some(configured.unwrap_or_else(|| constant(renewal.url)))
    }

    /// The `User-Agent` of usage requests, with these settings.
    pub fn user_agent<'a>(&'a self, settings: &'a Endpoints) -> &'a str {
        settings.user_agent(self.provider.key()).unwrap_or(self.usage.user_agent)
    }
}

/// An address that is part of the program, and tested.
fn constant(url: &str) -> Endpoint {
    Endpoint::parse(url).expect("the address of a provider's spec is valid")
}

/// For [`UsageApi::classify`] where no response has a special meaning.
pub fn by_status(_: &Response) -> Option<Failure> {
    None
}
