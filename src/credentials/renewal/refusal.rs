//! Why a login is not renewed, and what its owner can do about it.

use crate::credentials::file::Unreadable;
use crate::credentials::replace_method::Obstacle;
use crate::quota::{Failure, RenewalFailure};
use crate::text;
use chrono::{DateTime, Utc};
use std::fmt;
use std::io;
use std::path::Path;

/// Why a login was not renewed.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// What went wrong and what helps.
    pub failure: RenewalFailure,
    /// Whether only signing in again helps.
    pub is_dead: bool,
    /// When the next attempt is useful, where that is before the next refresh.
    pub retry_at: Option<DateTime<Utc>>,
}

impl Refusal {
    /// A refusal that may not hold at the next refresh. `clause`: what went wrong and what helps.
    pub fn because(clause: impl Into<String>) -> Refusal {
        Refusal { failure: RenewalFailure::Clause(clause.into()), is_dead: false, retry_at: None }
    }

    /// A refusal that holds until a moment.
    pub fn until(clause: impl Into<String>, retry_at: DateTime<Utc>) -> Refusal {
        Refusal { retry_at: Some(retry_at), ..Refusal::because(clause) }
    }

    /// The request can't be sent.
    pub fn unsent(failure: Failure) -> Refusal {
        Refusal {
            failure: RenewalFailure::Unsent { unsent: Box::new(failure) },
            is_dead: false,
            retry_at: None,
        }
    }

    /// A file below `place` can't be read or written.
    pub fn disk(error: &io::Error, place: &Path) -> Refusal {
        Refusal::because(format!("could not renew it: {}", disk_clause(error, place)))
    }

    /// The credential can't be replaced.
    pub fn obstacle(obstacle: &Obstacle, folder: &Path) -> Refusal {
        Refusal::because(format!("could not renew it: {}", obstacle_clause(obstacle, folder)))
    }

    /// The file was removed.
    pub fn file_gone() -> Refusal {
        Reason::FileGone.into()
    }

    /// The file has another login than the renewal began with.
    pub fn file_changed() -> Refusal {
        Reason::FileChanged.into()
    }

    /// A fault of this program.
    pub fn internal() -> Refusal {
        Refusal::because("internal error in Quota Tray, please report it")
    }
}

/// For the log.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.fmt(f)
    }
}

impl From<Unreadable> for Refusal {
    fn from(error: Unreadable) -> Refusal {
        match error {
            Unreadable::Gone => Refusal::file_gone(),
            other => Reason::FileUnreadable(other.to_string()).into(),
        }
    }
}

