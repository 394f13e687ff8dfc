//! The auth directory: which accounts there are, and which of them can be used.

use crate::credentials::claims::Claims;
use crate::credentials::file::{self, Document, Unreadable};
use crate::credentials::file_name;
use crate::credentials::identity::identity;
use crate::platform::secret::Secret;
use crate::providers::{Proxy, REGISTRY, Registry, UsageRequest};
use crate::quota::{Account, AccountId, Failure, Provider, timestamp};
use crate::text;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use tokio::task::JoinSet;

/// A login as it is in its credential file.
#[derive(Debug, Clone)]
pub struct Login {
    /// Whose login it is.
    pub account: Account,
    /// The credential file.
    pub path: PathBuf,
    /// The token for the usage API.
    pub access_token: Secret,
    /// When that token expires. `None`: the file does not say.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last renewed, by any program. `None`: the file does not say.
    pub renewed_at: Option<DateTime<Utc>>,
    /// The workspace. `None`: the personal one, or the provider has none.
    pub workspace: Option<String>,
    /// Whether its ID token marks it as a FedRAMP account.
    pub is_fedramp: bool,
    /// The proxy for this account's requests.
    pub proxy: Proxy,
}

/// A token that expires within this time counts as expired: clocks differ, and a request takes time.
const EXPIRY_TOLERANCE: TimeDelta = TimeDelta::minutes(1);

impl Login {
    /// Whether the access token has expired, or will within a minute.
    pub fn has_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|at| at <= now + EXPIRY_TOLERANCE)
    }

    /// What a request for its usage needs.
    pub fn usage_request(&self) -> UsageRequest {
        UsageRequest {
            access_token: self.access_token.clone(),
            workspace: self.workspace.clone(),
            is_fedramp: self.is_fedramp,
            proxy: self.proxy.clone(),
        }
    }
}

/// A file in the auth directory that belongs to an account.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A login that can be used.
    Login(Login),
    /// A login that is switched off (`disabled`), whatever else is in the file.
    Disabled(Account),
    /// A file that can't be used.
    Broken(Account, Failure),
}

impl Entry {
    /// The account.
    pub fn account(&self) -> &Account {
        match self {
            Entry::Login(login) => &login.account,
            Entry::Disabled(account) | Entry::Broken(account, _) => account,
        }
    }
}

/// What was found in the auth directory.
#[derive(Debug, Default)]
pub struct Scan {
    /// The accounts, in no particular order.
    pub entries: Vec<Entry>,
    /// Files that this user may not read, and whose names don't tell their provider: they may be accounts.
    pub unreadable: Vec<AccountId>,
}

impl Scan {
    /// A number that changes with everything that changes the result of a refresh: the set of accounts, a token, a switch.
    /// It reveals no secret. `alias` replaces the number of one entry.
    pub fn fingerprint(&self, alias: impl Fn(u64) -> u64) -> u64 {
        let numbers = self.entries.iter().map(|entry| {
            let number = match entry {
                Entry::Login(login) => login_fingerprint(login),
                Entry::Disabled(account) => hash_of(account),
                Entry::Broken(account, failure) => hash_of(&(&account.id, format!("{failure:?}"))),
            };
            alias(number)
        });
        let mut numbers: Vec<_> = numbers.collect();
        numbers.sort_unstable();
        hash_of(&(numbers, &self.unreadable))
    }
}

/// Reads the files in `dir`. `known` are the accounts of the previous scan: a file of theirs is
/// reported even while it is broken. A folder that does not exist has no accounts.
///
/// # Errors
/// The folder can't be read.
pub async fn scan(dir: &Path, known: &HashMap<AccountId, Account>) -> io::Result<Scan> {
    let mut scan = Scan::default();
    let mut retried = JoinSet::new();
    for name in names(dir)? {
        let id = file_name::to_id(&name);
        let path = dir.join(&name);
        match file::read_once(&path) {
            Ok(contents) => {
                scan.entries.extend(read_login(&REGISTRY, &id, &path, &contents.document, known.get(&id)));
            }
            // All of these are retried at the same time, so that a broken file does not delay the others.
            Err(_) => drop(retried.spawn(async move { (file::read(&path).await, id, path) })),
        }
    }
    while let Some(read) = retried.join_next().await {
        let (read, id, path) = read.map_err(io::Error::other)?;
        let may_be_account = matches!(read, Err(Unreadable::NoPermission));
        let known = known.get(&id);
        let entry = match read {
            Ok(contents) => read_login(&REGISTRY, &id, &path, &contents.document, known),
            Err(Unreadable::Gone) if !path.is_symlink() => None,
            Err(Unreadable::Gone) => broken(&REGISTRY, &id, known, "it is a broken link", SIGN_IN),
            Err(error @ Unreadable::NoPermission) => {
                broken(&REGISTRY, &id, known, &error.to_string(), "check its owner and its permissions")
            }
            Err(error) => broken(&REGISTRY, &id, known, &error.to_string(), SIGN_IN),
        };
        match (entry, may_be_account) {
            (Some(entry), _) => scan.entries.push(entry),
            (None, true) => scan.unreadable.push(id),
            (None, false) => {}
        }
    }
    scan.unreadable.sort();
    Ok(scan)
}

