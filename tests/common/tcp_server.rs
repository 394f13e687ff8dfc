//! A TCP server on loopback that runs one closure for each connection. Every server of the harness is built on it.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::wait::Watched;

/// Closed when dropped, with its connections; its port is free then.
pub struct TcpServer {
    address: SocketAddr,
    connections: Arc<Watched<Connections>>,
    accept_thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Connections {
    accepted: usize,
    /// By the number in which they were accepted.
    open: HashMap<usize, TcpStream>,
    closing: bool,
}

impl TcpServer {
    /// A server on a free port. `serve` runs on a thread of its own for each connection, which is closed
    /// afterwards. An error of `serve` means that the client has closed the connection.
    pub fn start(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::start_at(0, serve)
    }

    /// The same on a given port.
    pub fn start_at(port: u16, serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let connections = Arc::<Watched<Connections>>::default();
        let accept_thread = thread::Builder::new()
            .name("test-server".to_owned())
            .spawn({
                let connections = Arc::clone(&connections);
                move || accept(&listener, &connections, &Arc::new(serve))
            })
            .expect("could not start a thread");
        Self { address, connections, accept_thread: Some(accept_thread) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://127.0.0.1:port` followed by `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many connections clients have made.
    pub fn connections(&self) -> usize {
        self.connections.look(|connections| connections.accepted)
    }

    /// Waits until every connection that was made before this call is closed and its requests are handled.
    #[track_caller]
    pub fn wait_until_idle(&self) {
        // Connections are accepted in order. When this one ends, those before it have been accepted, whether or
        // not their clients still live.
        let mut last = TcpStream::connect(self.address).expect("the test server is gone");
        last.shutdown(Shutdown::Write).ok();
        io::copy(&mut last, &mut io::sink()).ok();
        drop(last);
        self.connections.expect(
            |connections| connections.open.is_empty().then_some(()),
            |connections| format!("{} connections are still open", connections.open.len()),
        );
    }
}

impl Drop for TcpServer {
    fn drop(&mut self) {
        self.connections.change(|connections| connections.closing = true);
        // One more connection wakes the thread in `accept`.
        TcpStream::connect(self.address).ok();
        if let Some(thread) = self.accept_thread.take() {
            thread.join().ok();
        }
        self.connections.look(|connections| {
            for connection in connections.open.values() {
                connection.shutdown(Shutdown::Both).ok();
            }
        });
    }
}

fn accept<F>(listener: &TcpListener, connections: &Arc<Watched<Connections>>, serve: &Arc<F>)
where
    F: Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
{
    while let Ok((stream, _)) = listener.accept() {
        if connections.look(|connections| connections.closing) {
            return;
        }
        let Ok(kept) = stream.try_clone() else { return };
        let number = connections.change(|connections| {
            connections.accepted += 1;
            connections.open.insert(connections.accepted, kept);
            connections.accepted
        });
        let (connections, serve) = (Arc::clone(connections), Arc::clone(serve));
        thread::spawn(move || {
            stream.set_nodelay(true).ok();
            serve(stream).ok();
            // `connections` holds a clone of the socket, so dropping the stream alone would not close it.
            let closed = connections.change(|connections| connections.open.remove(&number));
            closed.map(|stream| stream.shutdown(Shutdown::Both));
        });
    }
}
