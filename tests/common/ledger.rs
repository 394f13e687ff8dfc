//! A token server with a ledger. It rotates as the real ones do: an answer to a live refresh token
//! kills that token, and a spent one that comes again ends the whole login. It knows which token is
//! live, and what became of each answer, so it is the judge of whether a login was lost.

mod desk;

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::watched::{Gate, Watched};

/// Long, as the real ones are, and with signs that a form has to escape.
const FILLER: &str = "+/=.0123456789abcdefghijklmnopqrstuvwxyz-0123456789abcdefghijklmnopqrstuvwxyz";

/// A login as its server knows it.
#[derive(Clone, Debug)]
pub struct Login {
    /// The one refresh token that can be used.
    pub refresh: String,
    /// The one access token that is accepted.
    pub access: String,
    /// How often it was renewed.
    pub renewals: usize,
    /// How often a spent refresh token came again. The first time ended the login.
    pub reuses: usize,
    /// How often its usage was given out.
    pub usages: usize,
    /// What became of the answer that brought the live tokens. `None`: they came with the sign-in.
    pub delivery: Option<Delivery>,
    account: String,
    provider: &'static str,
    spent: HashSet<String>,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delivery {
    /// When the system took its last byte. `None`: it never did.
    pub handed: Option<Instant>,
    /// What the client did then, and when. `None`: nothing yet.
    pub end: Option<(End, Instant)>,
}

/// What a client did after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It asked for something else, so it has read the answer.
    AskedOn,
    /// It closed the connection, or died, with all of the answer read.
    Closed,
    /// It died with some of the answer unread: then the system resets the connection.
    Reset,
}

/// How the token endpoints answer.
#[derive(Clone, Debug)]
struct Manner {
    /// Seconds that an access token is good for, by the answer.
    life: u64,
    /// The answers of these accounts wait; the tokens have rotated by then.
    held: HashMap<String, Gate>,
    /// Where there are any, the body comes in one piece more than these, each waiting for one.
    cuts: Vec<Gate>,
}

/// The server. Its connections end with their clients.
pub struct Ledger {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    books: Watched<Books>,
    manner: Mutex<Manner>,
}

#[derive(Debug, Default)]
struct Books {
    logins: HashMap<String, Login>,
    connections: usize,
    closing: bool,
    serial: usize,
}

impl Ledger {
    /// A server on a free port, without a login. Tokens are good for an hour.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("no port on loopback");
        let address = listener.local_addr().expect("no address");
        let manner = Mutex::new(Manner { life: 3600, held: HashMap::new(), cuts: Vec::new() });
        let shared = Arc::new(Shared { books: Watched::default(), manner });
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || desk::accept(&listener, &shared)
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    /// The settings that lead here and nowhere else.
    pub fn settings(&self) -> String {
        let mut text = "[endpoints]\ncli_proxy_api = []\n".to_owned();
        for key in ["claude_usage", "claude_token", "codex_usage", "codex_token"] {
            text += &format!("{key} = \"http://{}/{}\"\n", self.address, key.replace('_', "/"));
        }
        text
    }

    /// A new login of `account`, in place of any that it had.
    pub fn sign_in(&self, account: &str, provider: &'static str) -> Login {
        self.shared.books.change(|books| {
            let (refresh, access) = books.issue(account);
            let login = Login {
                refresh,
                access,
                renewals: 0,
                reuses: 0,
                usages: 0,
                delivery: None,
                account: account.to_owned(),
                provider,
                spent: HashSet::new(),
            };
            books.logins.insert(account.to_owned(), login.clone());
            login
        })
    }

    /// The login of `account` as it is now.
    #[track_caller]
    pub fn login(&self, account: &str) -> Login {
        let login = self.shared.books.look(|books| books.logins.get(account).cloned());
        login.unwrap_or_else(|| panic!("{account} has never signed in"))
    }

    /// From now on access tokens are good for so many seconds.
    pub fn answer_for(&self, seconds: u64) {
        self.manner(|manner| manner.life = seconds);
    }

    /// From now on the answer to a refresh token of `account` waits for the gate, with the tokens
    /// rotated.
    pub fn hold(&self, account: &str, gate: &Gate) {
        self.manner(|manner| manner.held.insert(account.to_owned(), gate.clone()));
    }

