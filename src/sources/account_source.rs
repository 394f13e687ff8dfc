//! What the engine needs from a source of accounts.

use crate::platform::folder_watch::FolderWatch;
use crate::quota::{Account, AccountStatus, Failure, RenewalFailure, TokenLifetime, Usage};
use chrono::{DateTime, Utc};
use std::pin::Pin;
use tokio::sync::mpsc;

/// The future that a method of an object-safe trait returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A source of accounts.
pub trait AccountSource: Send + Sync {
    /// What the source can do.
    fn capabilities(&self) -> Capabilities;

    /// Lists the accounts as they are now, in any order. It sends no request for their usage.
    fn list(&self) -> BoxFuture<'_, AccountList>;

    /// Sends to `changes` when the accounts may have changed, for as long as the result is kept. If the
    /// channel is full, a change is pending already, and the message can be dropped. `None`: no folder is watched; the
    /// source may keep `changes` and send to it.
    fn watch(&self, changes: mpsc::Sender<()>) -> Option<FolderWatch> {
        let _ = changes;
        None
    }

    /// Completes what an earlier run left unfinished. Called once, before the first listing.
    fn recover(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Waits for what must not be interrupted, such as a token renewal. Called once, at the end.
    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Releases what is kept only for the next of several requests, such as idle connections.
    fn rest(&self) {}
}

/// The login of a listed account: sends the requests for it.
pub trait SourceLogin: Send + Sync {
    /// Requests the usage, once.
    fn fetch(&self) -> BoxFuture<'_, Result<Usage, Failure>>;

    /// A hash of the access token, under which the engine records that the token was refused. `None`: there is no token on
    /// this machine, or refusals are not to be recorded.
    fn token_hash(&self) -> Option<String> {
        None
    }

    /// Whether the access token has expired.
    fn has_expired(&self, now: DateTime<Utc>) -> bool {
        let _ = now;
        false
    }

    /// How long the access token is valid. `None`: unknown.
    fn lifetime(&self) -> Option<TokenLifetime> {
        None
    }

    /// Renews the access token; the result is the renewed login. `None`: this source never renews tokens.
    fn renew(&self) -> Option<BoxFuture<'_, Result<Box<dyn SourceLogin>, RenewalError>>> {
        None
    }
}

/// What a source can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether a token that the provider rejects may be valid again without its owner: it is renewed here.
    pub renews_tokens: bool,
    /// Whether the source has usage without a request for it. Not used by the engine yet.
    pub passive_usage: bool,
    /// How the owner signs in again, as a clause: "sign in again with CLIProxyAPI".
    pub sign_in: &'static str,
}

/// The accounts of a source at one moment.
#[derive(Default)]
pub struct AccountList {
    /// The accounts.
    pub accounts: Vec<ListedAccount>,
    /// Changes when a refresh would show something else: the accounts, a token, a switch. Contains no secret.
    pub fingerprint: u64,
    /// Why accounts could not be listed: all of them, or those in some files. `None`: all were.
    pub problem: Option<String>,
}

/// An account in a source's list.
pub struct ListedAccount {
    /// The account, with its identity.
    pub account: Account,
    /// Whether it is enabled and usable.
    pub status: AccountStatus,
    /// The login that sends its requests. `None`: none are sent.
    pub login: Option<Box<dyn SourceLogin>>,
}

/// Why a token was not renewed.
#[derive(Debug, Clone, PartialEq)]
pub struct RenewalError {
    /// Why, and what helps.
    pub reason: RenewalFailure,
    /// Whether the owner has to sign in again: the refresh token is of no use any more.
    pub needs_sign_in: bool,
    /// When to try again, if that is before the next refresh.
    pub retry_at: Option<DateTime<Utc>>,
}
