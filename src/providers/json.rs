//! Lenient readers of values in undocumented responses.

use crate::quota::timestamp;
pub use crate::text::label as tidy;
use chrono::{DateTime, Utc};
use serde_json::Value;
use zeroize::Zeroize;

/// A finite number, or a string that is one; `%` at its end is taken off.
pub fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => {
            let text = text.trim();
            text.strip_suffix('%').unwrap_or(text).trim_end().parse().ok()?
        }
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// A number that may be an amount of dollars: "$12.50".
pub fn amount(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some(text) => number(&Value::from(text.trim().trim_start_matches('$'))),
        None => number(value),
    }
}

/// The percentage that `part` is of `whole`. `None` where there is no whole.
pub fn percentage(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole * 100.0)
}

/// The moment of a reset. `None` for 0 and before: there is no such moment.
pub fn reset(value: &Value) -> Option<DateTime<Utc>> {
    timestamp::parse(value).filter(|at| *at > DateTime::UNIX_EPOCH)
}

/// `nimbus_quill` → "Nimbus quill".
pub fn readable(key: &str) -> String {
    let spaced = tidy(&key.replace('_', " "));
    let mut letters = spaced.chars();
    letters.next().map_or_else(|| "Unnamed".to_owned(), |first| first.to_uppercase().chain(letters).collect())
}

/// A string that is not empty, made fit for a menu.
pub fn text(value: &Value) -> Option<String> {
    Some(tidy(value.as_str()?)).filter(|text| !text.is_empty())
}

/// The error of a response without anything to show.
pub fn nothing_in(document: &Value) -> String {
    match error_kind(document) {
        Some(kind) => format!("the response has an error ({kind}) and no quota window"),
        None => "the response has no quota window".into(),
    }
}

/// Overwrites every string in a JSON value.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(object) => object.values_mut().for_each(wipe),
        _ => {}
    }
}

/// The kind of error in an error envelope, `{"error": {"type": …}}` or `{"error": "…"}`, where it is
/// a plain word: a whole message could hold anything, a token included.
pub fn error_kind(document: &Value) -> Option<String> {
    let error = document.get("error")?;
    let kind = error.get("type").or_else(|| error.get("code")).unwrap_or(error).as_str()?;
    let plain = kind.len() <= 40 && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    plain.then(|| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn number_is_read_with_and_without_quotes() {
        for (value, expected) in [
            (json!(12), Some(12.0)),
            (json!(12.5), Some(12.5)),
            (json!("12%"), Some(12.0)),
            (json!(" 12.5 % "), Some(12.5)),
            (json!("NaN"), None),
            (json!("inf"), None),
            (json!("twelve"), None),
            (json!(""), None),
            (json!(null), None),
            (json!(true), None),
            (json!([1]), None),
        ] {
            assert_eq!(number(&value), expected, "{value}");
        }
    }

    #[test]
    fn text_of_hidden_characters_only_is_none() {
        assert_eq!(text(&json!(" a\u{202e}\nb ")), Some("a b".into()));
        assert_eq!(text(&json!(" \u{200b} ")), None);
    }

    #[test]
    fn error_kind_is_a_plain_word_or_none() {
        assert_eq!(
            error_kind(&json!({"error": {"type": "overloaded_error"}})),
            Some("overloaded_error".into())
        );
        assert_eq!(error_kind(&json!({"error": "invalid_grant"})), Some("invalid_grant".into()));
        assert_eq!(error_kind(&json!({"error": "token sk-ant-oat01-abc is bad"})), None);
        assert_eq!(error_kind(&json!({"error": null})), None);
    }
}
