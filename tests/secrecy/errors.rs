//! Every error path, with servers that repeat the tokens that they received.

use super::RecordedTray;
use crate::common::{Provider, Response, SingleLogin, tokens_of};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

/// A fault and how to cause it.
struct Fault {
    what: &'static str,
    arrange: fn(&SingleLogin),
}

/// An error body that repeats every token.
fn body_with_all_tokens(provider: Provider) -> String {
    let tokens = tokens_of(provider);
    let tokens = [tokens.refresh(1), tokens.access(1), tokens.refresh(2), tokens.access(2), tokens.id(2)];
    json!({"error": {"type": tokens[0], "code": tokens[1], "message": tokens}, "error_description": tokens,
        "access_token": tokens[3].as_str(), "refresh_token": [tokens[2]]})
    .to_string()
}

fn respond_with_tokens(fixture: &SingleLogin, status: u16) {
    let header = fixture.tokens.refresh(1);
    let response = Response::status(status).header("Retry-After", &header).header("X-Request-Id", &header);
    fixture.ledger.respond(
        response
            .header("Location", &format!("http://127.0.0.1:9/{header}"))
            .body(body_with_all_tokens(fixture.provider)),
    );
}

fn respond_after_renewal(fixture: &SingleLogin, response: fn(Value) -> Response) {
    fixture.ledger.respond_with(response);
}

const FAULTS: [Fault; 24] = [
    Fault { what: "500", arrange: |fixture| respond_with_tokens(fixture, 500) },
    Fault { what: "429", arrange: |fixture| respond_with_tokens(fixture, 429) },
    Fault { what: "403", arrange: |fixture| respond_with_tokens(fixture, 403) },
    Fault { what: "400", arrange: |fixture| respond_with_tokens(fixture, 400) },
    Fault { what: "401", arrange: |fixture| respond_with_tokens(fixture, 401) },
    Fault { what: "302", arrange: |fixture| respond_with_tokens(fixture, 302) },
    Fault {
        what: "a dead token",
        arrange: |fixture| {
            let body = json!({"error": "invalid_grant", "error_description": body_with_all_tokens(fixture.provider)});
            fixture.ledger.respond(Response::json(&body).with_status(400));
        },
    },
    Fault {
        what: "a web page",
        arrange: |fixture| {
            let page = format!("<html>{}", body_with_all_tokens(fixture.provider));
            fixture.ledger.respond(Response::status(200).body(page));
        },
    },
    Fault {
        what: "a response of the wrong types",
        arrange: |fixture| {
            let response = json!({"access_token": {"x": fixture.tokens.access(2)}, "refresh_token": [fixture.tokens.refresh(2)]});
            fixture.ledger.respond(Response::json(&response));
        },
    },
    Fault {
        what: "a response that breaks off early",
        arrange: |fixture| {
            respond_after_renewal(fixture, |response| Response::json(&response).cut_after(100));
        },
    },
    Fault {
        what: "a response that breaks off late",
        arrange: |fixture| {
            respond_after_renewal(fixture, |response| {
                let length = response.to_string().len();
                Response::json(&response).cut_after(length - 3)
            });
        },
    },
    Fault { what: "a hang-up", arrange: |fixture| respond_after_renewal(fixture, |_| Response::hang_up()) },
    Fault {
        what: "a response without end",
        arrange: |fixture| respond_after_renewal(fixture, |_| Response::endless_headers()),
    },
    Fault {
        what: "a long response",
        arrange: |fixture| {
            respond_after_renewal(fixture, |mut response| {
                response["x"] = body_with_all_tokens(Provider::Claude).repeat(200).into();
                Response::json(&response)
            });
        },
    },
    Fault {
        what: "a response that is not UTF-8",
        arrange: |fixture| {
            respond_after_renewal(fixture, |response| {
                let mut body = response.to_string().into_bytes();
                body.truncate(body.len() - 4);
                body.extend(b"\xff\xfe");
                Response::status(200).body(body)
            });
        },
    },
    Fault {
        what: "a response that says it is packed",
        arrange: |fixture| {
            respond_after_renewal(fixture, |response| {
                Response::json(&response).header("Content-Encoding", "gzip")
            });
        },
    },
    Fault {
        what: "a usage server that refuses everything",
        arrange: |fixture| fixture.ledger.refuse_access_tokens(0..9, 401),
    },
    Fault {
        what: "a usage server that fails",
        arrange: |fixture| fixture.ledger.refuse_access_tokens(0..9, 500),
    },
    Fault {
        what: "a usage server that has enough",
        arrange: |fixture| fixture.ledger.refuse_access_tokens(0..9, 429),
    },
    Fault {
        what: "renewal switched off",
        arrange: |fixture| fixture.set_config("token_renewal = \"never\""),
    },
    Fault { what: "a file that was just changed", arrange: |fixture| fixture.age_file(1) },
    Fault {
        what: "a journal that can't be read",
        arrange: |fixture| {
            fs::create_dir_all(fixture.renewals()).expect("made");
            fs::write(fixture.journal(), body_with_all_tokens(fixture.provider)).expect("written");
        },
    },
    Fault {
        what: "a journal that can't be opened",
        arrange: |fixture| {
            fs::create_dir_all(fixture.journal()).expect("made");
        },
    },
    Fault {
        what: "no proxy",
        arrange: |fixture| {
            let proxy =
                format!("{{\"proxy_url\":\"http://{}:x@127.0.0.1:9\",", &fixture.tokens.access(1)[20..36]);
            fixture.write(fixture.text().replacen('{', &proxy, 1));
            let endpoints = ["claude_token", "claude_usage", "codex_token", "codex_usage"];
            let lines = endpoints.map(|name| format!("{name} = \"https://localhost:9/\"\n"));
            fixture.set_config(&format!("[endpoints]\ncli_proxy_api = []\n{}", lines.concat()));
        },
    },
];

