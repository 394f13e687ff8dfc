//! A recorder on the wire: a socket in front of the fixture's bus that notes each byte, both ways.

use crate::common::Fixture;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

/// What one side has said on one connection, in one piece: a token that is spread over two packets is a
/// token still.
type Side = Arc<Mutex<Vec<u8>>>;

pub struct BusRecorder {
    socket: PathBuf,
    sides: Arc<Mutex<Vec<Side>>>,
}

impl BusRecorder {
    /// In front of the bus of this fixture. Lasts as long as the test's process.
    pub fn on(fixture: &Fixture) -> BusRecorder {
        let socket = fixture.dir().join("recorder");
        let listener = UnixListener::bind(&socket).expect("could not listen");
        let bus = fixture.bus.address().strip_prefix("unix:path=").expect("a socket").to_owned();
        let sides = Arc::<Mutex<Vec<Side>>>::default();
        thread::spawn({
            let sides = sides.clone();
            move || {
                for client in listener.incoming().flatten() {
                    let Ok(bus) = UnixStream::connect(&bus) else { return };
                    join(&client, &bus, &sides).expect("two ends of a socket");
                }
            }
        });
        BusRecorder { socket, sides }
    }

    /// What belongs into `DBUS_SESSION_BUS_ADDRESS`.
    pub fn address(&self) -> String {
        format!("unix:path={}", self.socket.display())
    }

    /// Everything that was said so far.
    pub fn heard(&self) -> Vec<u8> {
        let sides = self.sides.lock().expect("nothing panics under it");
        let said = sides.iter().map(|side| side.lock().expect("nothing panics under it").clone());
        said.collect::<Vec<_>>().join(&b'\n')
    }
}

fn join(client: &UnixStream, bus: &UnixStream, sides: &Mutex<Vec<Side>>) -> io::Result<()> {
    for (from, to) in [(client, bus), (bus, client)] {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        let side = Side::default();
        sides.lock().expect("nothing panics under it").push(side.clone());
        thread::spawn(move || {
            let mut piece = [0; 16 * 1024];
            while let Ok(length @ 1..) = from.read(&mut piece) {
                side.lock().expect("nothing panics under it").extend_from_slice(&piece[..length]);
                if to.write_all(&piece[..length]).is_err() {
                    break;
                }
            }
            // Either end takes the other along.
            to.shutdown(Shutdown::Both).ok();
            from.shutdown(Shutdown::Both).ok();
        });
    }
    Ok(())
}
