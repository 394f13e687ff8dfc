//! What the test server sends: a response, or one of the faults of a broken server.

use std::fmt;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::wait::Gate;

/// One HTTP response.
#[derive(Clone, Debug)]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    gate: Option<Gate>,
    fault: Fault,
    observer: Option<DeliveryObserver>,
}

#[derive(Clone, Debug, Default)]
enum Fault {
    #[default]
    None,
    /// The connection ends after so many bytes of the body, whose whole length was announced.
    CutBody { after: usize },
    /// One byte of the body at a time.
    Trickle { interval: Duration },
    /// The body up to each position, and the rest once the gate beside it is open.
    Pieces(Vec<(usize, Gate)>),
    /// Headers without end.
    EndlessHeaders,
    /// The connection stays open and nothing is sent.
    Silence,
    /// The connection is closed without a byte.
    HangUp,
}

/// What became of a response.
#[derive(Clone, Copy, Debug)]
pub enum DeliveryEvent {
    /// The operating system has taken its last byte.
    Sent(Instant),
    /// What the client did next.
    ClientEnd(ClientEnd, Instant),
}

/// What a client did after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientEnd {
    /// It sent another request, so it has read the response.
    NextRequest,
    /// It closed the connection, or died, with all of the response read.
    Closed,
    /// It died with some of the response unread: then the operating system resets the connection.
    Reset,
}

/// Is called with everything that becomes of a response.
#[derive(Clone)]
pub(super) struct DeliveryObserver(Arc<dyn Fn(DeliveryEvent) + Send + Sync>);

impl DeliveryObserver {
    pub fn sent(&self) {
        (self.0)(DeliveryEvent::Sent(Instant::now()));
    }

    pub fn client_end(&self, end: ClientEnd) {
        (self.0)(DeliveryEvent::ClientEnd(end, Instant::now()));
    }
}

impl fmt::Debug for DeliveryObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeliveryObserver")
    }
}

impl Response {
    /// 200 with a JSON body.
    pub fn json(body: &Value) -> Self {
        Self::status(200).header("Content-Type", "application/json").body(body.to_string())
    }

    /// This status with an empty body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), gate: None, fault: Fault::None, observer: None }
    }

    /// A redirect, which must not be followed: the token would be sent along.
    pub fn redirect(location: &str) -> Self {
        Self::status(302).header("Location", location)
    }

    /// Reads the request and never responds.
    pub fn silence() -> Self {
        Self::status(200).fault(Fault::Silence)
    }

    /// Reads the request and closes the connection.
    pub fn hang_up() -> Self {
        Self::status(200).fault(Fault::HangUp)
    }

    /// Headers for as long as the client reads them.
    pub fn endless_headers() -> Self {
        Self::status(200).fault(Fault::EndlessHeaders)
    }

    /// The same response with another status, for an error that has a body.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Is sent once `gate` is open: a server as slow as the test likes.
    pub fn behind(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// The connection ends after so many bytes of the body.
    pub fn cut_after(self, bytes: usize) -> Self {
        self.fault(Fault::CutBody { after: bytes })
    }

    /// The body is sent one byte at a time.
    pub fn trickled(self, interval: Duration) -> Self {
        self.fault(Fault::Trickle { interval })
    }

    /// The body is sent in one piece more than there are gates: up to each position, and then the next piece
    /// once the gate beside the position is open.
    pub fn in_pieces(self, pieces: Vec<(usize, Gate)>) -> Self {
        self.fault(Fault::Pieces(pieces))
    }

    /// `observer` is called with everything that becomes of this response.
    pub fn observed(mut self, observer: impl Fn(DeliveryEvent) + Send + Sync + 'static) -> Self {
        self.observer = Some(DeliveryObserver(Arc::new(observer)));
        self
    }

    pub(super) fn observer(&self) -> Option<DeliveryObserver> {
        self.observer.clone()
    }

    fn fault(mut self, fault: Fault) -> Self {
        self.fault = fault;
        self
    }

    /// Sends this. `Ok(false)` if the connection can't be used for another request. A fault without an end ends
    /// when the connection is closed.
    pub(super) fn send(&self, stream: &mut TcpStream) -> io::Result<bool> {
        if let Some(gate) = &self.gate {
            gate.wait();
        }
        match &self.fault {
            Fault::None => {
                stream.write_all(&self.to_bytes())?;
                return Ok(true);
            }
            Fault::Pieces(pieces) => {
                let mut begin = 0;
                let mut piece = self.head();
                for (end, gate) in pieces {
                    piece.extend_from_slice(&self.body[begin..*end]);
                    stream.write_all(&piece)?;
                    piece.clear();
                    begin = *end;
                    gate.wait();
                }
                stream.write_all(&self.body[begin..])?;
                return Ok(true);
            }
            Fault::CutBody { after } => {
                stream.write_all(&self.head())?;
                stream.write_all(&self.body[..self.body.len().min(*after)])?;
            }
            Fault::Trickle { interval } => {
                stream.write_all(&self.head())?;
                for byte in &self.body {
                    stream.write_all(&[*byte])?;
                    thread::sleep(*interval);
                }
            }
            Fault::EndlessHeaders => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
                for number in 0_u64.. {
                    write!(stream, "X-Header-{number}: and another one\r\n")?;
                }
            }
            // Returns when the client closes the connection: it sends nothing more.
            Fault::Silence => {
                io::copy(stream, &mut io::sink())?;
            }
            Fault::HangUp => {}
        }
        Ok(false)
    }

    /// Status line and headers.
    fn head(&self) -> Vec<u8> {
        // Clients go by the number; no reason phrase is needed.
        let mut head = format!("HTTP/1.1 {} \r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", self.body.len());
        head.into_bytes()
    }

    /// All bytes of the response, for a server that has a connection of its own.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.head(), self.body.clone()].concat()
    }
}

/// JSON in place of a response is a good response.
impl From<Value> for Response {
    fn from(body: Value) -> Self {
        Self::json(&body)
    }
}