#[test]
fn status_prints_no_token_on_any_error() {
    for provider in Provider::ALL {
        for Fault { what, arrange } in FAULTS {
            let mut fixture = SingleLogin::new(provider);
            fixture.may_lose_a_response();
            arrange(&fixture);
            // These search what they print, and the fixture its files when it goes.
            let row = fixture.status();
            assert!(!row.stderr.is_empty(), "{what}: {row:?}");
            fixture.status_text();
            fixture.status();
        }
    }
}

#[test]
fn tray_leaks_no_token_on_any_error() {
    for Fault { what, arrange } in FAULTS {
        let mut fixture = SingleLogin::claude();
        fixture.may_lose_a_response();
        arrange(&fixture);
        let watched = RecordedTray::start(&fixture, fixture.command(), &["-vvv"]);
        println!("{what}");
        watched.assert_no_token_leaks(|menu| menu.shows("alice@example.com"));
    }
}

/// The program in a shell with a file size limit of 8 KiB.
#[test]
fn full_disk_leaks_no_token() {
    let fixture = SingleLogin::codex();
    let command = fixture.command();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .env_clear();
    shell.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    RecordedTray::start(&fixture, shell, &["-vvv"]).assert_no_token_leaks(|menu| menu.shows("Token expired"));
}

/// A file is replaced, written back and broken while the tray runs, each time with tokens.
#[test]
fn changing_file_leaks_no_token() {
    let mut fixture = SingleLogin::claude();
    let spent = fixture.text();
    let watched = RecordedTray::start(&fixture, fixture.command(), &["-vvv"]);
    let host = &fixture.host;
    host.menu_until(|menu| menu.shows("42% left"));
    fixture.write_now(&spent);
    fixture.wait_until("the repair", |fixture| fixture.holds(2));
    let whole = fixture.text();
    fixture.write_now(&whole[..whole.len() - 20]);
    host.menu_until(|menu| menu.shows("Could not use"));
    fixture.write_now(format!("\"{}\"", fixture.tokens.access(2)));
    host.menu_until(|menu| menu.shows("it is not a JSON"));
    fixture.write_now(whole.replace("\"claude\"", &format!("\"{}\"", fixture.tokens.refresh(2))));
    host.menu_until(|menu| !menu.shows("alice@example.com"));
    fixture.write_now(&whole);
    watched.assert_no_token_leaks(|menu| menu.shows("alice@example.com — 42% left"));
    fixture.may_lose_a_response();
}
