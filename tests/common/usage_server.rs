//! A usage server on loopback: one answer for each access token, changed at will by the test, and a
//! record of every request.
//!
//! Written on `std::net` rather than with a web framework, since most of what later tests need are
//! answers that a framework would not let out.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use super::answer::Answer;
use super::watched::Watched;

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// With the query, if any.
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Request {
    /// The value of a header; its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The token it asks with: the bearer, or the refresh token of a form as it stands there.
    pub fn token(&self) -> Option<&str> {
        match self.header("authorization") {
            Some(header) => header.strip_prefix("Bearer "),
            None => self.form_field("refresh_token"),
        }
    }

    /// A field of a form body, still encoded.
    pub fn form_field(&self, name: &str) -> Option<&str> {
        self.body
            .split('&')
            .filter_map(|field| field.split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

/// What decides on an answer; called for one request at a time.
type Responder = Box<dyn FnMut(&Request) -> Answer + Send>;

/// The server of a scene; gone with it.
pub struct UsageServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    by_path: Mutex<HashMap<String, Responder>>,
    by_token: Mutex<HashMap<String, Responder>>,
    requests: Watched<Vec<Request>>,
    /// The open ones, by the client's address.
    connections: Mutex<HashMap<SocketAddr, TcpStream>>,
    closing: Watched<bool>,
}

impl UsageServer {
    /// A server on a free port; it answers 401 to every token until told otherwise.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("no port on loopback");
        let address = listener.local_addr().expect("no address");
        let shared = Arc::<Shared>::default();
        let accepting = thread::Builder::new()
            .name("usage-server".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || accept(&listener, &shared)
            })
            .expect("could not start a thread");
        Self { address, shared, accepting: Some(accepting) }
    }

    /// `http://127.0.0.1:port` and `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on this token gets this answer; plain JSON is a good one.
    pub fn answer(&self, token: &str, answer: impl Into<Answer>) {
        let answer = answer.into();
        self.answer_with(token, move |_| answer.clone());
    }

    /// From now on this token gets these answers one after the other, and then the last one.
    pub fn answer_in_turn(&self, token: &str, answers: impl IntoIterator<Item = Answer>) {
        let mut answers = answers.into_iter().collect::<Vec<_>>().into_iter().peekable();
        let mut last = answers.peek().expect("at least one answer").clone();
        self.answer_with(token, move |_| {
            if let Some(answer) = answers.next() {
                last = answer;
            }
            last.clone()
        });
    }

    /// From now on this decides what the token gets.
    pub fn answer_with(&self, token: &str, responder: impl FnMut(&Request) -> Answer + Send + 'static) {
        let mut by_token = self.shared.by_token.lock().expect("a responder panicked");
        by_token.insert(token.to_owned(), Box::new(responder));
    }

    /// From now on this decides what every request for `path` gets, whatever its token: a token
    /// endpoint with a ledger, or `/` as CLIProxyAPI answers it.
    pub fn answer_path(&self, path: &str, responder: impl FnMut(&Request) -> Answer + Send + 'static) {
        let mut by_path = self.shared.by_path.lock().expect("a responder panicked");
        by_path.insert(path.to_owned(), Box::new(responder));
    }

    /// Each request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.look(Vec::clone)
    }

    /// The requests with this token so far.
    pub fn requests_with(&self, token: &str) -> Vec<Request> {
        self.shared.requests.look(|all| with_token(all, token))
    }

    /// Waits for the `count`th request with this token and answers with all there are then. They
    /// have arrived; that they are answered, only the program can tell.
    #[track_caller]
    pub fn wait_for_requests(&self, token: &str, count: usize) -> Vec<Request> {
        self.shared.requests.expect(
            |all| Some(with_token(all, token)).filter(|found| found.len() >= count),
            |all| format!("fewer than {count} requests with {token:?}: {all:#?}"),
        )
    }
}

impl Drop for UsageServer {
    fn drop(&mut self) {
        self.shared.closing.change(|closing| *closing = true);
        // A last connection wakes the thread that accepts.
        TcpStream::connect(self.address).ok();
        if let Some(accepting) = self.accepting.take() {
            accepting.join().ok();
        }
        for connection in self.shared.connections().values() {
            connection.shutdown(Shutdown::Both).ok();
        }
    }
}

impl Shared {
    fn connections(&self) -> MutexGuard<'_, HashMap<SocketAddr, TcpStream>> {
        self.connections.lock().expect("nothing panics under it")
    }
}

fn with_token(requests: &[Request], token: &str) -> Vec<Request> {
    requests.iter().filter(|request| request.token() == Some(token)).cloned().collect()
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while let Ok((stream, client)) = listener.accept() {
        if shared.closing.look(|closing| *closing) {
            return;
        }
        let Ok(kept) = stream.try_clone() else { return };
        shared.connections().insert(client, kept);
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            // An error is the client's end of the connection.
            serve(stream, &shared).ok();
            shared.connections().remove(&client);
        });
    }
}

/// Answers the requests of one connection, one after the other.
fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = read_request(&mut reader)? {
        let answer = respond(&request, shared);
        shared.requests.change(|all| all.push(request));
        if !answer.send(&mut stream, &shared.closing)? {
            break;
        }
    }
    // The record of connections holds a clone of the socket: dropping this one does not close it.
    stream.shutdown(Shutdown::Both)
}

fn respond(request: &Request, shared: &Shared) -> Answer {
    let path = request.path.split('?').next().unwrap_or_default();
    let mut by_path = shared.by_path.lock().expect("a responder panicked");
    if let Some(responder) = by_path.get_mut(path) {
        return responder(request);
    }
    let mut by_token = shared.by_token.lock().expect("a responder panicked");
    match request.token() {
        Some(token) => match by_token.get_mut(token) {
            Some(responder) => responder(request),
            None => Answer::status(401),
        },
        None => Answer::status(404),
    }
}

/// `None` when the client has closed the connection.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, path) = (words.next(), words.next());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(Some(Request {
        method: method.unwrap_or_default().to_owned(),
        path: path.unwrap_or_default().to_owned(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }))
}
