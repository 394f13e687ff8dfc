//! Tokens that are recognised wherever they appear, and the search for them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// So many equal bytes in a row are no coincidence.
const PIECE: usize = 12;

/// What real tokens begin with. Not secret.
const PREFIXES: [&str; 3] = ["sk-ant-oat01-", "sk-ant-ort01-", "eyJ"];

/// The tokens of one account, by number: the first login has number 1, each renewal or sign-in the next. They are
/// the same in each run, and hold characters that a form has to escape.
#[derive(Clone, Debug)]
pub struct TestTokens {
    account: String,
}

impl TestTokens {
    /// For the account of this name, which begins with the key of its provider.
    pub fn of(account: &str) -> Self {
        Self { account: account.to_owned() }
    }

    pub fn access(&self, number: u32) -> String {
        self.token("access", number)
    }

    pub fn refresh(&self, number: u32) -> String {
        self.token("refresh", number)
    }

    /// The identity token, which Codex has beside the other two.
    pub fn id(&self, number: u32) -> String {
        self.token("id", number)
    }

    fn token(&self, kind: &str, number: u32) -> String {
        let prefix = match (self.account.starts_with("claude"), kind) {
            (true, "access") => PREFIXES[0],
            (true, _) => PREFIXES[1],
            (false, _) => PREFIXES[2],
        };
        let seed = format!("{} {kind} {number}", self.account);
        format!("{prefix}{}", base64(&sha256(&seed), b"+/"))
    }
}

fn sha256(seed: &str) -> Vec<u8> {
    // The product's hash is at hand, and its output is not searched for.
    let hex = quota_tray::platform::secret::sha256_hex(seed.as_bytes());
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

/// Looks for tokens in what others can read.
pub struct Search {
    pieces: HashSet<Vec<u8>>,
}

impl Search {
    /// For these tokens, in each form in which a program could leak them.
    pub fn new(tokens: impl IntoIterator<Item = String>) -> Search {
        let mut pieces = HashSet::new();
        for token in tokens {
            let secret = PREFIXES.iter().find_map(|prefix| token.strip_prefix(prefix)).unwrap_or(&token);
            for form in forms(secret.as_bytes()) {
                pieces.extend(form.windows(PIECE).map(<[u8]>::to_vec));
            }
        }
        Search { pieces }
    }

    /// The first piece of a token in `text`, with its position.
    pub fn find(&self, text: &[u8]) -> Option<(usize, String)> {
        let found = text.windows(PIECE).position(|window| self.pieces.contains(window))?;
        Some((found, String::from_utf8_lossy(&text[found..found + PIECE]).into_owned()))
    }

    /// Fails if a token is in `text`.
    #[track_caller]
    pub fn not_in(&self, what: &str, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        if let Some((at, piece)) = self.find(text) {
            let around = &text[at.saturating_sub(200)..text.len().min(at + 100)];
            panic!("{what} holds {piece:?} at {at}:\n…{}…", String::from_utf8_lossy(around));
        }
    }

    /// Fails if a token is in the name or the content of a file below `dir`, except in the content of files that
    /// may hold it.
    #[track_caller]
    pub fn not_below(&self, dir: &Path, may_hold: impl Fn(&Path) -> bool) {
        for file in files(dir) {
            self.not_in("a file's name", file.as_os_str().as_encoded_bytes());
            if !may_hold(&file) {
                self.not_in(&file.display().to_string(), fs::read(&file).unwrap_or_default());
            }
        }
    }
}

/// Each regular file below `dir`; links are not followed.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

/// Unchanged, percent-encoded, in base64 at each of the three alignments, in hexadecimal, and as a list of numbers,
/// which is how `Debug` prints bytes.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let escaped: String =
        percent_encoding::percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).collect();
    let unreserved = escaped.replace("%2D", "-").replace("%2E", ".").replace("%5F", "_");
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![
        secret.to_vec(),
        String::from_utf8_lossy(secret).replace('/', "\\/").into_bytes(),
        escaped.to_lowercase().into_bytes(),
        escaped.into_bytes(),
        unreserved.to_lowercase().into_bytes(),
        unreserved.into_bytes(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        format!("{secret:?}").into_bytes(),
    ];
    for skipped in 0..3 {
        // Padding and the letters before it depend on what is next to the token.
        let whole = &secret[skipped..];
        let whole = &whole[..whole.len() / 3 * 3];
        forms.extend([b"+/", b"-_"].map(|last| base64(whole, last).into_bytes()));
    }
    forms
}

pub fn base64(bytes: &[u8], last_two: &[u8; 2]) -> String {
    let alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*last_two).collect();
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(*chunk.get(at).unwrap_or(&0)));
        for at in 0..4 {
            let letter = alphabet[bits >> (18 - 6 * at) & 63] as char;
            text.push(if at <= chunk.len() { letter } else { '=' });
        }
    }
    text
}

#[test]
fn search_finds_a_token_in_each_form() {
    let (one, other) = (TestTokens::of("claude").refresh(1), TestTokens::of("codex").access(1));
    let search = Search::new([one.clone()]);
    for text in [
        one.clone(),
        format!("{{\"x\":\"{}", &one[20..40]),
        base64(format!("Bearer {one}").as_bytes(), b"+/"),
        base64(format!("user:{one}").as_bytes(), b"-_"),
        format!("{:?}", one.as_bytes()),
        percent_encoding::percent_encode(one.as_bytes(), percent_encoding::NON_ALPHANUMERIC).collect(),
    ] {
        assert!(search.find(text.as_bytes()).is_some(), "{text}");
    }
    for text in [other, one[..20].to_owned(), "sk-ant-ort01-".to_owned(), String::new()] {
        assert!(search.find(text.as_bytes()).is_none(), "{text}");
    }
}
