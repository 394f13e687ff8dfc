//! What holds in every combination of journal, file, history, settings and time that the program can meet.

use crate::config::TokenRenewal;
use crate::credentials::journal::{Header, RenewalPhase};
use crate::credentials::renewal::next_step::samples::{
    DAYS, HOURS, JournalSample, SECONDS, all_attributes, files, hash, histories, login, now, owners,
    response, situation,
};
use crate::credentials::renewal::next_step::{
    FileState, Goal, NextStep, Situation, StoredResponse, next_step,
};
use crate::credentials::renewal::token_history::TokenHistory;
use chrono::TimeDelta;
use std::path::Path;

/// Every journal that the program writes, with every state of its responses.
fn all_journals() -> Vec<JournalSample> {
    use RenewalPhase::{Done, Prepared, Received, Rejected, Sent};
    let phases = [
        (Prepared, None),
        (Sent, None),
        (Rejected, None),
        (Received, None),
        (Received, Some("new")),
        (Received, Some("token")),
        (Done, None),
        (Done, Some("new")),
        (Done, Some("token")),
    ];
    let responses = [
        StoredResponse::NotRead,
        StoredResponse::NoTokens,
        response(None),
        response(Some("new")),
        response(Some("damaged")),
    ];
    let previous_responses = [
        StoredResponse::NotRead,
        StoredResponse::NoTokens,
        response(Some("token")),
        response(Some("damaged")),
    ];
    let mut journals = Vec::new();
    for (phase, new_token) in phases {
        for seconds in [SECONDS, HOURS, DAYS] {
            for previous_seconds in [None, Some(SECONDS), Some(HOURS)] {
                let mut journal = JournalSample::new(phase, seconds);
                journal.header.new_token = new_token.map(hash);
                if let Some(seconds) = previous_seconds {
                    journal = journal.with_previous(seconds);
                }
                for response in &responses {
                    for previous_response in &previous_responses {
                        let header = journal.header.clone();
                        let (response, previous_response) = (response.clone(), previous_response.clone());
                        journals.push(JournalSample { header, response, previous_response });
                    }
                }
            }
        }
    }
    journals
}

/// Calls `check` with every situation and its step.
fn for_all(goal: Goal, mut check: impl FnMut(&Situation, Option<&JournalSample>, &NextStep)) {
    let (histories, owners) = (histories(), owners());
    // One of the two varies at a time; both vary with everything else.
    let all_attributes = all_attributes();
    let owned = owners.iter().map(|(_, mode, detection)| (*mode, detection.as_ref(), all_attributes[1].1));
    let seen = all_attributes.iter().map(|(_, attributes)| (TokenRenewal::Always, None, *attributes));
    let renewable =
        owned.chain(seen).map(|(mode, detection, attributes)| (true, mode, detection, attributes));
    let not_renewable = std::iter::once((false, TokenRenewal::Always, None, all_attributes[1].1));
    let permissions: Vec<_> = renewable.chain(not_renewable).collect();
    let histories: Vec<_> =
        std::iter::once(None).chain(histories.iter().map(|(_, history)| Some(history))).collect();
    let files = files().map(|(_, file)| Some(file));
    let files: Vec<_> = files.into_iter().chain([None, Some(FileState::Renewed)]).collect();
    let journals = all_journals();
    let journals = std::iter::once(None).chain(journals.iter().map(Some));
    let mut count = 0;
    for journal in journals {
        for file in &files {
            let base = Situation { file: file.clone(), ..situation(goal, journal, FileState::Gone) };
            if goal == Goal::Reconcile {
                // It depends on none of the other facts.
                check(&base, journal, &next_step(&base));
                count += 1;
                continue;
            }
            for history in &histories {
                for (is_renewable, mode, cli_proxy_api, attributes) in &permissions {
                    let situation = Situation {
                        history: *history,
                        is_renewable: *is_renewable,
                        mode: *mode,
                        cli_proxy_api: *cli_proxy_api,
                        attributes: *attributes,
                        ..base.clone()
                    };
                    check(&situation, journal, &next_step(&situation));
                    count += 1;
                }
            }
        }
    }
    assert!(count > 5_000, "{count} situations");
}

