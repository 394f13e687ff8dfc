//! The state directory of a fixture, with a method that shifts its timestamps into the past.

use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::Value;

use crate::common::Fixture;

/// The files that are read after a restart.
pub const FILES: [&str; 3] = ["snapshot.json", "alerts.json", "pacing.json"];

/// The state directory of a fixture.
pub struct StateDir(PathBuf);

impl StateDir {
    pub fn of(fixture: &Fixture) -> Self {
        Self(fixture.state_home().join("quota-tray"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The content of a file.
    #[track_caller]
    pub fn read(&self, name: &str) -> Value {
        let text = fs::read(self.path(name)).expect("the file exists");
        serde_json::from_slice(&text).expect("it is JSON")
    }

    #[track_caller]
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(&self.0).expect("made");
        fs::write(self.path(name), content).expect("written");
    }

    /// Moves each timestamp into the past, as if this much time had passed.
    #[track_caller]
    pub fn age(&self, by: TimeDelta) {
        for name in FILES.iter().filter(|name| self.path(name).exists()) {
            let mut kept = self.read(name);
            shift(&mut kept, by);
            self.write(name, kept.to_string());
        }
    }

    /// The timestamp at `key` in the request counts of the account `id`.
    #[track_caller]
    pub fn pace(&self, id: &str, key: &str) -> Option<DateTime<Utc>> {
        let (pacing, snapshot) = (self.read("pacing.json"), self.read("snapshot.json"));
        let accounts = snapshot["accounts"].as_array().expect("accounts").iter();
        let account = accounts.map(|usage| &usage["account"]).find(|account| account["id"] == id);
        let identity = account.and_then(|account| account["identity"].as_str()).expect("its identity");
        pacing["accounts"][identity][key].as_str().map(|text| text.parse().expect("a moment"))
    }

    /// Every file below the directory.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
            {
                if entry.is_dir() {
                    folders.push(entry);
                } else {
                    let content = fs::read(&entry).expect("a file");
                    files.push((entry, content));
                }
            }
        }
        files
    }
}

fn shift(value: &mut Value, by: TimeDelta) {
    match value {
        Value::String(text) => {
            if let Ok(moment) = text.parse::<DateTime<Utc>>() {
                *text = (moment - by).to_rfc3339_opts(SecondsFormat::Nanos, true);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| shift(value, by)),
        Value::Object(object) => object.values_mut().for_each(|value| shift(value, by)),
        _ => {}
    }
}
