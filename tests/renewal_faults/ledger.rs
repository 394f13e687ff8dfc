//! A provider with a memory: it rotates refresh tokens as the real ones do, and knows which is live.

use super::canary;
use crate::common::{Answer, Request, UsageServer, claude_usage, codex_usage};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};

/// Whose login it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Claude,
    Codex,
}

impl Kind {
    pub fn key(self) -> &'static str {
        match self {
            Kind::Claude => "claude",
            Kind::Codex => "codex",
        }
    }

    /// The `number`th access token of the login.
    pub fn access(self, number: u32) -> String {
        canary::token(self.key(), "access", number)
    }

    pub fn refresh(self, number: u32) -> String {
        canary::token(self.key(), "refresh", number)
    }

    pub fn id(self, number: u32) -> String {
        canary::token(self.key(), "id", number)
    }
}

/// One login at its provider. The old refresh token dies with each answer; one that is used again ends
/// the login.
#[derive(Clone)]
pub struct Ledger(Arc<Mutex<Book>>);

type Change = Box<dyn FnMut(Value) -> Answer + Send>;

struct Book {
    kind: Kind,
    /// The number of the tokens that are live.
    live: u32,
    /// The refresh token stays the same.
    keeps: bool,
    ended: bool,
    expires_in: i64,
    posts: Vec<String>,
    /// Access tokens that are refused, with this status, live or not.
    refused: HashSet<u32>,
    refusal: u16,
    instead: Option<Answer>,
    after: Option<Change>,
}

impl Ledger {
    /// Answers at `/<provider>/token` and `/<provider>/usage`.
    pub fn open(server: &UsageServer, kind: Kind) -> Ledger {
        let ledger = Ledger(Arc::new(Mutex::new(Book {
            kind,
            live: 1,
            keeps: false,
            ended: false,
            expires_in: 8 * 3600,
            posts: Vec::new(),
            refused: HashSet::new(),
            refusal: 401,
            instead: None,
            after: None,
        })));
        ledger.answer_at(server, &format!("/{}/token", kind.key()));
        ledger.answer_at(server, &format!("/{}/usage", kind.key()));
        ledger
    }

    /// Answers at this path, too: a POST is a renewal.
    pub fn answer_at(&self, server: &UsageServer, path: &str) {
        let ledger = self.clone();
        server.answer_path(path, move |request| match request.method.as_str() {
            "POST" => ledger.book().renew(request),
            _ => ledger.book().usage(request),
        });
    }

    /// The refresh tokens that were sent, in their order.
    pub fn posts(&self) -> Vec<String> {
        self.book().posts.clone()
    }

    /// The number of the live tokens.
    pub fn live(&self) -> u32 {
        self.book().live
    }

    /// Whether a spent token was used again, or the test has ended the login.
    pub fn has_ended(&self) -> bool {
        self.book().ended
    }

    /// The login is revoked: what is sent from now on is dead.
    pub fn end(&self) {
        self.book().ended = true;
    }

    /// The user has signed in anew: the next tokens are live.
    pub fn sign_in(&self) {
        self.book().live += 1;
    }

    /// The last rotation never took place.
    pub fn undo_rotation(&self) {
        self.book().live -= 1;
    }

    /// From now on each renewal gets this, and nothing rotates.
    pub fn instead(&self, answer: impl Into<Answer>) {
        let mut book = self.book();
        (book.instead, book.after) = (Some(answer.into()), None);
    }

    /// From now on this is made of the good answers, after the rotation.
    pub fn after(&self, change: impl FnMut(Value) -> Answer + Send + 'static) {
        let mut book = self.book();
        book.instead = None;
        book.after = Some(Box::new(change));
    }

    /// The end of [`instead`](Self::instead) and [`after`](Self::after).
    pub fn is_sound(&self) {
        let mut book = self.book();
        (book.instead, book.after) = (None, None);
    }

    /// From now on good answers say this much.
    pub fn expires_in(&self, seconds: i64) {
        self.book().expires_in = seconds;
    }

    /// From now on an answer brings no new refresh token, and the old one stays good.
    pub fn keeps_refresh_tokens(&self) {
        self.book().keeps = true;
    }

    /// From now on the usage API answers these access tokens with `status`.
    pub fn refuses(&self, numbers: impl IntoIterator<Item = u32>, status: u16) {
        let mut book = self.book();
        (book.refused, book.refusal) = (numbers.into_iter().collect(), status);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().expect("a test's closure panicked")
    }
}

impl Book {
    fn renew(&mut self, request: &Request) -> Answer {
        let sent = request.form_field("refresh_token").unwrap_or_default();
        let sent = percent_encoding::percent_decode_str(sent).decode_utf8_lossy().into_owned();
        self.posts.push(sent.clone());
        if let Some(answer) = &self.instead {
            return answer.clone();
        }
        if self.ended || sent != self.kind.refresh(self.live) {
            self.ended = true;
            let body =
                json!({"error": "invalid_grant", "error_description": "Refresh token not found or invalid"});
            return Answer::json(&body).with_status(400);
        }
        let mut answer = json!({"token_type": "Bearer", "access_token": "", "expires_in": self.expires_in});
        if !self.keeps {
            self.live += 1;
            answer["refresh_token"] = self.kind.refresh(self.live).into();
        }
        answer["access_token"] = self.kind.access(self.live).into();
        if self.kind == Kind::Codex {
            answer["id_token"] = self.kind.id(self.live).into();
        }
        answer["scope"] = "user:inference user:profile".into();
        match &mut self.after {
            Some(change) => change(answer),
            None => Answer::json(&answer),
        }
    }

    fn usage(&mut self, request: &Request) -> Answer {
        let number = (1..=self.live).find(|number| request.token() == Some(&self.kind.access(*number)));
        match number {
            Some(number) if !self.refused.contains(&number) => Answer::from(match self.kind {
                Kind::Claude => claude_usage(&[("five_hour", 58.0), ("seven_day", 10.0)]),
                Kind::Codex => codex_usage(&[(18_000, 58), (604_800, 10)]),
            }),
            _ => Answer::json(&json!({"error": {"type": "authentication_error"}})).with_status(self.refusal),
        }
    }
}
