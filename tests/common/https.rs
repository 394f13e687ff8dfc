//! The way of a token that is no loopback's: a TLS server in front of a plain one, and proxies that record where
//! they were asked to go.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use chrono::TimeDelta;
use rustls::{ServerConfig, ServerConnection, Stream};

use super::certificate::Certificate;

/// Hands each request on to a plain server. Its threads end with the test's process.
pub struct HttpsFront {
    certificate: Certificate,
    port: u16,
}

impl HttpsFront {
    /// In front of the server at `plain`, an address such as `http://127.0.0.1:1234`.
    pub fn start(plain: &str) -> Self {
        let certificate = Certificate::new("localhost", TimeDelta::days(1));
        let plain: SocketAddr = plain.trim_start_matches("http://").parse().expect("an address");
        let config = certificate.server();
        let port = listen(move |client| answer(client, Arc::clone(&config), plain)).port();
        Self { certificate, port }
    }

    /// The address of a path here.
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// What a proxy is asked to reach.
    pub fn authority(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// What `SSL_CERT_FILE` names.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }
}

/// One request, and its answer up to the end of the connection.
fn answer(mut client: TcpStream, config: Arc<ServerConfig>, plain: SocketAddr) -> io::Result<()> {
    let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = Stream::new(&mut connection, &mut client);
    let head = read_head(&mut stream)?;
    let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let mut server = TcpStream::connect(plain)?;
    server.write_all(head.as_bytes())?;
    server.write_all(&body)?;
    server.shutdown(Shutdown::Write)?;
    io::copy(&mut server, &mut stream)?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// What a proxy was asked for.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The first line of HTTP, or `SOCKS` and the port.
    pub wanted: String,
    /// `Proxy-Authorization`, if any.
    pub authorization: Option<String>,
}

/// An HTTP proxy and a SOCKS5 proxy at the same address. It leads to this machine, whatever name it is asked for.
pub struct RecordingProxy {
    address: SocketAddr,
    visits: Arc<Mutex<Vec<Visit>>>,
}

impl RecordingProxy {
    pub fn start() -> Self {
        let visits = Arc::<Mutex<Vec<Visit>>>::default();
        let address = listen({
            let visits = Arc::clone(&visits);
            move |client| pass_on(client, &visits)
        });
        Self { address, visits }
    }

    /// Host and port.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// All so far.
    pub fn visits(&self) -> Vec<Visit> {
        self.visits.lock().expect("nothing panics under it").clone()
    }

    /// What it was asked for.
    pub fn wanted(&self) -> Vec<String> {
        self.visits().into_iter().map(|visit| visit.wanted).collect()
    }
}

fn pass_on(mut client: TcpStream, visits: &Mutex<Vec<Visit>>) -> io::Result<()> {
    let record = |wanted: String, authorization| {
        visits.lock().expect("nothing panics under it").push(Visit { wanted, authorization });
    };
    let mut first = [0];
    client.peek(&mut first)?;
    let port = if first == [5] {
        let port = socks_port(&mut client)?;
        record(format!("SOCKS {port}"), None);
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
        port
    } else {
        let head = read_head(&mut client)?;
        let wanted = head.lines().next().unwrap_or_default().to_owned();
        record(wanted.clone(), header(&head, "proxy-authorization"));
        let target = wanted.strip_prefix("CONNECT ").and_then(|rest| rest.split([' ', ':']).nth(1));
        let Some(port) = target.and_then(|port| port.parse().ok()) else {
            // A request in the clear, which it has recorded.
            return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        };
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        port
    };
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let (mut from, mut to) = (server.try_clone()?, client.try_clone()?);
    let back = thread::spawn(move || {
        io::copy(&mut from, &mut to).ok();
        to.shutdown(Shutdown::Both).ok();
    });
    io::copy(&mut client, &mut server)?;
    server.shutdown(Shutdown::Both)?;
    back.join().ok();
    Ok(())
}

/// RFC 1928, without a password: the port that is asked for.
fn socks_port(client: &mut TcpStream) -> io::Result<u16> {
    let mut greeting = [0; 2];
    client.read_exact(&mut greeting)?;
    client.read_exact(&mut vec![0; usize::from(greeting[1])])?;
    client.write_all(&[5, 0])?;
    let mut request = [0; 4];
    client.read_exact(&mut request)?;
    let length = match request {
        [5, 1, 0, 1] => 4,
        [5, 1, 0, 4] => 16,
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    client.read_exact(&mut vec![0; length])?;
    let mut port = [0; 2];
    client.read_exact(&mut port)?;
    Ok(u16::from_be_bytes(port))
}

/// Serves each connection in a thread of its own, until the test's process ends.
fn listen(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            // An error is a client that has gone.
            thread::spawn(move || serve(client).ok());
        }
    });
    address
}

/// Up to the empty line, byte by byte: what follows is another's.
fn read_head(stream: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    String::from_utf8(head).map_err(io::Error::other)
}

fn header(head: &str, name: &str) -> Option<String> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}
