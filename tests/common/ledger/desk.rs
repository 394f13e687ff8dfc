//! The desk of the ledger: its HTTP side. It watches what becomes of each answer, which is why it is
//! not a `UsageServer`.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::super::answer::{claude_usage, codex_usage};
use super::super::watched::Gate;
use super::{Admission, End, Login, Shared};

/// Serves each connection on a thread of its own, until the ledger closes.
pub fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept() {
        if shared.books.look(|books| books.closing) {
            return;
        }
        shared.books.change(|books| books.connections += 1);
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            // An error is the client's end of the connection.
            serve(&stream, &shared).ok();
            shared.books.change(|books| books.connections -= 1);
        });
    }
}

/// A request; of its headers only the bearer is of interest.
struct Request {
    path: String,
    bearer: Option<String>,
    form: HashMap<String, String>,
}

/// An answer, and the refresh token in it, if any.
struct Answer {
    status: u16,
    body: Vec<u8>,
    brings: Option<Login>,
}

fn serve(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut brought: Option<Login> = None;
    loop {
        let request = read_request(&mut reader);
        if let Some(login) = brought.take() {
            let end = match &request {
                Ok(Some(_)) => End::AskedOn,
                Ok(None) => End::Closed,
                Err(_) => End::Reset,
            };
            shared.books.change(|books| {
                books.note(&login.refresh, |delivery| delivery.end = Some((end, Instant::now())))
            });
        }
        let Some(request) = request? else { return Ok(()) };
        let answer = respond(&request, shared);
        let sent = send(stream, &answer, shared);
        if let Some(login) = &answer.brings {
            shared.books.change(|books| {
                books.note(&login.refresh, |delivery| match sent {
                    Ok(()) => delivery.handed = Some(Instant::now()),
                    Err(_) => delivery.end = Some((End::Reset, Instant::now())),
                });
            });
        }
        sent?;
        brought = answer.brings;
    }
}

fn respond(request: &Request, shared: &Shared) -> Answer {
    let plain = |status, body: Value| Answer { status, body: body.to_string().into_bytes(), brings: None };
    match (request.path.as_str(), &request.bearer) {
        ("/claude/usage", Some(token)) if shared.books.change(|books| books.admit("claude", token)) => {
            plain(200, claude_usage(&[("five_hour", 58.0), ("seven_day", 10.0)]))
        }
        ("/codex/usage", Some(token)) if shared.books.change(|books| books.admit("codex", token)) => {
            plain(200, codex_usage(&[(18_000, 12), (604_800, 30)]))
        }
        ("/claude/usage" | "/codex/usage", _) => {
            plain(401, json!({"error": {"type": "authentication_error"}}))
        }
        ("/claude/token", _) => match renew(request, shared, "claude") {
            Some(Admission::Renewed(login)) => renewed(login, shared),
            Some(Admission::Dead) => plain(
                400,
                json!({"error": "invalid_grant", "error_description": "Refresh token not found or invalid"}),
            ),
            None => plain(400, json!({"error": "invalid_request"})),
        },
        ("/codex/token", _) => match renew(request, shared, "codex") {
            Some(Admission::Renewed(login)) => renewed(login, shared),
            Some(Admission::Dead) => plain(401, json!({"error": {"code": "refresh_token_reused"}})),
            None => plain(400, json!({"error": "invalid_request"})),
        },
        _ => plain(404, json!({})),
    }
}

/// `None`: it does not ask for a renewal.
fn renew(request: &Request, shared: &Shared, provider: &str) -> Option<Admission> {
    let field = |name| request.form.get(name).filter(|value| !value.is_empty());
    let asks = field("grant_type")? == "refresh_token" && field("client_id").is_some();
    let token = field("refresh_token").filter(|_| asks)?;
    Some(shared.books.change(|books| books.renew(provider, token)))
}

fn renewed(login: Login, shared: &Shared) -> Answer {
    let life = shared.manner.lock().expect("nothing panics under it").life;
    // In the order in which Anthropic sends them.
    let mut body = json!({
        "token_type": "Bearer",
        "access_token": login.access,
        "expires_in": life,
        "refresh_token": login.refresh,
        "scope": "user:inference user:profile",
    });
    if login.provider == "codex" {
        body["id_token"] = format!("eyJ.of-{}", login.renewals).into();
    }
    Answer { status: 200, body: body.to_string().into_bytes(), brings: Some(login) }
}

fn send(mut stream: &TcpStream, answer: &Answer, shared: &Shared) -> io::Result<()> {
    let length = answer.body.len();
    let mut out = format!("HTTP/1.1 {} \r\n", answer.status);
    out += &format!("Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
    let mut out = out.into_bytes();
    let Some(login) = &answer.brings else {
        out.extend_from_slice(&answer.body);
        return stream.write_all(&out);
    };
    let manner = shared.manner.lock().expect("nothing panics under it").clone();
    if let Some(gate) = manner.held.get(&login.account) {
        gate.pass();
    }
    let mut done = 0;
    for (gate, end) in cuts(&manner.cuts, &answer.body, login) {
        out.extend_from_slice(&answer.body[done..end]);
        stream.write_all(&out)?;
        out.clear();
        done = end;
        gate.pass();
    }
    out.extend_from_slice(&answer.body[done..]);
    stream.write_all(&out)
}

/// Where an answer is cut: within the access token, within the refresh token, and behind it.
fn cuts<'a>(gates: &'a [Gate], body: &[u8], login: &Login) -> impl Iterator<Item = (&'a Gate, usize)> {
    let text = str::from_utf8(body).expect("it is JSON");
    let place = |token: &str| text.find(token).expect("it is in the answer");
    let (access, refresh) = (place(&login.access), place(&login.refresh));
    let ends = [
        access + login.access.len() / 2,
        refresh + login.refresh.len() - 1,
        refresh + login.refresh.len() + 1,
    ];
    gates.iter().zip(ends)
}

/// `None` when the client has closed the connection, be it in the middle of a request.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(None);
        }
    }
    let header = |name: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        fields.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned()))
    };
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    match reader.read_exact(&mut body) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let body = String::from_utf8_lossy(&body);
    let fields = body.split('&').filter_map(|field| field.split_once('='));
    Ok(Some(Request {
        path: head.split_whitespace().nth(1).unwrap_or_default().to_owned(),
        bearer: header("authorization").and_then(|it| it.strip_prefix("Bearer ").map(str::to_owned)),
        form: fields.map(|(key, value)| (key.to_owned(), decode(value))).collect(),
    }))
}
