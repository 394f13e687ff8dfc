//! What the usage server answers: good payloads, errors, and the faults of a broken server.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};

use super::watched::{Gate, Watched};

/// One HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    held_by: Option<Gate>,
    fault: Fault,
}

#[derive(Clone, Debug, Default)]
enum Fault {
    #[default]
    None,
    /// The connection ends after so many bytes of the body that was announced whole.
    CutBody { after: usize },
    /// One byte of the body at a time.
    Trickle { every: Duration },
    /// Header upon header, without end.
    EndlessHeaders,
    /// The connection stays open and nothing comes.
    Silence,
    /// The connection ends without a byte.
    HangUp,
}

impl Answer {
    /// 200 with a JSON body.
    pub fn json(body: &Value) -> Self {
        Self::status(200).header("Content-Type", "application/json").body(body.to_string())
    }

    /// This status with an empty body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), held_by: None, fault: Fault::None }
    }

    /// A redirect, which must not be followed: the token would go along.
    pub fn redirect(location: &str) -> Self {
        Self::status(302).header("Location", location)
    }

    /// Reads the request and never answers.
    pub fn silence() -> Self {
        Self::status(200).fault(Fault::Silence)
    }

    /// Reads the request and closes the connection.
    pub fn hang_up() -> Self {
        Self::status(200).fault(Fault::HangUp)
    }

    /// Headers for as long as the client takes them.
    pub fn endless_headers() -> Self {
        Self::status(200).fault(Fault::EndlessHeaders)
    }

    /// The same answer with another status, for an error that has a body.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Comes only once `gate` is open: a server as slow as the test likes.
    pub fn behind(mut self, gate: &Gate) -> Self {
        self.held_by = Some(gate.clone());
        self
    }

    /// The connection ends after `bytes` of the body.
    pub fn cut_after(self, bytes: usize) -> Self {
        self.fault(Fault::CutBody { after: bytes })
    }

    /// The body comes one byte at a time, one each `every`.
    pub fn trickled(self, every: Duration) -> Self {
        self.fault(Fault::Trickle { every })
    }

    fn fault(mut self, fault: Fault) -> Self {
        self.fault = fault;
        self
    }

    /// Sends this; `Ok(false)` if the connection is not fit for another request. A fault that lasts
    /// ends when the client goes away or `closing` becomes true.
    pub(super) fn send(&self, stream: &mut TcpStream, closing: &Watched<bool>) -> io::Result<bool> {
        if let Some(gate) = &self.held_by {
            gate.pass();
        }
        match self.fault {
            Fault::None => {
                stream.write_all(&self.head())?;
                stream.write_all(&self.body)?;
                return Ok(true);
            }
            Fault::CutBody { after } => {
                stream.write_all(&self.head())?;
                stream.write_all(&self.body[..after.min(self.body.len())])?;
            }
            Fault::Trickle { every } => {
                stream.write_all(&self.head())?;
                for byte in &self.body {
                    stream.write_all(&[*byte])?;
                    if wait(closing, every) {
                        break;
                    }
                }
            }
            Fault::EndlessHeaders => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
                for number in 0_u64.. {
                    write!(stream, "X-Header-{number}: and another one\r\n")?;
                }
            }
            // The client's end of the connection is what ends the waiting: it sends nothing more.
            Fault::Silence => {
                io::copy(stream, &mut io::sink())?;
            }
            Fault::HangUp => {}
        }
        Ok(false)
    }

    fn head(&self) -> Vec<u8> {
        // Clients go by the number; no reason phrase is needed.
        let mut head = format!("HTTP/1.1 {} \r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", self.body.len());
        head.into_bytes()
    }
}

/// Plain JSON where an answer is wanted is a good answer.
impl From<Value> for Answer {
    fn from(body: Value) -> Self {
        Self::json(&body)
    }
}

/// True as soon as the server is closing, false after `time`.
fn wait(closing: &Watched<bool>, time: Duration) -> bool {
    closing.wait(Instant::now() + time, |closing| closing.then_some(())).is_some()
}

/// A usage answer of Claude with these windows, by key and percent used, e.g. `("five_hour", 58.0)`.
pub fn claude_usage(windows: &[(&str, f64)]) -> Value {
    let mut answer = json!({"seven_day_opus": null, "limits": []});
    for (key, used) in windows {
        answer[*key] = json!({
            "utilization": used,
            "resets_at": reset_of(if *key == "five_hour" { 5 } else { 7 * 24 }).to_rfc3339(),
        });
    }
    answer
}

/// A usage answer of Codex: the windows by their length in seconds and percent used, the primary
/// one first, e.g. `(18_000, 12)` and `(604_800, 30)`.
pub fn codex_usage(windows: &[(i64, i64)]) -> Value {
    let window = |place: usize| {
        windows.get(place).map(|(seconds, used)| {
            json!({
                "used_percent": used,
                "limit_window_seconds": seconds,
                "reset_at": reset_of(seconds / 3600).timestamp(),
            })
        })
    };
    json!({
        "plan_type": "plus",
        "rate_limit": {
            "allowed": true,
            "limit_reached": false,
            "primary_window": window(0),
            "secondary_window": window(1),
        },
        "credits": {"has_credits": false, "unlimited": false, "balance": "0"},
    })
}

/// When a window of so many hours resets: half way through it, and the same moment in each answer,
/// since a moved reset would be a new window.
pub fn reset_of(window_hours: i64) -> DateTime<Utc> {
    static START: LazyLock<DateTime<Utc>> = LazyLock::new(|| Utc::now().trunc_subsecs(0));
    *START + TimeDelta::minutes(window_hours * 60 / 2)
}
