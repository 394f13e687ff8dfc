//! Writes `tests/fixtures/state-0.1` with a binary of version 0.1:
//!
//! ```text
//! git worktree add /tmp/v01 ed4d53d && (cd /tmp/v01 && cargo build)
//! QUOTA_TRAY_0_1=/tmp/v01/target/debug/quota-tray cargo test --test state_0_1 -- --ignored create
//! ```

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::common::{Provider, RenewalFixture, Response};
use crate::saved::{ALICE, BOB, CAROL, DAVE, ERIN, FRANK, HEADER, PLACEHOLDER, dir};
use chrono::Utc;

const SETTINGS: &str =
    "thresholds = [50]\n[limits]\nasks_per_five_minutes = 5\nclaude_requests_per_hour = 720\n";

/// The old program in the environment of the fixture.
fn old(fixture: &RenewalFixture, arguments: &[&str]) -> Command {
    let binary = std::env::var_os("QUOTA_TRAY_0_1").expect("QUOTA_TRAY_0_1 names a binary of version 0.1");
    let environment = fixture.command();
    let mut command = Command::new(binary);
    command.env_clear().envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args(arguments).current_dir(fixture.home());
    command
}

fn status(fixture: &RenewalFixture) {
    fixture.spawn_command(&mut old(fixture, &["status"])).finish();
}

#[test]
#[ignore = "writes tests/fixtures/state-0.1; needs a binary of version 0.1"]
fn create_the_state_of_0_1() {
    let fixture = RenewalFixture::new().with(Provider::Claude, ALICE).with(Provider::Codex, BOB);
    fixture.set_config(SETTINGS);
    // The tray sends the alerts; four more runs use up the requests of five minutes.
    let tray = fixture.spawn_command(&mut old(&fixture, &[]));
    fixture.notifications.wait_for(2);
    fixture.host.click("Quit Quota Tray");
    tray.finish();
    (0..4).for_each(|_| status(&fixture));

    // Erin's renewed access token is number 4, Frank's are 10 and 11.
    let fixture = fixture.with(Provider::Claude, ERIN);
    (0..2).for_each(|_| fixture.sign_in(&fixture.account(ERIN)));
    fixture.ledger.refuse_access_tokens([4], 429);
    status(&fixture);
    let fixture = fixture.with(Provider::Claude, FRANK);
    (0..9).for_each(|_| fixture.sign_in(&fixture.account(FRANK)));
    fixture.account(FRANK).set("expired", "2099-01-01T00:00:00Z");
    fixture.account(FRANK).modified_earlier(Duration::from_secs(600));
    fixture.ledger.refuse_access_tokens([10, 11], 401);
    status(&fixture);

    let fixture = fixture.with(Provider::Codex, DAVE);
    let dave = fixture.account(DAVE);
    let gate = fixture.hold_responses();
    let run = fixture.spawn_command(&mut old(&fixture, &["status"]));
    fixture.ledger.wait_for(&dave.name, |login| login.renewals == 1);
    let content = fs::read(dave.file()).expect("readable");
    fs::write(dave.file(), &content[..content.len() / 2]).expect("written");
    gate.open();
    run.finish();
    fs::write(dave.file(), content).expect("written");

    let fixture = fixture.with(Provider::Claude, CAROL);
    fixture.ledger.respond_with(|_| Response::hang_up());
    // Dave's account is hidden from this run, which would finish his renewal.
    let hidden = fixture.home().join("dave");
    fs::rename(dave.file(), &hidden).expect("moved");
    status(&fixture);
    fs::rename(&hidden, dave.file()).expect("moved");

    fs::remove_dir_all(dir()).ok();
    save(&fixture.auth_dir(), &dir().join("credentials"), &fixture);
    save(&fixture.state_dir(), &dir().join("state"), &fixture);
    fs::copy(fixture.config_file(), dir().join("config.toml")).expect("copied");
    fs::write(dir().join("saved-at"), format!("{}\n", Utc::now().to_rfc3339())).expect("written");
}

fn save(from: &Path, to: &Path, fixture: &RenewalFixture) {
    fs::create_dir_all(to).expect("created");
    let real = fs::canonicalize(fixture.dir()).expect("it is there");
    for entry in fs::read_dir(from).expect("a folder") {
        let (from, name) = entry.map(|entry| (entry.path(), entry.file_name())).expect("an entry");
        if from.is_dir() {
            save(&from, &to.join(name), fixture);
            continue;
        }
        let content = fs::read(&from).expect("readable");
        let is_journal = from.extension().is_some_and(|extension| extension == "journal");
        let (header, rest) = content.split_at(if is_journal { HEADER } else { content.len() });
        let text = String::from_utf8(header.to_vec()).expect("UTF-8");
        let mut saved = text.replace(real.to_str().expect("UTF-8"), PLACEHOLDER).into_bytes();
        if is_journal {
            saved.resize(HEADER, b' ');
        }
        saved.extend_from_slice(rest);
        fs::write(to.join(name), saved).expect("written");
    }
}
