//! After a 429: which accounts get no requests, until when, and what the menu shows.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::state_dir::StateDir;
use super::*;
use crate::common::{Response, TestAccount, claude_usage};

/// When an account may be requested again.
enum End {
    At(DateTime<Utc>),
    After(TimeDelta),
}
use End::{After, At};

fn limited(retry_after: Option<&str>) -> Response {
    let response = Response::status(429);
    match retry_after {
        Some(value) => response.header("Retry-After", value),
        None => response,
    }
}

/// The account's id: the name of its credential file.
fn id(account: &TestAccount) -> String {
    account.file().file_name().expect("a name").to_string_lossy().into_owned()
}

/// A time as shown in a row.
fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M").to_string()
}

#[test]
fn rate_limited_account_gets_no_request_until_retry_after() {
    let date = (Utc::now() + TimeDelta::minutes(25)).trunc_subsecs(0);
    let header = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let past = (date - TimeDelta::hours(2)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let cases = [
        ("seconds@example.com", Some("600"), After(TimeDelta::seconds(600))),
        ("short@example.com", Some("90"), After(TimeDelta::seconds(90))),
        ("date@example.com", Some(&header), At(date)),
        ("zero@example.com", Some("0"), After(TimeDelta::minutes(5))),
        ("absent@example.com", None, After(TimeDelta::minutes(5))),
        ("nonsense@example.com", Some("soon"), After(TimeDelta::minutes(5))),
        ("past@example.com", Some(&past), After(TimeDelta::minutes(5))),
    ];
    let mut fixture = Fixture::new().codex(BOB);
    let accounts = cases.each_ref().map(|(email, retry_after, _)| {
        let account = fixture.add_claude(email);
        fixture.server.respond(account.access_token(), limited(*retry_after));
        account
    });
    let before = Utc::now();
    assert_eq!(status(&fixture).1, Some(1));
    let after = Utc::now();

    let state = StateDir::of(&fixture);
    let ends = accounts.each_ref().map(|account| state.pace(&id(account), "cool_until").expect("it cools"));
    for ((email, retry_after, expected), end) in cases.iter().zip(ends) {
        let range = match expected {
            At(moment) => *moment..=*moment,
            After(wait) => before + *wait..=after + *wait,
        };
        assert!(range.contains(&end), "{email} ({retry_after:?}): {end}, not {range:?}");
    }

    let program = fixture.spawn(&[]);
    let menu = fixture.host.menu_until(showing("bob@example.com — 70% left"));
    for (account, end) in accounts.iter().zip(ends) {
        let row = menu.item(&account.email);
        // With the date in between if it is tomorrow.
        let error = &row.find("Rate limited until ").expect("an error").label;
        assert!(error.ends_with(&clock(end)), "{end}: {menu}");
    }
    for used in [60, 61, 62] {
        fixture.codex_used(&fixture.account(BOB), &[(18_000, used), (604_800, 30)]);
        refresh(&fixture, &format!("bob@example.com — {}% left", 100 - used));
    }
    quit(&fixture, program);
    for account in &accounts {
        assert_eq!(fixture.server.requests_with(account.access_token()).len(), 1, "{}", account.email);
    }
    assert_eq!(accounts.each_ref().map(|account| state.pace(&id(account), "cool_until")), ends.map(Some));
}

#[test]
fn rate_limited_account_recovers_after_retry_after() {
    let fixture = Fixture::new().claude(ALICE);
    let alice = fixture.account(ALICE);
    let good = Response::from(claude_usage(&[("five_hour", 58.0), ("seven_day", 10.0)]));
    fixture.server.respond_in_turn(alice.access_token(), [good.clone(), limited(Some("600")), good]);
    let _program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    // The last value is still shown.
    let menu = refresh(&fixture, "Rate limited until");
    assert!(
        menu.shows("alice@example.com — 42% left") && menu.shows("alice@example.com — just now"),
        "{menu}"
    );
    StateDir::of(&fixture).age(TimeDelta::minutes(10));
    let menu = refresh(&fixture, "alice@example.com — 42% left");
    fixture.host.menu_until(|menu| at_rest(menu) && !menu.shows("Rate limited"));
    assert_eq!(fixture.server.requests_with(alice.access_token()).len(), 3, "{menu}");
    assert_eq!(status(&fixture).1, Some(0));
}

#[test]
fn rate_limit_without_retry_after_backs_off_up_to_an_hour() {
    let fixture = Fixture::new().claude(ALICE);
    let alice = fixture.account(ALICE);
    let state = StateDir::of(&fixture);
    let mut requests = 0;
    let mut waits = |response: Response| {
        fixture.server.respond(alice.access_token(), response);
        let before = Utc::now();
        status(&fixture);
        requests += 1;
        assert_eq!(fixture.server.requests_with(alice.access_token()).len(), requests);
        let wait = state.pace(&id(&alice), "cool_until").map(|until| until - before);
        // Automatic requests are sent at least every 30 minutes, however long the backoff after a 429.
        state.age(wait.unwrap_or_default() + TimeDelta::minutes(34));
        wait.map(|wait| wait.num_minutes())
    };
    let silent: Vec<_> = (0..6).map(|_| waits(limited(None))).collect();
    assert_eq!(silent, [5, 10, 20, 40, 60, 60].map(Some));
    // The provider's Retry-After takes precedence over the backoff.
    assert_eq!(waits(limited(Some("130"))), Some(2));
    assert_eq!(waits(claude_usage(&[("five_hour", 58.0)]).into()), None);
    assert_eq!(waits(limited(None)), Some(5));
}

#[test]
fn accounts_of_a_rate_limiting_provider_are_requested_one_by_one() {
    let mut fixture = Fixture::new().claude(ALICE).codex(BOB);
    fixture.server.respond(fixture.account(ALICE).access_token(), limited(Some("600")));
    status(&fixture);

    let moments: Arc<Mutex<Vec<(&str, Instant)>>> = Arc::default();
    let bob = fixture.account(BOB);
    let others = ["c@example.com", "d@example.com", "e@example.com"].map(|email| fixture.add_claude(email));
    for (account, provider) in others.iter().map(|account| (account, "claude")).chain([(&bob, "codex")]) {
        let moments = Arc::clone(&moments);
        fixture.server.respond_with(account.access_token(), move |_| {
            moments.lock().expect("nothing panics under it").push((provider, Instant::now()));
            Response::status(500)
        });
    }
    status(&fixture);
    let moments = moments.lock().expect("nothing panics under it").clone();
    let of = |name| moments.iter().filter(move |(provider, _)| *provider == name).map(|(_, at)| *at);
    let claude: Vec<_> = of("claude").collect();
    assert_eq!((claude.len(), of("codex").count()), (3, 1));
    // 300 ms apart; half of that allows for a busy machine.
    assert!(claude[2] - claude[0] >= Duration::from_millis(300), "{moments:?}");
    assert!(of("codex").all(|at| at < claude[2]), "{moments:?}");
}
