//! Codex's monthly allowance, and placeholder windows, which are skipped.

use super::formatting::facts;
use super::*;
use insta::assert_snapshot;
use quota_tray::quota::alert::{self, AlertHistory, Rules};
use quota_tray::quota::notification::Notification;
use serde_json::json;

fn allowance(limit: Value) -> Value {
    json!({"spend_control": {"reached": false, "individual_limit": limit}})
}

#[test]
fn zero_length_window_does_not_displace_the_weekly_one() {
    assert_snapshot!(shown(Provider::CODEX, "placeholder"), @r"
    secondary_window | Weekly | 76% used | resets 2026-09-21T10:10:00Z | 604800 s | named
    plan self_serve_business_usage_based
    ");
    let body = serde_json::from_slice(&fixture(Provider::CODEX, "placeholder")).unwrap();
    assert_eq!(
        facts(Provider::CODEX, &body),
        ["Plan: Business (usage-based)", "2 reset credits", "12.50 credits left"]
    );
}

#[test]
fn zero_length_window_is_skipped_whatever_its_percentage() {
    let weekly = json!({"used_percent": 40, "limit_window_seconds": 604_800});
    for length in [json!(0), json!(0.0), json!("0"), json!(-1), json!(-18_000), json!(0.5)] {
        for used in [json!(0), json!(50), json!(100), json!(null)] {
            let placeholder = json!({"used_percent": used, "limit_window_seconds": length,
                "reset_at": 1_789_645_200});
            for (first, second) in [(&placeholder, &weekly), (&weekly, &placeholder)] {
                let limit =
                    json!({"limit_reached": true, "primary_window": first, "secondary_window": second});
                let usage = codex(json!({
                    "rate_limit": limit,
                    "code_review_rate_limit": limit,
                    "additional_rate_limits": [{"limit_name": "Spark", "rate_limit": limit}],
                }));
                let expected = ["Weekly", "Code review (Weekly)", "Spark (Weekly)"];
                assert_eq!(titles(&usage), expected, "{length} {used}");
            }
            parse_error(Provider::CODEX, &json!({"rate_limit": {"primary_window": placeholder}}));
        }
    }
}

#[test]
fn length_of_a_month_is_monthly_in_both_forms() {
    for seconds in [2_592_000, 2_628_000] {
        let usage = codex(json!({"rate_limit": {"primary_window":
            {"used_percent": 3, "limit_window_seconds": seconds}}}));
        assert_eq!(titles(&usage), ["Monthly"], "{seconds}");
    }
}

#[test]
fn disallowed_limit_without_a_percentage_is_used_up() {
    let window = json!({"limit_window_seconds": 18_000, "reset_at": 1_789_645_200});
    let usage = codex(json!({"rate_limit": {"allowed": false, "primary_window": window}}));
    assert_percent(usage.windows[0].used_percent(), 100.0, "not allowed");
    for allowed in [json!(true), json!(null), json!("false")] {
        parse_error(Provider::CODEX, &json!({"rate_limit": {"allowed": allowed, "primary_window": window}}));
    }
    let reported = json!({"used_percent": 30, "reset_at": 1_789_645_200});
    let usage = codex(json!({"rate_limit": {"allowed": false, "primary_window": reported}}));
    assert_percent(usage.windows[0].used_percent(), 30.0, "a reported percentage is kept");
    let full = json!({"used_percent": 100, "reset_at": 1_789_645_200});
    let usage = codex(json!({"rate_limit": {"allowed": true, "primary_window": full}}));
    assert_percent(usage.windows[0].used_percent(), 100.0, "100 % stays 100 % where it is allowed");
}

#[test]
fn reset_at_0_means_seconds_from_now() {
    for reset_at in [json!(0), json!(0.0), json!("0"), json!(-1), json!(null)] {
        let usage = codex(json!({"rate_limit": {"primary_window":
            {"used_percent": 3, "reset_at": reset_at, "reset_after_seconds": 5400}}}));
        assert_eq!(usage.windows[0].resets_at, Some(in_seconds(5400)), "{reset_at}");
        let usage =
            codex(json!({"rate_limit": {"primary_window": {"used_percent": 3, "reset_at": reset_at}}}));
        assert_eq!(usage.windows[0].resets_at, None, "{reset_at}");
    }
}

#[test]
fn response_with_only_a_monthly_allowance_is_valid() {
    assert_snapshot!(shown(Provider::CODEX, "monthly_allowance"), @r"
    individual_limit | Monthly allowance | 24% used | resets 2026-10-01T10:10:00Z | no length | named
    plan enterprise_cbp_usage_based
    ");
}

#[test]
fn monthly_allowance_is_read_in_every_form() {
    let cases = [
        (json!({"used_percent": 24}), 24.0),
        (json!({"used_percent": "24%"}), 24.0),
        (json!({"used_percent": 1}), 1.0),
        (json!({"remaining_percent": 76}), 24.0),
        (json!({"used_percent": null, "remaining_percent": "76"}), 24.0),
        (json!({"limit": "5000", "used": "1200"}), 24.0),
        (json!({"limit": 5000, "used": 1200}), 24.0),
        (json!({"limit": "$5000.00", "used": "$1200.00"}), 24.0),
        (json!({"limit": "5000", "remaining": "3800"}), 24.0),
        (json!({"limit": "5000", "used": "6000"}), 100.0),
        (json!({"limit": "5000", "used": "1200", "used_percent": 25}), 25.0),
        (json!({"reached": true}), 100.0),
        (json!({"limit": "0", "used": "0", "reached": true}), 100.0),
    ];
    for (mut limit, used) in cases {
        limit["reset_at"] = json!(0);
        limit["reset_after_seconds"] = json!(5400);
        for body in [allowance(limit.clone()), json!({"rate_limit": {"individual_limit": limit}})] {
            let case = body.to_string();
            let usage = codex(body);
            assert_eq!(titles(&usage), ["Monthly allowance"], "{case}");
            assert_eq!(keys(&usage), ["individual_limit"], "{case}");
            assert_percent(usage.windows[0].used_percent(), used, &case);
            assert_eq!(usage.windows[0].resets_at, Some(in_seconds(5400)), "{case}");
        }
    }
    let reached = json!({"spend_control": {"reached": true, "individual_limit": {"limit": "5000"}}});
    assert_percent(codex(reached).windows[0].used_percent(), 100.0, "reached");
}

#[test]
fn allowance_without_its_use_is_not_a_window() {
    for limit in [
        json!(null),
        json!({}),
        json!([]),
        json!("5000"),
        json!({"limit": "5000"}),
        json!({"used": "1200"}),
        json!({"limit": null, "used": "1200"}),
        json!({"limit": "0", "used": "0"}),
        json!({"limit": "-5", "used": "1"}),
        json!({"limit": "unlimited", "used": "1200"}),
        json!({"used_percent": null, "remaining_percent": {}}),
    ] {
        parse_error(Provider::CODEX, &allowance(limit.clone()));
        let mut body = allowance(limit);
        body["rate_limit"] = json!({"primary_window": {"used_percent": 3}});
        assert_eq!(keys(&codex(body)), ["primary_window"]);
    }
}

#[test]
fn monthly_allowance_counts_for_the_lowest_percentage_and_for_alerts() {
    let mut body = allowance(json!({"used_percent": 97, "reset_at": 1_790_849_400}));
    body["rate_limit"] = json!({"primary_window": {"used_percent": 3, "limit_window_seconds": 18_000},
        "individual_limit": {"used_percent": 50}});
    body["code_review_rate_limit"] = json!({"primary_window": {"used_percent": 4}});
    let usage = codex(body);
    assert_eq!(titles(&usage), ["5-hour", "Monthly allowance", "Code review (5-hour)"]);
    let snapshot = snapshot(Provider::CODEX, usage);
    let lowest = snapshot.lowest(now()).map(|(_, window)| window.remaining_percent());
    assert_eq!(lowest, Some(3.0));
    let rules = Rules { thresholds: vec![20.0, 5.0], on_reset: true };
    let notifications = alert::evaluate(&mut AlertHistory::default(), &snapshot, &rules, now());
    assert!(
        matches!(&notifications[..], [Notification::Low(event)] if event.window.title == "Monthly allowance")
    );
}

#[test]
fn usage_based_plan_without_any_window_is_billed_by_use() {
    let body = json!({"plan_type": "enterprise_cbp_usage_based", "rate_limit": null,
        "credits": {"has_credits": true, "unlimited": true, "balance": null}});
    assert_eq!(keys(&codex(body.clone())), [""; 0]);
    assert_eq!(facts(Provider::CODEX, &body), ["Plan: Enterprise (usage-based)", "Unlimited credits"]);
    for broken in [
        json!({"plan_type": "plus", "rate_limit": null, "credits": {"has_credits": true, "balance": "5"}}),
        json!({"plan_type": "enterprise_cbp_usage_based", "error": {"code": "token_expired"}}),
    ] {
        parse_error(Provider::CODEX, &broken);
    }
}
