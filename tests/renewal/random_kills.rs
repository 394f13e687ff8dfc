//! Killed at random moments of runs that renew six logins at once.

use crate::common::{Provider, RenewalFixture, StatusReport, TestAccount, TokenLocation, journal};
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// Kills on one fixture. An account is allowed sixty requests in five minutes, and a round makes three at most.
const ROUNDS: usize = 18;

#[test]
fn login_survives_40_random_kills() {
    survive_random_kills(40);
}

#[test]
#[ignore = "a minute or two: the long version of the one above"]
fn login_survives_200_random_kills() {
    survive_random_kills(200);
}

fn survive_random_kills(kills: usize) {
    let mut random = Random::new();
    println!("QUOTA_TRAY_SEED={}", random.0);
    let mut tally = Tally::default();
    while tally.kills < kills {
        kill_in_one_fixture(&mut random, &mut tally, kills);
    }
    println!("{tally:#?}");
    // A test that never hits a renewal shows nothing.
    assert!(tally.in_a_renewal * 4 > tally.kills, "{tally:#?}");
}

fn kill_in_one_fixture(random: &mut Random, tally: &mut Tally, kills: usize) {
    let fixture = RenewalFixture::new()
        .with(Provider::Claude, "a@example.com")
        .with(Provider::Claude, "b@example.com")
        .with_link(Provider::Claude, "c@example.com")
        .with(Provider::Codex, "d@example.com")
        .with(Provider::Codex, "e@example.com")
        .with_link(Provider::Codex, "f@example.com");
    fixture.ledger.set_token_lifetime(0);
    let began = Instant::now();
    fixture.must_renew(&fixture.accounts, "the sign-in");
    let mut whole = began.elapsed();
    for round in 0..ROUNDS {
        if tally.kills == kills {
            return;
        }
        // Every other kill at any moment of the run, and every other after the first token was sent, since
        // much of a run is its start.
        let delay = whole.mul_f64(random.fraction());
        let killed = match round % 2 {
            0 => kill_after(&fixture, Start::OfTheRun, delay, tally),
            _ => kill_after(&fixture, Start::OfTheRenewals, delay / 2, tally),
        };
        let standings = judge(&fixture, killed, tally);
        // At once, as one who starts the program again. Where the journal says that the token was on
        // its way, nobody can know yet what became of it.
        let began = Instant::now();
        let run = fixture.status();
        if run.succeeded() {
            whole = whole.min(began.elapsed());
        }
        let mut unclear = Vec::new();
        for (account, phase, location) in &standings {
            let error = run.error_of(account);
            match location {
                TokenLocation::CredentialFile if phase == "sent" && error.is_some() => {
                    unclear.push(account.clone())
                }
                TokenLocation::InTransit | TokenLocation::InMemory => {}
                _ => assert_eq!(error, None, "after a kill at {delay:?}, {location:?} {phase}: {run:#?}"),
            }
        }
        let lost = standings.iter().filter(|(.., location)| !location.is_kept());
        for (account, ..) in lost {
            assert!(run.error_of(account).is_some(), "{run:#?}");
            assert_eq!(fixture.ledger.login(&account.name).reuses, 0, "{}: sent again at once", account.name);
            fixture.sign_in(account);
        }
        if !unclear.is_empty() {
            tally.one_minute_later += unclear.len();
            fixture.pass(2);
            fixture.must_renew(&unclear, &format!("a kill at {delay:?} and two minutes"));
        }
        for account in &fixture.accounts {
            assert_eq!(
                fixture.ledger.login(&account.name).reuses,
                0,
                "{}: a spent token again",
                account.name
            );
        }
    }
}

/// From when on the time to the kill is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    OfTheRun,
    OfTheRenewals,
}

/// Starts `status`, kills it after `delay`, and returns a moment at which it was still alive.
fn kill_after(fixture: &RenewalFixture, start: Start, delay: Duration, tally: &mut Tally) -> Instant {
    let before = fixture.ledger.renewals();
    let program = fixture.spawn(&["status", "--format", "json"]);
    if start == Start::OfTheRenewals {
        fixture.ledger.wait_for_renewals(before + 1);
    }
    // Time is the subject: the kill comes at a random moment.
    thread::sleep(delay);
    let killed = Instant::now();
    program.kill();
    let finished = program.finish();
    match finished.status.success() {
        true => {
            tally.too_late += 1;
            assert!(StatusReport::of(finished).succeeded());
        }
        false => tally.kills += 1,
    }
    fixture.server.wait_until_idle();
    killed
}

/// Where each login is after the kill, and what its journal says.
fn judge(
    fixture: &RenewalFixture,
    killed: Instant,
    tally: &mut Tally,
) -> Vec<(TestAccount, String, TokenLocation)> {
    let judge = |account: &TestAccount| {
        let journal = journal::of(&fixture.state_dir(), account.file());
        let phase = journal.map(|journal| journal.phase()).unwrap_or_default();
        let location = fixture.locate(account, killed);
        let login = fixture.ledger.login(&account.name);
        assert_ne!(location, TokenLocation::Lost, "{phase}: {login:#?}");
        assert_eq!(login.reuses, 0, "{login:#?}");
        if !location.is_kept() {
            let delivery = login.delivery.unwrap_or_default();
            let until = delivery.end.map_or(killed, |(_, at)| at);
            let waited = delivery.sent.map_or(Duration::ZERO, |at| until.saturating_duration_since(at));
            tally.longest_wait = tally.longest_wait.max(waited);
        }
        *tally.logins.entry(format!("{location:?}, journal {phase:?}")).or_default() += 1;
        (account.clone(), phase, location)
    };
    let standings: Vec<_> = fixture.accounts.iter().map(judge).collect();
    if standings.iter().any(|(_, phase, _)| phase == "prepared" || phase == "sent") {
        tally.in_a_renewal += 1;
    }
    standings
}

/// What has been counted.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    /// The run had ended before the kill came.
    too_late: usize,
    /// Kills while at least one renewal was under way.
    in_a_renewal: usize,
    /// Logins after a kill, by where the live token was.
    logins: BTreeMap<String, usize>,
    /// Of the logins on their way: the longest time from the server's last byte to the client's end.
    longest_wait: Duration,
    /// Logins that the next run could not renew before a minute was over.
    one_minute_later: usize,
}

/// SplitMix64, with a seed that is printed and can be set.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let given = std::env::var("QUOTA_TRAY_SEED").ok().and_then(|seed| seed.parse().ok());
        let clock = || SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_nanos() as u64);
        Self(given.unwrap_or_else(clock))
    }

    /// From 0 to 1.
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as f64 / u64::MAX as f64
    }
}
