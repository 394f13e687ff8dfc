//! Why an account's usage could not be fetched, and its form in the state file. Its messages: `presenter/failures.rs`.
//!
//! The failure of a renewal is text in the state file, as in version 0.1, which rejects a whole snapshot with anything
//! else in it. Lost responses are found again in their text, so that the time in it is shown in the reader's format.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Why the usage of one account could not be fetched. Contains neither a token nor the body of a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// No connection: no network, an unknown host name, no route, or a proxy that does not respond. The text names what
    /// could not be reached.
    Unreachable(String),
    /// The connection was lost before the response was complete. The text names the other end.
    #[serde(rename = "broke_off")]
    ConnectionLost(String),
    /// No complete response within this timeout, in seconds.
    TimedOut(u64),
    /// The TLS handshake failed, for example because of the certificate. The text says why.
    #[serde(rename = "not_trusted")]
    TlsError(String),
    /// The login is not accepted any more (401 or 403), and can't be renewed.
    SignInAgain,
    /// The login is accepted, but lacks the scope `user:profile` (403), as those of `claude setup-token` do.
    CannotReadUsage,
    /// Cloudflare blocks the request with a challenge or a web page (403), which says nothing about the login.
    Blocked,
    /// The provider refuses a token (401 or 403) that has not expired, and it could not be renewed yet;
    /// the text says why, and what helps.
    Rejected(RenewalFailure),
    /// The workspace of the login was deactivated (402), so it has no quota.
    WorkspaceDeactivated,
    /// The access token has expired, and it could not be renewed; the text says why, and what helps.
    Expired(RenewalFailure),
    /// Too many requests (429); no request is sent before this moment.
    RateLimited(DateTime<Utc>),
    /// Throttled by the request budget; no request is sent before this moment.
    #[serde(rename = "asked_enough")]
    Throttled(DateTime<Utc>),
    /// Another status of the response than 200.
    Server(u16),
    /// The response does not have the expected form; the text says what is wrong.
    #[serde(rename = "not_understood")]
    InvalidResponse(String),
    /// The credential file can't be used; the text names the file and says why.
    #[serde(rename = "broken_file")]
    InvalidFile(String),
    /// A bug in this program, such as a panic while this account was fetched.
    Internal(String),
}

/// For the log: times are UTC. For people: `presenter/failures.rs`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = |at: &DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        match self {
            Failure::Unreachable(what) => write!(f, "could not reach {what}"),
            Failure::ConnectionLost(what) => write!(f, "connection to {what} lost"),
            Failure::TimedOut(seconds) => write!(f, "no response within {seconds} s"),
            Failure::TlsError(what) => write!(f, "TLS error with {what}"),
            Failure::SignInAgain => f.write_str("the login is no longer accepted"),
            Failure::CannotReadUsage => f.write_str("the login lacks the scope user:profile"),
            Failure::Blocked => f.write_str("blocked by Cloudflare"),
            Failure::Rejected(why) => write!(f, "token rejected: {why}"),
            Failure::WorkspaceDeactivated => f.write_str("the workspace has been deactivated"),
            Failure::Expired(why) => write!(f, "token expired: {why}"),
            Failure::RateLimited(until) => write!(f, "rate limited until {}", utc(until)),
            Failure::Throttled(until) => {
                write!(f, "request limit of Quota Tray reached; next request after {}", utc(until))
            }
            Failure::Server(status) => write!(f, "server error {status}"),
            Failure::InvalidResponse(what) => write!(f, "unexpected response: {what}"),
            Failure::InvalidFile(what) => f.write_str(what),
            Failure::Internal(what) => write!(f, "internal error: {what}"),
        }
    }
}

/// Why a token was not renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenewalFailure {
    /// What went wrong and what helps, as a clause.
    Clause(String),
    /// The token was sent several times, and each response was lost.
    ResponsesLost {
        /// How often.
        responses_lost: u32,
        /// When it is sent again.
        retry_at: DateTime<Utc>,
    },
    /// The request could not be sent to the token server. Read from a state file, it is a [`RenewalFailure::Clause`].
    Unsent {
        /// Why.
        unsent: Box<Failure>,
    },
}

/// What surrounds the two values in the text of [`RenewalFailure::ResponsesLost`], which is also that of version 0.1.
const LOST: &str = "the token server's response was lost ";
const RETRY: &str = " times; trying again at ";
const REMEDY: &str = ", or sign in again with CLIProxyAPI";

impl<T: Into<String>> From<T> for RenewalFailure {
    fn from(clause: T) -> RenewalFailure {
        RenewalFailure::Clause(clause.into())
    }
}

