//! The network: plain requests, without a token, to where the tokens would go. Any answer will do.

use crate::app::context::Context;
use crate::cli::doctor::{Finding, bad, doubtful, good};
use crate::config::{Endpoint, TokenRenewal};
use crate::credentials::Login;
use crate::credentials::renewal::cli_proxy_api::{self, Detection};
use crate::presenter::Locale;
use crate::providers::Http;
use crate::providers::proxy::Proxy;
use crate::quota::Provider;
use reqwest::header::HeaderMap;
use std::sync::Arc;
use tokio::task::JoinSet;
use url::Url;

pub async fn look(context: &Context, logins: &[Login]) -> Vec<Finding> {
    let (http, locale) = (Arc::new(Http::default()), context.locale);
    let mut findings = system_proxy();
    let mut asking = JoinSet::new();
    for (place, (origin, proxy)) in ways(context, logins).into_iter().enumerate() {
        let http = http.clone();
        asking.spawn(async move { (place, reach(&http, &origin, &proxy, locale).await) });
    }
    let mut found = asking.join_all().await;
    found.sort_by_key(|(place, _)| *place);
    findings.extend(found.into_iter().map(|(_, finding)| finding));
    findings.push(cli_proxy_api(context, &http).await);
    findings
}

/// Each server, by each way on which tokens travel to it.
fn ways(context: &Context, logins: &[Login]) -> Vec<(Endpoint, Proxy)> {
    let endpoints = &context.settings.endpoints;
    let claude = [&endpoints.claude_usage, &endpoints.claude_token];
    let codex = [&endpoints.codex_usage, &endpoints.codex_token];
    let mut ways: Vec<(Endpoint, Proxy)> = Vec::new();
    let mut add = |endpoint: &Endpoint, proxy: &Proxy| {
        // To http, which is on this machine, nothing travels through a proxy.
        let proxy = if endpoint.url().scheme() == "https" { proxy } else { &Proxy::System };
        let way = (origin(endpoint), proxy.clone());
        if !ways.contains(&way) {
            ways.push(way);
        }
    };
    claude.iter().chain(&codex).for_each(|endpoint| add(endpoint, &Proxy::System));
    for login in logins.iter().filter(|login| login.proxy != Proxy::System) {
        let of_provider = if login.account.provider == Provider::Claude { claude } else { codex };
        of_provider.iter().for_each(|endpoint| add(endpoint, &login.proxy));
    }
    ways
}

/// The server alone: what stands behind it is for those who have a token.
fn origin(endpoint: &Endpoint) -> Endpoint {
    Endpoint::parse(&endpoint.url().origin().ascii_serialization()).unwrap_or_else(|_| endpoint.clone())
}

async fn reach(http: &Http, origin: &Endpoint, proxy: &Proxy, locale: Locale) -> Finding {
    let way = match proxy {
        Proxy::System => String::new(),
        Proxy::Direct => ", straight, as an account asks for".into(),
        Proxy::Via(url) => format!(", through the proxy {} of an account", place(url)),
    };
    let server = origin.url().origin().ascii_serialization();
    match http.get(origin, proxy, HeaderMap::new()).await {
        Ok(answer) => good("network", format!("{server} answers ({}){way}", answer.status)),
        // What helps is in the sentence.
        Err(failure) => bad(
            "network",
            format!("{server}{way}: {}", failure.words(crate::platform::clock::now(), locale)),
            "",
        ),
    }
}

/// Host and port: an address may hold a password, too.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What the environment says of proxies.
fn system_proxy() -> Vec<Finding> {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let set =
        names.iter().filter_map(|name| Some((name, std::env::var(name).ok().filter(|v| !v.is_empty())?)));
    let finding = |(name, value): (&&str, String)| {
        // As the client does: an address without a scheme is one of http.
        let url = Url::parse(&value)
            .ok()
            .filter(Url::has_host)
            .or_else(|| Url::parse(&format!("http://{value}")).ok());
        match url {
            Some(url) => good("proxy", format!("{name} names {}", place(&url))),
            None => doubtful("proxy", format!("{name} is no address"), "mend or unset it"),
        }
    };
    let mut findings: Vec<_> = set.map(finding).collect();
    if findings.is_empty() {
        findings.push(good("proxy", "none is set in the environment"));
    }
    findings
}

async fn cli_proxy_api(context: &Context, http: &Http) -> Finding {
    let endpoints = &context.settings.endpoints.cli_proxy_api;
    match cli_proxy_api::detect(http, endpoints).await {
        Detection::Running(place) => return good("CLIProxyAPI", format!("it runs at {place}")),
        Detection::Unresponsive(place) => {
            return doubtful(
                "CLIProxyAPI",
                format!(
                    "a program on {place} accepts connections but does not answer, and may be CLIProxyAPI"
                ),
                "restart it, or set token_renewal = \"always\": with \"auto\", Quota Tray renews nothing while it is there",
            );
        }
        Detection::NotFound => {}
    }
    let places: Vec<_> = endpoints.iter().map(cli_proxy_api::address).collect();
    let state = match places.is_empty() {
        true => "no address of it is set".to_owned(),
        false => format!("it does not run at {}", places.join(", ")),
    };
    match context.settings.token_renewal {
        TokenRenewal::Never => doubtful(
            "CLIProxyAPI",
            format!("{state}, and token_renewal is \"never\": nobody renews the logins"),
            "start it, or set token_renewal to \"auto\"",
        ),
        TokenRenewal::Auto | TokenRenewal::Always => {
            good("CLIProxyAPI", format!("{state}; Quota Tray renews the logins itself"))
        }
    }
}
