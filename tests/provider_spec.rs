//! A provider is one value: a made-up one, defined here and nowhere else, beside the real ones. Its credential files are
//! read, its usage is fetched and its token is renewed over a socket on this machine.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use quota_tray::config::Endpoints;
use quota_tray::credentials::Login;
use quota_tray::credentials::file::Document;
use quota_tray::credentials::store::{self, Entry};
use quota_tray::platform::secret::Secret;
use quota_tray::providers::http::Response;
use quota_tray::providers::spec::{
    CredentialKeys, IdTokenClaims, RenewalApi, TokenRequestEncoding, UsageApi,
};
use quota_tray::providers::token_response::{self, TokenOutcome};
use quota_tray::providers::{Http, ProviderSpec, Proxy, Registry, UsageRequest, claude, codex};
use quota_tray::quota::{AccountId, Failure, Provider, Usage, Window};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

const ACME: Provider = Provider::new("acme", "Acme");

/// The spec of a provider at this address.
fn acme(origin: &str) -> ProviderSpec {
    ProviderSpec {
        provider: ACME,
        usage: UsageApi {
            url: leaked(format!("{origin}/usage")),
            user_agent: "acme-cli/1",
            headers: &[("x-acme-version", "7")],
            account_header: Some("x-acme-team"),
            fedramp_header: None,
            classify: |response| (response.status == 418).then_some(Failure::WorkspaceDeactivated),
        },
        renewal: Some(RenewalApi {
            url: leaked(format!("{origin}/token")),
            client_id: "acme-client",
            scope: Some("usage"),
            encoding: TokenRequestEncoding::Json,
        }),
        credential: CredentialKeys {
            account: Some("person"),
            organization: &["company", "company_name"],
            workspace: Some("team"),
            id_token: Some(IdTokenClaims { object: "acme", workspace: "team", is_fedramp: "is_public" }),
        },
        usage_page: None,
        parse,
    }
}

/// Reads `{"used": 40}`.
fn parse(document: &Value, _now: DateTime<Utc>) -> Result<Usage, String> {
    let used = document.get("used").and_then(Value::as_f64).ok_or("the response has no quota window")?;
    let windows = Window::new("day", "Daily", used).into_iter().collect();
    Ok(Usage { windows, plan: None, extra_usage: None, facts: Vec::new() })
}

/// A spec's addresses are constants of the program; a port that was just assigned is not.
fn leaked(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// A server that answers one request. Its thread returns the request: the head's lines, then the body.
fn serve(listener: TcpListener, response: &'static str) -> JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        let mut request = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a line");
            match line.trim_end() {
                "" => break,
                line => request.push(line.to_lowercase()),
            }
        }
        let length = request.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).expect("the body");
        request.push(String::from_utf8(body).expect("UTF-8"));
        stream.write_all(response.as_bytes()).expect("the response is sent");
        request
    })
}

