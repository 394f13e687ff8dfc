//! A made-up source of accounts, defined only here: the engine does its merging, identity, request budget and watch.

use quota_tray::config::{Endpoint, Endpoints, Settings};
use quota_tray::engine::budget::RequestLimits;
use quota_tray::engine::refresher::{self, Command};
use quota_tray::engine::state_dir::StateDir;
use quota_tray::engine::{Resources, SourceSet, one_shot};
use quota_tray::platform::folder_watch::FolderWatch;
use quota_tray::quota::{
    Account, AccountId, AccountStatus, Failure, Identity, Provider, Snapshot, Usage, UsageState, Window,
};
use quota_tray::sources::{
    self, AccountList, AccountSource, BoxFuture, Capabilities, ListedAccount, SourceLogin,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A made-up source. Clones share everything.
#[derive(Clone, Default)]
struct Notebook {
    accounts: Arc<Mutex<Vec<Account>>>,
    changes: Arc<Mutex<Option<mpsc::Sender<()>>>>,
    /// The requests sent, by e-mail address.
    requests: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl AccountSource for Notebook {
    fn capabilities(&self) -> Capabilities {
        Capabilities { renews_tokens: false, passive_usage: false, sign_in: "write it down again" }
    }

    fn list(&self) -> BoxFuture<'_, AccountList> {
        let accounts = self.accounts.lock().expect("not poisoned").clone();
        let fingerprint = accounts.len() as u64;
        let listed = |account: Account| {
            let login = NotebookLogin { email: account.email.clone(), notebook: self.clone() };
            ListedAccount { account, status: AccountStatus::Active, login: Some(Box::new(login)) }
        };
        let accounts = accounts.into_iter().map(listed).collect();
        Box::pin(async move { AccountList { accounts, fingerprint, problem: None } })
    }

    fn watch(&self, changes: mpsc::Sender<()>) -> Option<FolderWatch> {
        *self.changes.lock().expect("not poisoned") = Some(changes);
        None
    }
}

struct NotebookLogin {
    email: String,
    notebook: Notebook,
}

impl SourceLogin for NotebookLogin {
    fn fetch(&self) -> BoxFuture<'_, Result<Usage, Failure>> {
        Box::pin(async {
            let mut requests = self.notebook.requests.lock().expect("not poisoned");
            *requests.entry(self.email.clone()).or_default() += 1;
            let window = Window::new("five_hour", "5-hour", 25.0).expect("a number");
            Ok(Usage { windows: vec![window], ..Usage::default() })
        })
    }
}

fn account(email: &str, identity: Option<Identity>) -> Account {
    let id = AccountId::new("notebook", email);
    Account { id, provider: Provider::CLAUDE, email: email.into(), identity, given_name: None }
}

/// Credential files of CLIProxyAPI whose usage endpoint refuses connections.
struct Files {
    dir: TempDir,
    settings: Settings,
    resources: Resources,
}

impl Files {
    fn new(emails: &[&str]) -> Files {
        let dir = tempfile::tempdir().expect("a folder");
        for email in emails {
            let text = format!(r#"{{"type":"claude","email":"{email}","access_token":"t"}}"#);
            std::fs::write(dir.path().join(format!("claude-{email}.json")), text).expect("written");
        }
        let closed = Endpoint::parse("http://127.0.0.1:1/").expect("on loopback");
        let endpoints =
            Endpoints { claude_usage: Some(closed), cli_proxy_api: Vec::new(), ..Endpoints::default() };
        let settings = Settings { endpoints: endpoints.into(), ..Settings::default() };
        let state = dir.path().join("state");
        let resources = Resources::new(&state, &state, |_| {});
        Files { dir, settings, resources }
    }

    fn source(&self) -> Arc<dyn AccountSource> {
        let dir = self.dir.path().to_owned();
        sources::configured(dir, &self.settings, &self.resources.clients).remove(0)
    }
}

fn limited(sources: Vec<Arc<dyn AccountSource>>, state: &Path) -> Arc<SourceSet> {
    let limits = RequestLimits { per_five_minutes: 2, claude_per_hour: 100 };
    Arc::new(SourceSet::new(sources, Some(limits), StateDir::new(state)))
}

#[tokio::test]
async fn accounts_of_two_sources_are_merged_sorted_and_shown_once() {
    let files = Files::new(&["bob@example.com", "dora@example.com"]);
    let listed = files.source().list().await.accounts;
    let dora = listed.iter().find(|listed| listed.account.email.starts_with("dora")).expect("listed");
    let notebook = Notebook::default();
    *notebook.accounts.lock().expect("not poisoned") = vec![
        account("carol@example.com", None),
        account("dora@example.com", dora.account.identity.clone()),
        account("alice@example.com", Some(Identity("claude/alice".into()))),
    ];
    let sources = limited(vec![files.source(), Arc::new(notebook.clone())], files.dir.path());

    let snapshot = one_shot::refresh(sources, Snapshot::default()).await;

    let rows: Vec<_> =
        snapshot.accounts.iter().map(|usage| (usage.account.id.to_string(), usage.state())).collect();
    let row = |id: &str, state| (id.to_owned(), state);
    assert_eq!(
        rows,
        [
            row("notebook:alice@example.com", UsageState::Ok),
            row("claude-bob@example.com.json", UsageState::Error),
            row("notebook:carol@example.com", UsageState::Ok),
            row("claude-dora@example.com.json", UsageState::Error),
        ]
    );
    assert!(!notebook.requests.lock().expect("not poisoned").contains_key("dora@example.com"));
}

#[tokio::test]
async fn requests_of_a_source_stay_within_the_budget_across_restarts() {
    let notebook = Notebook::default();
    *notebook.accounts.lock().expect("not poisoned") = vec![account("alice@example.com", None)];
    let state = tempfile::tempdir().expect("a folder");
    let mut snapshot = Snapshot::default();
    for _ in 0..4 {
        let sources = limited(vec![Arc::new(notebook.clone())], state.path());
        snapshot = one_shot::refresh(sources, snapshot).await;
    }
    assert_eq!(notebook.requests.lock().expect("not poisoned")["alice@example.com"], 2);
    let usage = &snapshot.accounts[0];
    assert_eq!((usage.state(), usage.throttled_until.is_some()), (UsageState::Ok, true));
}

#[tokio::test]
async fn change_reported_by_a_source_starts_a_refresh() {
    let notebook = Notebook::default();
    let state = tempfile::tempdir().expect("a folder");
    let sources = limited(vec![Arc::new(notebook.clone())], state.path());
    let (_commands, received) = mpsc::unbounded_channel::<Command>();
    let (published, mut snapshots) = mpsc::unbounded_channel();
    let publish = move |snapshot: Snapshot| published.send(snapshot).expect("the test receives");
    tokio::spawn(refresher::run(sources, Duration::from_secs(3600), Snapshot::default(), received, publish));
    let mut next = async || {
        let next = async {
            loop {
                let snapshot: Snapshot = snapshots.recv().await.expect("the refresher runs");
                if !snapshot.refreshing {
                    return snapshot;
                }
            }
        };
        timeout(Duration::from_secs(30), next).await.expect("a refresh ends")
    };
    assert_eq!(next().await.accounts.len(), 0);

    notebook.accounts.lock().expect("not poisoned").push(account("alice@example.com", None));
    let changes = notebook.changes.lock().expect("not poisoned").clone().expect("it is watched");
    changes.send(()).await.expect("the refresher watches");

    let snapshot = next().await;
    assert_eq!(snapshot.accounts[0].state(), UsageState::Ok);
}
