//! A token that can't be printed.

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
        crate::credentials::lock::hash(self.0.as_bytes())
    }

    /// The token itself, for the request it belongs to and the file it came from.
    pub fn expose(&self) -> &str {
        &self.0
    }
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