/// The login of a made-up file of the provider, with these values besides its token.
fn login(value: &Value) -> Login {
    let mut file = json!({"type": "Acme", "email": "a@example.com", "access_token": "made-up"});
    file.as_object_mut().expect("an object").extend(value.as_object().expect("an object").clone());
    let document = Document::parse(file.to_string().as_bytes()).expect("an object");
    let spec = acme("http://127.0.0.1:1");
    let specs = [&claude::SPEC, &codex::SPEC, &spec];
    let id = AccountId::file("acme-a@example.com.json".into());
    match store::read_login(&Registry::new(&specs), &id, Path::new("/nowhere"), &document, None) {
        Some(Entry::Login(login)) => login,
        other => panic!("{file}: {other:?}"),
    }
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    (listener, origin)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

#[test]
fn added_provider_is_found_by_its_key_and_sorted_by_it() {
    let spec = acme("http://127.0.0.1:1");
    let specs = [&claude::SPEC, &codex::SPEC, &spec];
    let registry = Registry::new(&specs);
    assert_eq!(registry.find("ACME").map(|spec| spec.provider), Some(ACME));
    assert!(registry.find("gemini").is_none());
    let mut providers: Vec<_> = registry.providers().collect();
    providers.sort();
    assert_eq!(
        providers.iter().map(|provider| provider.name()).collect::<Vec<_>>(),
        ["Acme", "Claude", "Codex"]
    );
    assert_eq!(serde_json::to_string(&ACME).expect("JSON"), "\"acme\"");
}

#[test]
fn unregistered_provider_is_a_failure_of_its_account() {
    let specs = [&claude::SPEC];
    assert!(matches!(Registry::new(&specs).spec(ACME), Err(Failure::Internal(_))));
}

#[test]
fn identity_of_an_added_provider_is_told_by_its_keys() {
    let identities = [
        json!({}),
        json!({"person": "1"}),
        json!({"person": "2"}),
        json!({"company": "1"}),
        json!({"company": "2", "company_name": "1"}),
        json!({"company_name": "3"}),
        json!({"team": "4"}),
    ]
    .map(|value| login(&value).account.identity.expect("known").0);
    for (place, one) in identities.iter().enumerate() {
        assert!(one.starts_with("acme/") && !identities[..place].contains(one), "{identities:?}");
    }
    // Keys of the other providers say nothing about this one.
    let others = json!({"account_uuid": "1", "organization_uuid": "1", "account_id": "1"});
    assert_eq!(login(&others).account.identity.expect("known").0, identities[0]);
}

#[test]
fn workspace_of_an_added_provider_is_read_under_its_key_or_from_its_claims() {
    let claims = BASE64.encode(json!({"acme": {"team": "claimed", "is_public": true}}).to_string());
    let id_token = format!("e30.{claims}.");
    let claimed = login(&json!({"id_token": id_token}));
    assert_eq!((claimed.workspace.as_deref(), claimed.is_fedramp), (Some("claimed"), true));
    let named = login(&json!({"id_token": id_token, "team": "named"}));
    assert_eq!((named.workspace.as_deref(), named.is_fedramp), (Some("named"), true));
    assert_eq!(login(&json!({"account_id": "of Codex"})).workspace, None);
}

#[test]
fn usage_of_an_added_provider_is_fetched_with_its_headers_and_read_by_its_parser() {
    let (listener, origin) = listen();
    let server = serve(listener, "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"used\": 40}");
    let spec = acme(&origin);
    let specs = [&claude::SPEC, &codex::SPEC, &spec];
    let registry = Registry::new(&specs);
    let request = UsageRequest {
        access_token: Secret::new("made-up".into()),
        workspace: Some("team-1".into()),
        is_fedramp: true,
        proxy: Proxy::Direct,
    };
    let spec = registry.find("acme").expect("registered");
    let usage = block_on(spec.fetch_usage(&Http::default(), &Endpoints::default(), &request));
    let window = &usage.expect("usage").windows[0];
    assert_eq!((&*window.title, window.used_percent()), ("Daily", 40.0));
    let request = server.join().expect("no panic");
    assert_eq!(request[0], "get /usage http/1.1");
    for header in [
        "authorization: bearer made-up",
        "user-agent: acme-cli/1",
        "x-acme-version: 7",
        "x-acme-team: team-1",
    ] {
        assert!(request.iter().any(|line| line == header), "{header} is not in {request:?}");
    }
}

#[test]
fn special_status_of_an_added_provider_has_its_meaning_and_others_the_usual_one() {
    let spec = acme("http://127.0.0.1:1");
    let now = DateTime::from_timestamp(1_789_639_800, 0).expect("in range");
    let failure = |status, body: &[u8]| {
        let response = Response { status, body: body.to_vec(), ..Response::default() };
        spec.read_response(&response, now).expect_err("no usage")
    };
    assert_eq!(failure(418, b""), Failure::WorkspaceDeactivated);
    assert_eq!(failure(401, b""), Failure::SignInAgain);
    assert_eq!(failure(503, b""), Failure::Server(503));
    assert!(matches!(failure(200, b"{}"), Failure::InvalidResponse(_)));
}

#[test]
fn token_of_an_added_provider_is_renewed_with_its_client_id_and_encoding() {
    let (listener, origin) = listen();
    let body =
        "HTTP/1.1 200 OK\r\ncontent-length: 43\r\n\r\n{\"access_token\":\"a2\",\"refresh_token\":\"r2\"}  ";
    let server = serve(listener, body);
    let spec = acme(&origin);
    let endpoint = spec.token_endpoint(&Endpoints::default()).expect("renewed");
    let form = spec.renewal.as_ref().expect("renewed").form(&Secret::new("r1".into()));
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = {
        let kept = kept.clone();
        move |piece: &[u8]| kept.lock().expect("no panic").extend_from_slice(piece)
    };
    let http = Http::default();
    let response = block_on(http.post_form(&endpoint, &Proxy::Direct, form, keep));
    let response = response.unwrap_or_else(|error| panic!("{:?}", error.failure));
    let TokenOutcome::Tokens(tokens) = token_response::classify(response.status, &response.body) else {
        panic!("no tokens");
    };
    assert_eq!(tokens.refresh.expect("a refresh token").expose(), "r2");
    assert_eq!(*kept.lock().expect("no panic"), *response.body);
    let request = server.join().expect("no panic");
    assert_eq!(request[0], "post /token http/1.1");
    assert!(request.iter().any(|line| line == "content-type: application/json"), "{request:?}");
    let fields: Value = serde_json::from_str(request.last().expect("a body")).expect("JSON");
    let expected = json!({"client_id": "acme-client", "grant_type": "refresh_token",
        "refresh_token": "r1", "scope": "usage"});
    assert_eq!(fields, expected);
}
