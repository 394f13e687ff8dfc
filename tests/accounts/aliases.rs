//! The key names of CLIProxyAPI and related programs, and the files that it skips.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use quota_tray::credentials::file::Document;
use quota_tray::providers::proxy::Proxy;

/// An ID token with these claims under OpenAI's claim name.
fn id_token(claims: Value) -> String {
    let body = json!({"email": "a@b.c", "https://api.openai.com/auth": claims});
    format!(
        "{}.{}.c2ln",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#),
        URL_SAFE_NO_PAD.encode(body.to_string())
    )
}

#[test]
fn proxy_is_read_under_its_hyphenated_name() {
    let via = |text: &str| Proxy::Via(url::Url::parse(text).expect("an address"));
    for (changes, proxy) in [
        (json!({"proxy-url": "socks5://127.0.0.1:1080"}), via("socks5://127.0.0.1:1080")),
        (json!({"proxy-url": "direct"}), Proxy::Direct),
        (json!({"proxy-url": "http://two:1", "proxy_url": "http://one:1"}), via("http://one:1")),
        (json!({"proxy-url": "http://two:1", "proxy_url": ""}), via("http://two:1")),
        (json!({"proxy-url": "http://two:1", "proxy_url": null}), via("http://two:1")),
        (json!({"proxy-url": ""}), Proxy::System),
    ] {
        let login = Folder::new().with("claude.json", claude(changes.clone())).login();
        assert_eq!(login.proxy, proxy, "{changes}");
    }
    let words = Folder::new().with("claude.json", claude(json!({"proxy-url": "ftp://u:hunter2@h"}))).broken();
    assert!(words.contains("no proxy") && !words.contains("hunter2"), "{words}");
}

#[test]
fn hyphenated_proxy_is_part_of_the_fingerprint() {
    let folder = Folder::new().with("claude.json", claude(json!({"proxy-url": "http://one:1"})));
    let before = folder.fingerprint();
    folder.put("claude.json", claude(json!({"proxy-url": "http://two:1"})));
    assert_ne!(before, folder.fingerprint());
}

#[test]
fn workspace_is_read_under_its_hyphenated_name() {
    let hyphenated = json!({"account_id": null, "account-id": "team"});
    assert_eq!(
        Folder::new().with("codex.json", codex(hyphenated)).login().workspace.as_deref(),
        Some("team")
    );
    let both = json!({"account-id": "other"});
    assert_eq!(Folder::new().with("codex.json", codex(both)).login().workspace.as_deref(), Some("acc"));
}

#[test]
fn key_of_a_value_is_reported() {
    for (file, key, name) in [
        (json!({"proxy_url": "a", "proxy-url": "b"}), "proxy_url", "proxy_url"),
        (json!({"proxy-url": "b"}), "proxy_url", "proxy-url"),
        (json!({"proxy_url": " ", "proxy-url": "b"}), "proxy_url", "proxy-url"),
        (json!({}), "proxy_url", "proxy_url"),
        (json!({"expires_at": 1}), "expired", "expires_at"),
        (json!({"expires_at": 1, "expired": "x"}), "expired", "expired"),
        (json!({"expiry": "x", "expires": "y"}), "expired", "expiry"),
        (json!({"refresh-token": "x"}), "refresh_token", "refresh_token"),
    ] {
        let document = Document::parse(file.to_string().as_bytes()).expect("an object");
        assert_eq!(document.key_of(key), name, "{file}");
    }
}

#[test]
fn expiry_is_read_under_each_of_its_names() {
    let moment = "2099-08-22T22:39:03Z";
    let expected: DateTime<Utc> = moment.parse().expect("a moment");
    let other = "2001-01-01T00:00:00Z";
    for name in ["expired", "expire", "expires_at", "expiresAt", "expiry", "expires"] {
        for nested in
            [json!({name: moment}), json!({"token": {name: moment}}), json!({"Token": {name: moment}})]
        {
            let file = merged(claude(json!({"expired": null})), nested.clone());
            assert_eq!(
                Folder::new().with("claude.json", file).login().expires_at,
                Some(expected),
                "{nested}"
            );
        }
        let seconds = merged(claude(json!({"expired": null})), json!({name: expected.timestamp()}));
        assert_eq!(Folder::new().with("claude.json", seconds).login().expires_at, Some(expected), "{name}");
    }
    for changes in [
        json!({"expired": moment, "expires_at": other, "token": {"expired": other}}),
        json!({"expired": "", "expires_at": moment, "expiry": other}),
        json!({"expired": "soon", "expires": moment}),
        json!({"expired": {}, "token": {"expire": "", "expiry": moment}}),
    ] {
        let login = Folder::new().with("claude.json", claude(changes.clone())).login();
        assert_eq!(login.expires_at, Some(expected), "{changes}");
    }
    for none in [json!({"token": moment}), json!({"token": [moment]}), json!({"token": {}}), json!({})] {
        let file = merged(claude(json!({"expired": null})), none.clone());
        assert_eq!(Folder::new().with("claude.json", file).login().expires_at, None, "{none}");
    }
}

