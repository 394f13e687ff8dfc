//! CLIProxyAPI's folder of credential files. Its tokens are renewed here, by the protocol of `credentials/renewal`.

use crate::config::{Settings, TokenRenewal};
use crate::credentials::Login;
use crate::credentials::renewal::{Policy, Refusal, Renewer};
use crate::credentials::store::{self, Entry};
use crate::platform::clock;
use crate::platform::folder_watch::FolderWatch;
use crate::providers::{Http, REGISTRY};
use crate::quota::{Account, AccountId, AccountStatus, Failure, TokenLifetime, Usage};
use crate::sources::{
    AccountList, AccountSource, BoxFuture, Capabilities, Clients, ListedAccount, RenewalError, SourceLogin,
};
use crate::text;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// The accounts in CLIProxyAPI's folder.
pub struct CliProxyApi(Arc<Folder>);

struct Folder {
    dir: PathBuf,
    policy: Policy,
    show_disabled: bool,
    http: Arc<Http>,
    renewer: Arc<Renewer>,
    history: Mutex<History>,
}

/// What is kept from one listing to the next.
#[derive(Default)]
struct History {
    /// The accounts of the last listing: one of them whose file can't be read at the moment is listed as broken.
    accounts: HashMap<AccountId, Account>,
    /// The fingerprint of a login that was renewed here → its fingerprint before. Such a change needs no refresh.
    renewed: HashMap<u64, u64>,
}

/// A login in the folder.
struct FolderLogin {
    login: Login,
    folder: Arc<Folder>,
}

impl CliProxyApi {
    /// The accounts in `dir`.
    pub fn new(dir: PathBuf, settings: &Settings, clients: &Clients) -> CliProxyApi {
        CliProxyApi(Arc::new(Folder {
            dir,
            policy: Policy { mode: settings.token_renewal, endpoints: settings.endpoints.clone() },
            show_disabled: settings.show_disabled,
            http: clients.http.clone(),
            renewer: clients.renewer.clone(),
            history: Mutex::default(),
        }))
    }

    async fn list(&self) -> AccountList {
        let folder = &self.0;
        let known = folder.history().accounts.clone();
        let scan = match store::scan(&folder.dir, &known).await {
            Ok(scan) => scan,
            Err(error) => {
                let problem = format!(
                    "could not read the folder {}: {error}; check its owner and its permissions",
                    text::path(&folder.dir)
                );
                return AccountList { problem: Some(problem), ..AccountList::default() };
            }
        };
        let fingerprint = {
            let mut history = folder.history();
            let accounts =
                scan.entries.iter().map(|entry| (entry.account().id.clone(), entry.account().clone()));
            history.accounts = accounts.collect();
            scan.fingerprint(|one| history.renewed.get(&one).copied().unwrap_or(one))
        };
        let accounts = scan
            .entries
            .into_iter()
            .map(|entry| listed(entry, folder))
            .filter(|listed| folder.show_disabled || listed.status != AccountStatus::Disabled)
            .collect();
        AccountList { accounts, fingerprint, problem: unreadable_files(&scan.unreadable) }
    }
}

/// The sentence about files that may be accounts. `None`: there are none.
fn unreadable_files(files: &[AccountId]) -> Option<String> {
    let first = files.first()?;
    let (more, them, their) = match files.len() - 1 {
        0 => (String::new(), "it", "its owner and its permissions"),
        1 => (" and 1 more file".to_owned(), "them", "their owners and their permissions"),
        more => (format!(" and {more} more files"), "them", "their owners and their permissions"),
    };
    Some(format!("could not read {first}{more}: no permission to read {them}; check {their}"))
}

fn listed(entry: Entry, folder: &Arc<Folder>) -> ListedAccount {
    match entry {
        Entry::Broken(account, failure) => {
            ListedAccount { account, status: AccountStatus::Failed(failure), login: None }
        }
        Entry::Disabled(account) => ListedAccount { account, status: AccountStatus::Disabled, login: None },
        Entry::Login(login) => ListedAccount {
            account: login.account.clone(),
            status: AccountStatus::Active,
            login: Some(Box::new(FolderLogin { login, folder: folder.clone() })),
        },
    }
}

impl AccountSource for CliProxyApi {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            renews_tokens: self.0.policy.mode != TokenRenewal::Never,
            passive_usage: false,
            sign_in: "sign in again with CLIProxyAPI",
        }
    }

    fn list(&self) -> BoxFuture<'_, AccountList> {
        Box::pin(self.list())
    }

    fn watch(&self, changes: mpsc::Sender<()>) -> Option<FolderWatch> {
        FolderWatch::start(&[&self.0.dir], changes)
    }

    fn recover(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.renewer.recover())
    }

    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.renewer.finish())
    }

    fn rest(&self) {
        self.0.http.close_idle();
    }
}

impl Folder {
    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn renew(&self, login: &Login) -> Result<Login, Refusal> {
        let renewed = self.renewer.renew(self.policy.clone(), login.clone()).await?;
        if renewed.account.same_identity(&login.account) == Some(false) {
            // Its usage is another account's; the next listing finds that account.
            return Err(Refusal::until("the credential file now has another login", clock::now()));
        }
        let (before, after) = (store::login_fingerprint(login), store::login_fingerprint(&renewed));
        if before != after {
            let mut history = self.history();
            let first = history.renewed.remove(&before).unwrap_or(before);
            history.renewed.insert(after, first);
        }
        Ok(renewed)
    }
}

impl SourceLogin for FolderLogin {
    fn fetch(&self) -> BoxFuture<'_, Result<Usage, Failure>> {
        Box::pin(async {
            let spec = REGISTRY.spec(self.login.account.provider)?;
            let request = self.login.usage_request();
            spec.fetch_usage(&self.folder.http, &self.folder.policy.endpoints, &request).await
        })
    }

    fn token_hash(&self) -> Option<String> {
        Some(self.login.access_token.hash())
    }

    fn has_expired(&self, now: DateTime<Utc>) -> bool {
        self.login.has_expired(now)
    }

    fn lifetime(&self) -> Option<TokenLifetime> {
        Some(TokenLifetime { renewed_at: self.login.renewed_at, expires_at: self.login.expires_at })
    }

    /// Where renewal is switched off, a token that CLIProxyAPI or another process has renewed is still taken over.
    fn renew(&self) -> Option<BoxFuture<'_, Result<Box<dyn SourceLogin>, RenewalError>>> {
        Some(Box::pin(async {
            match self.folder.renew(&self.login).await {
                Ok(login) => {
                    let renewed: Box<dyn SourceLogin> =
                        Box::new(FolderLogin { login, folder: self.folder.clone() });
                    Ok(renewed)
                }
                Err(refusal) => Err(RenewalError {
                    reason: refusal.failure,
                    needs_sign_in: refusal.is_dead,
                    retry_at: refusal.retry_at,
                }),
            }
        }))
    }
}
