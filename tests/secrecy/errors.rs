//! Every error path, with servers that repeat what they were told.

use super::{Stage, Watched};
use crate::common::Answer;
use crate::ledger::Kind;
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

/// One way for things to go wrong.
struct Fault {
    what: &'static str,
    arrange: fn(&Stage),
}

/// All that a server could say back.
fn everything(kind: Kind) -> String {
    let tokens = [kind.refresh(1), kind.access(1), kind.refresh(2), kind.access(2), kind.id(2)];
    json!({"error": {"type": tokens[0], "code": tokens[1], "message": tokens}, "error_description": tokens,
        "access_token": tokens[3].as_str(), "refresh_token": [tokens[2]]})
    .to_string()
}

fn token_server_says(stage: &Stage, status: u16) {
    let kind = stage.kind;
    let header = kind.refresh(1);
    let answer = Answer::status(status).header("Retry-After", &header).header("X-Request-Id", &header);
    stage
        .ledger
        .instead(answer.header("Location", &format!("http://127.0.0.1:9/{header}")).body(everything(kind)));
}

fn after(stage: &Stage, answer: fn(Value) -> Answer) {
    stage.ledger.after(answer);
}

const FAULTS: [Fault; 24] = [
    Fault { what: "500", arrange: |stage| token_server_says(stage, 500) },
    Fault { what: "429", arrange: |stage| token_server_says(stage, 429) },
    Fault { what: "403", arrange: |stage| token_server_says(stage, 403) },
    Fault { what: "400", arrange: |stage| token_server_says(stage, 400) },
    Fault { what: "401", arrange: |stage| token_server_says(stage, 401) },
    Fault { what: "302", arrange: |stage| token_server_says(stage, 302) },
    Fault {
        what: "a dead token",
        arrange: |stage| {
            let body = json!({"error": "invalid_grant", "error_description": everything(stage.kind)});
            stage.ledger.instead(Answer::json(&body).with_status(400));
        },
    },
    Fault {
        what: "a web page",
        arrange: |stage| {
            let page = format!("<html>{}", everything(stage.kind));
            stage.ledger.instead(Answer::status(200).body(page));
        },
    },
    Fault {
        what: "an answer of the wrong types",
        arrange: |stage| {
            let answer = json!({"access_token": {"x": stage.kind.access(2)}, "refresh_token": [stage.kind.refresh(2)]});
            stage.ledger.instead(Answer::json(&answer));
        },
    },
    Fault {
        what: "an answer that breaks off early",
        arrange: |stage| {
            after(stage, |answer| Answer::json(&answer).cut_after(100));
        },
    },
    Fault {
        what: "an answer that breaks off late",
        arrange: |stage| {
            after(stage, |answer| {
                let length = answer.to_string().len();
                Answer::json(&answer).cut_after(length - 3)
            });
        },
    },
    Fault { what: "a hang-up", arrange: |stage| after(stage, |_| Answer::hang_up()) },
    Fault { what: "an answer without end", arrange: |stage| after(stage, |_| Answer::endless_headers()) },
    Fault {
        what: "a long answer",
        arrange: |stage| {
            after(stage, |mut answer| {
                answer["x"] = everything(Kind::Claude).repeat(200).into();
                Answer::json(&answer)
            });
        },
    },
    Fault {
        what: "an answer that is not UTF-8",
        arrange: |stage| {
            after(stage, |answer| {
                let mut body = answer.to_string().into_bytes();
                body.truncate(body.len() - 4);
                body.extend(b"\xff\xfe");
                Answer::status(200).body(body)
            });
        },
    },
    Fault {
        what: "an answer that says it is packed",
        arrange: |stage| {
            after(stage, |answer| Answer::json(&answer).header("Content-Encoding", "gzip"));
        },
    },
    Fault {
        what: "a usage server that refuses everything",
        arrange: |stage| stage.ledger.refuses(0..9, 401),
    },
    Fault { what: "a usage server that fails", arrange: |stage| stage.ledger.refuses(0..9, 500) },
    Fault { what: "a usage server that has enough", arrange: |stage| stage.ledger.refuses(0..9, 429) },
    Fault {
        what: "renewal switched off",
        arrange: |stage| stage.scene.set_config("token_renewal = \"never\""),
    },
    Fault { what: "a file that was just changed", arrange: |stage| stage.age_file(1) },
    Fault {
        what: "a journal that can't be read",
        arrange: |stage| {
            fs::create_dir_all(stage.renewals()).expect("made");
            fs::write(stage.journal(), everything(stage.kind)).expect("written");
        },
    },
    Fault {
        what: "a journal that can't be opened",
        arrange: |stage| {
            fs::create_dir_all(stage.journal()).expect("made");
        },
    },
    Fault {
        what: "no proxy",
        arrange: |stage| {
            let proxy =
                format!("{{\"proxy_url\":\"http://{}:x@127.0.0.1:9\",", &stage.kind.access(1)[20..36]);
            stage.write(stage.text().replacen('{', &proxy, 1));
            let endpoints = ["claude_token", "claude_usage", "codex_token", "codex_usage"];
            let lines = endpoints.map(|name| format!("{name} = \"https://localhost:9/\"\n"));
            stage.scene.set_config(&format!("[endpoints]\ncli_proxy_api = []\n{}", lines.concat()));
        },
    },
];

