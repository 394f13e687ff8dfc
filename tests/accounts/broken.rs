//! Files that can't be used: a row that names the file and says why, and never a word of its content.

use super::*;
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[test]
fn a_broken_file_gets_a_row_that_names_it_and_says_why() {
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
fn a_row_keeps_the_name_and_the_provider_that_the_file_still_tells() {
    let folder = Folder::new().with("work.json", codex(json!({"access_token": null})));
    let entries = folder.scan();
    let account = entries[0].account();
    assert_eq!((account.provider.name(), account.email.as_str()), ("Codex", "a@b.c"));
}

#[test]
fn an_account_keeps_its_name_while_its_file_is_broken() {
    for content in ["", "{\"type\":\"cla", "[]", "{}", "{\"access_token\":\"t\"}"] {
        let folder = Folder::new().with("work.json", claude(json!({})));
        let before = folder.scan();
        folder.put("work.json", content);
        let after = folder.scan_knowing(&before);
        assert_eq!(names(&after), ["work.json"], "{content:?}");
        assert_eq!(after[0].account(), before[0].account(), "{content:?}");
        assert!(words(&after[0]).contains("work.json"), "{content:?}");
    }
}

#[test]
fn broken_files_of_other_types_are_skipped_in_silence() {
    let folder = Folder::new()
        .with("gemini-a@b.c.json", "{\"type\":\"gem")
        .with("package.json", "{\"name\":\"something else\"}")
        .with("vertex-project.json", "");
    assert_eq!(names(&folder.scan()), [""; 0]);
}

#[test]
fn a_broken_file_hides_no_other_account() {
    let folder = Folder::new().with("claude-bad.json", "{").with("claude-good.json", claude(json!({})));
    assert_eq!(names(&folder.scan()), ["claude-bad.json", "claude-good.json"]);
}

#[test]
fn a_disabled_account_is_left_out_whatever_else_is_wrong_with_it() {
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
fn a_proxy_that_is_none_breaks_the_account_and_its_password_is_not_repeated() {
    for proxy in
        ["ftp://u:hunter2@h", "socks4://u:hunter2@h", "10.0.0.1:8080", "http://", "hunter2", "localhost:8080"]
    {
        let words = Folder::new().with("claude.json", claude(json!({"proxy_url": proxy}))).broken();
        assert!(words.contains("claude.json") && words.contains("proxy_url"), "{proxy}: {words}");
        assert!(!words.contains("hunter2"), "{proxy}: {words}");
    }
}

#[test]
fn a_file_beyond_1_mib_is_not_read() {
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
fn a_named_pipe_is_no_credential_and_is_not_waited_for() {
    let folder = Folder::new().with("claude-good.json", claude(json!({})));
    let made = std::process::Command::new("mkfifo").arg(folder.path("claude-pipe.json")).status();
    assert!(made.expect("mkfifo").success());
    let entries = folder.scan();
    assert_eq!(names(&entries), ["claude-good.json", "claude-pipe.json"]);
    let pipe = entries.iter().find(|entry| entry.account().id.key() == "claude-pipe.json").expect("a row");
    assert!(words(pipe).contains("not a regular file"), "{}", words(pipe));
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new().with("claude-a@b.c.json", claude(json!({})));
    let path = folder.path("claude-a@b.c.json");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).expect("set");
    if File::open(&path).is_ok() {
        return; // Root may read everything.
    }
    let words = folder.broken();
    assert!(words.contains("claude-a@b.c.json") && words.contains("permission"), "{words}");
}

#[test]
fn beside_many_broken_files_a_change_is_still_seen_within_two_seconds() {
    let folder = Folder::new();
    for number in 0..8 {
        folder.put(&format!("claude-{number}.json"), "{");
    }
    let began = Instant::now();
    assert_eq!(folder.scan().len(), 8);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

/// Goes on rewriting a file until it is dropped, as CLIProxyAPI does: truncated first, then written,
/// here in two halves, so that a reader finds it empty, half and whole.
struct Writer<'a>(&'a AtomicBool);

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn rewrite(folder: &Folder, stop: &AtomicBool) {
    let mut number = 0;
    while !stop.load(Ordering::SeqCst) {
        number += 1;
        let content =
            claude(json!({"access_token": format!("token-{number}"), "note": "x".repeat(number % 50)}));
        let content = content.to_string();
        let (half, rest) = content.split_at(content.len() / 2);
        let mut file = File::create(folder.path("work.json")).expect("truncated");
        for part in [half, rest] {
            // The pace of a busy machine: it is the fault that is played, nothing is waited for.
            std::thread::sleep(Duration::from_millis(3));
            file.write_all(part.as_bytes()).expect("written");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_file_that_is_rewritten_in_place_is_never_seen_broken() {
    let folder = Folder::new().with("work.json", claude(json!({"access_token": "token-0"})));
    let stop = AtomicBool::new(false);
    let mut tokens = std::collections::BTreeSet::new();
    std::thread::scope(|scope| {
        scope.spawn(|| rewrite(&folder, &stop));
        let _writer = Writer(&stop);
        while tokens.len() < 20 {
            let login = folder.login();
            assert!(login.access_token.expose().starts_with("token-"));
            assert_eq!(login.account.email, "a@b.c");
            tokens.insert(login.access_token.expose().to_owned());
        }
    });
}
