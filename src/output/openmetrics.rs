//! `status --format openmetrics`.

use crate::presenter::Presenter;
use crate::quota::{AccountUsage, Window, percent};
use std::fmt::Write;

/// Gauges in the OpenMetrics text format, for a textfile collector or a small exporter.
///
/// See <https://prometheus.io/docs/specs/om/open_metrics_spec>.
pub fn openmetrics(presenter: &Presenter<'_>) -> String {
    let mut text = String::new();
    let mut gauge = |name: &str, unit: &str, help: &str, samples: Vec<(String, f64)>| {
        // Writing to a string can't fail.
        let _ = writeln!(text, "# TYPE {name} gauge");
        if !unit.is_empty() {
            let _ = writeln!(text, "# UNIT {name} {unit}");
        }
        let _ = writeln!(text, "# HELP {name} {help}");
        for (labels, value) in samples {
            let _ = writeln!(text, "{name}{{{labels}}} {value}");
        }
    };
    let windows = |value: &dyn Fn(&Window) -> Option<f64>| {
        let mut samples = Vec::new();
        for usage in presenter.snapshot.enabled_and_hidden() {
            for window in usage.windows().iter().filter(|window| !usage.is_unconfirmed(window, presenter.now))
            {
                let labels = format!("{},window=\"{}\"", labels(presenter, usage), escape_label(&window.key));
                samples.extend(value(window).map(|value| (labels, value)));
            }
        }
        samples
    };
    gauge(
        "quota_tray_window_remaining_ratio",
        "ratio",
        "Fraction of the quota window that is left, from 0 to 1.",
        windows(&|window| Some(percent::ratio(window.remaining_percent()))),
    );
    gauge(
        "quota_tray_window_reset_timestamp_seconds",
        "seconds",
        "When the quota window resets, in seconds since the Unix epoch.",
        windows(&|window| Some(window.resets_at?.timestamp() as f64)),
    );
    let up = presenter
        .snapshot
        .enabled_and_hidden()
        .map(|usage| (labels(presenter, usage), f64::from(u8::from(usage.error.is_none()))));
    gauge(
        "quota_tray_account_up",
        "",
        "Whether the last usage request succeeded (1) or not (0).",
        up.collect(),
    );
    text.push_str("# EOF\n");
    text
}

fn labels(presenter: &Presenter<'_>, usage: &AccountUsage) -> String {
    // Two logins of one person differ in the file only, and no two samples may have the same labels.
    let account = usage.account.address(presenter.settings.hide_email);
    let same = |other: &&AccountUsage| {
        other.account.provider == usage.account.provider
            && other.account.address(presenter.settings.hide_email) == account
    };
    let alike: Vec<_> = presenter.snapshot.enabled_and_hidden().filter(same).collect();
    let name = match alike.iter().position(|other| other.account.id == usage.account.id) {
        Some(place) if alike.len() > 1 && presenter.settings.hide_email => {
            format!("{account} ({})", place + 1)
        }
        Some(_) if alike.len() > 1 => usage.account.id.to_string(),
        _ => account,
    };
    format!("provider=\"{}\",account=\"{}\"", usage.account.provider.key(), escape_label(&name))
}

fn escape_label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::test_snapshot::{present, snapshot};

    #[test]
    fn logins_with_one_address_have_different_labels() {
        assert_eq!(
            present(&snapshot(&[("a", Some(58.0)), ("b", None)]), openmetrics),
            "# TYPE quota_tray_window_remaining_ratio gauge\n\
             # UNIT quota_tray_window_remaining_ratio ratio\n\
             # HELP quota_tray_window_remaining_ratio Fraction of the quota window that is left, from 0 to 1.\n\
             quota_tray_window_remaining_ratio{provider=\"claude\",account=\"a.json\",window=\"five_hour\"} 0.42\n\
             # TYPE quota_tray_window_reset_timestamp_seconds gauge\n\
             # UNIT quota_tray_window_reset_timestamp_seconds seconds\n\
             # HELP quota_tray_window_reset_timestamp_seconds When the quota window resets, in seconds since the Unix epoch.\n\
             quota_tray_window_reset_timestamp_seconds{provider=\"claude\",account=\"a.json\",window=\"five_hour\"} 1800007800\n\
             # TYPE quota_tray_account_up gauge\n\
             # HELP quota_tray_account_up Whether the last usage request succeeded (1) or not (0).\n\
             quota_tray_account_up{provider=\"claude\",account=\"a.json\"} 1\n\
             quota_tray_account_up{provider=\"claude\",account=\"b.json\"} 0\n\
             # EOF\n"
        );
        assert!(present(&snapshot(&[("a", Some(58.0))]), openmetrics).contains("account=\"a\\\"b@x\""));
    }
}
