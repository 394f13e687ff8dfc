//! The failure for each status and its headers, whatever the body.

use super::*;
use quota_tray::providers::http::Response;
use quota_tray::quota::Failure;

#[track_caller]
fn failure(provider: Provider, status: u16, retry_after: Option<&str>, body: &[u8]) -> Failure {
    let response = Response {
        status,
        retry_after: retry_after.map(str::to_owned),
        body: body.to_vec(),
        ..Response::default()
    };
    REGISTRY.spec(provider).unwrap().read_response(&response, now()).expect_err("a failure")
}

/// Valid, invalid and empty bodies: the status takes precedence over all of them.
fn bodies(provider: Provider) -> [Vec<u8>; 5] {
    let good = fixture(provider, if provider == Provider::CLAUDE { "max" } else { "plus" });
    [good, fixture(provider, "error"), Vec::new(), b"<html>\xff".to_vec(), vec![b'['; 1 << 20]]
}

#[test]
fn valid_response_is_read() {
    for (provider, name) in [(Provider::CLAUDE, "max"), (Provider::CODEX, "plus")] {
        let body = fixture(provider, name);
        let usage = REGISTRY.spec(provider).unwrap().parse_body(&body, now()).unwrap();
        let response = Response { status: 200, body, ..Response::default() };
        assert_eq!(REGISTRY.spec(provider).unwrap().read_response(&response, now()), Ok(usage));
    }
}

#[test]
fn error_status_has_a_message_with_a_remedy() {
    let cases = [
        (401, Failure::SignInAgain, "sign in again"),
        (400, Failure::Server(400), "400"),
        (404, Failure::Server(404), "404"),
        (500, Failure::Server(500), "500"),
        (502, Failure::Server(502), "502"),
        (503, Failure::Server(503), "503"),
        (529, Failure::Server(529), "529"),
    ];
    for provider in REGISTRY.providers() {
        for body in bodies(provider) {
            for (status, expected, message) in &cases {
                let failure = failure(provider, *status, None, &body);
                assert_eq!(failure, *expected, "{status}");
                assert!(failure.message(now(), ZONE).contains(message), "{failure:?}");
                assert!(failure.short_message(now(), ZONE).contains(message), "{failure:?}");
            }
        }
    }
}

#[test]
fn response_402_with_a_deactivation_code_anywhere_means_deactivated_workspace() {
    for body in [
        r#"{"detail":{"code":"deactivated_workspace"}}"#,
        r#"{"error":{"code":"deactivated_workspace","message":"no"}}"#,
        r#"{"error":{"type":"deactivated_workspace"}}"#,
        r#"{"code":"deactivated_workspace"}"#,
        r#"{"detail":"deactivated_workspace"}"#,
        r#"{"error":"deactivated_workspace"}"#,
    ] {
        let found = failure(Provider::CODEX, 402, None, body.as_bytes());
        let message = found.message(now(), ZONE);
        assert!(message.starts_with("this workspace has been deactivated"), "{body}: {message}");
        assert_eq!(found.short_message(now(), ZONE), "workspace deactivated");
        assert_eq!(failure(Provider::CLAUDE, 402, None, body.as_bytes()), Failure::Server(402), "{body}");
        assert_eq!(failure(Provider::CODEX, 500, None, body.as_bytes()), Failure::Server(500), "{body}");
    }
    for body in ["", "{}", "[]", "deactivated_workspace", r#"{"note":"deactivated_workspace"}"#] {
        assert_eq!(failure(Provider::CODEX, 402, None, body.as_bytes()), Failure::Server(402), "{body}");
    }
}

