//! Killed at random moments of runs that renew six logins at once.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::journals;
use super::stage::{Player, Run, Stage, Whereabouts};

/// Kills on one stage: an account may be asked sixty times in five minutes, and a round asks it three
/// times at most.
const ROUNDS: usize = 18;

#[test]
fn no_login_is_lost_in_40_kills_at_random_moments() {
    kill_at_random_moments(40);
}

#[test]
#[ignore = "a minute or two: the long version of the one above"]
fn no_login_is_lost_in_200_kills_at_random_moments() {
    kill_at_random_moments(200);
}

fn kill_at_random_moments(kills: usize) {
    let mut random = Random::new();
    println!("QUOTA_TRAY_SEED={}", random.0);
    let mut tally = Tally::default();
    while tally.kills < kills {
        kill_on_a_stage(&mut random, &mut tally, kills);
    }
    println!("{tally:#?}");
    // A test that never hits a renewal shows nothing.
    assert!(tally.in_a_renewal * 4 > tally.kills, "{tally:#?}");
}

fn kill_on_a_stage(random: &mut Random, tally: &mut Tally, kills: usize) {
    let stage = Stage::new()
        .with("claude", "a@example.com")
        .with("claude", "b@example.com")
        .with_link("claude", "c@example.com")
        .with("codex", "d@example.com")
        .with("codex", "e@example.com")
        .with_link("codex", "f@example.com");
    stage.ledger.answer_for(0);
    let began = Instant::now();
    stage.must_renew(stage.players(), "the sign-in");
    let mut whole = began.elapsed();
    for round in 0..ROUNDS {
        if tally.kills == kills {
            return;
        }
        // Every other kill at any moment of the run, and every other after the first token was sent, since
        // much of a run is its start.
        let delay = whole.mul_f64(random.fraction());
        let killed = match round % 2 {
            0 => kill_after(&stage, Start::OfTheRun, delay, tally),
            _ => kill_after(&stage, Start::OfTheRenewals, delay / 2, tally),
        };
        let standings = judge(&stage, killed, tally);
        // At once, as one who starts the program again. Where the journal says that the token was on
        // its way, nobody can know yet what became of it.
        let began = Instant::now();
        let run = stage.status();
        if run.succeeded() {
            whole = whole.min(began.elapsed());
        }
        let mut unclear = Vec::new();
        for (player, phase, whereabouts) in &standings {
            let error = run.error_of(player);
            match whereabouts {
                Whereabouts::File if phase == "sent" && error.is_some() => unclear.push(player.clone()),
                Whereabouts::Wire | Whereabouts::Hand => {}
                _ => assert_eq!(error, None, "after a kill at {delay:?}, {whereabouts:?} {phase}: {run:#?}"),
            }
        }
        let lost = standings.iter().filter(|(.., whereabouts)| !whereabouts.is_kept());
        for (player, ..) in lost {
            assert!(run.error_of(player).is_some(), "{run:#?}");
            assert_eq!(stage.ledger.login(&player.name).reuses, 0, "{}: sent again at once", player.name);
            stage.sign_in(player);
        }
        if !unclear.is_empty() {
            tally.one_minute_later += unclear.len();
            stage.wait(2);
            stage.must_renew(&unclear, &format!("a kill at {delay:?} and two minutes"));
        }
        for player in stage.players() {
            assert_eq!(stage.ledger.login(&player.name).reuses, 0, "{}: a spent token again", player.name);
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
fn kill_after(stage: &Stage, start: Start, delay: Duration, tally: &mut Tally) -> Instant {
    let before = stage.ledger.renewals();
    let program = stage.scene.spawn(&["status", "--format", "json"]);
    if start == Start::OfTheRenewals {
        stage.ledger.wait_for_renewals(before + 1);
    }
    // The one thing here that is not waited for: the moment is to be a random one.
    thread::sleep(delay);
    let killed = Instant::now();
    program.kill();
    let finished = program.finish();
    match finished.status.success() {
        true => {
            tally.too_late += 1;
            assert!(Run::of(finished).succeeded());
        }
        false => tally.kills += 1,
    }
    stage.ledger.settle();
    killed
}

/// Where each login is after the kill, and what its journal says.
fn judge(stage: &Stage, killed: Instant, tally: &mut Tally) -> Vec<(Player, String, Whereabouts)> {
    let judge = |player: &Player| {
        let journal = journals::of(&stage.state_dir(), player.account.file());
        let phase = journal.map(|journal| journal.phase()).unwrap_or_default();
        let whereabouts = stage.whereabouts(player, killed);
        let login = stage.ledger.login(&player.name);
        assert_ne!(whereabouts, Whereabouts::Lost, "{phase}: {login:#?}");
        assert_eq!(login.reuses, 0, "{login:#?}");
        if !whereabouts.is_kept() {
            let delivery = login.delivery.unwrap_or_default();
            let until = delivery.end.map_or(killed, |(_, at)| at);
            let waited = delivery.handed.map_or(Duration::ZERO, |at| until.saturating_duration_since(at));
            tally.longest_wait = tally.longest_wait.max(waited);
        }
        *tally.logins.entry(format!("{whereabouts:?}, journal {phase:?}")).or_default() += 1;
        (player.clone(), phase, whereabouts)
    };
    let standings: Vec<_> = stage.players().iter().map(judge).collect();
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

/// SplitMix64, with a seed that is told, and can be given.
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
