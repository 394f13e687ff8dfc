//! What is said when an account's usage could not be had, in words its owner can act on.

use crate::presenter::format::{Zone, clock_time};
use crate::quota::{Failure, RenewalFailure};
use chrono::{DateTime, Utc};

impl Failure {
    /// The sentence of the menu and of `status`. Lower case, no full stop.
    pub fn words(&self, now: DateTime<Utc>, zone: Zone) -> String {
        match self {
            Failure::Unreachable(what) => {
                format!("could not reach {what}: check the network connection or the proxy")
            }
            Failure::BrokeOff(what) => format!("the connection to {what} broke off; trying again later"),
            Failure::TimedOut(seconds) => format!("no answer within {seconds} s"),
            Failure::NotTrusted(what) => format!(
                "could not trust {what}: check the clock, and whether a proxy or a sign-in page is in between"
            ),
            Failure::SignInAgain => "sign in again with CLIProxyAPI: the login is no longer accepted".into(),
            Failure::CannotReadUsage => {
                "this login can't read usage (scope user:profile is missing); sign in with CLIProxyAPI".into()
            }
            Failure::Blocked => {
                "Cloudflare is blocking requests for now; the login is fine, trying again later".into()
            }
            Failure::WorkspaceDeactivated => {
                "this workspace has been deactivated: ask its administrator, or sign in to another one".into()
            }
            Failure::Rejected(why) => {
                format!("the provider does not accept the token: {}", why.words(now, zone))
            }
            Failure::Expired(why) => format!("token expired: {}", why.words(now, zone)),
            Failure::RateLimited(until) => format!("rate limited until {}", clock_time(*until, now, zone)),
            Failure::AskedEnough(until) => {
                format!("asked often enough for now; asking again at {}", clock_time(*until, now, zone))
            }
            Failure::Server(status) => {
                format!("the server answered with an error ({status}); trying again later")
            }
            Failure::NotUnderstood(what) => format!("could not understand the answer: {what}"),
            Failure::BrokenFile(what) => what.clone(),
            Failure::Internal(what) => format!("an error in Quota Tray, please report it: {what}"),
        }
    }

    /// Two or three words for the account's row.
    pub fn short(&self, now: DateTime<Utc>, zone: Zone) -> String {
        match self {
            Failure::Unreachable(_) => "not reachable".into(),
            Failure::BrokeOff(_) => "connection broke off".into(),
            Failure::TimedOut(_) => "timed out".into(),
            Failure::NotTrusted(_) => "connection not trusted".into(),
            Failure::SignInAgain => "sign in again".into(),
            Failure::CannotReadUsage => "sign in again".into(),
            Failure::WorkspaceDeactivated => "workspace deactivated".into(),
            Failure::Blocked => "blocked by Cloudflare".into(),
            Failure::Rejected(_) => "token not accepted".into(),
            Failure::Expired(_) => "token expired".into(),
            Failure::RateLimited(until) => format!("rate limited until {}", clock_time(*until, now, zone)),
            Failure::AskedEnough(_) => "not asked yet".into(),
            Failure::Server(status) => format!("server error {status}"),
            Failure::NotUnderstood(_) => "answer not understood".into(),
            Failure::BrokenFile(_) => "credential file broken".into(),
            Failure::Internal(_) => "internal error".into(),
        }
    }
}

impl RenewalFailure {
    /// A clause that says what went wrong and what helps.
    pub fn words(&self, now: DateTime<Utc>, zone: Zone) -> String {
        match self {
            RenewalFailure::Clause(clause) => clause.clone(),
            RenewalFailure::ResponsesLost { responses_lost, retry_at } => format!(
                "the token server's response was lost {responses_lost} times; trying again at {}, or sign in again \
                 with CLIProxyAPI",
                clock_time(*retry_at, now, zone)
            ),
            RenewalFailure::Unsent { unsent } => format!("cannot renew: {}", unsent.words(now, zone)),
        }
    }
}
