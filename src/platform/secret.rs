//! Tokens: a type that can't be printed, and the hash that names a token where it must not be stored.

use ring::digest::{SHA256, digest};
use std::fmt;
use zeroize::Zeroizing;

/// A token. `Debug` and `Display` show dots, there is no serialisation, and this copy of it is wiped when it is
/// dropped. The copies in a request's header and in the buffers of HTTP and TLS are not: see [`crate::platform::core_dumps`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over a token; the string is not copied.
    pub fn new(token: String) -> Secret {
        Secret(Zeroizing::new(token))
    }

    /// SHA-256 in hexadecimal: names the token where it must not be stored itself.
    pub fn hash(&self) -> String {
        sha256_hex(self.0.as_bytes())
    }

    /// The token itself, for its request and its file.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// SHA-256 in hexadecimal, 64 lower-case digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    let hash = digest(&SHA256, bytes);
    hash.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("••••")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("••••")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_dots() {
        let secret = Secret::new("sk-ant-oat01-x".into());
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "•••• •••• Some(••••)");
        assert_eq!(secret.expose(), "sk-ant-oat01-x");
    }
}
