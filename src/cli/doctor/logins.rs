//! The auth directory and the state of each credential file. Never a token; names only on request.

use crate::app::context::Context;
use crate::cli::doctor::finding::{Finding, Mark, bad, doubtful, good};
use crate::config::ShownAccounts;
use crate::credentials::store::{self, Entry, Scan};
use crate::credentials::{Login, file, file_name};
use crate::engine::state_dir::StateDir;
use crate::presenter::Locale;
use crate::presenter::format;
use crate::quota::{Account, Failure};
use std::collections::HashMap;
use std::path::Path;

/// The findings, and the usable logins.
pub async fn check(context: &Context, show_accounts: bool) -> (Vec<Finding>, Vec<Login>) {
    let dir = context.auth_dir(&context.settings);
    let shown = dir.display();
    let Scan { mut entries, unreadable } = match store::scan(&dir, &HashMap::new()).await {
        Ok(scan) => scan,
        Err(error) => {
            let state = format!("could not read {shown}: {error}");
            return (
                vec![bad("credentials folder", state, "check its owner and its permissions")],
                Vec::new(),
            );
        }
    };
    entries.sort_by_key(|entry| entry.account().sort_key());
    let folder = match entries.len() {
        _ if !dir.exists() => doubtful(
            "credentials folder",
            format!("{shown} does not exist"),
            "sign in to Claude or Codex with CLIProxyAPI, or set auth_dir to another folder",
        ),
        0 => doubtful(
            "credentials folder",
            format!("no Claude or Codex login in {shown}"),
            "sign in with CLIProxyAPI, or set auth_dir to another folder",
        ),
        1 => good("credentials folder", format!("{shown}, 1 account")),
        count => good("credentials folder", format!("{shown}, {count} accounts")),
    };
    let mut findings = vec![folder];
    if let Some(problem) = write_problem(&dir).filter(|_| !entries.is_empty()) {
        findings.push(doubtful("credentials folder", problem, "Quota Tray can't renew expired tokens there"));
    }
    findings.extend(icon(&context.settings.icon.shows, &entries, show_accounts));
    let last = StateDir::new(&context.paths.state_dir).snapshot();
    for (number, entry) in (1..).zip(&entries) {
        let account = entry.account();
        let known = last.accounts.iter().find(|usage| usage.account.id == account.id);
        let error = known.and_then(|usage| usage.error.as_ref());
        findings.push(one(number, entry, (&dir, context.locale), error, show_accounts));
    }
    for (number, id) in (1..).zip(&unreadable) {
        let mut facts = Facts::default();
        facts.file(&dir.join(file_name::from_id(id)));
        let remedy = if facts.remedies.is_empty() { "check its owner and its permissions" } else { "" };
        facts.add(Mark::Bad, "no permission to read it", remedy);
        let name = if show_accounts { format!(" {id}") } else { String::new() };
        findings.push(facts.finding(format!("credential file {number} (of an unknown provider){name}")));
    }
    let logins = entries.into_iter().filter_map(|entry| match entry {
        Entry::Login(login) => Some(login),
        Entry::Disabled(_) | Entry::Broken(..) => None,
    });
    (findings, logins.collect())
}

/// The setting `icon.shows`. `None`: it matches an account. Its value may name one.
fn icon(shows: &ShownAccounts, entries: &[Entry], show_accounts: bool) -> Option<Finding> {
    let ShownAccounts::Only(name) = shows else { return None };
    if entries.iter().any(|entry| shows.includes(entry.account())) {
        return None;
    }
    let mut state = "no account matches the setting icon.shows".to_owned();
    if show_accounts {
        state = format!("{state}, \"{name}\"");
    }
    let remedy = "set it to \"lowest\", to a provider such as \"claude\", or to the id of an account in \
                  `quota-tray status --format json`";
    Some(doubtful("icon", state, remedy))
}

