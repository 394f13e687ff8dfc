//! The money in a response: extra usage, the spending of a seat that is billed by use, dollar credits.

use crate::providers::json::{number, readable, reset, text};
use crate::quota::money::{MAX_AMOUNT, main_unit, minor_digits};
use crate::quota::{DollarCredit, ExtraUsage};
use serde_json::{Map, Value};

/// Whether the account spends money, so that it may have no quota window at all (paseo#4383, #4507).
pub fn is_by_use(object: &Map<String, Value>) -> bool {
    extra_usage_is_on(object) == Some(true) || spend(object).is_some()
}

/// The amount spent: from `extra_usage`, else from `spend`, which has the same in another form.
pub fn extra_usage(object: &Map<String, Value>) -> Option<ExtraUsage> {
    let extra = object.get("extra_usage").filter(|_| extra_usage_is_on(object) == Some(true));
    let extra = extra.filter(|extra| extra.get("used_credits").is_some_and(|used| !used.is_null()));
    match extra {
        Some(extra) => from_extra_usage(extra),
        None => from_spend(spend(object)?),
    }
}

fn extra_usage_is_on(object: &Map<String, Value>) -> Option<bool> {
    object.get("extra_usage")?.get("is_enabled")?.as_bool()
}

/// `spend`, if it is enabled; where it has no flag, that of `extra_usage` decides.
fn spend(object: &Map<String, Value>) -> Option<&Value> {
    let spend = object.get("spend").filter(|spend| spend.is_object())?;
    let own = spend.get("enabled").and_then(Value::as_bool).or_else(|| extra_usage_is_on(object));
    own.unwrap_or_else(|| spend.get("used").is_some_and(Value::is_object)).then_some(spend)
}

fn from_extra_usage(value: &Value) -> Option<ExtraUsage> {
    let currency = value.get("currency").and_then(text).map(|code| code.to_uppercase());
    let digits = digits(value.get("decimal_places"), currency.as_deref())?;
    let money = |key| main_unit(number(value.get(key)?)?, digits);
    // An absurd limit (1e308 was seen) is none.
    Some(ExtraUsage { spent: money("used_credits")?, limit: money("monthly_limit"), currency })
}

/// `{"used": {"amount_minor", "currency", "exponent"}, "limit": {…} or null}`.
fn from_spend(value: &Value) -> Option<ExtraUsage> {
    let used = value.get("used")?;
    let currency = used.get("currency").and_then(text).map(|code| code.to_uppercase());
    let money = |money: &Value| {
        let digits = digits(money.get("exponent"), currency.as_deref())?;
        main_unit(number(money.get("amount_minor")?)?, digits)
    };
    Some(ExtraUsage { spent: money(used)?, limit: value.get("limit").and_then(money), currency })
}

/// The number of decimal digits of an amount: as given, else the currency's own. `None`: the given number makes no sense.
fn digits(given: Option<&Value>, currency: Option<&str>) -> Option<u32> {
    let Some(given) = given.filter(|given| !given.is_null()) else { return Some(minor_digits(currency)) };
    number(given)
        .filter(|given| given.fract() == 0.0 && (0.0..=9.0).contains(given))
        .map(|given| given as u32)
}

/// A bucket with a numeric `limit_dollars` holds a credit, and its reset is the credit's expiry.
pub fn is_credit(bucket: &Value) -> bool {
    bucket.get("limit_dollars").and_then(number).is_some()
}

/// The credit in a bucket under a code name.
pub fn credit(key: &str, bucket: &Value) -> Option<DollarCredit> {
    let dollars = |key| number(bucket.get(key)?).filter(|amount| (0.0..=MAX_AMOUNT).contains(amount));
    let limit = dollars("limit_dollars")?;
    let remaining =
        dollars("remaining_dollars").or_else(|| Some((limit - dollars("used_dollars")?).max(0.0)));
    let expires_at = bucket.get("resets_at").and_then(reset);
    Some(DollarCredit { title: readable(key), limit, remaining, expires_at })
}
