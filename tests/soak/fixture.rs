//! The credential folder and the state directory, and what happens to them while the program runs.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// As many as are shown in one menu.
pub const ACCOUNTS: usize = 20;

/// A credential folder with accounts of both providers, and a place for the state.
pub struct Folder {
    pub logins: PathBuf,
    pub state: PathBuf,
}

impl Folder {
    pub fn new(dir: &Path) -> Folder {
        let folder = Folder { logins: dir.join("logins"), state: dir.join("state") };
        fs::create_dir_all(&folder.logins).expect("made");
        folder.mend();
        folder
    }

    /// Writes each file as it should be.
    pub fn mend(&self) {
        if self.state.is_file() {
            fs::remove_file(&self.state).expect("removed");
        }
        for number in 0..ACCOUNTS {
            self.write(number, credential(number).to_string().as_bytes());
        }
    }

    /// Does something to one of the files: its owner writes in place, people switch accounts off and delete
    /// them, disks fill up; or to the state, so that nothing can be kept.
    pub fn disturb(&self, rng: &mut fastrand::Rng) {
        let number = rng.usize(..ACCOUNTS);
        let mut credential = credential(number);
        match rng.u8(..6) {
            0 => drop(fs::remove_file(self.file(number))),
            1 => self.write(number, b""),
            2 => self.write(number, &credential.to_string().as_bytes()[..99]),
            3 => {
                credential["disabled"] = true.into();
                self.write(number, credential.to_string().as_bytes());
            }
            4 => {
                credential["access_token"] = format!("token-{}", rng.u64(..)).into();
                self.write(number, credential.to_string().as_bytes());
            }
            _ => {
                // Nothing may have been kept yet.
                let _ = fs::remove_dir_all(&self.state);
                fs::write(&self.state, b"").expect("written");
            }
        }
    }

    fn file(&self, number: usize) -> PathBuf {
        self.logins.join(format!("{}-{number}@example.com.json", provider(number)))
    }

    /// In place with truncation, as CLIProxyAPI writes.
    fn write(&self, number: usize, content: &[u8]) {
        fs::write(self.file(number), content).expect("written");
    }
}

fn provider(number: usize) -> &'static str {
    ["claude", "codex"][number % 2]
}

fn credential(number: usize) -> Value {
    json!({
        "access_token": format!("token-{number}"),
        "account_id": format!("workspace-{number}"),
        "disabled": false,
        "email": format!("{number}@example.com"),
        "expired": (Utc::now() + TimeDelta::days(30)).to_rfc3339(),
        "last_refresh": Utc::now().to_rfc3339(),
        // Two ways to travel are two clients.
        "proxy_url": if number.is_multiple_of(3) { "direct" } else { "" },
        "refresh_token": format!("refresh-{number}"),
        "type": provider(number),
    })
}
