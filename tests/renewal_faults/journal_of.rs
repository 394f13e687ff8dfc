//! The journal of a stage's login, and the time that passes for it.

use super::Stage;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// The size of a journal's header.
const HEADER: usize = 4096;

impl Stage {
    /// Where locks and journals are.
    pub fn renewals(&self) -> PathBuf {
        self.scene.state_home().join("quota-tray/renewals")
    }

    /// Where the login's journal is, or would be.
    pub fn journal(&self) -> PathBuf {
        let target = fs::canonicalize(&self.file).unwrap_or_else(|_| self.file.clone());
        quota_tray::credentials::journal::path_of(&self.renewals(), &target)
    }

    /// The journal's header.
    #[track_caller]
    pub fn header(&self) -> Value {
        let journal = fs::read(self.journal()).expect("no journal");
        serde_json::from_slice(&journal[..HEADER]).expect("the header is not JSON")
    }

    /// Changes the journal's header in place.
    #[track_caller]
    pub fn change_header(&self, change: impl FnOnce(&mut Value)) {
        let mut header = self.header();
        change(&mut header);
        let mut page = header.to_string().into_bytes();
        page.resize(HEADER, b' ');
        let mut journal = fs::read(self.journal()).expect("no journal");
        journal[..HEADER].copy_from_slice(&page);
        fs::write(self.journal(), journal).expect("could not write the journal");
    }

    /// As if so many seconds had passed since the last thing that happened.
    #[track_caller]
    pub fn pass(&self, seconds: i64) {
        self.change_header(|header| {
            for (_, value) in header.as_object_mut().expect("an object") {
                let moment = value.as_str().and_then(|text| text.parse::<DateTime<Utc>>().ok());
                if let Some(moment) = moment {
                    *value = (moment - TimeDelta::seconds(seconds)).to_rfc3339().into();
                }
            }
        });
        if self.file.exists() {
            let changed =
                fs::metadata(&self.file).and_then(|metadata| metadata.modified()).expect("a moment");
            let age = changed.elapsed().unwrap_or_default().as_secs();
            self.age_file(seconds + i64::try_from(age).expect("a short time"));
        }
    }
}