/// One account, by its number: its name and its file name would identify the user.
fn one(
    number: usize,
    entry: &Entry,
    (dir, locale): (&Path, Locale),
    last: Option<&Failure>,
    show_accounts: bool,
) -> Finding {
    let account = entry.account();
    let mut subject = format!("account {number} ({})", account.provider.name());
    if show_accounts {
        subject = format!("{subject} {} in {}", account.email, account.id);
    }
    let path = dir.join(file_name::from_id(&account.id));
    let mut facts = Facts::default();
    facts.file(&path);
    match entry {
        Entry::Disabled(_) => facts.add(Mark::Good, "disabled", ""),
        Entry::Broken(_, failure) => {
            facts.add(Mark::Bad, failure_words(failure, account, locale), "");
        }
        Entry::Login(login) => {
            facts.login(login, locale);
            if let Some(failure) = last {
                let mark = match failure {
                    Failure::SignInAgain
                    | Failure::CannotReadUsage
                    | Failure::WorkspaceDeactivated
                    | Failure::InvalidFile(_) => Mark::Bad,
                    _ => Mark::Doubtful,
                };
                facts.add(mark, format!("last refresh: {}", failure_words(failure, account, locale)), "");
            }
        }
    }
    facts.finding(subject)
}

/// A sentence about an account, without the name of its file or its address.
fn failure_words(failure: &Failure, account: &Account, locale: Locale) -> String {
    account.redact(failure.message(crate::platform::clock::now(), locale), true)
}

/// The facts about one file. The worst mark decides.
struct Facts {
    mark: Mark,
    facts: Vec<String>,
    remedies: Vec<String>,
}

impl Default for Facts {
    fn default() -> Facts {
        Facts { mark: Mark::Good, facts: Vec::new(), remedies: Vec::new() }
    }
}

impl Facts {
    fn add(&mut self, mark: Mark, fact: impl Into<String>, remedy: &str) {
        self.mark = self.mark.max(mark);
        self.facts.push(fact.into());
        if !remedy.is_empty() {
            self.remedies.push(remedy.to_owned());
        }
    }

    fn finding(self, subject: String) -> Finding {
        let (state, remedy) = (self.facts.join(", "), self.remedies.join("; "));
        Finding { mark: self.mark, subject, state, remedy }
    }

    #[cfg(unix)]
    fn file(&mut self, path: &Path) {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let Ok(metadata) = std::fs::metadata(path) else { return };
        let mode = metadata.permissions().mode() & 0o777;
        match mode & 0o077 {
            0 => self.add(Mark::Good, format!("mode {mode:03o}"), ""),
            _ => self.add(
                Mark::Doubtful,
                format!("mode {mode:03o}: other users can read its tokens"),
                "run chmod 600 on it",
            ),
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            self.add(
                Mark::Doubtful,
                "owned by another user",
                "change its owner; Quota Tray can't renew its tokens",
            );
        }
    }

    #[cfg(not(unix))]
    fn file(&mut self, _path: &Path) {}

    fn login(&mut self, login: &Login, locale: Locale) {
        let now = crate::platform::clock::now();
        let renewable = file::read_once(&login.path)
            .is_ok_and(|contents| contents.document.text("refresh_token").is_some());
        match login.expires_at {
            Some(at) if login.has_expired(now) && renewable => self.add(
                Mark::Doubtful,
                format!("token expired {}", format::age(at, now)),
                "it will be renewed at the next refresh",
            ),
            Some(at) if login.has_expired(now) => self.add(
                Mark::Bad,
                format!("token expired {}, and the file has no refresh token", format::age(at, now)),
                "sign in again with CLIProxyAPI",
            ),
            Some(at) => {
                self.add(Mark::Good, format!("token valid until {}", format::clock_time(at, now, locale)), "")
            }
            None => self.add(Mark::Good, "no expiry date in the file", ""),
        }
        if !renewable && !login.has_expired(now) {
            self.add(Mark::Doubtful, "no refresh token", "sign in again when the token expires");
        }
    }
}

#[cfg(unix)]
fn write_problem(dir: &Path) -> Option<String> {
    use rustix::fs::{Access, access};
    access(dir, Access::WRITE_OK).err().map(|error| format!("could not write to {}: {error}", dir.display()))
}

#[cfg(not(unix))]
fn write_problem(_dir: &Path) -> Option<String> {
    None
}