fn token(situation: &Situation) -> Option<String> {
    match &situation.file {
        Some(FileState::Login { token }) => token.clone(),
        _ => None,
    }
}

/// Whether the journal has, or may have, a response that the file lacks.
fn lacks_response(journal: &JournalSample, token: Option<&str>) -> bool {
    let JournalSample { header, response, .. } = journal;
    let is_stored = match response {
        StoredResponse::NotRead => true,
        StoredResponse::NoTokens => false,
        StoredResponse::Tokens(tokens) => header.matches(tokens),
    };
    let may_hold = matches!(header.phase, RenewalPhase::Sent | RenewalPhase::Received);
    let is_replaced = token.is_some_and(|token| header.is_replaced(token));
    may_hold && is_stored && !header.keeps_token() && (header.new_token.is_none() || is_replaced)
}

/// The same of the previous response.
fn lacks_previous_response(journal: &JournalSample, token: Option<&str>) -> bool {
    let JournalSample { header, previous_response, .. } = journal;
    let is_stored = match previous_response {
        StoredResponse::NotRead => true,
        previous => *previous == response(Some("token")),
    };
    let has_result = header.new_token.is_some() || header.phase == RenewalPhase::Rejected;
    header.previous_received_at.is_some() && is_stored && !has_result && token == Some(&hash("earlier"))
}

#[test]
fn used_token_is_never_sent() {
    for_all(Goal::Renew, |situation, journal, step| {
        if *step != NextStep::SendToken {
            return;
        }
        assert!(situation.is_renewable);
        let token = token(situation).expect("the file has a token");
        let history = situation.history.expect("the token was looked up");
        let other = match history {
            TokenHistory::Unknown => None,
            TokenHistory::Unfinished(header) => Some(&**header),
            TokenHistory::Used | TokenHistory::Replaced { .. } => panic!("it was used for a copy"),
        };
        for header in journal.map(|journal| &journal.header).into_iter().chain(other) {
            assert!(!header.has_used(&token), "{header:?}");
            if header.token != token {
                continue;
            }
            let waited = now() - header.phase_since;
            match header.phase {
                RenewalPhase::Prepared | RenewalPhase::Done => {}
                RenewalPhase::Sent => assert!(waited >= TimeDelta::minutes(1), "{header:?}"),
                RenewalPhase::Received => assert!(header.keeps_token(), "{header:?}"),
                RenewalPhase::Rejected => panic!("a rejected token was sent: {header:?}"),
            }
        }
    });
}

#[test]
fn response_in_the_journal_is_kept_until_the_file_has_its_token_and_replaces_no_other() {
    for goal in [Goal::Renew, Goal::Reconcile] {
        for_all(goal, |situation, journal, step| {
            let Some(journal) = journal else { return };
            let token = token(situation);
            let is_missing = situation.file == Some(FileState::Gone);
            let age = now() - journal.header.phase_since;
            match step {
                // A new request overwrites the response, unless it sends the token that the response has in it.
                NextStep::SendToken | NextStep::AdoptTokens => {
                    assert!(!lacks_response(journal, token.as_deref()), "{:?}", journal.header);
                    assert!(!lacks_previous_response(journal, token.as_deref()), "{:?}", journal.header);
                }
                NextStep::FinishJournal if is_missing => assert!(age >= TimeDelta::days(1)),
                NextStep::FinishJournal => {
                    assert!(!lacks_response(journal, token.as_deref()), "{:?}", journal.header);
                    assert!(journal.header.new_token.is_some() && age > TimeDelta::seconds(SECONDS));
                }
                NextStep::WipePreviousResponse => {
                    assert!(!lacks_previous_response(journal, token.as_deref()), "{:?}", journal.header);
                }
                NextStep::Nothing => {
                    assert!(!journal.header.may_hold_login(), "{:?}", journal.header);
                }
                // No token is overwritten but one that the response replaces.
                NextStep::WriteResponse => {
                    assert!([Some(hash("token")), Some(hash("earlier"))].contains(&token));
                    assert!(matches!(journal.response, StoredResponse::Tokens(_)));
                }
                NextStep::WritePreviousResponse => {
                    assert_eq!(token, Some(hash("earlier")));
                    assert_eq!(journal.previous_response, response(Some("token")));
                }
                _ => {}
            }
        });
    }
}

