//! How the facts of an account read: its plan, money, credits.

use crate::presenter::Locale;
use crate::presenter::format::{capitalise, clock_time, number};
use crate::quota::money::minor_digits;
use crate::quota::{CreditBalance, DollarCredit, ExtraUsage, Fact, Usage};
use chrono::{DateTime, Utc};

impl Usage {
    /// A row for each fact, the plan first.
    pub fn fact_labels(&self, now: DateTime<Utc>, locale: Locale) -> Vec<String> {
        let plan = self.plan_label().map(|plan| format!("Plan: {plan}"));
        let facts = self.facts.iter().map(|fact| fact.label(now, locale));
        plan.into_iter().chain(self.spending_label(locale)).chain(facts).collect()
    }

    /// The plan's name: "Pro Lite". `None`: not reported.
    pub fn plan_label(&self) -> Option<String> {
        self.plan.as_deref().map(plan_name)
    }

    /// "Extra usage $3.20 of $50.00". `None`: not enabled, or not reported.
    pub fn spending_label(&self, locale: Locale) -> Option<String> {
        self.extra_usage.as_ref().map(|extra| spending(extra, self.windows.is_empty(), locale))
    }
}

impl Fact {
    /// One row, without a full stop.
    pub fn label(&self, now: DateTime<Utc>, locale: Locale) -> String {
        match self {
            Fact::Credit(credit) => dollar_credit(credit, now, locale),
            Fact::ResetCredits(1) => "1 reset credit".into(),
            Fact::ResetCredits(count) => format!("{count} reset credits"),
            Fact::Credits(CreditBalance::Unlimited) => "Unlimited credits".into(),
            Fact::Credits(CreditBalance::Available) => "Credits available".into(),
            Fact::Credits(CreditBalance::Left(1.0)) => "1 credit left".into(),
            Fact::Credits(CreditBalance::Left(left)) => {
                let decimals = if left.fract() == 0.0 { 0 } else { 2 };
                format!("{} credits left", number(*left, decimals, locale))
            }
        }
    }
}

/// A plan's name: "prolite" → "Pro Lite". Names that are not known are made readable.
fn plan_name(plan: &str) -> String {
    match plan {
        "prolite" => "Pro Lite".into(),
        "k12" => "K-12".into(),
        "self_serve_business_usage_based" => "Business (usage-based)".into(),
        "enterprise_cbp_usage_based" => "Enterprise (usage-based)".into(),
        other => capitalise(&other.replace(['_', '-'], " ")),
    }
}

/// "Extra usage $3.20 of $50.00"; where there is no window for it to be extra to, "Spent $3.20 of $50.00".
fn spending(extra: &ExtraUsage, is_all: bool, locale: Locale) -> String {
    let money = |amount| money(amount, extra.currency.as_deref(), locale);
    let what = if is_all { "Spent" } else { "Extra usage" };
    let spent = money(extra.spent);
    match extra.limit {
        None => format!("{what} {spent}, no limit"),
        Some(0.0) => format!("{what} {spent}, no limit set"),
        Some(limit) => format!("{what} {spent} of {}", money(limit)),
    }
}

/// "Cinder cove credit: $75.00 of $100.00 left, expires 1 Oct, 02:00".
fn dollar_credit(credit: &DollarCredit, now: DateTime<Utc>, locale: Locale) -> String {
    let dollars = |amount| money(amount, None, locale);
    let amount = match credit.remaining {
        Some(remaining) => format!("{} of {} left", dollars(remaining), dollars(credit.limit)),
        None => dollars(credit.limit),
    };
    let expiry = credit.expires_at.map_or_else(String::new, |at| {
        let verb = if at > now { "expires" } else { "expired" };
        format!(", {verb} {}", clock_time(at, now, locale))
    });
    format!("{} credit: {amount}{expiry}", credit.title)
}

/// "$3.20", "320 JPY". No currency: US dollars.
fn money(amount: f64, currency: Option<&str>, locale: Locale) -> String {
    let amount = number(amount, minor_digits(currency) as usize, locale);
    match currency {
        None | Some("USD") => format!("${amount}"),
        Some("EUR") => format!("€{amount}"),
        Some("GBP") => format!("£{amount}"),
        Some(other) => format!("{amount} {other}"),
    }
}