/// For the log and the state file: times are UTC. For people: `presenter/failures.rs`.
impl fmt::Display for RenewalFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RenewalFailure::Clause(clause) => f.write_str(clause),
            RenewalFailure::ResponsesLost { responses_lost, retry_at } => {
                let retry_at = retry_at.to_rfc3339_opts(SecondsFormat::Secs, true);
                write!(f, "{LOST}{responses_lost}{RETRY}{retry_at}{REMEDY}")
            }
            RenewalFailure::Unsent { unsent } => write!(f, "could not renew it: {unsent}"),
        }
    }
}

impl Serialize for RenewalFailure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The forms in state files: text, and the objects that versions between 0.1 and this one wrote.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Text(String),
    ResponsesLost { responses_lost: u32, retry_at: DateTime<Utc> },
    Unsent { unsent: Box<Failure> },
}

impl<'de> Deserialize<'de> for RenewalFailure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RenewalFailure, D::Error> {
        Ok(match Stored::deserialize(deserializer)? {
            Stored::Text(text) => responses_lost(&text).unwrap_or(RenewalFailure::Clause(text)),
            Stored::ResponsesLost { responses_lost, retry_at } => {
                RenewalFailure::ResponsesLost { responses_lost, retry_at }
            }
            Stored::Unsent { unsent } => RenewalFailure::Unsent { unsent },
        })
    }
}

/// The failure whose text this is. `None`: another one, or that of version 0.1, which had only the time of day in it.
fn responses_lost(text: &str) -> Option<RenewalFailure> {
    let (count, retry_at) = text.strip_prefix(LOST)?.strip_suffix(REMEDY)?.split_once(RETRY)?;
    let retry_at = DateTime::parse_from_rfc3339(retry_at).ok()?.to_utc();
    Some(RenewalFailure::ResponsesLost { responses_lost: count.parse().ok()?, retry_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lost() -> RenewalFailure {
        RenewalFailure::ResponsesLost { responses_lost: 2, retry_at: DateTime::UNIX_EPOCH }
    }

    fn unsent() -> RenewalFailure {
        RenewalFailure::Unsent { unsent: Box::new(Failure::Unreachable("a.example".into())) }
    }

    #[test]
    fn state_files_of_earlier_versions_are_read() {
        let text = r#"{"expired":"start CLIProxyAPI"}"#;
        let failure: Failure = serde_json::from_str(text).expect("a failure");
        assert_eq!(failure, Failure::Expired("start CLIProxyAPI".into()));
        assert_eq!(serde_json::to_string(&failure).expect("JSON"), text);
    }

    /// Version 0.1 had `Expired(String)` and `Rejected(String)`.
    #[test]
    fn every_failure_is_written_as_the_text_that_version_0_1_reads() {
        for (failure, text) in [
            ("start CLIProxyAPI".into(), "start CLIProxyAPI"),
            (
                lost(),
                "the token server's response was lost 2 times; trying again at 1970-01-01T00:00:00Z, or sign in again \
                 with CLIProxyAPI",
            ),
            (unsent(), "could not renew it: could not reach a.example"),
        ] {
            assert_eq!(serde_json::to_value(&failure).expect("JSON"), json!(text));
            let failure = serde_json::to_value(Failure::Expired(failure)).expect("JSON");
            assert_eq!(failure, json!({"expired": text}));
        }
    }

    #[test]
    fn lost_responses_are_found_again_in_their_text() {
        let retry_at = DateTime::from_timestamp(1_800_000_000, 0).expect("in range");
        for failure in [lost(), RenewalFailure::ResponsesLost { responses_lost: u32::MAX, retry_at }] {
            let text = serde_json::to_string(&failure).expect("JSON");
            assert_eq!(serde_json::from_str::<RenewalFailure>(&text).expect("a failure"), failure, "{text}");
        }
        for other in [
            "the token server's response was lost 2 times; trying again at 9:05 PM, or sign in again with CLIProxyAPI",
            "the token server's response was lost",
            "",
        ] {
            let read: RenewalFailure = serde_json::from_value(json!(other)).expect("a failure");
            assert_eq!(read, other.into());
        }
    }

    #[test]
    fn objects_of_the_versions_in_between_are_read() {
        for (object, failure) in [
            (json!({"responses_lost": 2, "retry_at": "1970-01-01T00:00:00Z"}), lost()),
            (json!({"unsent": {"unreachable": "a.example"}}), unsent()),
        ] {
            assert_eq!(serde_json::from_value::<RenewalFailure>(object).expect("a failure"), failure);
        }
    }
}
