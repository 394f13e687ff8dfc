//! Amounts of money as providers send them: whole numbers of a currency's minor unit.

/// Amounts beyond this, in the currency's main unit, are mistakes: no account spends a trillion, not even in won.
pub const MAX_AMOUNT: f64 = 1e12;

/// How many decimal digits a currency has, by ISO 4217. `None`, and codes not listed here: 2.
pub fn minor_digits(currency: Option<&str>) -> u32 {
    match currency {
        Some(
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
            | "VND" | "VUV" | "XAF" | "XOF" | "XPF",
        ) => 0,
        Some("BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND") => 3,
        Some("CLF" | "UYW") => 4,
        _ => 2,
    }
}

/// An amount in the currency's main unit. `None`: it is negative, or more than [`MAX_AMOUNT`].
pub fn main_unit(minor: f64, digits: u32) -> Option<f64> {
    let amount = minor / 10_f64.powi(i32::try_from(digits).ok()?);
    // Adding 0 turns −0 into 0.
    (0.0..=MAX_AMOUNT).contains(&amount).then_some(amount + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currency_has_the_digits_of_iso_4217() {
        for (currency, digits) in [
            (None, 2),
            (Some("USD"), 2),
            (Some("JPY"), 0),
            (Some("KRW"), 0),
            (Some("KWD"), 3),
            (Some("?"), 2),
        ] {
            assert_eq!(minor_digits(currency), digits, "{currency:?}");
        }
    }

    #[test]
    fn impossible_amount_is_none() {
        for (minor, digits, amount) in [
            (320.0, 2, Some(3.2)),
            (320.0, 0, Some(320.0)),
            (-0.0, 2, Some(0.0)),
            (-1.0, 2, None),
            (1e308, 2, None),
            (f64::INFINITY, 2, None),
            (f64::NAN, 2, None),
            (5.0, u32::MAX, None),
        ] {
            assert_eq!(main_unit(minor, digits), amount, "{minor} {digits}");
        }
    }
}
