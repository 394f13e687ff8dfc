//! A server that says what it is told to, byte by byte, sound or not.

use std::collections::HashMap;
use std::io::{self, Read};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// Gone when dropped, and with it its connections; its port is free then.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    closing: AtomicBool,
    /// Every connection that was ever made, to end it, and how many bytes it has sent.
    connections: Mutex<Vec<TcpStream>>,
}

impl Server {
    /// On a free port of this machine. Each connection is `serve`d on a thread of its own, and closed
    /// after that; an error is the client's end of it.
    pub fn start(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::at(0, serve)
    }

    /// On this port.
    pub fn at(port: u16, serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::<Shared>::default();
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared, Arc::new(serve))
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How often a client has connected.
    pub fn connections(&self) -> usize {
        self.shared.connections.lock().expect("nothing panics under it").len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Release);
        // A last connection wakes the thread that accepts.
        TcpStream::connect(self.address).ok();
        if let Some(accepting) = self.accepting.take() {
            accepting.join().ok();
        }
        for connection in self.shared.connections.lock().expect("nothing panics under it").iter() {
            connection.shutdown(Shutdown::Both).ok();
        }
    }
}

fn accept<F>(listener: &TcpListener, shared: &Shared, serve: Arc<F>)
where
    F: Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
{
    while let Ok((stream, _)) = listener.accept() {
        if shared.closing.load(Ordering::Acquire) {
            return;
        }
        let Ok(kept) = stream.try_clone() else { return };
        shared.connections.lock().expect("nothing panics under it").push(kept);
        let serve = Arc::clone(&serve);
        thread::spawn(move || {
            let Ok(closed) = stream.try_clone() else { return };
            serve(stream).ok();
            // The list of connections holds a clone: dropping this one does not close it.
            closed.shutdown(Shutdown::Both).ok();
        });
    }
}

/// The head of a request: its headers, names in lower case. Bodies there are none.
pub fn read_head(stream: &mut impl Read) -> io::Result<HashMap<String, String>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    Ok(fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect())
}

/// A whole answer with this body.
pub fn answer(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} \r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Settings that ask this address for the usage of both providers, and nobody else for anything.
pub fn endpoints(usage: &str) -> String {
    let mut text = "[endpoints]\ncli_proxy_api = []\n".to_owned();
    for (key, url) in [
        ("claude_usage", usage),
        ("codex_usage", usage),
        ("claude_token", "http://127.0.0.1:9/token"),
        ("codex_token", "http://127.0.0.1:9/token"),
    ] {
        text += &format!("{key} = \"{url}\"\n");
    }
    text
}
