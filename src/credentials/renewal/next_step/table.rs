//! The steps as tables. A line names a journal; behind it are the tokens that the file may have, and the steps that follow.
//! A step with a dash is a refusal.

use crate::credentials::journal::RenewalPhase;
use crate::credentials::renewal::next_step::samples::{
    DAYS, HOURS, JournalSample, SECONDS, all_attributes, files, histories, login, owners, situation,
};
use crate::credentials::renewal::next_step::{
    FileAttributes, FileState, Goal, NextStep, Situation, StoredResponse, next_step,
};
use std::time::Duration;

/// A step in a word or two.
fn short(step: &NextStep) -> String {
    match step {
        NextStep::Refuse(reason) => {
            let reason = format!("{reason:?}");
            format!("- {}", reason.split([' ', '(']).next().unwrap_or_default())
        }
        step => format!("{step:?}"),
    }
}

fn journals() -> Vec<(&'static str, Option<JournalSample>)> {
    use RenewalPhase::{Done, Prepared, Received, Rejected, Sent};
    let issued = Some("new");
    let journal = JournalSample::new;
    vec![
        ("no journal", None),
        ("prepared", Some(journal(Prepared, HOURS))),
        ("prepared, rate limited", Some(journal(Prepared, HOURS).rate_limited())),
        ("prepared, previous response new", Some(journal(Prepared, SECONDS).with_previous(SECONDS))),
        ("prepared, previous response old", Some(journal(Prepared, HOURS).with_previous(HOURS))),
        ("sent 10 s ago", Some(journal(Sent, SECONDS))),
        ("sent 2 h ago", Some(journal(Sent, HOURS))),
        ("sent 2 days ago", Some(journal(Sent, DAYS))),
        ("sent, response complete", Some(journal(Sent, SECONDS).with_response(issued))),
        ("sent, previous response new", Some(journal(Sent, SECONDS).with_previous(SECONDS))),
        ("sent, previous response old", Some(journal(Sent, HOURS).with_previous(HOURS))),
        ("received, no tokens found", Some(journal(Received, HOURS))),
        ("received", Some(journal(Received, SECONDS).with_response(issued))),
        ("received, token kept", Some(journal(Received, SECONDS).with_response(None))),
        ("confirmed 10 s ago", Some(journal(Received, SECONDS).with_response(issued).confirmed("new"))),
        ("confirmed 2 h ago", Some(journal(Received, HOURS).with_response(issued).confirmed("new"))),
        ("confirmed 2 days ago", Some(journal(Received, DAYS).with_response(issued).confirmed("new"))),
        (
            "confirmed, response damaged",
            Some(journal(Received, HOURS).with_response(Some("damaged")).confirmed("new")),
        ),
        ("confirmed, token kept", Some(journal(Received, HOURS).with_response(None).confirmed("token"))),
        ("rejected 10 s ago", Some(journal(Rejected, SECONDS))),
        ("rejected 2 h ago", Some(journal(Rejected, HOURS))),
        ("rejected, previous response old", Some(journal(Rejected, HOURS).with_previous(HOURS))),
        ("done", Some(journal(Done, HOURS).confirmed("new"))),
    ]
}

/// A line for each journal: the files, grouped by the step they lead to.
fn table(goal: Goal, files: &[(&str, FileState)]) -> String {
    let mut lines = Vec::new();
    for (name, journal) in journals() {
        let mut steps: Vec<(String, Vec<&str>)> = Vec::new();
        for (file_name, file) in files {
            let step = short(&next_step(&situation(goal, journal.as_ref(), file.clone())));
            match steps.iter_mut().find(|(known, _)| *known == step) {
                Some((_, names)) => names.push(file_name),
                None => steps.push((step, vec![file_name])),
            }
        }
        let steps: Vec<_> =
            steps.iter().map(|(step, names)| format!("{}: {step}", names.join(", "))).collect();
        lines.push(format!("{name:<32} {}", steps.join(" | ")));
    }
    lines.join("\n")
}

