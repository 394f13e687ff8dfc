//! An account of a scene: its credential file, in the form in which CLIProxyAPI writes it.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde_json::{Value, json};

/// A credential file, which the test may change under the program at any time.
#[derive(Clone, Debug)]
pub struct Account {
    pub email: String,
    file: PathBuf,
    access_token: String,
    refresh_token: String,
}

impl Account {
    /// Writes the file of a Claude account that expires in a month.
    pub fn claude(auth_dir: &Path, email: &str) -> Self {
        let account = Self::new(auth_dir, "claude", email);
        account.write(&json!({
            "access_token": account.access_token,
            "account_uuid": "5f3c2a10-0000-4000-8000-000000000001",
            "claude_device_ids": ["device-1"],
            "disabled": false,
            "email": email,
            "expired": local(Utc::now() + TimeDelta::days(30)),
            "id_token": "",
            "last_refresh": local(Utc::now()),
            "organization_name": "Example",
            "refresh_token": account.refresh_token,
            "type": "claude",
        }));
        account
    }

    /// Writes the file of a Codex account that expires in a month.
    pub fn codex(auth_dir: &Path, email: &str) -> Self {
        let account = Self::new(auth_dir, "codex", email);
        account.write(&json!({
            "access_token": account.access_token,
            "account_id": format!("account-of-{email}"),
            "disabled": false,
            "email": email,
            "expired": local(Utc::now() + TimeDelta::days(30)),
            "id_token": "eyJ.of-the-test",
            "last_refresh": local(Utc::now()),
            "refresh_token": account.refresh_token,
            "type": "codex",
        }));
        account
    }

    fn new(auth_dir: &Path, provider: &str, email: &str) -> Self {
        Self {
            email: email.to_owned(),
            file: auth_dir.join(format!("{provider}-{email}.json")),
            access_token: format!("{provider}-access-{email}"),
            refresh_token: format!("{provider}-refresh-{email}"),
        }
    }

    /// What the usage server's answers are set by.
    pub fn access_token(&self) -> &str {
        &self.access_token
    }

    pub fn refresh_token(&self) -> &str {
        &self.refresh_token
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What the file holds now.
    #[track_caller]
    pub fn read(&self) -> Value {
        let text = fs::read(&self.file).expect("could not read the credential file");
        serde_json::from_slice(&text).expect("the credential file is not JSON")
    }

    /// Sets one field, leaving the others as they are.
    #[track_caller]
    pub fn set(&self, field: &str, value: impl Into<Value>) {
        let mut credential = self.read();
        credential[field] = value.into();
        self.write(&credential);
    }

    #[track_caller]
    pub fn disable(&self) {
        self.set("disabled", true);
    }

    #[track_caller]
    pub fn enable(&self) {
        self.set("disabled", false);
    }

    /// As if the access token had run out an hour ago.
    #[track_caller]
    pub fn expire(&self) {
        self.set("expired", local(Utc::now() - TimeDelta::hours(1)));
    }

    #[track_caller]
    pub fn delete(&self) {
        fs::remove_file(&self.file).expect("could not delete the credential file");
    }

    /// In place with truncation, as CLIProxyAPI writes, and not by a rename.
    #[track_caller]
    fn write(&self, credential: &Value) {
        fs::write(&self.file, credential.to_string()).expect("could not write the credential file");
    }
}

/// As CLIProxyAPI writes a moment: with the offset of the machine's zone, which is not always UTC.
fn local(moment: DateTime<Utc>) -> String {
    let offset = FixedOffset::east_opt(8 * 3600).expect("a valid offset");
    moment.with_timezone(&offset).format("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
