//! How an account's requests travel: through the system's proxy, directly, or through a proxy of the account's own.

use url::Url;

/// The schemes of a proxy.
const SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// The route of an account's requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Proxy {
    /// The system's settings decide: `HTTPS_PROXY` and the like, or the desktop's proxy.
    #[default]
    System,
    /// No proxy, whatever the system's settings say.
    Direct,
    /// This proxy: http, https or socks5.
    Via(Url),
}

impl Proxy {
    /// Parses `proxy_url` of a credential file, in CLIProxyAPI's syntax: an address, or "direct" or "none" for no proxy.
    /// `None` is the system's proxy.
    ///
    /// # Errors
    /// The text is no proxy address. The error does not repeat it: it may hold a password.
    pub fn parse(text: Option<&str>) -> Result<Proxy, String> {
        let Some(text) = text else { return Ok(Proxy::System) };
        if ["direct", "none"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return Ok(Proxy::Direct);
        }
        match Url::parse(text) {
            Ok(url) if SCHEMES.contains(&url.scheme()) && url.has_host() => Ok(Proxy::Via(url)),
            _ => {
                Err("its proxy_url is no proxy; expected http://…, https://…, socks5://…, or \"direct\""
                    .into())
            }
        }
    }
}
