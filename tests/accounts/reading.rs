//! Which files are accounts, and what is read from them.

use super::*;
use chrono::{DateTime, TimeDelta, Utc};
use quota_tray::config::{Endpoint, Endpoints, Settings, TokenRenewal};
use quota_tray::engine::{Resources, SourceSet, one_shot};
use quota_tray::providers::proxy::Proxy;
use quota_tray::quota::{AccountStatus, Provider, Snapshot};
use quota_tray::sources::cli_proxy_api::CliProxyApi;
use quota_tray::sources::{AccountSource, Clients, ListedAccount};
use std::sync::Arc;

/// The folder as a source of accounts, with a state directory of its own.
fn source(folder: PathBuf, state: &Folder, settings: &Settings) -> CliProxyApi {
    CliProxyApi::new(folder, settings, &Clients::new(state.0.path(), state.0.path(), |_| {}))
}

/// The status of each account, and whether it has a login.
fn statuses(folder: &Folder, settings: &Settings) -> Vec<(String, AccountStatus, bool)> {
    let state = Folder::new();
    let source = source(folder.0.path().to_owned(), &state, settings);
    let list = wait(AccountSource::list(&source));
    assert_eq!(list.problem, None);
    let each =
        |listed: ListedAccount| (listed.account.id.key().to_owned(), listed.status, listed.login.is_some());
    let mut all: Vec<_> = list.accounts.into_iter().map(each).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn each_kind_of_cli_proxy_api_file_is_read() {
    let login = Folder::new().with("claude-a@b.c.json", claude(json!({}))).login();
    assert_eq!((login.account.provider, login.account.email.as_str()), (Provider::CLAUDE, "a@b.c"));
    assert_eq!(login.account.id.key(), "claude-a@b.c.json");
    assert_eq!(login.access_token.expose(), "sk-ant-oat01-aaa");
    assert_eq!((login.workspace, login.proxy), (None, Proxy::System));
    assert_eq!(login.expires_at, Some("2099-08-22T22:39:03Z".parse().expect("a moment")));

    let login = Folder::new().with("codex-a@b.c-team.json", codex(json!({}))).login();
    assert_eq!((login.account.provider, login.workspace.as_deref()), (Provider::CODEX, Some("acc")));
}

#[test]
fn other_types_are_skipped() {
    let folder = Folder::new();
    for kind in ["antigravity", "kimi", "xai", "vertex", "gemini", "qwen", "something new"] {
        folder.put(&format!("{kind}-a@b.c.json"), json!({"type": kind, "email": "a@b.c"}));
        folder.put(&format!("claude-{kind}.json"), claude(json!({"type": kind})));
    }
    assert_eq!(names(&folder.scan()), [""; 0]);
}

#[test]
fn missing_or_empty_folder_has_no_accounts() {
    let folder = Folder::new();
    assert_eq!(names(&folder.scan()), [""; 0]);
    let missing = folder.path("not/there");
    assert_eq!(names(&wait(store::scan(&missing, &HashMap::new())).expect("no error").entries), [""; 0]);
}

#[test]
fn file_in_place_of_the_folder_is_an_error_with_its_name() {
    let folder = Folder::new().with("auth", "");
    let state = Folder::new();
    let source = source(folder.path("auth"), &state, &Settings::default());
    let list = wait(AccountSource::list(&source));
    assert!(list.accounts.is_empty());
    let problem = list.problem.expect("a problem");
    assert!(problem.contains(&folder.path("auth").display().to_string()), "{problem}");
}

#[test]
fn only_json_files_at_the_top_level_are_read() {
    let folder = Folder::new();
    for name in ["a.json", ".hidden.json", ".json", "UPPER.JSON", "a.b.json"] {
        folder.put(name, claude(json!({})));
    }
    for name in ["a.json.bak", ".a.json.tmp", "json", "ajson", "a.jsonl", "a.cds", "a.oauth"] {
        folder.put(name, claude(json!({})));
    }
    std::fs::create_dir(folder.path("below")).expect("made");
    folder.put("below/b.json", claude(json!({})));
    assert_eq!(names(&folder.scan()), [".hidden.json", ".json", "UPPER.JSON", "a.b.json", "a.json"]);
}

#[test]
fn directory_named_like_a_credential_is_skipped() {
    let folder = Folder::new().with("claude-a.json", claude(json!({})));
    std::fs::create_dir(folder.path("claude-dir.json")).expect("made");
    assert_eq!(names(&folder.scan()), ["claude-a.json"]);
}

#[cfg(unix)]
#[test]
fn link_is_followed_and_names_the_account() {
    let elsewhere = Folder::new().with("secret", claude(json!({"email": "linked@b.c"})));
    let folder = Folder::new();
    std::os::unix::fs::symlink(elsewhere.path("secret"), folder.path("claude-link.json")).expect("linked");
    let login = folder.login();
    assert_eq!((login.account.id.key(), login.account.email.as_str()), ("claude-link.json", "linked@b.c"));
}

#[test]
fn account_name_is_email_or_login_or_file_name() {
    for (changes, name) in [
        (json!({"login": "octo"}), "a@b.c"),
        (json!({"email": null, "login": "octo"}), "octo"),
        (json!({"email": "", "login": "octo"}), "octo"),
        (json!({"email": " ", "login": ""}), "work.json"),
        (json!({"email": 5}), "work.json"),
        (json!({"email": null}), "work.json"),
    ] {
        let login = Folder::new().with("work.json", claude(changes.clone())).login();
        assert_eq!(login.account.email, name, "{changes}");
    }
}

#[test]
fn two_logins_with_one_email_are_two_accounts() {
    let folder = Folder::new()
        .with("codex-a@b.c-plus.json", codex(json!({})))
        .with("codex-a@b.c-team.json", codex(json!({"account_id": "team"})))
        .with("claude-a@b.c.json", claude(json!({})));
    assert_eq!(
        names(&folder.scan()),
        ["claude-a@b.c.json", "codex-a@b.c-plus.json", "codex-a@b.c-team.json"]
    );
}

#[test]
fn unknown_keys_of_any_type_are_ignored() {
    let own = json!({"priority": "high", "prefix": 5, "note": {"a": [1]}, "headers": [], "status": 7,
        "disabled": null, "account_id": null, "proxy_url": ""});
    let login = Folder::new().with("codex.json", codex(own)).login();
    assert_eq!((login.workspace, login.proxy), (None, Proxy::System));
}

#[test]
fn disabled_accounts_are_omitted_unless_requested() {
    let folder = Folder::new()
        .with("claude-off.json", claude(json!({"disabled": true})))
        .with("claude-on.json", claude(json!({"disabled": false})))
        .with("claude-unsaid.json", claude(json!({"disabled": null})));
    let active = |name: &str| (name.to_owned(), AccountStatus::Active, true);
    let others = [active("claude-on.json"), active("claude-unsaid.json")];
    assert_eq!(statuses(&folder, &Settings::default()), others);
    let show = Settings { show_disabled: true, ..Settings::default() };
    let off = ("claude-off.json".to_owned(), AccountStatus::Disabled, false);
    assert_eq!(statuses(&folder, &show), [off, others[0].clone(), others[1].clone()]);
}

#[test]
fn expiry_is_read_in_every_form() {
    for (form, moment) in [
        (json!("2026-08-23T06:39:03+08:00"), "2026-08-22T22:39:03Z"),
        (json!("2026-08-22T22:39:03Z"), "2026-08-22T22:39:03Z"),
        (json!("2026-08-22T22:39:03.250Z"), "2026-08-22T22:39:03.250Z"),
        (json!("2026-08-23T06:39:03.123456789+08:00"), "2026-08-22T22:39:03.123456789Z"),
        (json!("2026-08-22 22:39"), "2026-08-22T22:39:00Z"),
        (json!("2026-08-22 22:39:03"), "2026-08-22T22:39:03Z"),
        (json!(1_787_438_343), "2026-08-22T22:39:03Z"),
        (json!(1_787_438_343_000_i64), "2026-08-22T22:39:03Z"),
        (json!("1787438343"), "2026-08-22T22:39:03Z"),
    ] {
        let login = Folder::new().with("claude.json", claude(json!({"expired": form}))).login();
        let moment: DateTime<Utc> = moment.parse().expect("a moment");
        assert_eq!(login.expires_at, Some(moment), "{form}");
    }
    for form in [json!(null), json!(""), json!("soon"), json!({}), json!(true)] {
        let login = Folder::new().with("claude.json", claude(json!({"expired": form}))).login();
        assert_eq!(login.expires_at, None, "{form}");
    }
}

#[test]
fn token_counts_as_expired_a_minute_before_its_expiry() {
    let now: DateTime<Utc> = "2026-08-22T22:39:00Z".parse().expect("a moment");
    for (seconds, expired) in [(-3600, true), (0, true), (50, true), (70, false), (3600, false)] {
        let at = now + TimeDelta::seconds(seconds);
        let login = Folder::new().with("claude.json", claude(json!({"expired": at.to_rfc3339()}))).login();
        assert_eq!(login.has_expired(now), expired, "{seconds}");
    }
    let unsaid = Folder::new().with("claude.json", claude(json!({"expired": null}))).login();
    assert!(!unsaid.has_expired(now));
}

#[test]
fn expired_account_without_renewal_gets_no_request() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    server.set_nonblocking(true).expect("set");
    let address = format!("http://{}/", server.local_addr().expect("an address"));
    let endpoint = Endpoint::parse(&address).expect("loopback");
    let endpoints = Endpoints {
        claude_usage: Some(endpoint.clone()),
        claude_token: Some(endpoint),
        ..Endpoints::default()
    };
    let settings =
        Settings { token_renewal: TokenRenewal::Never, endpoints: endpoints.into(), ..Settings::default() };
    let folder = Folder::new().with("claude.json", claude(json!({"expired": "2020-01-01T00:00:00Z"})));
    let state = Folder::new();
    let resources = Resources::new(state.0.path(), state.0.path(), |_| {});
    let sources = SourceSet::configured(folder.0.path().to_owned(), &settings, &resources);
    let snapshot = wait(one_shot::refresh(Arc::new(sources), Snapshot::default()));
    let error = &snapshot.accounts[0].error;
    assert!(matches!(error, Some(Failure::Expired(_))), "{error:?}");
    let connection = server.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(connection, Err(std::io::ErrorKind::WouldBlock));
}

#[test]
fn proxy_is_read_in_each_form() {
    let via = |text: &str| Proxy::Via(url::Url::parse(text).expect("an address"));
    for (text, proxy) in [
        ("http://10.0.0.1:8080", via("http://10.0.0.1:8080")),
        ("https://proxy.example.com", via("https://proxy.example.com")),
        ("socks5://u:p@127.0.0.1:1080", via("socks5://u:p@127.0.0.1:1080")),
        (" http://proxy:1 ", via("http://proxy:1")),
        ("direct", Proxy::Direct),
        ("none", Proxy::Direct),
        ("DIRECT", Proxy::Direct),
        ("", Proxy::System),
    ] {
        let login = Folder::new().with("claude.json", claude(json!({"proxy_url": text}))).login();
        assert_eq!(login.proxy, proxy, "{text:?}");
    }
}
