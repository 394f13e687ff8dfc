//! A provider with a ledger of its logins. It rotates refresh tokens as the real ones do: a response to a live
//! refresh token invalidates that token, and a spent one that is sent again revokes the whole login. It knows which
//! token is live and what became of each response, so it decides whether a login was lost.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::provider::Provider;
use super::request::Request;
use super::response::{ClientEnd, DeliveryEvent, Response};
use super::test_server::TestServer;
use super::tokens::TestTokens;
use super::usage::{claude_usage, codex_usage};
use super::wait::{Gate, Watched};

/// A login as its provider knows it.
#[derive(Clone, Debug)]
pub struct Login {
    /// The one refresh token that can be used.
    pub refresh: String,
    /// The one access token that is accepted.
    pub access: String,
    /// The number of both in [`TestTokens`].
    pub number: u32,
    /// How often it was renewed.
    pub renewals: usize,
    /// How often a spent refresh token was sent. The first time revoked the login.
    pub reuses: usize,
    /// How many usage requests succeeded.
    pub usages: usize,
    /// What became of the response with the live tokens. `None`: they come from the sign-in.
    pub delivery: Option<Delivery>,
    account: String,
    provider: Provider,
    revoked: bool,
    spent: HashSet<String>,
}

/// What became of a response.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delivery {
    /// When the operating system took its last byte. `None`: not yet.
    pub sent: Option<Instant>,
    /// What the client did then, and when. `None`: nothing yet.
    pub end: Option<(ClientEnd, Instant)>,
}

/// The provider. Clones share the logins.
#[derive(Clone)]
pub struct Ledger(Arc<Watched<Books>>);

/// Makes a response of the body of a good one.
type MakeResponse = Box<dyn FnMut(Value) -> Response + Send>;

struct Books {
    /// By account.
    logins: HashMap<String, Login>,
    /// The refresh tokens that were sent, in order.
    token_requests: Vec<String>,
    /// Seconds that an access token is good for according to the response.
    token_lifetime: i64,
    keep_refresh_tokens: bool,
    /// Access tokens with these numbers are refused with this status.
    refused: (HashSet<u32>, u16),
    /// In place of every token response, without a rotation.
    fixed_response: Option<Response>,
    make_response: Option<MakeResponse>,
    /// Responses to these accounts wait, after the rotation.
    held: HashMap<String, Gate>,
    /// If there are any, a response is sent in one piece more than there are gates.
    piece_gates: Vec<Gate>,
}

impl Ledger {
    /// Serves `/claude/token`, `/claude/usage`, `/codex/token` and `/codex/usage`. There is no login yet, and
    /// tokens are good for eight hours.
    pub fn open(server: &TestServer) -> Self {
        let ledger = Self(Arc::new(Watched::new(Books {
            logins: HashMap::new(),
            token_requests: Vec::new(),
            token_lifetime: 8 * 3600,
            keep_refresh_tokens: false,
            refused: (HashSet::new(), 401),
            fixed_response: None,
            make_response: None,
            held: HashMap::new(),
            piece_gates: Vec::new(),
        })));
        for provider in Provider::ALL {
            for endpoint in ["token", "usage"] {
                ledger.serve_at(server, &format!("/{}/{endpoint}", provider.key()), provider);
            }
        }
        ledger
    }

    /// Serves this path: a POST is a renewal, any other request is for the usage.
    pub fn serve_at(&self, server: &TestServer, path: &str, provider: Provider) {
        let ledger = self.clone();
        server.respond_at(path, move |request| match request.method.as_str() {
            "POST" => ledger.token_response(request, provider),
            _ => ledger.0.change(|books| books.usage_response(request, provider)),
        });
    }

    /// A new login of `account`, in place of the one that it had.
    pub fn sign_in(&self, account: &str, provider: Provider) -> Login {
        self.0.change(|books| {
            let number = books.logins.get(account).map_or(1, |login| login.number + 1);
            let tokens = TestTokens::of(account);
            let login = Login {
                refresh: tokens.refresh(number),
                access: tokens.access(number),
                number,
                renewals: 0,
                reuses: 0,
                usages: 0,
                delivery: None,
                account: account.to_owned(),
                provider,
                revoked: false,
                spent: HashSet::new(),
            };
            books.logins.insert(account.to_owned(), login.clone());
            login
        })
    }

    /// The login of `account` as it is now.
    #[track_caller]
    pub fn login(&self, account: &str) -> Login {
        let login = self.0.look(|books| books.logins.get(account).cloned());
        login.unwrap_or_else(|| panic!("{account} has never signed in"))
    }

