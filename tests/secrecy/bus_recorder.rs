//! A proxy in front of the fixture's bus that records each byte in both directions.

use crate::common::Fixture;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

/// The bytes in one direction of a connection as one byte string, since a token may be split over two packets.
type Direction = Arc<Mutex<Vec<u8>>>;

pub struct BusRecorder {
    socket: PathBuf,
    directions: Arc<Mutex<Vec<Direction>>>,
}

impl BusRecorder {
    /// Starts a proxy in front of the bus of this fixture. It runs until the test process ends.
    pub fn start(fixture: &Fixture) -> BusRecorder {
        let socket = fixture.dir().join("recorder");
        let listener = UnixListener::bind(&socket).expect("could not listen");
        let bus = fixture.bus.address().strip_prefix("unix:path=").expect("a socket").to_owned();
        let directions = Arc::<Mutex<Vec<Direction>>>::default();
        thread::spawn({
            let directions = directions.clone();
            move || {
                for client in listener.incoming().flatten() {
                    let Ok(bus) = UnixStream::connect(&bus) else { return };
                    forward(&client, &bus, &directions).expect("two ends of a socket");
                }
            }
        });
        BusRecorder { socket, directions }
    }

    /// The value for `DBUS_SESSION_BUS_ADDRESS`.
    pub fn address(&self) -> String {
        format!("unix:path={}", self.socket.display())
    }

    /// All bytes so far.
    pub fn bytes(&self) -> Vec<u8> {
        let directions = self.directions.lock().expect("nothing panics under it");
        let bytes =
            directions.iter().map(|direction| direction.lock().expect("nothing panics under it").clone());
        bytes.collect::<Vec<_>>().join(&b'\n')
    }
}

fn forward(client: &UnixStream, bus: &UnixStream, directions: &Mutex<Vec<Direction>>) -> io::Result<()> {
    for (from, to) in [(client, bus), (bus, client)] {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        let direction = Direction::default();
        directions.lock().expect("nothing panics under it").push(direction.clone());
        thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(length @ 1..) = from.read(&mut buffer) {
                direction.lock().expect("nothing panics under it").extend_from_slice(&buffer[..length]);
                if to.write_all(&buffer[..length]).is_err() {
                    break;
                }
            }
            // The end of one side ends the other.
            to.shutdown(Shutdown::Both).ok();
            from.shutdown(Shutdown::Both).ok();
        });
    }
    Ok(())
}
