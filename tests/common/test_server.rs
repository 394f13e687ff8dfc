//! An HTTP server on loopback: one response for each access token or path, which the test can change at any time,
//! and a record of every request.
//!
//! Written on `std::net` rather than with a web framework, since most of what tests need are responses that a
//! framework would refuse to send.

use std::collections::HashMap;
use std::io::{self, BufReader};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::request::Request;
use super::response::{ClientEnd, Response};
use super::tcp_server::TcpServer;
use super::wait::Watched;

/// Decides on a response; called for one request at a time.
type Responder = Box<dyn FnMut(&Request) -> Response + Send>;

/// Closed when dropped.
pub struct TestServer {
    tcp: TcpServer,
    shared: Arc<Shared>,
}

/// How a server differs from the usual one.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServerOptions {
    /// A connection without a request for this long is closed, and so are faults without an end.
    pub idle_timeout: Option<Duration>,
    /// Requests are not recorded, for a test that makes very many.
    pub forget_requests: bool,
}

#[derive(Default)]
struct Shared {
    options: ServerOptions,
    by_path: Mutex<HashMap<String, Responder>>,
    by_token: Mutex<HashMap<String, Responder>>,
    requests: Watched<Vec<Request>>,
}

impl TestServer {
    /// A server on a free port. It responds 401 to every token until it is given a response for it.
    pub fn start() -> Self {
        Self::start_with(ServerOptions::default())
    }

    pub fn start_with(options: ServerOptions) -> Self {
        let shared = Arc::new(Shared { options, ..Shared::default() });
        let tcp = TcpServer::start({
            let shared = Arc::clone(&shared);
            move |stream| serve(stream, &shared)
        });
        Self { tcp, shared }
    }

    /// `http://127.0.0.1:port` followed by `path`.
    pub fn url(&self, path: &str) -> String {
        self.tcp.url(path)
    }

    /// From now on this token gets this response; JSON is a good one.
    pub fn respond(&self, token: &str, response: impl Into<Response>) {
        let response = response.into();
        self.respond_with(token, move |_| response.clone());
    }

    /// From now on this token gets these responses in turn, and then the last one for ever.
    pub fn respond_in_turn(&self, token: &str, responses: impl IntoIterator<Item = Response>) {
        let mut responses = responses.into_iter().collect::<Vec<_>>().into_iter().peekable();
        let mut last = responses.peek().expect("at least one response").clone();
        self.respond_with(token, move |_| {
            if let Some(response) = responses.next() {
                last = response;
            }
            last.clone()
        });
    }

    /// From now on `responder` decides what the token gets.
    pub fn respond_with(&self, token: &str, responder: impl FnMut(&Request) -> Response + Send + 'static) {
        let mut by_token = self.shared.by_token.lock().expect("a responder panicked");
        by_token.insert(token.to_owned(), Box::new(responder));
    }

    /// From now on `responder` decides what every request for `path` gets, whatever its token.
    pub fn respond_at(&self, path: &str, responder: impl FnMut(&Request) -> Response + Send + 'static) {
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

    /// Waits for the `count`th request with this token and returns all there are then. They have arrived; whether
    /// they have been responded to, only the program can tell.
    #[track_caller]
    pub fn wait_for_requests(&self, token: &str, count: usize) -> Vec<Request> {
        self.shared.requests.expect(
            |all| Some(with_token(all, token)).filter(|found| found.len() >= count),
            |all| format!("fewer than {count} requests with {token:?}: {all:#?}"),
        )
    }

    /// Waits until every request that was sent before this call is handled and its client has gone.
    #[track_caller]
    pub fn wait_until_idle(&self) {
        self.tcp.wait_until_idle();
    }
}

fn with_token(requests: &[Request], token: &str) -> Vec<Request> {
    requests.iter().filter(|request| request.token() == Some(token)).cloned().collect()
}

/// Responds to the requests of one connection, one after the other.
fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(shared.options.idle_timeout)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut observer = None;
    loop {
        let request = Request::read(&mut reader);
        if let Some(observer) = observer.take() {
            report_client_end(&observer, &request);
        }
        let Some(request) = request? else { break };
        let response = shared.respond(&request);
        if !shared.options.forget_requests {
            shared.requests.change(|all| all.push(request));
        }
        let sent = response.send(&mut stream);
        observer = response.observer();
        match (&observer, &sent) {
            (Some(observer), Ok(_)) => observer.sent(),
            (Some(observer), Err(_)) => observer.client_end(ClientEnd::Reset),
            (None, _) => {}
        }
        if !sent? {
            break;
        }
    }
    stream.shutdown(Shutdown::Both)
}

fn report_client_end(observer: &super::response::DeliveryObserver, next: &io::Result<Option<Request>>) {
    observer.client_end(match next {
        Ok(Some(_)) => ClientEnd::NextRequest,
        Ok(None) => ClientEnd::Closed,
        Err(_) => ClientEnd::Reset,
    });
}

impl Shared {
    fn respond(&self, request: &Request) -> Response {
        let path = request.path.split('?').next().unwrap_or_default();
        let mut by_path = self.by_path.lock().expect("a responder panicked");
        if let Some(responder) = by_path.get_mut(path) {
            return responder(request);
        }
        let mut by_token = self.by_token.lock().expect("a responder panicked");
        match request.token() {
            Some(token) => match by_token.get_mut(token) {
                Some(responder) => responder(request),
                None => Response::status(401),
            },
            None => Response::status(404),
        }
    }
}
