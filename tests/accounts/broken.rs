//! Broken files: a row with the file's name and the reason, and none of its content.

use super::*;
use std::fs::File;
use std::io::Write;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

#[test]
fn broken_file_has_a_row_with_its_name_and_reason() {
    for (name, content, why) in [
        ("claude-a@b.c.json", "", "empty"),
        ("claude-a@b.c.json", "  \n", "empty"),
        ("codex-a@b.c.json", "{\"type\":\"codex\",\"access_token\":\"eyJsecret", "not JSON"),
        ("claude-a@b.c.json", "hello", "not JSON"),
        ("codex-a@b.c.json", "[]", "not a JSON object"),
        ("claude-a@b.c.json", "\"sk-ant-oat01-secret\"", "not a JSON object"),
        ("claude-a@b.c.json", "{\"type\":\"claude\"}", "access token"),
        ("work.json", "{\"type\":\"claude\",\"access_token\":\"\"}", "access token"),
        ("work.json", "{\"type\":\"codex\",\"access_token\":null}", "access token"),
        ("work.json", "{\"type\":\"codex\",\"access_token\":\"eyJ\\nsecret\"}", "access token"),
    ] {
        let words = Folder::new().with(name, content).broken();
        assert!(words.contains(name) && words.contains(why), "{content:?}: {words}");
        assert!(!words.contains("secret"), "{content:?}: {words}");
    }
}

#[test]
fn broken_file_keeps_readable_name_and_provider() {
    let folder = Folder::new().with("work.json", codex(json!({"access_token": null})));
    let entries = folder.scan();
    let account = entries[0].account();
    assert_eq!((account.provider.name(), account.email.as_str()), ("Codex", "a@b.c"));
}

#[test]
fn account_keeps_its_name_while_its_file_is_broken() {
    for content in ["", "{\"type\":\"cla", "[]", "{}", "{\"access_token\":\"t\"}"] {
        let folder = Folder::new().with("work.json", claude(json!({})));
        let before = folder.scan();
        folder.put("work.json", content);
        let after = folder.scan_knowing(&before);
        assert_eq!(names(&after), ["work.json"], "{content:?}");
        assert_eq!(after[0].account(), before[0].account(), "{content:?}");
        assert!(file_error(&after[0]).contains("work.json"), "{content:?}");
    }
}

#[test]
fn broken_files_of_other_types_are_skipped() {
    let folder = Folder::new()
        .with("gemini-a@b.c.json", "{\"type\":\"gem")
        .with("package.json", "{\"name\":\"something else\"}")
        .with("vertex-project.json", "");
    assert_eq!(names(&folder.scan()), [""; 0]);
}

#[test]
fn broken_file_does_not_hide_other_accounts() {
    let folder = Folder::new().with("claude-bad.json", "{").with("claude-good.json", claude(json!({})));
    assert_eq!(names(&folder.scan()), ["claude-bad.json", "claude-good.json"]);
}

#[test]
fn disabled_account_is_omitted_even_if_broken() {
    for wrong in
        [json!({"access_token": null}), json!({"access_token": ""}), json!({"proxy_url": "nonsense"})]
    {
        let off = merged(claude(json!({"disabled": true})), wrong.clone());
        for entry in Folder::new().with("claude-off.json", off).scan() {
            assert!(matches!(entry, Entry::Disabled(_)), "{wrong}: {entry:?}");
        }
    }
}

#[test]
fn invalid_proxy_is_reported_without_its_password() {
    for proxy in
        ["ftp://u:hunter2@h", "socks4://u:hunter2@h", "10.0.0.1:8080", "http://", "hunter2", "localhost:8080"]
    {
        let words = Folder::new().with("claude.json", claude(json!({"proxy_url": proxy}))).broken();
        assert!(words.contains("claude.json") && words.contains("proxy_url"), "{proxy}: {words}");
        assert!(!words.contains("hunter2"), "{proxy}: {words}");
    }
}

#[test]
fn file_over_1_mib_is_not_read() {
    let padding = |length: usize| " ".repeat(length - claude(json!({})).to_string().len());
    let limit = 1024 * 1024;
    let just = format!("{}{}", claude(json!({})), padding(limit));
    Folder::new().with("claude-big.json", just).login();
    let words = Folder::new()
        .with("claude-big.json", format!("{}{}", claude(json!({})), padding(limit + 1)))
        .broken();
    assert!(words.contains("claude-big.json") && words.contains("1 MiB"), "{words}");
}

#[cfg(unix)]
#[test]
fn named_pipe_is_rejected_without_blocking() {
    let folder = Folder::new().with("claude-good.json", claude(json!({})));
    let made = std::process::Command::new("mkfifo").arg(folder.path("claude-pipe.json")).status();
    assert!(made.expect("mkfifo").success());
    let entries = folder.scan();
    assert_eq!(names(&entries), ["claude-good.json", "claude-pipe.json"]);
    let pipe = entries.iter().find(|entry| entry.account().id.key() == "claude-pipe.json").expect("a row");
    assert!(file_error(pipe).contains("not a regular file"), "{}", file_error(pipe));
}

#[test]
fn scan_with_many_broken_files_takes_less_than_two_seconds() {
    let folder = Folder::new();
    for number in 0..8 {
        folder.put(&format!("claude-{number}.json"), "{");
    }
    let began = Instant::now();
    assert_eq!(folder.scan().len(), 8);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

/// Rewrites a file as CLIProxyAPI does, truncated first and then written, here in two halves, so that a reader
/// finds it empty, half and whole. Starts the next time when the token of this time was read, and ends with the
/// reader, which sends each token that it has read.
fn rewrite(folder: &Folder, tokens_read: &Receiver<String>) {
    for number in 1.. {
        let token = format!("token-{number}");
        let content = claude(json!({"access_token": token, "note": "x".repeat(number % 50)})).to_string();
        let (half, rest) = content.split_at(content.len() / 2);
        let mut file = File::create(folder.path("work.json")).expect("truncated");
        for part in [half, rest] {
            // The time is the fault: how long a busy machine leaves the file incomplete.
            std::thread::sleep(Duration::from_millis(3));
            file.write_all(part.as_bytes()).expect("written");
        }
        loop {
            match tokens_read.recv() {
                Ok(read) if read == token => break,
                // Read again before the file was truncated.
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }
}

#[test]
fn file_rewritten_in_place_is_never_read_as_broken() {
    let folder = Folder::new().with("work.json", claude(json!({"access_token": "token-0"})));
    let mut tokens = std::collections::BTreeSet::new();
    std::thread::scope(|scope| {
        let (read, tokens_read) = mpsc::channel();
        let folder = &folder;
        scope.spawn(move || rewrite(folder, &tokens_read));
        while tokens.len() < 20 {
            let login = folder.login();
            assert!(login.access_token.expose().starts_with("token-"));
            assert_eq!(login.account.email, "a@b.c");
            tokens.insert(login.access_token.expose().to_owned());
            read.send(login.access_token.expose().to_owned()).expect("the writer waits for it");
        }
    });
}
