//! A TLS server in front of a plain one.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;

use chrono::TimeDelta;
use rustls::{ServerConfig, ServerConnection, Stream};

use super::certificate::Certificate;
use super::http_head::{field, read_head};
use super::tcp_server::TcpServer;

/// Forwards each request to a plain server.
pub struct HttpsFront {
    certificate: Certificate,
    server: TcpServer,
}

impl HttpsFront {
    /// In front of the server at `plain`, an address such as `http://127.0.0.1:1234`.
    pub fn start(plain: &str) -> Self {
        let certificate = Certificate::new("localhost", TimeDelta::days(1));
        let plain: SocketAddr = plain.trim_start_matches("http://").parse().expect("an address");
        let config = certificate.server();
        let server = TcpServer::start(move |client| forward(client, Arc::clone(&config), plain));
        Self { certificate, server }
    }

    /// `https://localhost:port` followed by `path`.
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.server.port())
    }

    /// Host and port, as a proxy gets them.
    pub fn authority(&self) -> String {
        format!("localhost:{}", self.server.port())
    }

    /// For the file that `SSL_CERT_FILE` names.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }
}

/// One request and its response, up to the end of the connection.
fn forward(mut client: TcpStream, config: Arc<ServerConfig>, plain: SocketAddr) -> io::Result<()> {
    let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = Stream::new(&mut connection, &mut client);
    let head = read_head(&mut stream)?;
    let length = field(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
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
