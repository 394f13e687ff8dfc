//! Money and other facts of an account: shown beside its windows, without effect on its percentage.

use super::formatting::{facts, row};
use super::*;
use quota_tray::quota::alert::{self, AlertHistory, Rules};
use serde_json::json;

/// The facts of a Claude response that also has a window.
fn claude_facts(mut body: Value) -> Vec<String> {
    body["five_hour"] = json!({"utilization": 1.0});
    facts(Provider::CLAUDE, &body)
}

fn extra_usage(changes: Value) -> Value {
    let mut extra =
        json!({"is_enabled": true, "monthly_limit": 5000, "used_credits": 320, "currency": "USD"});
    for (key, value) in changes.as_object().unwrap() {
        extra[key] = value.clone();
    }
    json!({"extra_usage": extra})
}

fn codex_facts(mut body: Value) -> Vec<String> {
    body["rate_limit"] = json!({"primary_window": {"used_percent": 1}});
    facts(Provider::CODEX, &body)
}

#[test]
fn usage_billed_seat_is_ok_without_a_window() {
    for (name, spent) in
        [("enterprise", "Spent $2119.26 of $5000.00"), ("spend_only", "Spent £2.51 of £37.50")]
    {
        let body = fixture(Provider::CLAUDE, name);
        let usage = REGISTRY.spec(Provider::CLAUDE).unwrap().parse_body(&body, now()).unwrap();
        assert_eq!(keys(&usage), [""; 0], "{name}");
        let snapshot = snapshot(Provider::CLAUDE, usage);
        assert_eq!(snapshot.accounts[0].state(), quota_tray::quota::UsageState::Ok, "{name}");
        assert_eq!(snapshot.lowest(now()), None, "{name}");
        let rules = Rules { thresholds: vec![100.0], on_reset: true };
        assert_eq!(alert::evaluate(&mut AlertHistory::default(), &snapshot, &rules, now()), [], "{name}");
        let body = serde_json::from_slice(&body).unwrap();
        assert_eq!(facts(Provider::CLAUDE, &body)[0], spent);
        assert_eq!(row(Provider::CLAUDE, &body), "Claude · a@b.c — usage-based billing", "{name}");
    }
}

#[test]
fn usage_billed_seat_without_spending_is_ok() {
    for body in [
        json!({"five_hour": null, "limits": [], "extra_usage": {"is_enabled": true, "used_credits": null}}),
        json!({"limits": [], "spend": {"enabled": true, "used": null, "limit": null, "percent": null}}),
    ] {
        assert_eq!(keys(&parse(Provider::CLAUDE, &body)), [""; 0], "{body}");
        assert_eq!(facts(Provider::CLAUDE, &body), [""; 0], "{body}");
    }
}

#[test]
fn account_with_neither_window_nor_spending_is_an_error() {
    for body in [
        json!({"five_hour": null, "limits": [], "extra_usage": null, "spend": null}),
        json!({"five_hour": null, "limits": [], "extra_usage": {"is_enabled": false}}),
        json!({"limits": [], "spend": {"enabled": false, "used": {"amount_minor": 0, "currency": "USD"}}}),
        json!({"extra_usage": {"is_enabled": false}, "spend": {"used": {"amount_minor": 0}}}),
        json!({"extra_usage": {"is_enabled": true}, "error": {"type": "overloaded_error"}}),
        json!({"type": "error", "extra_usage": {"is_enabled": true}}),
    ] {
        assert!(parse_error(Provider::CLAUDE, &body).contains("no quota window"), "{body}");
    }
}

#[test]
fn spending_replaces_empty_extra_usage() {
    let spend = json!({"used": {"amount_minor": 251, "currency": "USD", "exponent": 2}, "limit": null});
    assert_eq!(claude_facts(json!({"spend": spend})), ["Extra usage $2.51, no limit"]);
    let mut both = extra_usage(json!({}));
    both["spend"] = spend.clone();
    assert_eq!(claude_facts(both), ["Extra usage $3.20 of $50.00"]);
    let mut off = json!({"extra_usage": {"is_enabled": false}, "spend": spend});
    assert_eq!(claude_facts(off.clone()), [""; 0]);
    off["spend"]["enabled"] = json!(true);
    assert_eq!(claude_facts(off), ["Extra usage $2.51, no limit"]);
}

