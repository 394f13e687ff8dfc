//! A fixture for renewals: accounts that sign in at a [`Ledger`], runs of the real binary, and where each login is.

use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::fixture::Fixture;
use super::journal;
use super::ledger::{Delivery, Ledger};
use super::provider::Provider;
use super::response::ClientEnd;
use super::status_report::StatusReport;
use super::test_account::TestAccount;
use super::wait::Gate;

/// Credential files, a state directory, and the server whose ledger decides. Everything a [`Fixture`] can do it can
/// do as well.
pub struct RenewalFixture {
    pub ledger: Ledger,
    fixture: Fixture,
}

/// Where the live refresh token of a login is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenLocation {
    CredentialFile,
    Journal,
    /// In transit: the client died with the response unread, or before it arrived.
    InTransit,
    /// Read from the socket, and not yet in the journal when the client died.
    InMemory,
    /// Nowhere, and without an excuse.
    Lost,
}

impl TokenLocation {
    /// Whether a later run can renew this login.
    pub fn is_kept(self) -> bool {
        matches!(self, TokenLocation::CredentialFile | TokenLocation::Journal)
    }
}

impl RenewalFixture {
    /// Without an account.
    pub fn new() -> Self {
        let fixture = Fixture::new();
        Self { ledger: Ledger::open(&fixture.server), fixture }
    }

    /// Adds an account whose access token has expired.
    pub fn with(mut self, provider: Provider, email: &str) -> Self {
        let account = TestAccount::create(&self.auth_dir(), provider, email);
        self.sign_in(&account);
        self.fixture.accounts.push(account);
        self
    }

    /// The same, with a link in the folder to a credential file elsewhere.
    #[cfg(unix)]
    pub fn with_link(self, provider: Provider, email: &str) -> Self {
        let mut fixture = self.with(provider, email);
        let elsewhere = fixture.dir().join("elsewhere");
        fs::create_dir_all(&elsewhere).expect("could not create a folder");
        let account = fixture.fixture.accounts.last_mut().expect("just added");
        let link = account.file();
        let target = elsewhere.join(link.file_name().expect("it has a name"));
        fs::rename(link, &target).expect("could not move the credential file");
        std::os::unix::fs::symlink(target, link).expect("could not create a link");
        account.is_link = true;
        fixture
    }

    /// A file like the others: on Windows only an administrator can make a link.
    #[cfg(windows)]
    pub fn with_link(self, provider: Provider, email: &str) -> Self {
        self.with(provider, email)
    }

    /// The only account.
    #[track_caller]
    pub fn only_account(&self) -> &TestAccount {
        assert_eq!(self.accounts.len(), 1);
        &self.accounts[0]
    }

    /// Puts a new login into the account's file, as CLIProxyAPI does. The file was changed ten minutes ago.
    pub fn sign_in(&self, account: &TestAccount) {
        let login = self.ledger.sign_in(&account.name, account.provider);
        account.set("refresh_token", login.refresh);
        account.set("access_token", login.access);
        account.expire();
        account.modified_earlier(Duration::from_secs(600));
    }

    /// Lets so much time pass, by moving back the times in the journals and of the credential files.
    pub fn pass(&self, minutes: u32) {
        for journal in journal::all(&self.state_dir()) {
            journal.age(TimeDelta::minutes(minutes.into()));
        }
        for account in &self.accounts {
            account.modified_earlier(Duration::from_secs(60 * u64::from(minutes)));
        }
    }

    /// Runs the real `quota-tray status` to its end.
    #[track_caller]
    pub fn status(&self) -> StatusReport {
        StatusReport::of(self.run(&["status", "--format", "json"]))
    }

