//! Why an account's usage could not be fetched, in messages its owner can act on.

use crate::presenter::Locale;
use crate::presenter::format::clock_time;
use crate::quota::{Failure, RenewalFailure};
use chrono::{DateTime, Utc};

impl Failure {
    /// The sentence of the menu and of `status`. Lower case, no full stop.
    pub fn message(&self, now: DateTime<Utc>, locale: Locale) -> String {
        match self {
            Failure::Unreachable(what) => {
                format!("could not reach {what}: check your network connection or proxy")
            }
            Failure::ConnectionLost(what) => format!("connection to {what} lost; trying again later"),
            Failure::TimedOut(seconds) => format!("no response within {seconds} s"),
            Failure::TlsError(what) => format!(
                "TLS error with {what}: check your clock, and whether a proxy or a sign-in page intercepts the connection"
            ),
            Failure::SignInAgain => "sign in again with CLIProxyAPI: the login is no longer accepted".into(),
            Failure::CannotReadUsage => {
                "this login can't read usage (scope user:profile is missing); sign in with CLIProxyAPI".into()
            }
            Failure::Blocked => {
                "Cloudflare is blocking requests; the login is fine, trying again later".into()
            }
            Failure::WorkspaceDeactivated => {
                "this workspace has been deactivated: ask its administrator, or sign in to another one".into()
            }
            Failure::Rejected(why) => format!("token rejected: {}", why.message(now, locale)),
            Failure::Expired(why) => format!("token expired: {}", why.message(now, locale)),
            Failure::RateLimited(until) => format!("rate limited until {}", clock_time(*until, now, locale)),
            Failure::Throttled(until) => {
                format!(
                    "request limit of Quota Tray reached; next request after {}",
                    clock_time(*until, now, locale)
                )
            }
            Failure::Server(status) => {
                format!("server error {status}; trying again later")
            }
            Failure::InvalidResponse(what) => format!("unexpected response: {what}"),
            Failure::InvalidFile(what) => what.clone(),
            Failure::Internal(what) => format!("internal error in Quota Tray, please report it: {what}"),
        }
    }

    /// The same in two or three words, for the account's row.
    pub fn short_message(&self, now: DateTime<Utc>, locale: Locale) -> String {
        match self {
            Failure::Unreachable(_) => "unreachable".into(),
            Failure::ConnectionLost(_) => "connection lost".into(),
            Failure::TimedOut(_) => "timed out".into(),
            Failure::TlsError(_) => "TLS error".into(),
            Failure::SignInAgain => "sign in again".into(),
            Failure::CannotReadUsage => "sign in again".into(),
            Failure::WorkspaceDeactivated => "workspace deactivated".into(),
            Failure::Blocked => "blocked by Cloudflare".into(),
            Failure::Rejected(_) => "token rejected".into(),
            Failure::Expired(_) => "token expired".into(),
            Failure::RateLimited(until) => format!("rate limited until {}", clock_time(*until, now, locale)),
            Failure::Throttled(_) => "request limit reached".into(),
            Failure::Server(status) => format!("server error {status}"),
            Failure::InvalidResponse(_) => "unexpected response".into(),
            Failure::InvalidFile(_) => "invalid credential file".into(),
            Failure::Internal(_) => "internal error".into(),
        }
    }
}

impl RenewalFailure {
    /// A clause that says what went wrong and what helps.
    pub fn message(&self, now: DateTime<Utc>, locale: Locale) -> String {
        match self {
            RenewalFailure::Clause(clause) => clause.clone(),
            RenewalFailure::ResponsesLost { responses_lost, retry_at } => format!(
                "the token server's response was lost {responses_lost} times; trying again at {}, or sign in again \
                 with CLIProxyAPI",
                clock_time(*retry_at, now, locale)
            ),
            RenewalFailure::Unsent { unsent } => {
                format!("could not renew it: {}", unsent.message(now, locale))
            }
        }
    }
}
