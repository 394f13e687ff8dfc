//! The id of an account: the name of its file, even where that is not valid Unicode.
//!
//! A name in UTF-8 is its own id. Other bytes in a name are written in hexadecimal after a slash. File names contain no
//! slash, so no two names have the same id.

use crate::quota::AccountId;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;

/// The id of the file with this name.
pub fn to_id(name: &OsStr) -> AccountId {
    let mut id = String::new();
    for piece in pieces(name) {
        match piece {
            Piece::Text(letter) => id.push(letter),
            // Writing to a string can't fail.
            Piece::Unit(unit) => drop(write!(id, "/{}", hex(unit))),
        }
    }
    AccountId::file(id)
}

/// The name of the file with this id.
pub fn from_id(id: &AccountId) -> OsString {
    let mut name = Vec::new();
    let text = id.text();
    let mut rest = &*text;
    while let Some((plain, escaped)) = rest.split_once('/') {
        push_text(&mut name, plain);
        let digits = if escaped.get(..1) == Some("d") { 4 } else { 2 };
        let unit = escaped.get(..digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match unit {
            Some(unit) => push_unit(&mut name, unit),
            // The escape is invalid, so the id is a plain name.
            None => return OsString::from(&*text),
        }
        rest = &escaped[digits..];
    }
    push_text(&mut name, rest);
    join(name)
}

/// Two digits for a byte, four that begin with "d" for half a surrogate pair.
fn hex(unit: u32) -> String {
    if unit > 0xff { format!("{unit:04x}") } else { format!("{unit:02X}") }
}

enum Piece {
    Text(char),
    /// A byte (Unix) or half a surrogate pair (Windows) that is not part of a character.
    Unit(u32),
}

#[cfg(not(windows))]
fn pieces(name: &OsStr) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        pieces.extend(chunk.valid().chars().map(Piece::Text));
        pieces.extend(chunk.invalid().iter().map(|byte| Piece::Unit(u32::from(*byte))));
    }
    pieces
}

#[cfg(windows)]
fn pieces(name: &OsStr) -> Vec<Piece> {
    let units = std::os::windows::ffi::OsStrExt::encode_wide(name);
    char::decode_utf16(units)
        .map(|letter| letter.map_or_else(|half| Piece::Unit(half.unpaired_surrogate().into()), Piece::Text))
        .collect()
}

#[cfg(windows)]
fn push_text(name: &mut Vec<u16>, text: &str) {
    name.extend(text.encode_utf16());
}

#[cfg(windows)]
fn push_unit(name: &mut Vec<u16>, unit: u32) {
    name.extend(u16::try_from(unit));
}

#[cfg(windows)]
fn join(name: Vec<u16>) -> OsString {
    std::os::windows::ffi::OsStringExt::from_wide(&name)
}

#[cfg(not(windows))]
fn push_text(name: &mut Vec<u8>, text: &str) {
    name.extend(text.bytes());
}

#[cfg(not(windows))]
fn push_unit(name: &mut Vec<u8>, unit: u32) {
    name.extend(u8::try_from(unit));
}

#[cfg(unix)]
fn join(name: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(name)
}

#[cfg(not(any(unix, windows)))]
fn join(name: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&name).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_round_trip(name: &OsStr, id: &str) {
        assert_eq!(to_id(name).key(), id);
        assert_eq!(from_id(&AccountId::file(id.into())), name, "{id}");
    }

    #[test]
    fn utf8_file_name_is_its_own_id() {
        for name in [
            "claude-alice@example.com.json",
            "élan.json",
            "\u{fffd}.json",
            "%FF.json",
            "a\u{1b}[31m.json",
            "",
        ] {
            assert_round_trip(OsStr::new(name), name);
        }
    }

    #[test]
    fn id_with_an_invalid_escape_is_taken_as_the_name() {
        for id in ["claude-a/zz.json", "a/FF/z", "/"] {
            assert_eq!(from_id(&AccountId::file(id.into())), id);
        }
    }

    #[test]
    #[cfg(unix)]
    fn bytes_that_are_not_utf8_are_escaped() {
        let name = |bytes| std::os::unix::ffi::OsStrExt::from_bytes(bytes);
        assert_round_trip(name(b"claude-\xff.json"), "claude-/FF.json");
        assert_round_trip(name(b"\xf0\x9f\x92.json"), "/F0/9F/92.json");
        assert_round_trip(name(b"\xdf\xd8d8.json"), "/DF/D8d8.json");
    }

    #[test]
    #[cfg(windows)]
    fn halves_of_surrogate_pairs_are_escaped() {
        let name = |units: &[u16]| -> OsString { std::os::windows::ffi::OsStringExt::from_wide(units) };
        assert_round_trip(&name(&[0x61, 0xd800, 0x62]), "a/d800b");
        assert_round_trip(&name(&[0xdc00, 0xd83d, 0xdca1]), "/dc00💡");
        assert_round_trip(&name(&[0xd83d]), "/d83d");
    }
}
