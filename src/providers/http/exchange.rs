//! One request and its response, read piece by piece.

use crate::providers::http::failure::failure;
use crate::providers::http::response::{MAX_RESPONSE_BYTES, Response};
use crate::providers::proxy::Proxy;
use crate::quota::Failure;
use bytes::Bytes;
use reqwest::RequestBuilder;

/// A request that is ready to be sent.
pub(crate) struct Exchange {
    request: RequestBuilder,
    host: String,
    proxy: Proxy,
}

/// A request without a response.
pub(crate) struct SendError {
    pub(crate) failure: Failure,
    /// Whether the server may have received the request.
    pub(crate) may_have_been_sent: bool,
}

/// A response whose status and headers have arrived, and whose body is still to be read.
pub(crate) struct Incoming {
    response: reqwest::Response,
    host: String,
    proxy: Proxy,
}

impl Exchange {
    /// `host` and `proxy` are for messages.
    pub(crate) fn new(request: RequestBuilder, host: &str, proxy: &Proxy) -> Exchange {
        Exchange { request, host: host.to_owned(), proxy: proxy.clone() }
    }

    /// Sends the request, and waits for the status and the headers of the response.
    pub(crate) async fn send(self) -> Result<Incoming, SendError> {
        let Exchange { request, host, proxy } = self;
        match request.send().await {
            Ok(response) => Ok(Incoming { response, host, proxy }),
            Err(error) => Err(SendError {
                failure: failure(&error, &host, &proxy),
                may_have_been_sent: !(error.is_connect() || error.is_builder()),
            }),
        }
    }
}

impl Incoming {
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Whether the status is one of success (2xx).
    pub(crate) fn is_success(&self) -> bool {
        self.response.status().is_success()
    }

    /// A header as received. `None`: it is missing, or not text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.response.headers().get(name)?.to_str().ok().map(str::to_owned)
    }

    /// The next piece of the body. `None`: the body is complete.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        self.response.chunk().await.map_err(|error| failure(&error, &self.host, &self.proxy))
    }

    /// Reads the whole body, up to [`MAX_RESPONSE_BYTES`].
    pub(crate) async fn read(mut self) -> Result<Response, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
                return Err(Failure::InvalidResponse("it is longer than 1 MiB".into()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response {
            status: self.status(),
            retry_after: self.header("retry-after"),
            cf_mitigated: self.header("cf-mitigated"),
            body,
        })
    }
}
