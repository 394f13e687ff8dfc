//! What `quota-tray status --format json` prints.

use serde_json::Value;

use super::program::Finished;
use super::test_account::TestAccount;

/// A run of `status` that has ended.
#[derive(Debug)]
pub struct StatusReport {
    pub accounts: Vec<AccountReport>,
    pub finished: Finished,
}

/// An account in a report.
#[derive(Clone, Debug)]
pub struct AccountReport {
    /// The name of its credential file.
    pub id: String,
    pub state: String,
    pub error: Option<String>,
    /// Percent left in the lowest window.
    pub lowest_remaining: Option<f64>,
}

impl StatusReport {
    #[track_caller]
    pub fn of(finished: Finished) -> Self {
        let report: Value = serde_json::from_str(&finished.stdout)
            .unwrap_or_else(|error| panic!("no report ({error}): {finished:#?}"));
        let accounts = report["accounts"].as_array().expect("a list of accounts").iter();
        let accounts = accounts.map(|account| AccountReport {
            id: account["id"].as_str().expect("each account has an id").to_owned(),
            state: account["state"].as_str().expect("each account has a state").to_owned(),
            error: account["error"].as_str().map(str::to_owned),
            lowest_remaining: account["lowest_remaining_percent"].as_f64(),
        });
        Self { accounts: accounts.collect(), finished }
    }

    /// The account with this credential file.
    #[track_caller]
    pub fn account(&self, id: &str) -> &AccountReport {
        let account = self.accounts.iter().find(|account| account.id == id);
        account.unwrap_or_else(|| panic!("no account {id}: {self:#?}"))
    }

    /// What it says is wrong with an account.
    #[track_caller]
    pub fn error_of(&self, account: &TestAccount) -> Option<&str> {
        self.error_in(&format!("{}.json", account.name))
    }

    /// What it says is wrong with the account of a credential file.
    #[track_caller]
    pub fn error_in(&self, id: &str) -> Option<&str> {
        self.account(id).error.as_deref()
    }

    pub fn succeeded(&self) -> bool {
        self.finished.status.success()
    }
}
