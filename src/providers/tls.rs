//! The TLS configuration: certificates, ciphers, protocols.

use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, KeyProvider, ring};
use rustls::pki_types::{PrivateKeyDer, UnixTime};
use rustls::sign::SigningKey;
use rustls::time_provider::TimeProvider;
use rustls_platform_verifier::BuilderVerifierExt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// ALPN: HTTP/2 if the host supports it.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Trusts the certificate authorities of the system. Reading them takes milliseconds, so the configuration is made once
/// and shared; it also keeps the TLS sessions, whose resumption shortens the next handshake.
///
/// # Errors
/// The system has no certificate authorities.
pub fn config() -> Result<ClientConfig, rustls::Error> {
    // Everything of ring but client certificates, which no provider requests: without them the program is 46 KiB
    // smaller.
    let provider = CryptoProvider { key_provider: &NoKeys, ..ring::default_provider() };
    let mut config = ClientConfig::builder_with_details(Arc::new(provider), Arc::new(Clock))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(config)
}

/// The wall clock. The one of rustls panics before 1970; this one makes the handshake fail.
#[derive(Debug)]
struct Clock;

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        SystemTime::now().duration_since(UNIX_EPOCH).ok().map(UnixTime::since_unix_epoch)
    }
}

#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("there are no client certificates".into()))
    }
}
