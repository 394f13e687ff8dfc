//! Why an account's usage could not be fetched. Its messages: `presenter/failures.rs`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
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

/// Why a token was not renewed. The state file has most of these as plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
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
    /// The request could not be sent to the token server.
    Unsent {
        /// Why.
        unsent: Box<Failure>,
    },
}

impl<T: Into<String>> From<T> for RenewalFailure {
    fn from(clause: T) -> RenewalFailure {
        RenewalFailure::Clause(clause.into())
    }
}

/// For the log: times are UTC, and the failure of a request is in its debug form. For people:
/// `presenter/failures.rs`.
impl fmt::Display for RenewalFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RenewalFailure::Clause(clause) => f.write_str(clause),
            RenewalFailure::ResponsesLost { responses_lost, retry_at } => {
                let retry_at = retry_at.to_rfc3339_opts(SecondsFormat::Secs, true);
                write!(
                    f,
                    "the token server's response was lost {responses_lost} times; trying again at {retry_at}"
                )
            }
            RenewalFailure::Unsent { unsent } => write!(f, "could not send the request: {unsent:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_files_of_earlier_versions_are_read() {
        let text = r#"{"expired":"start CLIProxyAPI"}"#;
        let failure: Failure = serde_json::from_str(text).expect("a failure");
        assert_eq!(failure, Failure::Expired("start CLIProxyAPI".into()));
        assert_eq!(serde_json::to_string(&failure).expect("JSON"), text);
    }

    #[test]
    fn renewal_failures_survive_serialization() {
        for failure in [
            RenewalFailure::ResponsesLost { responses_lost: 2, retry_at: DateTime::UNIX_EPOCH },
            RenewalFailure::Unsent { unsent: Box::new(Failure::Unreachable("a.example".into())) },
        ] {
            let text = serde_json::to_string(&failure).expect("JSON");
            assert_eq!(serde_json::from_str::<RenewalFailure>(&text).expect("a failure"), failure, "{text}");
        }
    }
}
