//! After a 429: who is left alone, for how long, and what is said meanwhile.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::state::State;
use super::*;
use crate::common::{Account, Answer, claude_usage};

/// When an account may be asked again.
enum End {
    At(DateTime<Utc>),
    After(TimeDelta),
}
use End::{After, At};

fn limited(retry_after: Option<&str>) -> Answer {
    let answer = Answer::status(429);
    match retry_after {
        Some(value) => answer.header("Retry-After", value),
        None => answer,
    }
}

/// The name of the credential file, by which accounts are told apart.
fn id(account: &Account) -> String {
    account.file().file_name().expect("a name").to_string_lossy().into_owned()
}

/// A moment as it stands in a row.
fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M").to_string()
}

#[test]
fn a_429_holds_as_long_as_it_says_over_a_restart_and_any_click_while_others_go_on() {
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
    let mut scene = Scene::new().codex(BOB);
    let accounts = cases.each_ref().map(|(email, retry_after, _)| {
        let account = scene.add_claude(email);
        scene.usage.answer(account.access_token(), limited(*retry_after));
        account
    });
    let before = Utc::now();
    assert_eq!(status(&scene).1, Some(1));
    let after = Utc::now();

    let state = State::of(&scene);
    let ends = accounts.each_ref().map(|account| state.pace(&id(account), "cool_until").expect("it cools"));
    for ((email, retry_after, expected), end) in cases.iter().zip(ends) {
        let range = match expected {
            At(moment) => *moment..=*moment,
            After(wait) => before + *wait..=after + *wait,
        };
        assert!(range.contains(&end), "{email} ({retry_after:?}): {end}, not {range:?}");
    }

    let program = scene.spawn(&[]);
    let menu = scene.host.menu_until(showing("bob@example.com — 70% left"));
    for (account, end) in accounts.iter().zip(ends) {
        let row = menu.item(&account.email);
        // With the day in between where it is tomorrow.
        let says = |text: &str, until: &str| text.contains(until) && text.ends_with(&clock(end));
        assert!(
            says(&row.label, " · rate limited until ") || says(&row.label, " — rate limited until "),
            "{menu}"
        );
        assert!(says(&words(row), " Rate limited until "), "{end}: {menu}");
    }
    for used in [60, 61, 62] {
        scene.codex_used(&scene.account(BOB), &[(18_000, used), (604_800, 30)]);
        refresh(&scene, &format!("bob@example.com — {}% left", 100 - used));
    }
    quit(&scene, program);
    for account in &accounts {
        assert_eq!(scene.usage.requests_with(account.access_token()).len(), 1, "{}", account.email);
    }
    assert_eq!(accounts.each_ref().map(|account| state.pace(&id(account), "cool_until")), ends.map(Some));
}

#[test]
fn when_the_wait_is_over_it_is_asked_and_is_well_again() {
    let scene = Scene::new().claude(ALICE);
    let alice = scene.account(ALICE);
    let good = Answer::from(claude_usage(&[("five_hour", 58.0), ("seven_day", 10.0)]));
    scene.usage.answer_in_turn(alice.access_token(), [good.clone(), limited(Some("600")), good]);
    let _program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    // The number that is known stays on show.
    let menu = refresh(&scene, "rate limited until");
    assert!(menu.shows("alice@example.com — 42% left · just now · rate limited until"), "{menu}");
    State::of(&scene).age(TimeDelta::minutes(10));
    let menu = refresh(&scene, "alice@example.com — 42% left");
    scene.host.menu_until(|menu| at_rest(menu) && !menu.shows("rate limited"));
    assert_eq!(scene.usage.requests_with(alice.access_token()).len(), 3, "{menu}");
    assert_eq!(status(&scene).1, Some(0));
}

#[test]
fn without_a_word_of_how_long_the_wait_doubles_up_to_an_hour_and_a_good_answer_ends_that() {
    let scene = Scene::new().claude(ALICE);
    let alice = scene.account(ALICE);
    let state = State::of(&scene);
    let mut asked = 0;
    let mut waits = |answer: Answer| {
        scene.usage.answer(alice.access_token(), answer);
        let before = Utc::now();
        status(&scene);
        asked += 1;
        assert_eq!(scene.usage.requests_with(alice.access_token()).len(), asked);
        let wait = state.pace(&id(&alice), "cool_until").map(|until| until - before);
        // By itself it is asked each 30 minutes at least, however slow the pace after a 429.
        state.age(wait.unwrap_or_default() + TimeDelta::minutes(34));
        wait.map(|wait| wait.num_minutes())
    };
    let silent: Vec<_> = (0..6).map(|_| waits(limited(None))).collect();
    assert_eq!(silent, [5, 10, 20, 40, 60, 60].map(Some));
    // What the provider says goes before what we think.
    assert_eq!(waits(limited(Some("130"))), Some(2));
    assert_eq!(waits(claude_usage(&[("five_hour", 58.0)]).into()), None);
    assert_eq!(waits(limited(None)), Some(5));
}

#[test]
fn the_accounts_of_a_provider_that_has_refused_are_asked_one_by_one() {
    let mut scene = Scene::new().claude(ALICE).codex(BOB);
    scene.usage.answer(scene.account(ALICE).access_token(), limited(Some("600")));
    status(&scene);

    let moments: Arc<Mutex<Vec<(&str, Instant)>>> = Arc::default();
    let bob = scene.account(BOB);
    let others = ["c@example.com", "d@example.com", "e@example.com"].map(|email| scene.add_claude(email));
    for (account, provider) in others.iter().map(|account| (account, "claude")).chain([(&bob, "codex")]) {
        let moments = Arc::clone(&moments);
        scene.usage.answer_with(account.access_token(), move |_| {
            moments.lock().expect("nothing panics under it").push((provider, Instant::now()));
            Answer::status(500)
        });
    }
    status(&scene);
    let moments = moments.lock().expect("nothing panics under it").clone();
    let of = |name| moments.iter().filter(move |(provider, _)| *provider == name).map(|(_, at)| *at);
    let claude: Vec<_> = of("claude").collect();
    assert_eq!((claude.len(), of("codex").count()), (3, 1));
    // 300 ms apart; half of that leaves room for a machine that is busy.
    assert!(claude[2] - claude[0] >= Duration::from_millis(300), "{moments:?}");
    assert!(of("codex").all(|at| at < claude[2]), "{moments:?}");
}