    /// Where the live refresh token of an account is after its client was killed. `alive_at`: a moment at which the
    /// client was still alive.
    #[track_caller]
    pub fn locate(&self, account: &TestAccount, alive_at: Instant) -> TokenLocation {
        let login = self.ledger.login(&account.name);
        if account.read()["refresh_token"] == *login.refresh {
            return TokenLocation::CredentialFile;
        }
        if journal::all(&self.state_dir()).iter().any(|journal| journal.holds(&login.refresh)) {
            return TokenLocation::Journal;
        }
        // The journal has to say that a response is expected. A client that sent another request, or that got the
        // response long before it died, has no excuse.
        let phase = journal::of(&self.state_dir(), account.file()).map(|journal| journal.phase());
        match login.delivery {
            _ if phase.as_deref() != Some("sent") => TokenLocation::Lost,
            Some(Delivery { end: Some((ClientEnd::NextRequest, _)), .. }) | None => TokenLocation::Lost,
            Some(Delivery { sent, .. }) if sent.is_none_or(|at| at > alive_at) => TokenLocation::InTransit,
            Some(Delivery { end: Some((ClientEnd::Reset, _)), .. }) => TokenLocation::InTransit,
            Some(_) => TokenLocation::InMemory,
        }
    }

    /// Runs `status`, which has to renew these accounts and get their usage, and leaves no other file behind.
    #[track_caller]
    pub fn must_renew(&self, accounts: &[TestAccount], after_what: &str) {
        let before: Vec<_> = accounts.iter().map(|account| self.ledger.login(&account.name)).collect();
        let report = self.status();
        for (account, before) in accounts.iter().zip(before) {
            let context = format!("{} after {after_what}", account.name);
            let after = self.ledger.login(&account.name);
            assert_eq!(report.error_of(account), None, "{context}: {report:#?}");
            assert!(after.renewals > before.renewals, "{context}: not renewed: {report:#?}");
            assert!(after.usages > before.usages, "{context}: no usage request: {report:#?}");
            assert_eq!(account.read()["refresh_token"], *after.refresh, "{context}: another token");
            assert_eq!(account.file().is_symlink(), account.is_link, "{context}: the link was replaced");
            assert_eq!(after.reuses, 0, "{context}: a spent token was sent again");
        }
        assert_eq!(self.leftovers(), [""; 0], "files beside the credentials after {after_what}");
    }

    /// Each account was renewed once, no spent token was sent, and its file holds the new tokens.
    #[track_caller]
    pub fn assert_each_renewed_once(&self) {
        for account in &self.accounts {
            self.assert_renewed(account, 1, &[account.file()]);
        }
        assert_eq!(self.leftovers(), [""; 0], "files beside the credentials");
    }

    /// The account was renewed so often, no spent token was sent, and each of the files holds the live tokens.
    #[track_caller]
    pub fn assert_renewed(&self, account: &TestAccount, renewals: usize, files: &[&Path]) {
        let login = self.ledger.login(&account.name);
        assert_eq!((login.renewals, login.reuses), (renewals, 0), "{}", account.name);
        for file in files {
            let content = fs::read(file).expect("could not read a credential file");
            let content: serde_json::Value = serde_json::from_slice(&content).expect("it is JSON");
            assert_eq!(content["refresh_token"], *login.refresh, "{}", file.display());
            assert_eq!(content["access_token"], *login.access, "{}", file.display());
        }
    }

    /// Holds back the responses to all refresh tokens.
    pub fn hold_responses(&self) -> Gate {
        let gate = Gate::new();
        self.accounts.iter().for_each(|account| self.ledger.hold_responses(&account.name, &gate));
        gate
    }

    /// Files in the credential folders that are no credentials.
    pub fn leftovers(&self) -> Vec<String> {
        let folders: [PathBuf; 2] = [self.auth_dir(), self.dir().join("elsewhere")];
        let listings = folders.iter().filter_map(|folder| fs::read_dir(folder).ok());
        let names = listings
            .flatten()
            .map(|entry| entry.expect("it can be listed").file_name().into_string().expect("UTF-8"));
        names.filter(|name| !name.ends_with(".json")).collect()
    }
}

impl Deref for RenewalFixture {
    type Target = Fixture;

    fn deref(&self) -> &Fixture {
        &self.fixture
    }
}

impl DerefMut for RenewalFixture {
    fn deref_mut(&mut self) -> &mut Fixture {
        &mut self.fixture
    }
}