    /// From now on these answers come in four pieces: the first ends within the access token, the
    /// second within the refresh token, the third behind it. Each but the first waits for a gate.
    pub fn answer_in_pieces(&self) -> Vec<Gate> {
        let gates = vec![Gate::new(), Gate::new(), Gate::new()];
        self.manner(|manner| manner.cuts = gates.clone());
        gates
    }

    /// Waits for something to become true of a login.
    #[track_caller]
    pub fn wait_for(&self, account: &str, wanted: impl Fn(&Login) -> bool) {
        self.shared.books.expect(
            |books| wanted(&books.logins[account]).then_some(()),
            |books| format!("{account} is as before: {:#?}", books.logins[account]),
        );
    }

    /// How often the logins of now were renewed, all together.
    pub fn renewals(&self) -> usize {
        self.shared.books.look(Books::renewals)
    }

    /// Waits until the logins were renewed so often, all together.
    #[track_caller]
    pub fn wait_for_renewals(&self, count: usize) {
        self.shared.books.expect(
            |books| (books.renewals() >= count).then_some(()),
            |books| format!("{} renewals, not {count}", books.renewals()),
        );
    }

    /// Waits until all that clients have sent before is dealt with, and all of them are gone.
    #[track_caller]
    pub fn settle(&self) {
        // Connections are taken in the order in which they came. When this one ends, those before it
        // are counted, whether or not their clients still live.
        let mut last = TcpStream::connect(self.address).expect("the ledger's server is gone");
        last.shutdown(std::net::Shutdown::Write).ok();
        std::io::copy(&mut last, &mut std::io::sink()).ok();
        drop(last);
        self.shared.books.expect(
            |books| (books.connections == 0).then_some(()),
            |books| format!("{} connections are still open", books.connections),
        );
    }

    fn manner<R>(&self, change: impl FnOnce(&mut Manner) -> R) -> R {
        change(&mut self.shared.manner.lock().expect("nothing panics under it"))
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.shared.books.change(|books| books.closing = true);
        // A last connection wakes the thread that accepts.
        TcpStream::connect(self.address).ok();
        if let Some(accepting) = self.accepting.take() {
            accepting.join().ok();
        }
    }
}

/// What the ledger says to a refresh token.
enum Admission {
    /// It was live, and is spent now.
    Renewed(Login),
    /// It is not, or not any more.
    Dead,
}

impl Books {
    /// A refresh token and an access token that nobody has had before.
    fn issue(&mut self, account: &str) -> (String, String) {
        self.serial += 1;
        let token = |kind: &str| format!("{kind}-{account}-{:05}-{FILLER}", self.serial);
        (token("refresh"), token("access"))
    }

    fn renewals(&self) -> usize {
        self.logins.values().map(|login| login.renewals).sum()
    }

    /// Takes a refresh token for a new one.
    fn renew(&mut self, provider: &str, token: &str) -> Admission {
        let knows = |login: &&Login| {
            login.provider == provider && (login.refresh == token || login.spent.contains(token))
        };
        let Some(account) = self.logins.values().find(knows).map(|login| login.account.clone()) else {
            return Admission::Dead;
        };
        let (refresh, access) = self.issue(&account);
        let login = self.logins.get_mut(&account).expect("just found");
        if login.spent.contains(token) {
            login.reuses += 1;
        }
        if login.reuses > 0 {
            return Admission::Dead;
        }
        login.spent.insert(std::mem::replace(&mut login.refresh, refresh));
        login.access = access;
        login.renewals += 1;
        login.delivery = Some(Delivery::default());
        Admission::Renewed(login.clone())
    }

    /// Whether usage is given out for an access token.
    fn admit(&mut self, provider: &str, token: &str) -> bool {
        let live =
            |login: &&mut Login| login.provider == provider && login.access == token && login.reuses == 0;
        let found = self.logins.values_mut().find(live);
        found.map(|login| login.usages += 1).is_some()
    }

    /// Notes what became of the answer that brought a refresh token, unless it is history already.
    fn note(&mut self, refresh: &str, change: impl FnOnce(&mut Delivery)) {
        let login = self.logins.values_mut().find(|login| login.refresh == refresh);
        if let Some(delivery) = login.and_then(|login| login.delivery.as_mut()) {
            change(delivery);
        }
    }
}
