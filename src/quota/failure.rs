//! Why an account's usage could not be had. Its words: `words/failures.rs`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What went wrong with one account. Holds no token and no answer's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// No connection: no network, no name, no route, or a proxy that does not answer. The text says
    /// what could not be reached.
    Unreachable(String),
    /// The connection was there, and ended before the answer did. The text says with whom.
    BrokeOff(String),
    /// No whole answer within the time-out, in seconds.
    TimedOut(u64),
    /// The certificate or the handshake of TLS was refused.
    NotTrusted(String),
    /// The login is not accepted any more (401 or 403), and can't be renewed.
    SignInAgain,
    /// The login is accepted, but lacks the scope `user:profile` (403), as those of `claude setup-token` do.
    CannotReadUsage,
    /// Cloudflare holds the request up, with a challenge or a web page (403). That says nothing of the login.
    Blocked,
    /// The provider refuses a token (401 or 403) that has not expired, and it could not be renewed yet;
    /// the text says why, and what helps.
    Rejected(String),
    /// The workspace of the login is no more (402), and its quota with it.
    WorkspaceDeactivated,
    /// The access token has expired, and it could not be renewed; the text says why, and what helps.
    Expired(String),
    /// Too many requests (429); no more are sent until this moment.
    RateLimited(DateTime<Utc>),
    /// It was asked as often as it may be for now; asked again from this moment on.
    AskedEnough(DateTime<Utc>),
    /// Another status than 200.
    Server(u16),
    /// The answer came, but it is not what the provider used to send; the text says what is wrong.
    NotUnderstood(String),
    /// The credential file can't be used; the text names the file and says why.
    BrokenFile(String),
    /// A fault of this program, kept to this one account.
    Internal(String),
}
