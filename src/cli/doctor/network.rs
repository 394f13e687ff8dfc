//! The network: requests without a token to the servers that tokens are sent to. Any response will do.

use crate::app::context::Context;
use crate::cli::doctor::finding::{Finding, bad, doubtful, good};
use crate::config::{Endpoint, TokenRenewal};
use crate::credentials::Login;
use crate::credentials::renewal::cli_proxy_api::{self, Detection};
use crate::presenter::Locale;
use crate::providers::http::Headers;
use crate::providers::{Http, ProviderSpec, Proxy, REGISTRY};
use std::sync::Arc;
use tokio::task::JoinSet;
use url::Url;

pub async fn check(context: &Context, logins: &[Login]) -> Vec<Finding> {
    let (http, locale) = (Arc::new(Http::default()), context.locale);
    let mut findings = system_proxy();
    let mut requests = JoinSet::new();
    for (position, (origin, proxy)) in routes(context, logins).into_iter().enumerate() {
        let http = http.clone();
        requests.spawn(async move { (position, reach(&http, &origin, &proxy, locale).await) });
    }
    let mut found = requests.join_all().await;
    found.sort_by_key(|(position, _)| *position);
    findings.extend(found.into_iter().map(|(_, finding)| finding));
    findings.push(cli_proxy_api(context, &http).await);
    findings
}

/// Each server, with each proxy through which tokens travel to it.
fn routes(context: &Context, logins: &[Login]) -> Vec<(Endpoint, Proxy)> {
    let settings = &context.settings.endpoints;
    let endpoints = |spec: &ProviderSpec| {
        std::iter::once(spec.usage_endpoint(settings)).chain(spec.token_endpoint(settings))
    };
    let mut routes: Vec<(Endpoint, Proxy)> = Vec::new();
    let mut add = |endpoint: &Endpoint, proxy: &Proxy| {
        // Requests to http, which is on this machine, use no proxy.
        let proxy = if endpoint.url().scheme() == "https" { proxy } else { &Proxy::System };
        let route = (origin(endpoint), proxy.clone());
        if !routes.contains(&route) {
            routes.push(route);
        }
    };
    REGISTRY.specs().flat_map(endpoints).for_each(|endpoint| add(&endpoint, &Proxy::System));
    for login in logins.iter().filter(|login| login.proxy != Proxy::System) {
        let spec = REGISTRY.spec(login.account.provider).ok();
        spec.into_iter().flat_map(endpoints).for_each(|endpoint| add(&endpoint, &login.proxy));
    }
    routes
}

/// The server without the path.
fn origin(endpoint: &Endpoint) -> Endpoint {
    Endpoint::parse(&endpoint.url().origin().ascii_serialization()).unwrap_or_else(|_| endpoint.clone())
}

async fn reach(http: &Http, origin: &Endpoint, proxy: &Proxy, locale: Locale) -> Finding {
    let route = match proxy {
        Proxy::System => String::new(),
        Proxy::Direct => " without a proxy, as an account is configured".into(),
        Proxy::Via(url) => format!(" through the proxy {} of an account", host_and_port(url)),
    };
    let server = origin.url().origin().ascii_serialization();
    match http.get(origin, proxy, Headers::default()).await {
        Ok(response) => good("network", format!("{server} responds ({}){route}", response.status)),
        // The message has the remedy.
        Err(failure) => bad(
            "network",
            format!("{server}{route}: {}", failure.message(crate::platform::clock::now(), locale)),
            "",
        ),
    }
}

/// Host and port only: the address may hold a password.
fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The proxies in the environment.
fn system_proxy() -> Vec<Finding> {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let set =
        names.iter().filter_map(|name| Some((name, std::env::var(name).ok().filter(|v| !v.is_empty())?)));
    let finding = |(name, value): (&&str, String)| {
        // As in reqwest: an address without a scheme is http.
        let url = Url::parse(&value)
            .ok()
            .filter(Url::has_host)
            .or_else(|| Url::parse(&format!("http://{value}")).ok());
        match url {
            Some(url) => good("proxy", format!("{name} is {}", host_and_port(&url))),
            None => doubtful("proxy", format!("{name} is not a valid address"), "fix or unset it"),
        }
    };
    let mut findings: Vec<_> = set.map(finding).collect();
    if findings.is_empty() {
        findings.push(good("proxy", "none in the environment"));
    }
    findings
}

async fn cli_proxy_api(context: &Context, http: &Http) -> Finding {
    let endpoints = &context.settings.endpoints.cli_proxy_api;
    match cli_proxy_api::detect(http, endpoints).await {
        Detection::Running(address) => return good("CLIProxyAPI", format!("running at {address}")),
        Detection::Unresponsive(address) => {
            return doubtful(
                "CLIProxyAPI",
                format!(
                    "a program at {address} accepts connections but does not respond, and may be CLIProxyAPI"
                ),
                "restart it, or set token_renewal = \"always\": with \"auto\", Quota Tray renews no tokens in this state",
            );
        }
        Detection::NotFound => {}
    }
    let addresses: Vec<_> = endpoints.iter().map(cli_proxy_api::address).collect();
    let state = match addresses.is_empty() {
        true => "no address configured".to_owned(),
        false => format!("not running at {}", addresses.join(", ")),
    };
    match context.settings.token_renewal {
        TokenRenewal::Never => doubtful(
            "CLIProxyAPI",
            format!("{state}, and token_renewal is \"never\": no program renews the tokens"),
            "start it, or set token_renewal to \"auto\"",
        ),
        TokenRenewal::Auto | TokenRenewal::Always => {
            good("CLIProxyAPI", format!("{state}; Quota Tray renews the tokens itself"))
        }
    }
}