/// Why a renewal ends without new tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The file was removed.
    FileGone,
    /// The file can't be read, with the error.
    FileUnreadable(String),
    /// The file has another login than the renewal began with.
    FileChanged,
    /// The tokens of the login's provider can't be renewed.
    NotRenewable,
    /// The file has no refresh token.
    NoRefreshToken,
    /// The token was used, and the one issued for it is nowhere. Sending it again could revoke the whole login.
    TokenUsed,
    /// The server's response may have a new login in it that this program can't find.
    UnknownResponse,
    /// The token was sent so many times without a response.
    ResponseLost {
        /// How often it was sent.
        attempts: u32,
        /// When it is sent again.
        retry_at: DateTime<Utc>,
    },
    /// The server has just rejected the token; another program may have renewed it, and write the new one.
    WaitingForNewLogin {
        /// When the file is read again.
        retry_at: DateTime<Utc>,
    },
    /// The server has rejected the token for good.
    SignInAgain,
    /// The server did not accept the request; the token is still valid.
    RequestDeclined {
        /// The status of the response.
        status: u16,
        /// When the token is sent again.
        retry_at: DateTime<Utc>,
    },
    /// The user has switched renewal off.
    RenewalDisabled,
    /// CLIProxyAPI runs and renews its files itself.
    CliProxyApiRunning,
    /// A program at this address (host and port) does not respond and may be CLIProxyAPI.
    CliProxyApiUnresponsive(String),
    /// The file belongs to another user.
    OtherOwner,
    /// Another program may be writing the file.
    ChangedRecently {
        /// When it has been unchanged for long enough.
        retry_at: DateTime<Utc>,
    },
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Refusal {
        match reason {
            Reason::FileGone => {
                Refusal::because("the credential file was removed; sign in again with CLIProxyAPI")
            }
            Reason::FileUnreadable(error) => {
                Refusal::because(format!("could not read the credential file: {error}"))
            }
            Reason::FileChanged => Refusal::because("the credential file was changed during the renewal"),
            Reason::NotRenewable => Refusal::because(
                "Quota Tray does not renew logins of this provider; start CLIProxyAPI, or sign in again with it",
            ),
            Reason::NoRefreshToken => {
                Refusal::because("the credential file has no refresh token; sign in again with CLIProxyAPI")
            }
            Reason::TokenUsed => Refusal::because(
                "the refresh token in the credential file was already used; restart CLIProxyAPI, or sign in again with \
                 it",
            ),
            Reason::UnknownResponse => Refusal::because(
                "the token server sent an unexpected response, which is kept in the renewal journal; update Quota \
                 Tray, or sign in again with CLIProxyAPI",
            ),
            Reason::ResponseLost { attempts: 0 | 1, retry_at } => {
                Refusal::until("the token server's response was lost; trying again in a minute", retry_at)
            }
            Reason::ResponseLost { attempts, retry_at } => Refusal {
                failure: RenewalFailure::ResponsesLost { responses_lost: attempts, retry_at },
                is_dead: false,
                retry_at: Some(retry_at),
            },
            Reason::WaitingForNewLogin { retry_at } => Refusal::until(
                "the login is no longer accepted; checking the credential file for a new one",
                retry_at,
            ),
            Reason::SignInAgain => {
                Refusal { is_dead: true, ..Refusal::because("sign in again with CLIProxyAPI") }
            }
            Reason::RequestDeclined { status, retry_at } => Refusal::until(
                format!("could not renew it: the token server responded with {status}; trying again later"),
                retry_at,
            ),
            Reason::RenewalDisabled => Refusal::because(
                "renewal is switched off (token_renewal = \"never\"); start CLIProxyAPI, or sign in again with it",
            ),
            Reason::CliProxyApiRunning => Refusal::because("CLIProxyAPI is running and will renew it"),
            Reason::CliProxyApiUnresponsive(address) => Refusal::because(format!(
                "a program on {address} accepts connections but does not respond, and may be CLIProxyAPI; restart it, \
                 or set token_renewal = \"always\""
            )),
            Reason::OtherOwner => {
                Refusal::because("could not renew it: the credential file belongs to another user")
            }
            Reason::ChangedRecently { retry_at } => Refusal::until(
                "another program has just changed the credential file; renewing in a minute unless that program does",
                retry_at,
            ),
        }
    }
}

/// Why a credential can't be replaced, as a clause.
pub fn obstacle_clause(obstacle: &Obstacle, folder: &Path) -> String {
    match obstacle {
        Obstacle::Io(error) => disk_clause(error, folder),
        other => other.to_string(),
    }
}

/// What the disk refuses, as a clause.
fn disk_clause(error: &io::Error, place: &Path) -> String {
    let place = text::path(place);
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            format!("the folder {place} is read-only")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            format!("there is no space left in {place}")
        }
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            format!("{place} is not a folder; remove the file that is in its place")
        }
        _ => format!("could not write to {place}: {error}; check that folder and its disk"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disk_error_says_what_helps() {
        let dir = tempfile::tempdir().expect("a folder");
        let place = dir.path().join("renewals");
        std::fs::write(&place, "").expect("written");
        for folder in [place.clone(), place.join("below")] {
            let error = std::fs::create_dir_all(&folder).expect_err("a file is there");
            let clause = disk_clause(&error, &place);
            assert!(
                clause.ends_with("renewals is not a folder; remove the file that is in its place"),
                "{clause}"
            );
        }
        let clause = disk_clause(&io::Error::other("broken"), &place);
        assert!(clause.ends_with("renewals: broken; check that folder and its disk"), "{clause}");
    }
}