    /// Revokes every login: each token that is sent from now on is invalid.
    pub fn revoke(&self) {
        self.0.change(|books| books.logins.values_mut().for_each(|login| login.revoked = true));
    }

    /// As if the last rotation of `account` had never taken place.
    pub fn undo_rotation(&self, account: &str) {
        self.0.change(|books| {
            let login = books.logins.get_mut(account).expect("it has signed in");
            let tokens = TestTokens::of(account);
            login.number -= 1;
            login.renewals -= 1;
            (login.refresh, login.access) = (tokens.refresh(login.number), tokens.access(login.number));
            login.spent.remove(&login.refresh);
        });
    }

    /// The refresh tokens that were sent, in order.
    pub fn token_requests(&self) -> Vec<String> {
        self.0.look(|books| books.token_requests.clone())
    }

    /// From now on each token request gets this response, and nothing rotates.
    pub fn respond(&self, response: impl Into<Response>) {
        self.0.change(|books| {
            books.fixed_response = Some(response.into());
            books.make_response = None;
        });
    }

    /// From now on `make` makes the token response of the body of the good one, after the rotation.
    pub fn respond_with(&self, make: impl FnMut(Value) -> Response + Send + 'static) {
        self.0.change(|books| {
            books.fixed_response = None;
            books.make_response = Some(Box::new(make));
        });
    }

    /// Ends [`respond`](Self::respond) and [`respond_with`](Self::respond_with).
    pub fn respond_normally(&self) {
        self.0.change(|books| (books.fixed_response, books.make_response) = (None, None));
    }

    /// From now on responses say that access tokens are good for so many seconds.
    pub fn set_token_lifetime(&self, seconds: i64) {
        self.0.change(|books| books.token_lifetime = seconds);
    }

    /// From now on a response brings no new refresh token, and the old one stays good.
    pub fn keep_refresh_tokens(&self) {
        self.0.change(|books| books.keep_refresh_tokens = true);
    }

    /// From now on the usage API responds with `status` to the access tokens with these numbers.
    pub fn refuse_access_tokens(&self, numbers: impl IntoIterator<Item = u32>, status: u16) {
        self.0.change(|books| books.refused = (numbers.into_iter().collect(), status));
    }

    /// From now on responses to a refresh token of `account` wait for the gate, after the rotation.
    pub fn hold_responses(&self, account: &str, gate: &Gate) {
        self.0.change(|books| books.held.insert(account.to_owned(), gate.clone()));
    }

    /// From now on token responses are sent in four pieces: the first ends within the access token, the second
    /// within the refresh token, the third behind it. Each but the first waits for a gate.
    pub fn respond_in_pieces(&self) -> Vec<Gate> {
        let gates = vec![Gate::new(), Gate::new(), Gate::new()];
        self.0.change(|books| books.piece_gates = gates.clone());
        gates
    }

    /// Waits until `wanted` is true of a login.
    #[track_caller]
    pub fn wait_for(&self, account: &str, wanted: impl Fn(&Login) -> bool) {
        self.0.expect(
            |books| wanted(&books.logins[account]).then_some(()),
            |books| format!("{account} is not as wanted: {:#?}", books.logins[account]),
        );
    }

    /// How often the present logins were renewed, all together.
    pub fn renewals(&self) -> usize {
        self.0.look(Books::renewals)
    }

    /// Waits until the logins were renewed so often, all together.
    #[track_caller]
    pub fn wait_for_renewals(&self, count: usize) {
        self.0.expect(
            |books| (books.renewals() >= count).then_some(()),
            |books| format!("{} renewals, not {count}", books.renewals()),
        );
    }

    fn token_response(&self, request: &Request, provider: Provider) -> Response {
        let field = |name| request.decoded_form_field(name);
        let (Some(token), Some("refresh_token"), Some(_)) =
            (field("refresh_token"), field("grant_type").as_deref(), field("client_id"))
        else {
            return Response::json(&json!({"error": "invalid_request"})).with_status(400);
        };
        let (response, login) = self.0.change(|books| books.renew(&token, provider));
        let Some(login) = login else { return response };
        let ledger = self.clone();
        response.observed(move |event| ledger.0.change(|books| books.note_delivery(&login, event)))
    }
}

impl Books {
    fn renewals(&self) -> usize {
        self.logins.values().map(|login| login.renewals).sum()
    }

