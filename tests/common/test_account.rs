//! A test account: its credential file, in the form in which CLIProxyAPI writes it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde_json::{Value, json};

use super::provider::Provider;

/// A credential file, which the test may change under the program at any time.
#[derive(Clone, Debug)]
pub struct TestAccount {
    pub email: String,
    /// The name of the file without its extension, and the account's name in the ledger.
    pub name: String,
    pub provider: Provider,
    /// Whether the file in the folder is a link to the real one.
    pub is_link: bool,
    file: PathBuf,
    access_token: String,
    refresh_token: String,
}

impl TestAccount {
    /// [`create`](Self::create) for Claude.
    pub fn claude(auth_dir: &Path, email: &str) -> Self {
        Self::create(auth_dir, Provider::Claude, email)
    }

    /// [`create`](Self::create) for Codex.
    pub fn codex(auth_dir: &Path, email: &str) -> Self {
        Self::create(auth_dir, Provider::Codex, email)
    }

    /// Writes the file of an account whose access token expires in a month.
    pub fn create(auth_dir: &Path, provider: Provider, email: &str) -> Self {
        let name = format!("{}-{email}", provider.key());
        let account = Self {
            email: email.to_owned(),
            provider,
            is_link: false,
            file: auth_dir.join(format!("{name}.json")),
            name,
            access_token: format!("{}-access-{email}", provider.key()),
            refresh_token: format!("{}-refresh-{email}", provider.key()),
        };
        account.write(&match provider {
            Provider::Claude => json!({
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
            }),
            Provider::Codex => json!({
                "access_token": account.access_token,
                "account_id": format!("account-of-{email}"),
                "disabled": false,
                "email": email,
                "expired": local(Utc::now() + TimeDelta::days(30)),
                "id_token": "eyJ.of-the-test",
                "last_refresh": local(Utc::now()),
                "refresh_token": account.refresh_token,
                "type": "codex",
            }),
        });
        account
    }

    /// The access token at first, by which the test server chooses its response.
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

    /// Lets the access token have expired an hour ago.
    #[track_caller]
    pub fn expire(&self) {
        self.set("expired", local(Utc::now() - TimeDelta::hours(1)));
    }

    /// Lets the file have been changed so much earlier than it was.
    #[track_caller]
    pub fn modified_earlier(&self, time: Duration) {
        let file = File::options().write(true).open(&self.file).expect("could not open the credential file");
        let modified = file.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::now());
        file.set_modified(modified - time).expect("could not set the time of the credential file");
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

/// A time as CLIProxyAPI writes it: with the offset of the machine's time zone, which is not always UTC.
fn local(moment: DateTime<Utc>) -> String {
    let offset = FixedOffset::east_opt(8 * 3600).expect("a valid offset");
    moment.with_timezone(&offset).format("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
