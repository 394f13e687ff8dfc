//! The file after a renewal: the tokens and their moments are new, and every other byte is as it was.

use crate::common::Provider;
use crate::common::{NOBODY, Response, SingleLogin, tokens_of};
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

/// A login's file in an odd but valid form. `{A}`, `{R}` and `{I}` stand for the tokens in quotes,
/// `{E}` and `{L}` for the moments as they stand.
struct Form {
    what: &'static str,
    provider: Provider,
    before: &'static str,
    /// `None`: as before, with the new values in the same places.
    after: Option<&'static str>,
}

const fn same(what: &'static str, before: &'static str) -> Form {
    Form { what, provider: Provider::Claude, before, after: None }
}

const FORMS: [Form; 13] = [
    same(
        "CLIProxyAPI's own",
        r#"{"access_token":{A},"account_uuid":"u","claude_device_ids":["d"],"disabled":false,"email":"alice@example.com","expired":{E},"id_token":"","last_refresh":{L},"organization_name":"o","refresh_token":{R},"type":"claude"}"#,
    ),
    same(
        "another order, numbers of each kind",
        r#"{"type":"claude","refresh_token":{R},"a":1.0,"b":1e5,"c":-0,"d":1E+2,"e":123456789012345678901234567890.50,"f":0.10,"expired":{E},"last_refresh":{L},"access_token":{A},"priority":3}"#,
    ),
    same(
        "pretty, with a line at the end",
        "{\n  \"type\": \"claude\",\n\n\t\"access_token\" :\t{A} ,\n  \"expired\":{E},\r\n  \"last_refresh\": {L},\n  \"refresh_token\":\n    {R}\n}\n\n",
    ),
    same(
        "a byte order mark and Windows' line ends",
        "\u{feff}{\r\n  \"type\": \"claude\",\r\n  \"access_token\": {A},\r\n  \"refresh_token\": {R},\r\n  \"expired\": {E},\r\n  \"last_refresh\": {L}\r\n}\r\n",
    ),
    same(
        "the same keys deeper down, and in strings",
        r#"{"x":{"access_token":"mine","refresh_token":[1,{"expired":2}]},"type":"claude","note":"\"refresh_token\":\"no\"","access_token":{A},"refresh_token":{R},"expired":{E},"last_refresh":{L},"y":[{"access_token":null}]}"#,
    ),
    same(
        "other spellings of letters",
        r#"{"type":"cl\u0061ude","\u00e9":"\ud83d\ude00 \/ é 😀","access_token":{A},"refresh_token":{R},"expired":{E},"last_refresh":{L},"email":"al\u0069ce@example.com"}"#,
    ),
    same(
        "each key twice",
        r#"{"type":"claude","access_token":{A},"refresh_token":{R},"access_token":{A},"expired":{E},"last_refresh":{L},"expired":{E},"last_refresh":{L},"refresh_token":{R},"note":1,"note":2}"#,
    ),
    same(
        "a key in disguise",
        r#"{"type":"claude","access_tok\u0065n":{A},"\u0072efresh_token":{R},"expired":{E},"last_refresh":{L}}"#,
    ),
    same(
        "what CLIProxyAPI adds for itself",
        r#"{"type":"claude","access_token":{A},"refresh_token":{R},"expired":{E},"last_refresh":{L},"proxy_url":"direct","headers":{"X":"y"},"prefix":"","priority":-1,"websockets":true,"status":null,"quota":{"n":[]},"metadata":{},"disabled":false}"#,
    ),
    Form {
        what: "an access token that is no string is renewed by its place all the same",
        provider: Provider::Claude,
        before: r#"{"type":"claude","access_token":[1],"access_token":{A},"refresh_token":{R},"expired":{E},"last_refresh":17}"#,
        after: Some(
            r#"{"type":"claude","access_token":{A},"access_token":{A},"refresh_token":{R},"expired":{E},"last_refresh":{L}}"#,
        ),
    },
    Form {
        what: "an epoch becomes a date",
        provider: Provider::Claude,
        before: r#"{"type":"claude","access_token":{A},"expired":1700000000000,"refresh_token":{R}, "z":1 }"#,
        after: Some(
            r#"{"type":"claude","access_token":{A},"expired":{E},"refresh_token":{R}, "z":1,"last_refresh":{L} }"#,
        ),
    },
    Form {
        what: "a Codex file with its identity token",
        provider: Provider::Codex,
        before: r#"{"id_token":{I},"access_token":{A},"refresh_token":{R},"account_id":"w","expired":{E},"last_refresh":{L},"type":"codex","disabled":false}"#,
        after: None,
    },
    Form {
        what: "a Codex file without one",
        provider: Provider::Codex,
        before: "{\"type\":\"CODEX\",\n\"access_token\":{A},\"refresh_token\":{R},\"last_refresh\":{L},\"expired\":{E}\n}",
        after: Some(
            "{\"type\":\"CODEX\",\n\"access_token\":{A},\"refresh_token\":{R},\"last_refresh\":{L},\"expired\":{E},\"id_token\":{I}\n}",
        ),
    },
];

fn filled(form: &str, provider: Provider, number: u32, expired: &str, renewed: &str) -> Vec<u8> {
    let quoted = |text: String| format!("\"{text}\"");
    form.replace("{A}", &quoted(tokens_of(provider).access(number)))
        .replace("{R}", &quoted(tokens_of(provider).refresh(number)))
        .replace("{I}", &quoted(tokens_of(provider).id(number)))
        .replace("{E}", &quoted(expired.to_owned()))
        .replace("{L}", &quoted(renewed.to_owned()))
        .into_bytes()
}

