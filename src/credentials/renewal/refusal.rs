//! Why a login is not renewed, in words its owner can act on.

use crate::credentials::file::Unreadable;
use crate::credentials::journal::{Header, RenewalPhase};
use crate::credentials::place::Obstacle;
use crate::credentials::renewal::SETTLED;
use crate::presenter::format::{Zone, clock_time};
use chrono::{DateTime, TimeDelta, Utc};
use std::fs::Metadata;
use std::io;
use std::path::Path;

/// After an answer that was lost, and after a token was called dead, the file is looked at again for
/// this long before anything else: whoever has the new token may write it.
const WAIT: TimeDelta = TimeDelta::minutes(2);

/// How far the looks in that time are apart.
const LOOK: TimeDelta = TimeDelta::minutes(1);

/// A token whose answer was lost is sent again after [`LOOK`], and after twice as long each time, up to
/// this. It is never given up: where the server has it, the login is lost anyway, and where it has not,
/// because the network broke down or the program was killed just before, the token is as good as ever.
const LONGEST: TimeDelta = TimeDelta::hours(12);

/// Why a login was not renewed.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// What stands in the way and what helps, as a clause.
    pub words: String,
    /// The login can only be made anew.
    pub dead: bool,
    /// When it is worth looking again, where that is before the next refresh.
    pub again_at: Option<DateTime<Utc>>,
}

impl Refusal {
    /// A refusal that the next refresh may find gone.
    pub fn because(words: impl Into<String>) -> Refusal {
        Refusal { words: words.into(), dead: false, again_at: None }
    }

    /// A refusal that holds until a moment.
    pub fn until(words: impl Into<String>, again_at: DateTime<Utc>) -> Refusal {
        Refusal { again_at: Some(again_at), ..Refusal::because(words) }
    }

    /// The disk stands in the way.
    pub fn disk(error: &io::Error, place: &Path) -> Refusal {
        Refusal::because(format!("cannot renew: {}", disk_words(error, place)))
    }

    /// The credential can't be replaced.
    pub fn obstacle(obstacle: &Obstacle, folder: &Path) -> Refusal {
        Refusal::because(format!("cannot renew: {}", obstacle_words(obstacle, folder)))
    }

    /// The file is not there any more.
    pub fn gone() -> Refusal {
        Refusal::because("its file is gone; sign in again with CLIProxyAPI to have it back")
    }
}

impl From<Unreadable> for Refusal {
    fn from(error: Unreadable) -> Refusal {
        match error {
            Unreadable::Gone => Refusal::gone(),
            other => Refusal::because(format!("its file can't be read: {other}")),
        }
    }
}

/// Why a credential can't be replaced, in words.
pub fn obstacle_words(obstacle: &Obstacle, folder: &Path) -> String {
    match obstacle {
        Obstacle::Io(error) => disk_words(error, folder),
        other => other.to_string(),
    }
}

/// What the disk refuses, in words.
pub fn disk_words(error: &io::Error, place: &Path) -> String {
    let place = crate::text::path(place);
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            format!("the folder {place} is read-only")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            format!("there is no room left in {place}")
        }
        _ => format!("could not write in {place}: {error}"),
    }
}

/// Whether a token may be sent, by what is known of it.
pub fn may_send(before: &Header, hash: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
    if before.has_spent(hash) {
        return Err(spent());
    }
    if before.spent != hash {
        return Ok(());
    }
    match before.phase {
        RenewalPhase::Prepared | RenewalPhase::Done => match before.not_before {
            Some(until) if now < until && until - now < TimeDelta::hours(25) => {
                // Journals of before have no status: it was a 429 then.
                let status = before.status.unwrap_or(429);
                let words = format!("cannot renew: the token server answered {status}; trying again later");
                Err(Refusal::until(words, until))
            }
            _ => Ok(()),
        },
        RenewalPhase::Refused => Err(refused(before.at, now)),
        // The server has kept the token.
        RenewalPhase::Answered if before.new.is_some() => Ok(()),
        RenewalPhase::Answered => Err(unknown_response()),
        RenewalPhase::Sent if now < next_try(before) => Err(answer_lost(before, now)),
        RenewalPhase::Sent => Ok(()),
    }
}

/// The token was spent, and the one that came for it is nowhere. Sending it again could end the whole login.
pub fn spent() -> Refusal {
    Refusal::because(
        "its file holds a refresh token that was already used; restart CLIProxyAPI, or sign in again with it",
    )
}

/// The server has answered, and the new login may be in what it said, where this program does not find it.
pub fn unknown_response() -> Refusal {
    Refusal::because(
        "the token server sent an unexpected response, which is kept in the renewal journal; update Quota Tray, or \
         sign in again with CLIProxyAPI",
    )
}

/// The server has called the token dead, at a moment.
pub fn refused(at: DateTime<Utc>, now: DateTime<Utc>) -> Refusal {
    if now - at < WAIT {
        // CLIProxyAPI may have renewed it a moment before us, and write it a moment later.
        let again = (now + LOOK).min(at + WAIT);
        return Refusal::until("the login is no longer accepted; looking for a new one in its file", again);
    }
    Refusal { dead: true, ..Refusal::because("sign in again with CLIProxyAPI") }
}

/// The token was sent, and no answer is known.
pub fn answer_lost(header: &Header, now: DateTime<Utc>) -> Refusal {
    let again = next_try(header).max(now);
    let words = match header.tries {
        0 | 1 => "the token server's response was lost; trying again in a minute".to_owned(),
        tries => format!(
            "the token server's response was lost {tries} times; trying again at {}, or sign in again with \
             CLIProxyAPI",
            clock_time(again, now, Zone::LOCAL)
        ),
    };
    Refusal::until(words, again)
}

fn next_try(header: &Header) -> DateTime<Utc> {
    let doubled = LOOK * 2_i32.pow(header.tries.saturating_sub(1).min(16));
    header.at + doubled.min(LONGEST)
}

/// Whether the file is this user's.
pub fn is_ours(metadata: &Metadata) -> Result<(), Refusal> {
    #[cfg(unix)]
    {
        let owner = std::os::unix::fs::MetadataExt::uid(metadata);
        if owner != rustix::process::geteuid().as_raw() {
            return Err(Refusal::because("cannot renew: its file belongs to another user"));
        }
    }
    #[cfg(not(unix))]
    let _ = metadata;
    Ok(())
}

/// Whether nobody else is at the file. `written_by_us`: the last change was a renewal of ours.
pub fn is_settled(metadata: &Metadata, written_by_us: bool) -> Result<(), Refusal> {
    if written_by_us {
        return Ok(());
    }
    // A moment in the future says nothing but that a clock was put back.
    let age = metadata.modified().ok().and_then(|modified| modified.elapsed().ok());
    match age.and_then(|age| SETTLED.checked_sub(age)) {
        None => Ok(()),
        Some(left) if left.is_zero() => Ok(()),
        Some(left) => Err(Refusal::until(
            "another program has just changed its file; renewing in a minute unless it does so itself",
            crate::platform::clock::now() + left,
        )),
    }
}
