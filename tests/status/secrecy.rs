//! No token is ever shown: not in the text, the JSON, an error or the log.

use super::*;

const TOKEN: &str = "sk-ant-oat01-SECRET-access";
const SECRETS: [&str; 3] = ["SECRET", "hunter2", "dTpodW50ZXIy"];

#[track_caller]
fn keeps_quiet(scene: &Scene) {
    for arguments in
        [&["status", "-vvv"][..], &["-vvv", "status", "--format", "json"], &["-vvvvvv", "status"]]
    {
        let done = scene.run(arguments);
        for secret in SECRETS {
            assert!(!done.stdout.contains(secret) && !done.stderr.contains(secret), "{secret}: {done:?}");
        }
    }
    for (path, content) in files(&scene.state_dir()) {
        let content = String::from_utf8_lossy(&content);
        assert!(!SECRETS.iter().any(|secret| content.contains(secret)), "{}: {content}", path.display());
    }
}

#[test]
fn token_in_a_response_is_not_shown() {
    for answer in [
        Response::json(&good()),
        Response::json(&json!({"error": {"type": TOKEN, "message": TOKEN}})),
        Response::json(&json!({"error": TOKEN})).with_status(401),
        Response::json(&json!(TOKEN)),
        Response::status(200).body(TOKEN),
        Response::status(200).body(format!("<html>{TOKEN}")),
        Response::status(429).header("Retry-After", TOKEN),
        Response::status(500).header("X-Request-Id", TOKEN).body(TOKEN),
        Response::redirect(&format!("http://127.0.0.1:9/{TOKEN}")),
        Response::json(&good()).cut_after(3),
        Response::hang_up(),
    ] {
        let scene = Scene::new();
        let more =
            json!({"refresh_token": "sk-ant-ort01-SECRET", "id_token": "eyJ.SECRET", "email": "a@x.org"});
        scene.account("claude-a.json", &claude(TOKEN, more.clone()));
        scene.account("codex-a.json", &codex(TOKEN, more));
        scene.server.respond(TOKEN, answer);
        keeps_quiet(&scene);
        // A second run may leave an account in peace that has just been asked.
        assert!(scene.server.requests().len() >= 2);
    }
}

#[test]
fn token_in_a_broken_file_is_not_shown() {
    let scene = Scene::new();
    for (name, content) in [
        ("claude-half.json", format!("{{\"access_token\":\"{TOKEN}")),
        ("claude-text.json", TOKEN.to_owned()),
        ("claude-string.json", json!(TOKEN).to_string()),
        ("claude-untyped.json", json!({"access_token": TOKEN}).to_string()),
        ("claude-list.json", json!({"type": "claude", "access_token": [TOKEN]}).to_string()),
        (
            "claude-odd.json",
            claude(&format!("{TOKEN}\n"), json!({"email": "a", "expired": TOKEN})).to_string(),
        ),
        ("claude-bad.json", claude(&format!("{TOKEN} é"), json!({"email": "a"})).to_string()),
        (
            "codex-proxy.json",
            codex(TOKEN, json!({"email": "a", "proxy_url": "http://u:hunter2@"})).to_string(),
        ),
        ("codex-id.json", codex(TOKEN, json!({"email": "a", "account_id": "SECRET\u{7f}"})).to_string()),
    ] {
        scene.file(&format!("home/.cli-proxy-api/{name}"), &content);
    }
    keeps_quiet(&scene);
}

#[test]
fn password_of_a_proxy_is_not_shown() {
    let (scene, proxy) = (Scene::new(), RecordingProxy::start());
    scene.behind_tls();
    for (name, address) in [
        ("claude-1.json", format!("http://u:hunter2@{}", proxy.address())),
        ("claude-2.json", "http://u:hunter2@127.0.0.1:9".to_owned()),
        ("claude-3.json", "socks5://u:hunter2@127.0.0.1:9".to_owned()),
    ] {
        scene.account(name, &claude(TOKEN, json!({"email": "a", "proxy_url": address})));
    }
    keeps_quiet(&scene);
}

#[test]
fn verbose_flag_logs_more() {
    let said = |arguments: &[&str]| {
        let scene = Scene::new();
        scene.claude("t", Response::hang_up());
        scene.run(arguments).stderr
    };
    assert_eq!(said(&["status"]), "");
    let [some, more] = ["-v", "-vv"].map(|verbose| said(&["status", verbose]));
    assert!(some.contains("claude-t.json"), "{some}");
    assert!(more.contains("claude-t.json") && more.lines().count() > some.lines().count(), "{more}");
}
