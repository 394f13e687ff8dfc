//! A proxy that records where it was told to connect.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::http_head::{field, read_head};
use super::tcp_server::TcpServer;

/// A request to a proxy.
#[derive(Clone, Debug)]
pub struct ProxyRequest {
    /// The first line of HTTP, or `SOCKS` and the port.
    pub target: String,
    /// `Proxy-Authorization`, if any.
    pub authorization: Option<String>,
}

/// An HTTP proxy and a SOCKS5 proxy at the same address. It connects to this machine, whatever host it is told.
pub struct RecordingProxy {
    server: TcpServer,
    requests: Arc<Mutex<Vec<ProxyRequest>>>,
}

impl RecordingProxy {
    pub fn start() -> Self {
        let requests = Arc::<Mutex<Vec<ProxyRequest>>>::default();
        let server = TcpServer::start({
            let requests = Arc::clone(&requests);
            move |client| forward(client, &requests)
        });
        Self { server, requests }
    }

    /// Host and port.
    pub fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<ProxyRequest> {
        self.requests.lock().expect("nothing panics under it").clone()
    }

    /// What it was told to connect to.
    pub fn targets(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.target).collect()
    }
}

fn forward(mut client: TcpStream, requests: &Mutex<Vec<ProxyRequest>>) -> io::Result<()> {
    let record = |target: String, authorization| {
        requests.lock().expect("nothing panics under it").push(ProxyRequest { target, authorization });
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
        let first_line = head.lines().next().unwrap_or_default().to_owned();
        record(first_line.clone(), field(&head, "proxy-authorization"));
        let port = first_line.strip_prefix("CONNECT ").and_then(|rest| rest.split([' ', ':']).nth(1));
        let Some(port) = port.and_then(|port| port.parse().ok()) else {
            // A plain request, which it has recorded.
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

/// RFC 1928, without a password: the port to connect to.
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
