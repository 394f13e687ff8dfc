//! A snapshot for the tests of the formats.

use crate::config::Settings;
use crate::presenter::Locale;
use crate::presenter::Presenter;
use crate::quota::{Account, AccountId, AccountUsage, Failure, Provider, Snapshot, Usage, Window};
use chrono::{DateTime, Utc};
use std::path::Path;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("in range")
}

/// Claude accounts with one address, each with a file name and percent used; `None`: its login is refused.
pub fn snapshot(used: &[(&str, Option<f64>)]) -> Snapshot {
    let mut snapshot = Snapshot { updated_at: Some(at(0)), ..Snapshot::default() };
    for (id, used) in used {
        let account = Account {
            id: AccountId::file(format!("{id}.json")),
            provider: Provider::CLAUDE,
            email: "a\"b@x".into(),
            identity: None,
            given_name: None,
        };
        let mut usage = AccountUsage::unknown(account);
        let usage_of_window = used.map(|used| {
            let mut window = Window::new("five_hour", "5-hour", used).expect("a number");
            window.resets_at = Some(at(7_800));
            Usage { windows: vec![window], ..Usage::default() }
        });
        usage.record(usage_of_window.ok_or(Failure::SignInAgain), at(0));
        snapshot.accounts.push(usage);
    }
    snapshot
}

/// What a format prints of a snapshot.
pub fn present(snapshot: &Snapshot, print: impl Fn(&Presenter<'_>) -> String) -> String {
    let settings = Settings::default();
    let auth_dir = Path::new("/auth");
    print(&Presenter { snapshot, settings: &settings, auth_dir, now: at(0), locale: Locale::UTC })
}
