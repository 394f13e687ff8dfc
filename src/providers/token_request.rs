//! The request that spends a refresh token. A kill between the server's response and its write to the journal costs a
//! login; everything here keeps that interval short, and never discards a response.

use crate::config::Endpoint;
use crate::providers::http::{Exchange, Headers, Http, Incoming, SendError};
use crate::providers::proxy::Proxy;
use crate::providers::token_form::TokenForm;
use crate::quota::Failure;
use bytes::Bytes;
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

/// The longest response of a token server that is read, in bytes.
const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// What most responses fit into, in bytes: a growing buffer leaves copies of tokens in freed memory.
const USUAL_RESPONSE_BYTES: usize = 32 * 1024;

/// A response of a token endpoint. It holds tokens, so it can't be printed, and is wiped when dropped.
pub struct TokenResponse {
    /// The status.
    pub status: u16,
    /// The `Retry-After` header as received.
    pub retry_after: Option<String>,
    /// The body.
    pub body: Zeroizing<Vec<u8>>,
}

/// A token request without a complete response.
pub struct TokenRequestError {
    /// What went wrong.
    pub failure: Failure,
    /// Whether the server may have received the request.
    pub sent: bool,
    /// The part of a successful response (2xx) that arrived. `None`: none had begun.
    pub part: Option<Zeroizing<Vec<u8>>>,
}

impl TokenRequestError {
    fn unsent(failure: Failure) -> TokenRequestError {
        TokenRequestError { failure, sent: false, part: None }
    }
}

impl Http {
    /// Posts a form to `endpoint`, once. The body of a success (2xx) is passed to `keep` piece by piece as it arrives,
    /// so that it is on disk whatever happens next.
    ///
    /// The request has its own thread. On a shared one, a response that has arrived would wait in memory while
    /// other tasks run and files are synced.
    ///
    /// # Errors
    /// No response, not within [`RESPONSE_TIMEOUT`], or too long a one; and whether the request may have reached the
    /// server.
    pub async fn post_form(
        &self,
        endpoint: &Endpoint,
        proxy: &Proxy,
        form: TokenForm,
        keep: impl FnMut(&[u8]) + Send + 'static,
    ) -> Result<TokenResponse, TokenRequestError> {
        let no_thread = |error: io::Error| {
            TokenRequestError::unsent(Failure::Internal(format!("could not start a thread: {error}")))
        };
        let exchange = self.token_exchange(endpoint, proxy, form).map_err(TokenRequestError::unsent)?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
        let (result_sender, result) = oneshot::channel();
        let run = move || {
            // The receiver is dropped when the program ends; the journal has the response all the same.
            let _ = result_sender.send(runtime.block_on(post(exchange, keep)));
        };
        std::thread::Builder::new().name("renewal".into()).spawn(run).map_err(no_thread)?;
        result.await.unwrap_or_else(|_| {
            let failure = Failure::Internal("a thread panicked".into());
            Err(TokenRequestError { failure, sent: true, part: None })
        })
    }

    fn token_exchange(
        &self,
        endpoint: &Endpoint,
        proxy: &Proxy,
        form: TokenForm,
    ) -> Result<Exchange, Failure> {
        let mut headers = Headers::default();
        headers.set("content-type", form.content_type)?;
        headers.set("accept", "application/json")?;
        headers.set("accept-encoding", "identity")?;
        // The buffer is wiped when the request drops it.
        self.single_use_post(endpoint, proxy, headers, Bytes::from_owner(form.body))
    }
}

async fn post(exchange: Exchange, mut keep: impl FnMut(&[u8])) -> Result<TokenResponse, TokenRequestError> {
    let mut body = Zeroizing::new(Vec::with_capacity(USUAL_RESPONSE_BYTES));
    let mut is_success = false;
    let request = async {
        let mut incoming = exchange.send().await?;
        is_success = incoming.is_success();
        read(&mut incoming, &mut body, |piece| {
            if is_success {
                keep(piece);
            }
        })
        .await
        .map_err(|failure| SendError { failure, may_have_been_sent: true })?;
        Ok((incoming.status(), incoming.header("retry-after")))
    };
    let timed_out = || {
        let failure = Failure::TimedOut(RESPONSE_TIMEOUT.as_secs());
        Err(SendError { failure, may_have_been_sent: true })
    };
    match within_running_time(RESPONSE_TIMEOUT, request).await.unwrap_or_else(timed_out) {
        Ok((status, retry_after)) => Ok(TokenResponse { status, retry_after, body }),
        Err(SendError { failure, may_have_been_sent }) => {
            Err(TokenRequestError { failure, sent: may_have_been_sent, part: is_success.then_some(body) })
        }
    }
}

/// Reads the body into `body`, and passes each piece to `keep`.
async fn read(
    incoming: &mut Incoming,
    body: &mut Zeroizing<Vec<u8>>,
    mut keep: impl FnMut(&[u8]),
) -> Result<(), Failure> {
    while let Some(chunk) = incoming.chunk().await? {
        let piece = &chunk[..chunk.len().min(MAX_RESPONSE_BYTES - body.len())];
        keep(piece);
        append(body, piece);
        if piece.len() < chunk.len() {
            return Err(Failure::InvalidResponse("it is longer than 1 MiB".into()));
        }
    }
    Ok(())
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
        let start = Instant::now();
        // The future is polled before the time.
        if let Ok(output) = timeout(STEP.min(left), &mut future).await {
            return Some(output);
        }
        // During a step that took much longer the process did not run.
        if start.elapsed() < 2 * STEP {
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
        let start = Instant::now();
        assert_eq!(within_running_time(RESPONSE_TIMEOUT, pending::<()>()).await, None);
        assert_eq!(start.elapsed(), RESPONSE_TIMEOUT);
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
        sender.send(()).expect("the receiver waits");
        assert_eq!(waiting.await.expect("no panic"), Some(Ok(())));
    }
}