/// Each fact is found out at most once, so both callers terminate.
#[test]
fn facts_are_found_out_only_while_they_are_unknown_and_steps_belong_to_the_goal() {
    for goal in [Goal::Renew, Goal::Reconcile] {
        for_all(goal, |situation, journal, step| {
            match step {
                NextStep::ReadFile => assert_eq!(situation.file, None),
                NextStep::OpenJournal => panic!("it is open"),
                NextStep::ReadResponse => {
                    assert_eq!(journal.map(|journal| &journal.response), Some(&StoredResponse::NotRead));
                }
                NextStep::ReadPreviousResponse => {
                    let previous = journal.map(|journal| &journal.previous_response);
                    assert_eq!(previous, Some(&StoredResponse::NotRead));
                }
                NextStep::LookUpToken => assert!(situation.history.is_none()),
                NextStep::DetectCliProxyApi => assert_eq!(situation.cli_proxy_api, None),
                NextStep::InspectFile => assert_eq!(situation.attributes, None),
                NextStep::ConfirmResponse => {
                    // Once it is confirmed, another step follows.
                    let mut journal = journal.expect("a journal").clone();
                    let StoredResponse::Tokens(tokens) = &journal.response else { panic!("no tokens") };
                    let new = tokens.refresh.as_ref().map_or(hash("token"), |token| token.hash());
                    (journal.header.new_token, journal.header.phase) = (Some(new), RenewalPhase::Received);
                    let confirmed = Situation { journal: Some(journal.state()), ..situation.clone() };
                    assert_ne!(next_step(&confirmed), NextStep::ConfirmResponse);
                }
                NextStep::SendToken | NextStep::AdoptTokens | NextStep::UseFile | NextStep::Refuse(_) => {
                    assert_eq!(goal, Goal::Renew, "{step:?}")
                }
                NextStep::WipePreviousResponse
                | NextStep::FinishJournal
                | NextStep::CheckLater
                | NextStep::Nothing => assert_eq!(goal, Goal::Reconcile, "{step:?}"),
                NextStep::WriteResponse | NextStep::WritePreviousResponse => {}
            }
        });
    }
    for goal in [Goal::Renew, Goal::Reconcile] {
        let closed = Situation { journal: None, ..situation(goal, None, login("token")) };
        assert_eq!(next_step(&closed), NextStep::OpenJournal);
    }
}

/// The response that has the token in it which is about to be sent moves to the other slot.
#[test]
fn request_for_the_next_token_keeps_the_response_with_the_last_one() {
    let mut kept = 0;
    for journal in all_journals() {
        let before = &journal.header;
        for token in ["token", "new", "earlier", "other"].map(hash) {
            let header = Header::prepared(Path::new("/claude-a.json"), token.clone(), Some(before), now());
            if before.holds_response_with(&token) {
                assert_ne!(header.slot, before.slot);
                assert!(header.previous_received_at.is_some());
                kept += 1;
            } else if before.token == token {
                assert_eq!(header.slot, before.slot);
                assert_eq!(header.previous_received_at, before.previous_received_at);
            }
            // A used token stays known as such: it is listed here, or goes to the list of used tokens.
            let forgotten: Vec<_> = header.forgotten(before).collect();
            for used in ["token", "earlier"].map(hash).iter().filter(|used| before.has_used(used)) {
                let is_listed = header.earlier.contains(used) || header.token == *used;
                assert!(is_listed || forgotten.contains(&used), "{before:?}");
            }
        }
    }
    assert!(kept > 0);
}
