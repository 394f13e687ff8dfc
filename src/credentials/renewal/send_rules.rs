//! Whether a refresh token may be sent, by what a journal says of it; and when it may be sent again. Pure.

use crate::credentials::journal::{Header, RenewalPhase};
use crate::credentials::renewal::refusal::Reason;
use chrono::{DateTime, TimeDelta, Utc};

/// After the server has rejected a token, the file is read again for this long: CLIProxyAPI may have renewed the login
/// just before, and may write it just after.
const NEW_LOGIN_TIMEOUT: TimeDelta = TimeDelta::minutes(2);

/// How often the file is read in that time.
const NEW_LOGIN_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// A token whose response was lost is sent again after this, and after twice as long each time, ...
const FIRST_RETRY: TimeDelta = TimeDelta::minutes(1);

/// ... up to this. It is never given up: where the server has received it, the login is lost anyway, and where it has not,
/// because the network failed or the program was killed just before, the token is still valid.
const LONGEST_RETRY: TimeDelta = TimeDelta::hours(12);

/// A limit further in the future was written under another clock.
const LONGEST_LIMIT: TimeDelta = TimeDelta::hours(25);

/// Why the token must not be sent now, by the header of a journal. `None`: it may be sent.
pub(crate) fn reason_not_to_send(header: &Header, token: &str, now: DateTime<Utc>) -> Option<Reason> {
    if header.has_used(token) {
        return Some(Reason::TokenUsed);
    }
    if header.token != token {
        return None;
    }
    match header.phase {
        RenewalPhase::Prepared | RenewalPhase::Done => {
            let retry_at = header.not_before.filter(|at| now < *at && *at - now < LONGEST_LIMIT)?;
            // Journals of earlier versions have no status: it was 429 then.
            Some(Reason::RequestDeclined { status: header.declined_status.unwrap_or(429), retry_at })
        }
        RenewalPhase::Rejected => Some(token_rejected(header.phase_since, now)),
        RenewalPhase::Received if header.new_token.is_some() => None,
        RenewalPhase::Received => Some(Reason::UnknownResponse),
        RenewalPhase::Sent => (now < retry_at(header)).then(|| response_lost(header, now)),
    }
}

/// What follows from a token that the server rejected at a moment.
pub(crate) fn token_rejected(at: DateTime<Utc>, now: DateTime<Utc>) -> Reason {
    if now - at < NEW_LOGIN_TIMEOUT {
        let retry_at = (now + NEW_LOGIN_INTERVAL).min(at + NEW_LOGIN_TIMEOUT);
        return Reason::WaitingForNewLogin { retry_at };
    }
    Reason::SignInAgain
}

/// What follows from a token that was sent without a response.
pub(crate) fn response_lost(header: &Header, now: DateTime<Utc>) -> Reason {
    Reason::ResponseLost { attempts: header.attempts, retry_at: retry_at(header).max(now) }
}

fn retry_at(header: &Header) -> DateTime<Utc> {
    let doubled = FIRST_RETRY * 2_i32.pow(header.attempts.saturating_sub(1).min(16));
    header.phase_since + doubled.min(LONGEST_RETRY)
}
