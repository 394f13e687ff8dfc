//! Two processes and twenty accounts at once.

#[cfg(target_os = "linux")]
use crate::common::Menu;
use crate::common::{Program, Provider, RenewalFixture, StatusReport};

/// Ten of each provider, every fifth behind a link.
fn twenty() -> RenewalFixture {
    (0..20).fold(RenewalFixture::new(), |fixture, number| {
        let provider = if number % 2 == 0 { Provider::Claude } else { Provider::Codex };
        let email = format!("user{number:02}@example.com");
        if number % 5 == 0 { fixture.with_link(provider, &email) } else { fixture.with(provider, &email) }
    })
}

#[test]
fn concurrent_status_runs_send_each_of_20_refresh_tokens_once() {
    let fixture = twenty();
    let both = [(); 2].map(|()| fixture.spawn(&["status", "--format", "json"]));
    for program in both {
        all_well(&fixture, &StatusReport::of(program.finish()));
    }
    fixture.assert_each_renewed_once();
}

#[test]
fn status_during_20_renewals_of_another_status_uses_the_new_tokens() {
    let fixture = twenty();
    let gate = fixture.hold_responses();
    let first = fixture.spawn(&["status", "--format", "json"]);
    for account in &fixture.accounts {
        fixture.ledger.wait_for(&account.name, |login| login.renewals == 1);
    }
    let second = fixture.spawn(&["-vv", "status", "--format", "json"]);
    wait_until_it_waits(&second);
    gate.open();
    for program in [first, second] {
        all_well(&fixture, &StatusReport::of(program.finish()));
    }
    fixture.assert_each_renewed_once();
}

// The test reads the tray's menu over D-Bus.
#[cfg(target_os = "linux")]
#[test]
fn concurrent_tray_and_status_send_each_of_20_refresh_tokens_once() {
    let fixture = twenty();
    let tray = fixture.spawn(&[]);
    let status = fixture.spawn(&["status", "--format", "json"]);
    all_well(&fixture, &StatusReport::of(status.finish()));
    fixture.host.menu_until(all_have_usage);
    fixture.assert_each_renewed_once();
    fixture.host.click("Quit Quota Tray");
    assert!(tray.finish().status.success());
    fixture.assert_each_renewed_once();
}

#[cfg(target_os = "linux")]
#[test]
fn tray_started_during_20_renewals_of_status_uses_the_new_tokens() {
    let fixture = twenty();
    let gate = fixture.hold_responses();
    let status = fixture.spawn(&["status", "--format", "json"]);
    for account in &fixture.accounts {
        fixture.ledger.wait_for(&account.name, |login| login.renewals == 1);
    }
    let tray = fixture.spawn(&["-vv"]);
    wait_until_it_waits(&tray);
    gate.open();
    all_well(&fixture, &StatusReport::of(status.finish()));
    fixture.host.menu_until(all_have_usage);
    fixture.host.click("Quit Quota Tray");
    assert!(tray.finish().status.success());
    fixture.assert_each_renewed_once();
}

#[track_caller]
fn all_well(fixture: &RenewalFixture, run: &StatusReport) {
    for account in &fixture.accounts {
        assert_eq!(run.error_of(account), None, "{}: {run:#?}", account.name);
    }
    assert!(run.succeeded(), "{run:#?}");
}

#[cfg(target_os = "linux")]
/// Whether each of the twenty rows shows a percentage.
fn all_have_usage(menu: &Menu) -> bool {
    menu.labels().iter().filter(|label| label.contains("@example.com — ") && label.contains("% · ")).count()
        == 20
}

/// Waits until a program, run with `-vv`, has found the lock of a renewal taken.
#[track_caller]
pub fn wait_until_it_waits(program: &Program) {
    program.stderr_line("renewal: waiting for a lock");
}