#[test]
fn response_403_concerns_the_token_or_not_by_its_body_and_headers() {
    let scope = br#"{"type":"error","error":{"type":"permission_error","message":"OAuth token does not meet scope requirement user:profile"}}"#;
    let other = br#"{"type":"error","error":{"type":"permission_error","message":"not allowed"}}"#;
    for provider in REGISTRY.providers() {
        for (status, cf_mitigated, body, expected) in [
            (403, None, &b""[..], Failure::SignInAgain),
            (403, None, b"{}", Failure::SignInAgain),
            (403, None, other, Failure::SignInAgain),
            (403, None, b"user:profile", Failure::SignInAgain),
            (403, Some("none"), b"{}", Failure::SignInAgain),
            (401, None, scope, Failure::SignInAgain),
            (401, None, b"<html>", Failure::SignInAgain),
            (403, None, scope, Failure::CannotReadUsage),
            (403, None, b"\n <!DOCTYPE html>", Failure::Blocked),
            (403, None, b"<html>\xff", Failure::Blocked),
            (403, Some("challenge"), scope, Failure::Blocked),
            (401, Some("Challenge"), b"{}", Failure::Blocked),
            (429, Some("challenge"), b"<html>", Failure::RateLimited(now() + TimeDelta::minutes(5))),
            (503, Some("challenge"), b"<html>", Failure::Server(503)),
        ] {
            let cf_mitigated = cf_mitigated.map(str::to_owned);
            let response = Response { status, retry_after: None, cf_mitigated, body: body.to_vec() };
            assert_eq!(
                REGISTRY.spec(provider).unwrap().read_response(&response, now()),
                Err(expected),
                "{response:?}"
            );
        }
    }
}

#[test]
fn response_429_limits_until_retry_after_or_for_five_minutes() {
    let cases = [
        (None, 300),
        (Some(""), 300),
        (Some("0"), 300),
        (Some("soon"), 300),
        (Some("1"), 1),
        (Some("500"), 500),
        (Some("612"), 612),
        (Some("700"), 700),
        (Some("3037"), 3037),
        (Some("3600"), 3600),
        (Some(" 600 "), 600),
        (Some("Thu, 17 Sep 2026 11:40:00 GMT"), 5400),
    ];
    for provider in REGISTRY.providers() {
        for body in bodies(provider) {
            for (retry_after, seconds) in cases {
                let failure = failure(provider, 429, retry_after, &body);
                assert_eq!(failure, Failure::RateLimited(in_seconds(seconds)), "{retry_after:?}");
            }
        }
    }
}

#[test]
fn retry_after_date_is_read_in_the_obsolete_http_formats() {
    for retry_after in ["Thursday, 17-Sep-26 11:40:00 GMT", "Thu Sep 17 11:40:00 2026"] {
        let failure = failure(Provider::CLAUDE, 429, Some(retry_after), b"");
        assert_eq!(failure, Failure::RateLimited(in_seconds(5400)), "{retry_after}");
    }
}

#[test]
fn rate_limit_message_has_the_local_time() {
    let failure = failure(Provider::CLAUDE, 429, Some("10800"), b"");
    assert_eq!(failure.message(now(), ZONE), "rate limited until 15:10");
    assert_eq!(failure.short_message(now(), ZONE), "rate limited until 15:10");
}

#[test]
fn invalid_retry_after_never_means_at_once_or_forever() {
    let nonsense = [
        "-1",
        "-600",
        "0.0",
        "1e9",
        "NaN",
        "inf",
        "99999999999",
        "9223372036854775807",
        "99999999999999999999999999",
        "Thu, 17 Sep 2026 09:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Thu, 32 Sep 2026 99:99:99 GMT",
        "17 September",
        "2026-09-17T11:40:00Z",
        "\u{1f512}",
        "6 0 0",
    ];
    for provider in REGISTRY.providers() {
        for retry_after in nonsense {
            let failure = failure(provider, 429, Some(retry_after), b"");
            let Failure::RateLimited(until) = failure else { panic!("{retry_after:?}: {failure:?}") };
            assert!(until > now(), "{retry_after:?}: {until}");
            assert!(until <= now() + TimeDelta::days(7), "{retry_after:?}: {until}");
        }
    }
}

#[test]
fn status_200_without_usage_is_an_invalid_response() {
    for provider in REGISTRY.providers() {
        for body in &bodies(provider)[1..] {
            let failure = failure(provider, 200, None, body);
            assert!(matches!(failure, Failure::InvalidResponse(_)), "{failure:?}");
            let message = failure.message(now(), ZONE);
            assert!(
                message.contains("response") && !message.contains("sk-ant") && !message.contains("eyJ"),
                "{message}"
            );
        }
    }
    let failure = failure(Provider::CLAUDE, 200, None, &fixture(Provider::CLAUDE, "nothing"));
    assert_eq!(failure, Failure::InvalidResponse("the response has no quota window".into()));
}