    /// The response to a refresh token, and the login if the token was exchanged for a new one.
    fn renew(&mut self, token: &str, provider: Provider) -> (Response, Option<Login>) {
        self.token_requests.push(token.to_owned());
        if let Some(response) = &self.fixed_response {
            return (response.clone(), None);
        }
        let is_of = |login: &&mut Login| {
            login.provider == provider && (login.refresh == token || login.spent.contains(token))
        };
        let Some(login) = self.logins.values_mut().find(is_of) else {
            return (invalid_grant(provider), None);
        };
        if login.spent.contains(token) {
            login.reuses += 1;
        }
        if login.is_revoked() {
            return (invalid_grant(provider), None);
        }
        if !self.keep_refresh_tokens {
            let tokens = TestTokens::of(&login.account);
            login.number += 1;
            login.spent.insert(std::mem::replace(&mut login.refresh, tokens.refresh(login.number)));
            login.access = tokens.access(login.number);
        }
        login.renewals += 1;
        login.delivery = Some(Delivery::default());
        let login = login.clone();
        (self.renewed(&login), Some(login))
    }

    fn renewed(&mut self, login: &Login) -> Response {
        // In the order in which Anthropic sends them.
        let mut body = json!({
            "token_type": "Bearer",
            "access_token": login.access,
            "expires_in": self.token_lifetime,
        });
        if !self.keep_refresh_tokens {
            body["refresh_token"] = login.refresh.clone().into();
        }
        if login.provider == Provider::Codex {
            body["id_token"] = TestTokens::of(&login.account).id(login.number).into();
        }
        body["scope"] = "user:inference user:profile".into();
        let mut response = match &mut self.make_response {
            Some(make) => make(body.clone()),
            None => Response::json(&body),
        };
        if let Some(gate) = self.held.get(&login.account) {
            response = response.behind(gate);
        }
        if !self.piece_gates.is_empty() {
            let ends = piece_ends(&body.to_string(), login);
            response = response.in_pieces(ends.into_iter().zip(self.piece_gates.clone()).collect());
        }
        response
    }

    fn usage_response(&mut self, request: &Request, provider: Provider) -> Response {
        let token = request.bearer().unwrap_or_default();
        let (refused, status) = &self.refused;
        let is_refused = |login: &Login| {
            let tokens = TestTokens::of(&login.account);
            refused.iter().any(|number| tokens.access(*number) == token)
        };
        let status = if self.logins.values().any(is_refused) { *status } else { 401 };
        let is_live =
            |login: &&mut Login| login.provider == provider && login.access == token && !login.is_revoked();
        match self.logins.values_mut().find(is_live) {
            Some(login) if !refused.contains(&login.number) => {
                login.usages += 1;
                Response::from(match provider {
                    Provider::Claude => claude_usage(&[("five_hour", 58.0), ("seven_day", 10.0)]),
                    Provider::Codex => codex_usage(&[(18_000, 58), (604_800, 10)]),
                })
            }
            _ => Response::json(&json!({"error": {"type": "authentication_error"}})).with_status(status),
        }
    }

    /// Notes what became of a response, unless its tokens are spent already.
    fn note_delivery(&mut self, of: &Login, event: DeliveryEvent) {
        let login = self.logins.get_mut(&of.account).filter(|login| login.refresh == of.refresh);
        let Some(delivery) = login.and_then(|login| login.delivery.as_mut()) else { return };
        match event {
            DeliveryEvent::Sent(at) => delivery.sent = Some(at),
            DeliveryEvent::ClientEnd(end, at) => delivery.end = Some((end, at)),
        }
    }
}

impl Login {
    /// Whether it was revoked, by the test or since a spent token was sent again.
    pub fn is_revoked(&self) -> bool {
        self.revoked || self.reuses > 0
    }
}

/// Where a token response is divided: within the access token, within the refresh token, and behind it.
fn piece_ends(body: &str, login: &Login) -> [usize; 3] {
    let position = |token: &str| body.find(token).expect("the token is in the response");
    let (access, refresh) = (position(&login.access), position(&login.refresh));
    [access + login.access.len() / 2, refresh + login.refresh.len() - 1, refresh + login.refresh.len() + 1]
}

/// What the providers say of a refresh token that is not valid.
fn invalid_grant(provider: Provider) -> Response {
    match provider {
        Provider::Claude => {
            let description = "Refresh token not found or invalid";
            let body = json!({"error": "invalid_grant", "error_description": description});
            Response::json(&body).with_status(400)
        }
        Provider::Codex => {
            Response::json(&json!({"error": {"code": "refresh_token_reused"}})).with_status(401)
        }
    }
}
