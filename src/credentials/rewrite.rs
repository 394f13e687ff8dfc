//! Changing values in the text of a credential file, without changing any other byte.

use crate::credentials::file::Unreadable;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use zeroize::Zeroizing;

/// Sets string values in the text of a JSON object. An existing key keeps its place, a new one is added at the end; every
/// other byte is unchanged: order, white space, number formats.
///
/// # Errors
/// The text is not a JSON object.
pub fn splice(text: &str, changes: &[(&str, &str)]) -> Result<Zeroizing<String>, Unreadable> {
    let broken =
        |error: serde_json::Error| Unreadable::Broken(format!("it is not JSON (line {})", error.line()));
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let offset = text.len() - body.len();
    let mut reader = serde_json::Deserializer::from_str(body);
    let members = reader.deserialize_map(Members).map_err(broken)?;
    reader.end().map_err(broken)?;

    let quoted = |value: &str| Zeroizing::new(serde_json::Value::from(value).to_string());
    let mut edits: Vec<(usize, usize, Zeroizing<String>)> = Vec::new();
    let close = text.trim_end().len() - 1;
    let mut empty = members.is_empty();
    for (key, value) in changes {
        let mut spans = members.iter().filter(|(name, _)| name == key).peekable();
        if spans.peek().is_none() {
            let comma = if std::mem::take(&mut empty) { "" } else { "," };
            let member = Zeroizing::new(format!("{comma}\"{key}\":{}", *quoted(value)));
            // After the last value, before the white space in front of the brace.
            let end = text[..close].trim_end().len();
            edits.push((end, end, member));
        }
        for (_, raw) in spans {
            // The raw value is a slice of `body`, so its offset is the distance between the two.
            let start = offset + (raw.get().as_ptr() as usize - body.as_ptr() as usize);
            edits.push((start, start + raw.get().len(), quoted(value)));
        }
    }
    edits.sort_by_key(|(start, ..)| *start);
    let longer: usize = edits.iter().map(|(.., new)| new.len()).sum();
    let mut result = Zeroizing::new(String::with_capacity(text.len() + longer));
    let mut done = 0;
    for (start, end, new) in edits {
        result.push_str(&text[done..start]);
        result.push_str(&new);
        done = end;
    }
    result.push_str(&text[done..]);
    Ok(result)
}

/// Collects an object's members in the order of the text, duplicates included.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            members.push((Cow::Owned(key), map.next_value()?));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_values_change() {
        for (before, after) in [
            (r#"{"a":1.0,"t":"old","n":1e5}"#, r#"{"a":1.0,"t":"new","n":1e5}"#),
            (
                "{\n  \"t\" : \"o\\u006cd\",\n  \"z\": {\"t\": 1}\n}\n",
                "{\n  \"t\" : \"new\",\n  \"z\": {\"t\": 1}\n}\n",
            ),
            (r#"{"t":null,"t":"twice"}"#, r#"{"t":"new","t":"new"}"#),
            (r#"{"\u0074":"old"}"#, r#"{"\u0074":"new"}"#),
            ("{\n  \"a\": 1\n}\n", "{\n  \"a\": 1,\"t\":\"new\"\n}\n"),
            ("{}", r#"{"t":"new"}"#),
            (" { } ", r#" {"t":"new" } "#),
            ("\u{feff}{\"t\":{\"deep\":[1]},\"é\":\"ü\"}", "\u{feff}{\"t\":\"new\",\"é\":\"ü\"}"),
        ] {
            let spliced = splice(before, &[("t", "new")]).expect(before);
            assert_eq!(spliced.as_str(), after, "{before}");
        }
    }

    #[test]
    fn values_are_quoted_and_new_keys_keep_their_order() {
        let spliced = splice(r#"{"b":2}"#, &[("x", "a\"b\\c"), ("b", "3"), ("y", "")]).expect("an object");
        assert_eq!(spliced.as_str(), r#"{"b":"3","x":"a\"b\\c","y":""}"#);
    }

    #[test]
    fn text_that_is_not_an_object_is_refused() {
        for text in ["", "[]", "{\"a\":", "{} x", "null"] {
            assert!(splice(text, &[("t", "new")]).is_err(), "{text}");
        }
    }
}