#[test]
fn money_without_decimal_places_has_the_digits_of_its_currency() {
    for (currency, shown) in [
        ("USD", "$3.20 of $50.00"),
        ("usd", "$3.20 of $50.00"),
        ("EUR", "€3.20 of €50.00"),
        ("JPY", "320 JPY of 5000 JPY"),
        ("KRW", "320 KRW of 5000 KRW"),
        ("VND", "320 VND of 5000 VND"),
        ("CLP", "320 CLP of 5000 CLP"),
        ("KWD", "0.320 KWD of 5.000 KWD"),
        ("INR", "3.20 INR of 50.00 INR"),
    ] {
        for places in [json!({}), json!({"decimal_places": null})] {
            let mut body = extra_usage(places);
            body["extra_usage"]["currency"] = json!(currency);
            assert_eq!(claude_facts(body), [format!("Extra usage {shown}")], "{currency}");
        }
        let (used, limit) =
            (json!({"amount_minor": 320, "currency": currency}), json!({"amount_minor": 5000}));
        let spend = json!({"spend": {"used": used, "limit": limit}});
        assert_eq!(claude_facts(spend), [format!("Extra usage {shown}")], "{currency}");
    }
    let decimal_places_of_2 = extra_usage(json!({"currency": "JPY", "decimal_places": 2}));
    assert_eq!(claude_facts(decimal_places_of_2), ["Extra usage 3 JPY of 50 JPY"]);
}

#[test]
fn null_limit_is_unlimited_and_limit_0_is_not_set() {
    assert_eq!(claude_facts(extra_usage(json!({"monthly_limit": null}))), ["Extra usage $3.20, no limit"]);
    assert_eq!(claude_facts(extra_usage(json!({"monthly_limit": 0}))), ["Extra usage $3.20, no limit set"]);
    let nothing = extra_usage(json!({"monthly_limit": 0, "used_credits": 0}));
    assert_eq!(claude_facts(nothing), ["Extra usage $0.00, no limit set"]);
}

#[test]
fn absurd_amounts_are_dropped() {
    for changes in [
        json!({"used_credits": 1e308}),
        json!({"used_credits": -320}),
        json!({"used_credits": "1e400"}),
        json!({"decimal_places": 308}),
        json!({"decimal_places": -2}),
        json!({"decimal_places": 2.5}),
        json!({"decimal_places": "many"}),
    ] {
        assert_eq!(claude_facts(extra_usage(changes.clone())), [""; 0], "{changes}");
    }
    let limit = claude_facts(extra_usage(json!({"monthly_limit": 1e308})));
    assert_eq!(limit, ["Extra usage $3.20, no limit"], "a limit beyond all money limits nothing");
}

#[test]
fn dollar_credit_is_a_fact_with_its_expiry_and_not_a_window() {
    let credit = |changes: Value| {
        let mut credit = json!({"utilization": 25.0, "resets_at": "2026-10-01T00:00:00Z", "limit_dollars": 100,
            "used_dollars": 25.0, "remaining_dollars": 75.0});
        for (key, value) in changes.as_object().unwrap() {
            credit[key] = value.clone();
        }
        credit
    };
    for (changes, message) in [
        (json!({}), "Cinder cove credit: $75.00 of $100.00 left, expires 1 Oct, 02:00"),
        (
            json!({"remaining_dollars": null}),
            "Cinder cove credit: $75.00 of $100.00 left, expires 1 Oct, 02:00",
        ),
        (
            json!({"remaining_dollars": null, "used_dollars": null}),
            "Cinder cove credit: $100.00, expires 1 Oct, 02:00",
        ),
        (json!({"resets_at": null}), "Cinder cove credit: $75.00 of $100.00 left"),
        (
            json!({"resets_at": "2026-09-01T00:00:00Z"}),
            "Cinder cove credit: $75.00 of $100.00 left, expired 1 Sep, 02:00",
        ),
    ] {
        let body = json!({"cinder_cove": credit(changes.clone()), "five_hour": {"utilization": 1.0}});
        assert_eq!(facts(Provider::CLAUDE, &body), [message], "{changes}");
        assert_eq!(keys(&parse(Provider::CLAUDE, &body)), ["five_hour"], "{changes}");
    }
    // A bucket whose dollars are null is a bucket like any other.
    let body =
        json!({"cinder_cove": credit(json!({"limit_dollars": null})), "five_hour": {"utilization": 1.0}});
    assert_eq!(keys(&parse(Provider::CLAUDE, &body)), ["five_hour", "cinder_cove"]);
    // Values that are not money are skipped.
    let body =
        json!({"cinder_cove": credit(json!({"limit_dollars": 1e308})), "five_hour": {"utilization": 1.0}});
    assert_eq!(keys(&parse(Provider::CLAUDE, &body)), ["five_hour"]);
    assert_eq!(facts(Provider::CLAUDE, &body), [""; 0]);
}