#[test]
fn renewal_changes_the_token_values_and_no_other_byte() {
    for Form { what, provider, before, after } in FORMS {
        let fixture = SingleLogin::new(provider);
        fixture.write(filled(before, provider, 1, "2026-01-02T03:04:05+08:00", "2026-01-01T19:04:05Z"));
        let row = fixture.status();
        assert_eq!((row.left, row.error.as_str()), (Some(42.0), ""), "{what}: {}", row.stderr);
        let text = fixture.text();
        let told = |key: &str| fixture.held(key).as_str().expect("a moment").to_owned();
        let expected = filled(after.unwrap_or(before), provider, 2, &told("expired"), &told("last_refresh"));
        assert_eq!(text, String::from_utf8(expected).expect("UTF-8"), "{what}");
        assert_eq!(fixture.beside(), [""; 0], "{what}");
    }
}

#[test]
fn new_times_are_those_of_the_renewal_in_local_time() {
    let fixture = SingleLogin::claude();
    fixture.ledger.set_token_lifetime(1234);
    let before = Utc::now() - TimeDelta::seconds(1);
    fixture.row(fixture.command().env("TZ", "Asia/Kathmandu"));
    let after = Utc::now() + TimeDelta::seconds(1);
    let moment = |key: &str| {
        let text = fixture.held(key).as_str().expect("a string").to_owned();
        assert_eq!(text.len(), "2026-08-23T06:39:03+08:00".len(), "{text}");
        DateTime::parse_from_rfc3339(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    };
    let (renewed, expired) = (moment("last_refresh"), moment("expired"));
    assert!((before..=after).contains(&renewed.to_utc()), "{renewed}");
    assert_eq!((expired - renewed).num_seconds(), 1234);
    let nepal = FixedOffset::east_opt(5 * 3600 + 45 * 60).expect("an offset");
    assert_eq!(*expired.offset(), nepal, "{expired}: local time is what CLIProxyAPI writes");
}

/// From now on the server's answers have this as their `expires_in`.
fn says_life(fixture: &SingleLogin, life: &str) {
    let life: Value = serde_json::from_str(life).expect("JSON");
    fixture.ledger.respond_with(move |mut answer| {
        answer["expires_in"] = life.clone();
        Response::json(&answer)
    });
}

#[test]
fn unusual_token_lifetimes_become_times_that_cliproxyapi_can_read() {
    for (life, least, most) in
        [("0", 0, 1), ("-5", 3599, 3601), ("null", 3599, 3601), ("\"600\"", 599, 601), ("59.9", 58, 60)]
    {
        let fixture = SingleLogin::claude();
        says_life(&fixture, life);
        let now = Utc::now();
        assert_eq!(fixture.status().left, Some(42.0));
        let text = fixture.held("expired").as_str().expect("a string").to_owned();
        let left = DateTime::parse_from_rfc3339(&text).expect("RFC 3339").to_utc() - now;
        assert!((least - 1..=most + 15).contains(&left.num_seconds()), "{text}: {left}");
    }
    for forever in ["1e30", "99999999999999999999"] {
        let fixture = SingleLogin::claude();
        says_life(&fixture, forever);
        assert_eq!(fixture.status().left, Some(42.0));
        let text = fixture.held("expired").as_str().expect("a string").to_owned();
        assert!(DateTime::parse_from_rfc3339(&text).is_ok(), "{text}");
    }
}

#[test]
fn renewed_file_keeps_its_mode() {
    for mode in [0o640, 0o600, 0o664, 0o400] {
        let fixture = SingleLogin::claude();
        fs::set_permissions(&fixture.file, fs::Permissions::from_mode(mode)).expect("set");
        let before = fs::metadata(&fixture.file).expect("there");
        fixture.assert_usage_with_tokens(2);
        let after = fs::metadata(&fixture.file).expect("there");
        assert_eq!(after.mode(), before.mode());
        assert_ne!(after.ino(), before.ino(), "it was written over in place");
    }
}

#[test]
#[ignore = "needs root, for chown"]
fn as_root_renewed_file_keeps_its_group() {
    let fixture = SingleLogin::claude();
    chown(&fixture.file, None, Some(NOBODY)).expect("could not change the group");
    fixture.assert_usage_with_tokens(2);
    assert_eq!(fs::metadata(&fixture.file).expect("it is there").gid(), NOBODY);
}

#[test]
fn link_is_kept_and_its_target_replaced() {
    let fixture = SingleLogin::claude();
    let elsewhere = fixture.home().join("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    let real = elsewhere.join("login.txt");
    fs::rename(&fixture.file, &real).expect("moved");
    symlink("../middle.json", &fixture.file).expect("linked");
    symlink("elsewhere/login.txt", fixture.home().join("middle.json")).expect("linked");
    fixture.assert_usage_with_tokens(2);
    assert_eq!(fs::read_link(&fixture.file).expect("a link"), std::path::Path::new("../middle.json"));
    assert!(real.is_file() && !real.is_symlink());
    assert_eq!(fs::read_dir(&elsewhere).expect("listed").count(), 1, "something is left beside it");
    assert_eq!(fs::read_dir(fixture.auth_dir()).expect("listed").count(), 1);
}
