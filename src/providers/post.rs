//! The request that spends a refresh token. Between the server's answer and the journal lies the one
//! moment in which a kill costs a login; everything here is about making it short.

use super::http::{Http, failure, retry_after};
use crate::config::Endpoint;
use crate::credentials::Proxy;
use crate::credentials::journal::MOST_ANSWER;
use crate::quota::Failure;
use reqwest::header;
use std::io;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// An answer of a token endpoint. It holds tokens, so it can't be printed, and is wiped when dropped.
pub struct TokenAnswer {
    /// The status.
    pub status: u16,
    /// The `Retry-After` header as it stands.
    pub retry_after: Option<String>,
    /// The body, unpacked.
    pub body: Zeroizing<Vec<u8>>,
}

/// A request without a whole answer.
#[derive(Debug)]
pub struct Lost {
    /// What went wrong.
    pub failure: Failure,
    /// Whether the server can have got the request.
    pub sent: bool,
}

impl Http {
    /// Gets ready to post: to read the system's certificates takes its time.
    ///
    /// # Errors
    /// Nothing can be sent.
    pub fn prepare(&self, proxy: &Proxy) -> Result<(), Failure> {
        self.renewing(proxy).map(|_| ())
    }

    /// Posts a form to `endpoint`. The body of a 200 is given to `keep` piece by piece as it comes, so
    /// that what has come is kept whatever happens to the rest.
    ///
    /// This has a thread to itself while it lasts. On one that is shared, an answer that has been read would
    /// lie about while others are dealt with, and files synced.
    ///
    /// # Errors
    /// No answer, not in time, or too long a one; and whether the request can have reached the server.
    pub async fn post_form(
        &self,
        endpoint: &Endpoint,
        proxy: &Proxy,
        form: Zeroizing<Vec<u8>>,
        keep: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
    ) -> Result<TokenAnswer, Lost> {
        let unsent = |failure| Lost { failure, sent: false };
        let no_thread = |error: io::Error| unsent(Failure::Internal(format!("no thread: {error}")));
        let request = self
            .renewing(proxy)
            .map_err(unsent)?
            .post(endpoint.url().clone())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            // The buffer is wiped when the request is done with it.
            .body(bytes::Bytes::from_owner(form));
        let (host, proxy) = (endpoint.host().to_owned(), proxy.clone());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
        let (tell, told) = oneshot::channel();
        let run = move || {
            // Nobody listens where the program ends; the journal has it all the same.
            let _ = tell.send(runtime.block_on(post(request, &host, &proxy, keep)));
        };
        std::thread::Builder::new().name("renewal".into()).spawn(run).map_err(no_thread)?;
        let panicked =
            |_| Err(Lost { failure: Failure::Internal("a thread ended in a panic".into()), sent: true });
        told.await.unwrap_or_else(panicked)
    }
}

async fn post(
    request: reqwest::RequestBuilder,
    host: &str,
    proxy: &Proxy,
    mut keep: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<TokenAnswer, Lost> {
    let lost = |error: reqwest::Error| Lost {
        sent: !(error.is_connect() || error.is_builder()),
        failure: failure(&error, host, proxy),
    };
    let mut response = request.send().await.map_err(lost)?;
    let status = response.status().as_u16();
    let mut body = Zeroizing::new(Vec::with_capacity(MOST_ANSWER));
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if body.len() + chunk.len() > MOST_ANSWER {
            return Err(Lost {
                failure: Failure::NotUnderstood("it is longer than 32 KiB".into()),
                sent: true,
            });
        }
        if status == 200 {
            keep(&chunk)
                .map_err(|error| Lost { failure: Failure::Internal(error.to_string()), sent: true })?;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(TokenAnswer { status, retry_after: retry_after(&response), body })
}
