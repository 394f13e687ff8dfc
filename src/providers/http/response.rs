//! A response as the readers get it.

/// The longest response that is read, in bytes. Real usage responses have a few KiB.
pub const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// A whole response, whatever its status.
#[derive(Debug, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The `Retry-After` header as received.
    pub retry_after: Option<String>,
    /// The `cf-mitigated` header as received: Cloudflare sets it on its own responses.
    pub cf_mitigated: Option<String>,
    /// The body, decompressed.
    pub body: Vec<u8>,
}
