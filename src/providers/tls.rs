//! Who is trusted, and what is spoken over TLS.

use rustls::{ClientConfig, crypto};
use rustls_platform_verifier::BuilderVerifierExt;
use std::sync::Arc;

/// HTTP/2 if the host has it.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The authorities of the system. To read and parse them takes milliseconds, so this is made once and
/// shared; with it go the sessions that hosts let us resume, which makes the next handshake a short one.
///
/// # Errors
/// The system has none.
pub fn config() -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(config)
}
