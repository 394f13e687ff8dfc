//! The credential folder and the state directory of a fixture, and what happens to them while the program runs.

use std::fs;
use std::path::PathBuf;

use crate::common::{Provider, TestAccount};

/// The number of accounts that fits in one menu.
pub const ACCOUNTS: usize = 20;

/// A credential folder with accounts of both providers, and a place for the state.
pub struct Credentials {
    auth_dir: PathBuf,
    state_dir: PathBuf,
}

impl Credentials {
    pub fn new(auth_dir: PathBuf, state_dir: PathBuf) -> Credentials {
        let credentials = Credentials { auth_dir, state_dir };
        credentials.restore();
        credentials
    }

    /// Writes each file without a fault, and makes the state directory possible again.
    pub fn restore(&self) {
        if self.state_dir.is_file() {
            fs::remove_file(&self.state_dir).expect("could not delete the file");
        }
        for number in 0..ACCOUNTS {
            self.create(number);
        }
    }

    /// Damages one of the files: their owner writes in place, people switch accounts off and delete them, disks
    /// fill up; or the state directory, so that nothing can be saved.
    pub fn damage(&self, rng: &mut fastrand::Rng) {
        let account = self.create(rng.usize(..ACCOUNTS));
        match rng.u8(..6) {
            0 => account.delete(),
            1 => fs::write(account.file(), b"").expect("could not write"),
            2 => {
                let whole = account.read().to_string();
                fs::write(account.file(), &whole.as_bytes()[..99]).expect("could not write");
            }
            3 => account.disable(),
            4 => account.set("access_token", format!("token-{}", rng.u64(..))),
            _ => {
                // It is missing if nothing has been saved yet.
                let _ = fs::remove_dir_all(&self.state_dir);
                fs::write(&self.state_dir, b"").expect("could not write");
            }
        }
    }

    fn create(&self, number: usize) -> TestAccount {
        let provider = Provider::ALL[number % 2];
        let account = TestAccount::create(&self.auth_dir, provider, &format!("{number}@example.com"));
        // Accounts with and without a proxy setting use two HTTP clients.
        if number.is_multiple_of(3) {
            account.set("proxy_url", "direct");
        }
        account
    }
}
