//! The request that spends a refresh token. Between the server's response and the journal lies the one moment in which
//! a kill costs a login; everything here is about making it short, and about never throwing a response away.

use crate::config::Endpoint;
use crate::providers::http::{Http, failure, retry_after};
use crate::providers::proxy::Proxy;
use crate::quota::Failure;
use reqwest::header;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use zeroize::Zeroizing;

/// How long a token server may take, in time during which this process runs. Servers have been seen to take 33 s, and
/// giving up earlier loses the login.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(300);

/// The running time is counted in steps of this.
const STEP: Duration = Duration::from_secs(5);

/// No response of a token server is near this long, in bytes.
const MAX_RESPONSE: usize = 1024 * 1024;

/// What most responses fit into, in bytes: a growing buffer leaves copies of tokens behind.
const USUAL_RESPONSE: usize = 32 * 1024;

/// A response of a token endpoint. It holds tokens, so it can't be printed, and is wiped when dropped.
pub struct TokenResponse {
    /// The status.
    pub status: u16,
    /// The `Retry-After` header as it stands.
    pub retry_after: Option<String>,
    /// The body.
    pub body: Zeroizing<Vec<u8>>,
}

/// A request without a whole response.
pub struct Lost {
    /// What went wrong.
    pub failure: Failure,
    /// Whether the server can have got the request.
    pub sent: bool,
    /// What came of a successful response (2xx). `None`: none had begun.
    pub part: Option<Zeroizing<Vec<u8>>>,
}

impl Lost {
    fn unsent(failure: Failure) -> Lost {
        Lost { failure, sent: false, part: None }
    }
}

impl Http {
    /// Gets ready to post: to read the system's certificates takes its time.
    ///
    /// # Errors
    /// Nothing can be sent.
    pub fn prepare(&self, proxy: &Proxy) -> Result<(), Failure> {
        self.renewing(proxy).map(|_| ())
    }

    /// Posts a form to `endpoint`. The body of a success (2xx) is given to `keep` piece by piece as it comes, so that it
    /// is on disk whatever happens next.
    ///
    /// This has a thread to itself while it lasts. On one that is shared, a response that has been read would lie about
    /// while others are dealt with, and files synced.
    ///
    /// # Errors
    /// No response, not within [`RESPONSE_TIMEOUT`], or too long a one; and whether the request can have reached the
    /// server.
    pub async fn post_form(
        &self,
        endpoint: &Endpoint,
        proxy: &Proxy,
        form: Zeroizing<Vec<u8>>,
        keep: impl FnMut(&[u8]) + Send + 'static,
    ) -> Result<TokenResponse, Lost> {
        let no_thread = |error: io::Error| Lost::unsent(Failure::Internal(format!("no thread: {error}")));
        let request = self
            .renewing(proxy)
            .map_err(Lost::unsent)?
            .post(endpoint.url().clone())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .header(header::ACCEPT_ENCODING, "identity")
            // The buffer is wiped when the request is done with it.
            .body(bytes::Bytes::from_owner(form));
        let (host, proxy) = (endpoint.host().to_owned(), proxy.clone());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
        let (response_sender, response) = oneshot::channel();
        let run = move || {
            let result = runtime.block_on(post(request, &host, &proxy, keep));
            // The receiver is gone where the program ends; the journal has the response all the same.
            let _ = response_sender.send(result);
        };
        std::thread::Builder::new().name("renewal".into()).spawn(run).map_err(no_thread)?;
        response.await.unwrap_or_else(|_| {
            let failure = Failure::Internal("a thread ended in a panic".into());
            Err(Lost { failure, sent: true, part: None })
        })
    }
}

async fn post(
    request: reqwest::RequestBuilder,
    host: &str,
    proxy: &Proxy,
    mut keep: impl FnMut(&[u8]),
) -> Result<TokenResponse, Lost> {
    let mut body = Zeroizing::new(Vec::with_capacity(USUAL_RESPONSE));
    let mut success = false;
    let exchange = async {
        let mut response = request.send().await.map_err(|error| {
            let sent = !(error.is_connect() || error.is_builder());
            (failure(&error, host, proxy), sent)
        })?;
        success = response.status().is_success();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| (failure(&error, host, proxy), true))?
        {
            let piece = &chunk[..chunk.len().min(MAX_RESPONSE - body.len())];
            if success {
                keep(piece);
            }
            append(&mut body, piece);
            if piece.len() < chunk.len() {
                return Err((Failure::NotUnderstood("it is longer than 1 MiB".into()), true));
            }
        }
        Ok((response.status().as_u16(), retry_after(&response)))
    };
    let timed_out = || Err((Failure::TimedOut(RESPONSE_TIMEOUT.as_secs()), true));
    match within_running_time(RESPONSE_TIMEOUT, exchange).await.unwrap_or_else(timed_out) {
        Ok((status, retry_after)) => Ok(TokenResponse { status, retry_after, body }),
        Err((failure, sent)) => Err(Lost { failure, sent, part: success.then_some(body) }),
    }
}

/// Appends without leaving a copy of tokens behind in a buffer that was too small.
fn append(body: &mut Zeroizing<Vec<u8>>, piece: &[u8]) {
    if body.capacity() - body.len() < piece.len() {
        let mut larger =
            Zeroizing::new(Vec::with_capacity((2 * body.capacity()).max(body.len() + piece.len())));
        larger.extend_from_slice(body);
        *body = larger;
    }
    body.extend_from_slice(piece);
}

/// Waits for `future` as long as this process runs for `limit`. The time in which it is stopped, frozen or suspended does
/// not count: the response may lie in its socket since then, and is read first. `None`: the limit has passed.
pub async fn within_running_time<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = limit;
    while !left.is_zero() {
        let began = Instant::now();
        // Polls the future before it looks at the time.
        if let Ok(output) = timeout(STEP.min(left), &mut future).await {
            return Some(output);
        }
        // A step that took much longer was one in which the process did not run.
        if began.elapsed() < 2 * STEP {
            left = left.saturating_sub(STEP);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::time::{advance, sleep};

    #[tokio::test(start_paused = true)]
    async fn limit_is_reached_by_running_time_alone() {
        let began = Instant::now();
        assert_eq!(within_running_time(RESPONSE_TIMEOUT, pending::<()>()).await, None);
        assert_eq!(began.elapsed(), RESPONSE_TIMEOUT);
        let slow = within_running_time(RESPONSE_TIMEOUT, sleep(Duration::from_secs(290)));
        assert!(slow.await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_the_process_is_frozen_does_not_count() {
        let (sender, receiver) = oneshot::channel();
        let waiting = tokio::spawn(within_running_time(RESPONSE_TIMEOUT, receiver));
        tokio::task::yield_now().await;
        // As the clock looks to a process that was stopped for hours.
        for _ in 0..3 {
            advance(Duration::from_secs(7200)).await;
            tokio::task::yield_now().await;
        }
        assert!(!waiting.is_finished());
        sender.send(()).expect("somebody waits");
        assert_eq!(waiting.await.expect("no panic"), Some(Ok(())));
    }
}