#[test]
fn steps_of_a_renewal_by_journal_and_file() {
    // What can't be read is refused whatever the journal says.
    insta::assert_snapshot!(table(Goal::Renew, &files()[..5]), @r"
    no journal                       token, earlier, new, other: SendToken | no token: - NoRefreshToken
    prepared                         token, new, other: SendToken | earlier: - TokenUsed | no token: - NoRefreshToken
    prepared, rate limited           token: - RequestDeclined | earlier: - TokenUsed | new, other: SendToken | no token: - NoRefreshToken
    prepared, previous response new  token, new, other: SendToken | earlier: WritePreviousResponse | no token: - NoRefreshToken
    prepared, previous response old  token, new, other: SendToken | earlier: WritePreviousResponse | no token: - NoRefreshToken
    sent 10 s ago                    token: - ResponseLost | earlier: - TokenUsed | new, other: SendToken | no token: - NoRefreshToken
    sent 2 h ago                     token, new, other: SendToken | earlier: - TokenUsed | no token: - NoRefreshToken
    sent 2 days ago                  token, new, other: SendToken | earlier: - TokenUsed | no token: - NoRefreshToken
    sent, response complete          token, earlier: WriteResponse | new, other, no token: ConfirmResponse
    sent, previous response new      token: - ResponseLost | earlier: WritePreviousResponse | new, other: SendToken | no token: - NoRefreshToken
    sent, previous response old      token, new, other: SendToken | earlier: WritePreviousResponse | no token: - NoRefreshToken
    received, no tokens found        token: - UnknownResponse | earlier: - TokenUsed | new, other: SendToken | no token: - NoRefreshToken
    received                         token, earlier: WriteResponse | new, other, no token: ConfirmResponse
    received, token kept             token, earlier: WriteResponse | new, other, no token: ConfirmResponse
    confirmed 10 s ago               token, earlier: WriteResponse | new, other: SendToken | no token: - NoRefreshToken
    confirmed 2 h ago                token, earlier: WriteResponse | new, other: SendToken | no token: - NoRefreshToken
    confirmed 2 days ago             token, earlier: WriteResponse | new, other: SendToken | no token: - NoRefreshToken
    confirmed, response damaged      token, earlier: - TokenUsed | new, other: SendToken | no token: - NoRefreshToken
    confirmed, token kept            token, new, other: SendToken | earlier: - TokenUsed | no token: - NoRefreshToken
    rejected 10 s ago                token: - WaitingForNewLogin | earlier: - TokenUsed | new, other: SendToken | no token: - NoRefreshToken
    rejected 2 h ago                 token: - SignInAgain | earlier: - TokenUsed | new, other: SendToken | no token: - NoRefreshToken
    rejected, previous response old  token: - SignInAgain | earlier: - TokenUsed | new, other: SendToken | no token: - NoRefreshToken
    done                             token, earlier: - TokenUsed | new, other: SendToken | no token: - NoRefreshToken
    ");
}

#[test]
fn steps_of_a_reconciliation_by_journal_and_file() {
    insta::assert_snapshot!(table(Goal::Reconcile, &files()[..7]), @r"
    no journal                       token, earlier, new, other, no token, gone, unreadable: Nothing
    prepared                         token, earlier, new, other, no token, gone, unreadable: Nothing
    prepared, rate limited           token, earlier, new, other, no token, gone, unreadable: Nothing
    prepared, previous response new  token, new, other, no token, gone, unreadable: CheckLater | earlier: WritePreviousResponse
    prepared, previous response old  token, new, other, no token: WipePreviousResponse | earlier: WritePreviousResponse | gone, unreadable: CheckLater
    sent 10 s ago                    token, earlier, new, other, no token, gone, unreadable: CheckLater
    sent 2 h ago                     token, earlier, new, other, no token, gone, unreadable: CheckLater
    sent 2 days ago                  token, earlier, new, other, no token, unreadable: CheckLater | gone: FinishJournal
    sent, response complete          token, earlier: WriteResponse | new, other, no token: ConfirmResponse | gone, unreadable: CheckLater
    sent, previous response new      token, new, other, no token, gone, unreadable: CheckLater | earlier: WritePreviousResponse
    sent, previous response old      token, new, other, no token: WipePreviousResponse | earlier: WritePreviousResponse | gone, unreadable: CheckLater
    received, no tokens found        token, earlier, new, other, no token, gone, unreadable: CheckLater
    received                         token, earlier: WriteResponse | new, other, no token: ConfirmResponse | gone, unreadable: CheckLater
    received, token kept             token, earlier: WriteResponse | new, other, no token: ConfirmResponse | gone, unreadable: CheckLater
    confirmed 10 s ago               token, earlier: WriteResponse | new, other, no token, gone, unreadable: CheckLater
    confirmed 2 h ago                token, earlier: WriteResponse | new, other, no token: FinishJournal | gone, unreadable: CheckLater
    confirmed 2 days ago             token, earlier: WriteResponse | new, other, no token, gone: FinishJournal | unreadable: CheckLater
    confirmed, response damaged      token, earlier, new, other, no token: FinishJournal | gone, unreadable: CheckLater
    confirmed, token kept            token, earlier, new, other, no token: FinishJournal | gone, unreadable: CheckLater
    rejected 10 s ago                token, earlier, new, other, no token, gone, unreadable: Nothing
    rejected 2 h ago                 token, earlier, new, other, no token, gone, unreadable: Nothing
    rejected, previous response old  token, earlier, new, other, no token: WipePreviousResponse | gone, unreadable: CheckLater
    done                             token, earlier, new, other, no token, gone, unreadable: Nothing
    ");
}

#[test]
fn steps_by_the_facts_that_allow_a_request() {
    let mut lines = Vec::new();
    let allowed = || situation(Goal::Renew, None, login("token"));
    let mut add = |name: &str, situation: Situation| {
        lines.push(format!("{name:<40} {}", short(&next_step(&situation))));
    };
    add("file not read", Situation { file: None, ..allowed() });
    add("file gone", Situation { file: Some(FileState::Gone), ..allowed() });
    let unreadable = FileState::Unreadable("no permission".to_owned());
    add("file unreadable", Situation { file: Some(unreadable), ..allowed() });
    add("file with other content", Situation { file: Some(FileState::OtherContent), ..allowed() });
    add("file renewed by another process", Situation { file: Some(FileState::Renewed), ..allowed() });
    add("journal not opened", Situation { journal: None, ..allowed() });
    let mut unread = JournalSample::new(RenewalPhase::Sent, SECONDS);
    unread.response = StoredResponse::NotRead;
    add("response not read", Situation { journal: Some(unread.state()), ..allowed() });
    let mut unread = JournalSample::new(RenewalPhase::Prepared, SECONDS).with_previous(SECONDS);
    unread.previous_response = StoredResponse::NotRead;
    let situation = Situation { journal: Some(unread.state()), file: Some(login("earlier")), ..allowed() };
    add("previous response not read", situation);
    add("token not looked up", Situation { history: None, ..allowed() });
    for (name, history) in histories() {
        add(&format!("token {name}"), Situation { history: Some(&history), ..allowed() });
    }
    for (name, mode, detection) in owners() {
        add(name, Situation { mode, cli_proxy_api: detection.as_ref(), ..allowed() });
    }
    for (name, attributes) in all_attributes() {
        add(&format!("file {name}"), Situation { attributes, ..allowed() });
    }
    add("provider without renewal", Situation { is_renewable: false, ..allowed() });
    let no_token = Some(FileState::Login { token: None });
    add("provider without renewal, no token", Situation { is_renewable: false, file: no_token, ..allowed() });
    let stored = JournalSample::new(RenewalPhase::Received, SECONDS).with_response(Some("new"));
    let situation = Situation { is_renewable: false, journal: Some(stored.state()), ..allowed() };
    add("provider without renewal, received", situation);
    let mut written = JournalSample::new(RenewalPhase::Done, SECONDS).confirmed("new");
    written.header.is_ours = true;
    let attributes = Some(FileAttributes { is_own: true, unchanged_for: Some(Duration::ZERO) });
    let situation =
        Situation { journal: Some(written.state()), file: Some(login("new")), attributes, ..allowed() };
    add("file just written by Quota Tray", situation);
    insta::assert_snapshot!(lines.join("\n"), @r"
    file not read                            ReadFile
    file gone                                - FileGone
    file unreadable                          - FileUnreadable
    file with other content                  - FileChanged
    file renewed by another process          UseFile
    journal not opened                       OpenJournal
    response not read                        ReadResponse
    previous response not read               ReadPreviousResponse
    token not looked up                      LookUpToken
    token unknown                            SendToken
    token replaced                           AdoptTokens
    token used                               - TokenUsed
    token prepared for a copy                SendToken
    token prepared for a copy, rate limited  - RequestDeclined
    token sent for a copy 10 s ago           - ResponseLost
    token sent for a copy 2 h ago            SendToken
    token received for a copy, no tokens found - UnknownResponse
    token rejected for a copy 10 s ago       - WaitingForNewLogin
    token rejected for a copy 2 h ago        - SignInAgain
    never                                    - RenewalDisabled
    always                                   SendToken
    auto                                     DetectCliProxyApi
    auto, not found                          SendToken
    auto, running                            - CliProxyApiRunning
    auto, unresponsive                       - CliProxyApiUnresponsive
    file not looked at                       InspectFile
    file unchanged for 1 h                   SendToken
    file unchanged for 1 min                 SendToken
    file changed 59 s ago                    - ChangedRecently
    file changed in the future               SendToken
    file of another user                     - OtherOwner
    provider without renewal                 - NotRenewable
    provider without renewal, no token       - NotRenewable
    provider without renewal, received       WriteResponse
    file just written by Quota Tray          SendToken
    ");
}