#[test]
fn escaped_slashes_are_unescaped() {
    let file = codex(json!({"access_token": "eyJ/aaa", "proxy_url": "http://10.0.0.1:1/"}));
    let login = Folder::new().with("codex.json", file.to_string().replace('/', "\\/")).login();
    assert_eq!(login.access_token.expose(), "eyJ/aaa");
    assert_eq!(login.proxy, Proxy::Via(url::Url::parse("http://10.0.0.1:1/").expect("an address")));
}

#[test]
fn workspace_is_read_from_the_id_token_without_one_in_the_file() {
    let token = id_token(json!({"chatgpt_account_id": "from-the-claim"}));
    for account in [json!(null), json!(""), json!(" ")] {
        let mut file = codex(json!({"id_token": token}));
        file["account_id"] = account;
        let login = Folder::new().with("codex.json", &file).login();
        assert_eq!(login.workspace.as_deref(), Some("from-the-claim"), "{file}");
    }
    let named = Folder::new().with("codex.json", codex(json!({"id_token": token}))).login();
    assert_eq!(named.workspace.as_deref(), Some("acc"));
    // The padded form, which other encoders write.
    let body =
        URL_SAFE.encode(json!({"https://api.openai.com/auth": {"chatgpt_account_id": "padded"}}).to_string());
    let padded = codex(json!({"account_id": null, "id_token": format!("e30.{body}.")}));
    assert_eq!(Folder::new().with("codex.json", padded).login().workspace.as_deref(), Some("padded"));
    // Claude's files have an `id_token`, too.
    let claude = claude(json!({"id_token": token}));
    assert_eq!(Folder::new().with("claude.json", claude).login().workspace, None);
}

#[test]
fn invalid_id_token_has_no_workspace() {
    let with_body = |body: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(body));
    for token in [
        String::new(),
        "eyJ.id".into(),
        "a".into(),
        "..".into(),
        "e30.!!!.c2ln".into(),
        with_body(""),
        with_body("[]"),
        with_body("{}"),
        with_body("{\"https://api.openai.com/auth\":5}"),
        with_body(&"[".repeat(100_000)),
        id_token(json!({"chatgpt_account_id": null, "chatgpt_account_is_fedramp": "true"})),
        id_token(json!({"chatgpt_account_id": ""})),
        id_token(json!({"chatgpt_account_id": "two\nlines"})),
        id_token(json!({"chatgpt_account_id": "é"})),
    ] {
        let file = codex(json!({"account_id": null, "id_token": token}));
        let login = Folder::new().with("codex.json", file).login();
        assert_eq!((login.workspace, login.is_fedramp), (None, false), "{token}");
    }
}

#[test]
fn fedramp_claim_is_read_and_part_of_the_fingerprint() {
    let file =
        |mark: Value| codex(json!({"id_token": id_token(json!({"chatgpt_account_is_fedramp": mark}))}));
    let folder = Folder::new().with("codex.json", file(json!(true)));
    assert!(folder.login().is_fedramp);
    let before = folder.fingerprint();
    folder.put("codex.json", file(json!(false)));
    assert!(!folder.login().is_fedramp);
    assert_ne!(before, folder.fingerprint());
}

#[test]
fn untyped_files_and_api_keys_are_skipped() {
    for (name, content) in [
        ("claude-a@b.c.json", json!({"access_token": "t"})),
        ("claude-a@b.c.json", json!({})),
        ("codex-a@b.c.json", json!({"type": ""})),
        ("codex-a@b.c.json", json!({"type": null, "access_token": "t"})),
        ("codex-a@b.c.json", json!({"type": 5, "access_token": "t"})),
        ("claude-api-key.json", json!({"type": "claude-api-key", "api_key": "k"})),
        ("claude-api-key-1.json", json!({"api-key": "k"})),
        ("work.json", json!({"type": "claude", "api_key": "k"})),
        ("codex-work.json", json!({"type": "codex", "api-key": "k", "disabled": true})),
    ] {
        assert_eq!(names(&Folder::new().with(name, &content).scan()), [""; 0], "{name}: {content}");
    }
    // A login beside an API key is still a login.
    Folder::new().with("work.json", claude(json!({"api_key": "k"}))).login();
}

#[test]
fn broken_file_is_attributed_by_the_first_word_of_its_name() {
    for name in ["claudette.json", "codexes-1.json", "claude-api-key.json", "codex-api-key-2.json"] {
        assert_eq!(names(&Folder::new().with(name, "{").scan()), [""; 0], "{name}");
    }
    for name in ["claude.json", "Claude-a@b.c.json", "codex_1.json", "codex-0a1b2c3d-a@b.c-team.json"] {
        assert_eq!(names(&Folder::new().with(name, "{").scan()), [name]);
    }
}