#[test]
fn shares_and_reset_vouchers_are_not_windows() {
    let body = serde_json::from_slice(&fixture(Provider::CLAUDE, "team_with_shares")).unwrap();
    assert_eq!(keys(&parse(Provider::CLAUDE, &body)), ["five_hour", "seven_day"]);
    let expected = ["Wattle ember credit: $75.00 of $100.00 left, expires 1 Oct, 02:00"];
    assert_eq!(facts(Provider::CLAUDE, &body), expected);
}

#[test]
fn reset_credits_are_a_fact() {
    for (count, message) in [
        (json!(2), &["2 reset credits"][..]),
        (json!(1), &["1 reset credit"]),
        (json!("3"), &["3 reset credits"]),
        (json!(0), &[]),
        (json!(-1), &[]),
        (json!(null), &[]),
        (json!(1e308), &[]),
        (json!(1.5), &[]),
    ] {
        let body = json!({"rate_limit_reset_credits": {"available_count": count}});
        assert_eq!(codex_facts(body), message, "{count}");
    }
    for none in [json!(null), json!({}), json!([]), json!(2)] {
        assert_eq!(codex_facts(json!({"rate_limit_reset_credits": none})), [""; 0], "{none}");
    }
}

#[test]
fn credits_are_a_fact() {
    for (credits, message) in [
        (json!({"has_credits": true, "unlimited": false, "balance": "12.5"}), &["12.50 credits left"][..]),
        (json!({"has_credits": true, "unlimited": false, "balance": 12}), &["12 credits left"]),
        (json!({"has_credits": true, "unlimited": false, "balance": "1"}), &["1 credit left"]),
        (json!({"has_credits": true, "unlimited": true, "balance": null}), &["Unlimited credits"]),
        (json!({"has_credits": true, "unlimited": false, "balance": null}), &["Credits available"]),
        (json!({"has_credits": true, "unlimited": false, "balance": "0"}), &["Credits available"]),
        (json!({"has_credits": true, "unlimited": false, "balance": 1e308}), &["Credits available"]),
        (json!({"has_credits": false, "unlimited": false, "balance": "0"}), &[]),
        (json!({"has_credits": false, "unlimited": false, "balance": null}), &[]),
        (json!({}), &[]),
        (json!(null), &[]),
        (json!([]), &[]),
    ] {
        assert_eq!(codex_facts(json!({"credits": credits})), message, "{credits}");
    }
}

#[test]
fn plan_is_shown_in_readable_form() {
    for (plan, readable) in [
        ("free", "Free"),
        ("go", "Go"),
        ("plus", "Plus"),
        ("pro", "Pro"),
        ("prolite", "Pro Lite"),
        ("team", "Team"),
        ("business", "Business"),
        ("enterprise", "Enterprise"),
        ("edu", "Edu"),
        ("k12", "K-12"),
        ("quorum", "Quorum"),
        ("guest", "Guest"),
        ("free_workspace", "Free workspace"),
        ("self_serve_business_usage_based", "Business (usage-based)"),
        ("enterprise_cbp_usage_based", "Enterprise (usage-based)"),
        ("GALAXY_brain-9", "GALAXY brain 9"),
    ] {
        assert_eq!(codex_facts(json!({"plan_type": plan})), [format!("Plan: {readable}")]);
    }
}

#[test]
fn number_and_length_of_facts_are_limited() {
    let credit = json!({"limit_dollars": 5, "utilization": 1});
    let mut body: Value = (0..100).map(|n| (format!("code_name_{n}"), credit.clone())).collect();
    body["five_hour"] = json!({"utilization": 1});
    assert!(facts(Provider::CLAUDE, &body).len() <= 10);
}