#[test]
fn whatever_goes_wrong_status_keeps_quiet() {
    for kind in [Kind::Claude, Kind::Codex] {
        for Fault { what, arrange } in FAULTS {
            let mut stage = Stage::new(kind);
            stage.may_lose_an_answer();
            arrange(&stage);
            // These search what they print, and the stage its files when it goes.
            let row = stage.status();
            assert!(!row.stderr.is_empty(), "{what}: {row:?}");
            stage.person_reads();
            stage.status();
        }
    }
}

#[test]
fn whatever_goes_wrong_the_tray_keeps_quiet() {
    for Fault { what, arrange } in FAULTS {
        let mut stage = Stage::claude();
        stage.may_lose_an_answer();
        arrange(&stage);
        let watched = Watched::start(&stage, stage.scene.command(), &["-vvv"]);
        println!("{what}");
        watched.lets_nothing_out(|menu| menu.shows("alice@example.com"));
    }
}

/// The program in a shell that lets no file grow beyond 8 KiB.
#[test]
fn a_full_disk_keeps_quiet() {
    let stage = Stage::codex();
    let command = stage.scene.command();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .env_clear();
    shell.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    Watched::start(&stage, shell, &["-vvv"]).lets_nothing_out(|menu| menu.shows("token expired"));
}

/// A file is swapped, written back and broken under a running tray, with tokens in all of it.
#[test]
fn a_file_that_changes_under_the_tray_keeps_quiet() {
    let mut stage = Stage::claude();
    let spent = stage.text();
    let watched = Watched::start(&stage, stage.scene.command(), &["-vvv"]);
    let host = &stage.scene.host;
    host.menu_until(|menu| menu.shows("42% left"));
    stage.write_now(&spent);
    stage.until("the repair", |stage| stage.holds(2));
    let whole = stage.text();
    stage.write_now(&whole[..whole.len() - 20]);
    host.menu_until(|menu| menu.shows("invalid credential file"));
    stage.write_now(format!("\"{}\"", stage.kind.access(2)));
    host.menu_until(|menu| menu.shows("it is not a JSON"));
    stage.write_now(whole.replace("\"claude\"", &format!("\"{}\"", stage.kind.refresh(2))));
    host.menu_until(|menu| !menu.shows("alice@example.com"));
    stage.write_now(&whole);
    watched.lets_nothing_out(|menu| menu.shows("alice@example.com — 42% left"));
    stage.may_lose_an_answer();
}
