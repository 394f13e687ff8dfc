//! The headers of a request.

use crate::quota::Failure;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Headers to send.
#[derive(Debug, Default)]
pub struct Headers(HeaderMap);

impl Headers {
    /// Sets a header. `name` is in lower case.
    ///
    /// # Errors
    /// The value has characters that a header can't have. The error does not repeat it.
    pub fn set(&mut self, name: &'static str, value: &str) -> Result<(), Failure> {
        self.insert(name, value, false)
    }

    /// Sets a header whose value is a secret: it is kept out of logs, and out of HTTP/2's compression tables.
    ///
    /// # Errors
    /// As [`set`](Headers::set).
    pub fn set_secret(&mut self, name: &'static str, value: &str) -> Result<(), Failure> {
        self.insert(name, value, true)
    }

    fn insert(&mut self, name: &'static str, value: &str, is_secret: bool) -> Result<(), Failure> {
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            Failure::InvalidFile(format!(
                "could not send the header {name}: its value has characters that are not allowed in a header"
            ))
        })?;
        value.set_sensitive(is_secret);
        self.0.insert(HeaderName::from_static(name), value);
        Ok(())
    }

    pub(crate) fn into_map(self) -> HeaderMap {
        self.0
    }
}
