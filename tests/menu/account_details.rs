//! The details of an account: plan, money, login, times.

use super::*;
use chrono::FixedOffset;
use insta::assert_snapshot;
use quota_tray::quota::{ExtraUsage, TokenLifetime};

#[test]
fn plan_and_extra_usage_are_facts_of_the_account() {
    let mut usage = codex("a@x.org").with_usage(2, &[window_without_reset("Weekly", 30.0)]);
    let extra = |spent, limit, currency: Option<&str>| ExtraUsage {
        spent,
        limit,
        currency: currency.map(str::to_owned),
    };
    usage.last_usage.as_mut().expect("usage").plan = Some("prolite".into());
    usage.last_usage.as_mut().expect("usage").extra_usage = Some(extra(3.2, Some(50.0), Some("USD")));
    assert_snapshot!(MenuFixture::of(vec![usage.clone()]).accounts(), @"
    + Codex · a@x.org · Pro Lite + Fine(70.0)
        Weekly: 70% left
        ---
        Plan: Pro Lite
        Extra usage $3.20 of $50.00
        (Updated 12:58)
      ▰▰▰▰▰▰▱▱  70%  Weekly
    ");
    for (extra, words) in [
        (extra(3.2, None, None), "Extra usage $3.20, no limit"),
        (extra(3.2, Some(0.0), None), "Extra usage $3.20, no limit set"),
        (extra(0.0, Some(20.0), Some("EUR")), "Extra usage €0.00 of €20.00"),
        (extra(1.0, Some(5.0), Some("CHF")), "Extra usage 1.00 CHF of 5.00 CHF"),
    ] {
        usage.last_usage.as_mut().expect("usage").extra_usage = Some(extra);
        let rows = MenuFixture::of(vec![usage.clone()]).accounts();
        assert!(rows.lines().any(|row| row.trim() == words), "{rows}");
    }
}

#[test]
fn seat_billed_by_use_shows_its_spending_and_no_percentage() {
    let mut usage = claude("a@x.org").with_usage(2, &[]);
    let extra = ExtraUsage { spent: 2119.26, limit: Some(5000.0), currency: Some("USD".into()) };
    usage.last_usage.as_mut().expect("usage").extra_usage = Some(extra);
    let fixture = MenuFixture::of(vec![usage.clone()]);
    assert_snapshot!(fixture.accounts(), @"
    + Claude · a@x.org — usage-based billing + Refreshing
        Spent $2119.26 of $5000.00
        (Updated 12:58)
      Spent $2119.26 of $5000.00
    ");
    assert_eq!(fixture.presenter().label(), "Quota Tray: no quota window");
    assert_eq!(fixture.presenter().title(), "");
    let beside =
        MenuFixture::of(vec![usage, codex("b@x.org").with_usage(2, &[window_without_reset("Weekly", 30.0)])]);
    assert_eq!(beside.presenter().label(), "Quota Tray: 70% left");
}

#[test]
fn login_state_is_a_row_unless_the_error_includes_it() {
    let with_lifetime = |renewed: Option<i64>, expires: Option<i64>| {
        let usage = claude("a@x.org").with_usage(2, &[window_without_reset("Weekly", 30.0)]);
        let lifetime = TokenLifetime { renewed_at: renewed.map(ago), expires_at: expires.map(ahead) };
        AccountUsage { token_lifetime: Some(lifetime), ..usage }
    };
    let row = |usage: AccountUsage| {
        let rows = MenuFixture::of(vec![usage]).accounts();
        rows.lines().find(|row| row.contains("(Login ")).map(|row| row.trim().to_owned())
    };
    for (renewed, expires, words) in [
        (Some(3), Some(130), Some("(Login renewed 3 min ago, valid until 15:10)")),
        (None, Some(130), Some("(Login valid until 15:10)")),
        (Some(3), None, Some("(Login renewed 3 min ago)")),
        (None, None, None),
    ] {
        assert_eq!(row(with_lifetime(renewed, expires)).as_deref(), words);
    }
    assert_eq!(row(with_lifetime(Some(3), Some(-1)).with_failure(Failure::Expired("x".into()))), None);
}

#[test]
fn times_are_local_and_another_day_is_named() {
    let berlin = Locale::of_zone(|_| FixedOffset::east_opt(2 * 3600).expect("in range"));
    let mut fixture = MenuFixture::of(vec![
        claude("a@x.org").with_usage(2, &[window("5-hour", 5.0, 600), window("Weekly", 9.0, 700)]),
    ]);
    fixture.locale = berlin;
    assert_snapshot!(fixture.menu().split("> Refresh").next().expect("rows"), @"
    + Claude · a@x.org + Fine(91.0)
        5-hour: 95% left — resets in 10 h (18 Sep, 01:00)
        Weekly: 91% left — resets in 11 h 40 m (18 Sep, 02:40)
        ---
        (Updated 14:58)
      ▰▰▰▰▰▰▰▱  95%  5-hour · resets in 10 h
      ▰▰▰▰▰▰▰▱  91%  Weekly · resets in 11 h 40 m
    ---
    (Updated 14:58, next 15:03)
    ");
}