/// A number that changes with everything of a login that changes the result of a refresh. It reveals no secret.
pub fn login_fingerprint(login: &Login) -> u64 {
    let Login { account, access_token, expires_at, workspace, is_fedramp, proxy, .. } = login;
    hash_of(&(account, access_token.expose(), expires_at, workspace, is_fedramp, proxy))
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The file names that CLIProxyAPI loads: `*.json` at the top level, dot files included.
///
/// # Errors
/// The folder can't be read.
pub(crate) fn names(dir: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    let listing = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing?,
    };
    let mut names = Vec::new();
    for entry in listing {
        let entry = entry?;
        let is_json = Path::new(&entry.file_name()).extension().is_some_and(|e| e.eq_ignore_ascii_case("json"))
            // `.json` alone is a name without an extension, and CLIProxyAPI loads it.
            || entry.file_name().eq_ignore_ascii_case(".json");
        if is_json && !entry.file_type()?.is_dir() {
            names.push(entry.file_name());
        }
    }
    names.sort();
    Ok(names)
}

/// The account in a credential file. `None`: CLIProxyAPI does not load it as a login, or its provider is not in `registry`:
/// files without a type, API keys, other types.
pub fn read_login(
    registry: &Registry,
    id: &AccountId,
    path: &Path,
    document: &Document,
    known: Option<&Account>,
) -> Option<Entry> {
    let Some(kind) = document.text("type") else {
        // An account that was shown does not disappear without an explanation.
        return known.and_then(|account| broken(registry, id, Some(account), "it has no \"type\"", SIGN_IN));
    };
    let spec = registry.find(kind)?;
    let has = |keys: [&str; 2]| keys.into_iter().any(|key| document.text(key).is_some());
    if has(["api_key", "api-key"]) && !has(["access_token", "refresh_token"]) {
        return None;
    }
    let names = [document.text("email"), document.text("login")].into_iter().flatten().map(text::label);
    let email = names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| text::label(id.key()));
    let claims = spec.credential.id_token.as_ref().zip(document.text("id_token"));
    let claims = claims.map(|(names, token)| Claims::of(token, names)).unwrap_or_default();
    let in_file = spec.credential.workspace.and_then(|key| document.text(key));
    let workspace = in_file.map(str::to_owned).or(claims.workspace);
    let identity = Some(identity(id, spec, document, workspace.as_deref()));
    let account = Account { id: id.clone(), provider: spec.provider, email, identity, given_name: None };
    if document.get("disabled").and_then(serde_json::Value::as_bool) == Some(true) {
        return Some(Entry::Disabled(account));
    }
    let fail = |account: Account, what: &str| {
        let text = format!("could not use {id}: {what}");
        Some(Entry::Broken(account, Failure::InvalidFile(text)))
    };
    let Some(access_token) = document.text("access_token") else {
        return fail(account, "it has no access token; sign in again with CLIProxyAPI");
    };
    // Other characters can't be sent in a header.
    if !access_token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return fail(account, "its access token has invalid characters; sign in again with CLIProxyAPI");
    }
    let proxy = match Proxy::parse(document.text("proxy_url")) {
        Ok(proxy) => proxy,
        Err(what) => return fail(account, &what),
    };
    Some(Entry::Login(Login {
        path: path.to_owned(),
        access_token: Secret::new(access_token.to_owned()),
        expires_at: document.expires_at(),
        renewed_at: document.get("last_refresh").and_then(timestamp::parse),
        workspace,
        is_fedramp: claims.is_fedramp,
        proxy,
        account,
    }))
}

/// What helps with a file that is broken.
const SIGN_IN: &str = "sign in again with CLIProxyAPI, or delete the file";

/// An entry for a file that can't be read, if it is an account's: it was in the previous scan, or its name begins with a
/// provider's, as CLIProxyAPI names its files ("claude-a@b.c.json").
fn broken(
    registry: &Registry,
    id: &AccountId,
    known: Option<&Account>,
    why: &str,
    remedy: &str,
) -> Option<Entry> {
    let account_by_name = || {
        let name = id.key().to_lowercase();
        let is_first_word = |rest: &str| rest.starts_with(['-', '_', '.']) && !rest.starts_with("-api-key");
        let is_named = |provider: &Provider| name.strip_prefix(provider.key()).is_some_and(is_first_word);
        let provider = registry.providers().find(is_named)?;
        Some(Account {
            id: id.clone(),
            provider,
            email: text::label(id.key()),
            identity: None,
            given_name: None,
        })
    };
    let account = known.cloned().or_else(account_by_name)?;
    let text = format!("could not use {id}: {why}; {remedy}");
    Some(Entry::Broken(account, Failure::InvalidFile(text)))
}
