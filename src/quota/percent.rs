//! Percentages: how they are rounded, and when one is below a threshold. The one place for both, so that a row that
//! says "20% left" is not marked as low.

/// A percentage as it is stored: finite, 0 to 100, two decimals. What is above 0 or below 100 stays so when it is
/// rounded, since 0 and 100 mean "none" and "all". `None`: `value` is not a number (NaN).
pub fn normalise(value: f64) -> Option<f64> {
    let smallest = 0.01;
    match value {
        _ if value.is_nan() => None,
        // −0 as well.
        _ if value <= 0.0 => Some(0.0),
        _ if value >= 100.0 => Some(100.0),
        _ => Some(to_hundredths(value).clamp(smallest, 100.0 - smallest)),
    }
}

/// 100 minus `value`, rounded to two decimals: 27.3, not 27.299999999999997.
pub fn remaining(value: f64) -> f64 {
    to_hundredths(100.0 - value).max(0.0)
}

/// A percentage as a ratio from 0 to 1, with four decimals.
pub fn ratio(value: f64) -> f64 {
    (value * 100.0).round() / 10_000.0
}

/// A percentage as it is shown: rounded to whole numbers, halves up; values between 0 and 1 are returned unchanged
/// (displayed as "under 1%").
pub fn rounded(value: f64) -> f64 {
    if value > 0.0 && value < 1.0 { value } else { value.max(0.0).round() + 0.0 }
}

/// Whether `left`, rounded as displayed, is below `threshold` (both in percent).
pub fn is_below(left: f64, threshold: f64) -> bool {
    rounded(left) < threshold
}

fn to_hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_at_most_two_decimals() {
        for (value, normalised) in [
            (72.7, 72.7),
            (100.0 - 72.7, 27.3),
            (33.333_333, 33.33),
            (0.001, 0.01),
            (99.999, 99.99),
            (-5.0, 0.0),
            (120.0, 100.0),
            (f64::INFINITY, 100.0),
        ] {
            assert_eq!(normalise(value), Some(normalised), "{value}");
        }
        assert_eq!(normalise(f64::NAN), None);
        for hundredths in 0..=10_000 {
            let used = f64::from(hundredths) / 100.0;
            let left = remaining(used);
            assert!(left.to_string().len() <= "99.99".len(), "{used}: {left}");
            assert!(ratio(left).to_string().len() <= "0.9999".len(), "{left}: {}", ratio(left));
        }
    }

    #[test]
    fn threshold_is_compared_with_what_is_shown() {
        for (left, threshold, below) in [
            (19.5, 20.0, false),
            (19.6, 20.0, false),
            (19.49, 20.0, true),
            (20.0, 20.0, false),
            (0.6, 1.0, true),
            (0.6, 0.5, false),
            (0.0, 0.5, true),
            (1.0, 1.0, false),
            (2.6, 2.5, false),
            (2.4, 2.5, true),
        ] {
            assert_eq!(is_below(left, threshold), below, "{left} of {threshold}");
        }
    }
}
