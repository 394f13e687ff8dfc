//! Values with a limited range.

use serde::{Deserialize, Deserializer, de};
use std::ops::RangeInclusive;

/// A whole number in a range. The error says what was expected, without repeating the value (see `config/problem.rs`).
///
/// # Errors
/// It is not a whole number, or out of `range`.
pub fn in_range<'de, D: Deserializer<'de>>(
    deserializer: D,
    range: RangeInclusive<u32>,
    expected: &str,
) -> Result<u32, D::Error> {
    let value = i64::deserialize(deserializer)?;
    u32::try_from(value)
        .ok()
        .filter(|value| range.contains(value))
        .ok_or_else(|| de::Error::custom(format!("expected {expected}")))
}

/// Percentages above 0 and below 100.
///
/// # Errors
/// It is not a list of numbers, or one of them is out of range.
pub fn thresholds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::<f64>::deserialize(deserializer)?;
    match values.iter().all(|value| *value > 0.0 && *value < 100.0) {
        true => Ok(values),
        false => Err(de::Error::custom("expected percentages above 0 and below 100 (0 % always notifies)")),
    }
}
