//! What `status` prints for bars and collectors.

use crate::presenter::format;
use crate::presenter::icon_state::IconState;
use crate::quota::{AccountUsage, Window, percent};
use crate::text;
use crate::tray::menu::{self, Presenter};
use serde_json::json;
use std::fmt::Write;

/// One line of JSON for a custom module of Waybar: text, tooltip, class, percentage.
///
/// See <https://man.archlinux.org/man/waybar-custom.5>.
pub fn waybar(view: &Presenter<'_>) -> String {
    let lowest = view.snapshot.lowest(view.now).map(|(_, window)| window.remaining_percent());
    let line = json!({
        // Both are Pango markup.
        "text": text::markup(&short(view)),
        "tooltip": text::markup(menu::as_text(&view.accounts()).trim_end()),
        "class": class(view.face()),
        "percentage": lowest.map(|left| percent::shown(left).ceil() as u8),
    });
    format!("{line}\n")
}

/// The three lines of i3blocks: full text, short text, colour. They are Pango markup where the block has
/// `markup=pango`, and not otherwise, so they hold nothing that would have to be escaped.
///
/// See <https://vivien.github.io/i3blocks>.
pub fn i3blocks(view: &Presenter<'_>) -> String {
    let short = short(view);
    let full = match view.snapshot.lowest(view.now) {
        Some((usage, window)) => {
            let title = window.title.replace('&', "+").replace('<', "‹").replace('>', "›");
            format!("{} {title} {short} left", usage.account.provider.name())
        }
        None => short.clone(),
    };
    let colour = match view.face() {
        IconState::Fine(_) => "#14995A",
        IconState::Low(_) => "#D2690C",
        IconState::Exhausted | IconState::Error => "#DC3F45",
        IconState::NoAccounts | IconState::Refreshing => "#7B8088",
    };
    format!("{full}\n{short}\n{colour}\n")
}

/// Gauges in the OpenMetrics text format, for a textfile collector or a small exporter.
///
/// See <https://prometheus.io/docs/specs/om/open_metrics_spec>.
pub fn openmetrics(view: &Presenter<'_>) -> String {
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
        for usage in view.snapshot.enabled() {
            for window in usage.windows().iter().filter(|window| !usage.is_unconfirmed(window, view.now)) {
                let labels = format!("{},window=\"{}\"", labels(view, usage), escape_label(&window.key));
                samples.extend(value(window).map(|value| (labels, value)));
            }
        }
        samples
    };
    gauge(
        "quota_tray_window_remaining_ratio",
        "ratio",
        "What is left of a quota window, from 0 to 1.",
        windows(&|window| Some(percent::ratio(window.remaining_percent()))),
    );
    gauge(
        "quota_tray_window_reset_timestamp_seconds",
        "seconds",
        "When a quota window is given back, in seconds since 1970.",
        windows(&|window| Some(window.resets_at?.timestamp() as f64)),
    );
    let up = view
        .snapshot
        .enabled()
        .map(|usage| (labels(view, usage), f64::from(u8::from(usage.error.is_none()))));
    gauge("quota_tray_account_up", "", "Whether the last question was answered well.", up.collect());
    text.push_str("# EOF\n");
    text
}

/// "42%", or a word or two where there is no number.
fn short(view: &Presenter<'_>) -> String {
    match view.snapshot.lowest(view.now) {
        Some((_, window)) => format::percent(window.remaining_percent()),
        None => match view.face() {
            IconState::NoAccounts => "no account".into(),
            IconState::Error => "error".into(),
            _ if view.has_no_window() => "no quota".into(),
            _ => "…".into(),
        },
    }
}

fn class(face: IconState) -> &'static str {
    match face {
        IconState::Fine(_) => "fine",
        IconState::Low(_) => "low",
        IconState::Exhausted => "exhausted",
        IconState::Error => "error",
        IconState::NoAccounts => "no-accounts",
        IconState::Refreshing => "unknown",
    }
}

fn labels(view: &Presenter<'_>, usage: &AccountUsage) -> String {
    // Two logins of one person differ in the file only, and no two samples may have the same labels.
    let account = usage.account.name(view.settings.hide_email);
    let same = |other: &&AccountUsage| {
        other.account.provider == usage.account.provider
            && other.account.name(view.settings.hide_email) == account
    };
    let alike: Vec<_> = view.snapshot.enabled().filter(same).collect();
    let name = match alike.iter().position(|other| other.account.id == usage.account.id) {
        Some(place) if alike.len() > 1 && view.settings.hide_email => format!("{account} ({})", place + 1),
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
    use crate::config::Settings;
    use crate::presenter::format::Zone;
    use crate::quota::{Account, AccountId, Failure, Provider, Snapshot, Usage};
    use chrono::{DateTime, Utc};
    use std::path::Path;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("in range")
    }

    fn snapshot(used: &[(&str, Option<f64>)]) -> Snapshot {
        let mut snapshot = Snapshot { updated_at: Some(at(0)), ..Snapshot::default() };
        for (id, used) in used {
            let account = Account {
                id: AccountId::file(format!("{id}.json")),
                provider: Provider::Claude,
                email: "a\"b@x".into(),
                identity: None,
            };
            let mut usage = AccountUsage::unknown(account);
            let reading = used.map(|used| {
                let mut window = Window::new("five_hour", "5-hour", used).expect("a number");
                window.resets_at = Some(at(7_800));
                Usage { windows: vec![window], ..Usage::default() }
            });
            usage.settle(reading.ok_or(Failure::SignInAgain), at(0));
            snapshot.accounts.push(usage);
        }
        snapshot
    }

    fn with_view(snapshot: &Snapshot, print: impl Fn(&Presenter<'_>) -> String) -> String {
        let settings = Settings::default();
        let auth_dir = Path::new("/auth");
        print(&Presenter {
            snapshot,
            settings: &settings,
            auth_dir,
            problem: None,
            starts_at_login: None,
            now: at(0),
            zone: Zone::UTC,
        })
    }

    #[test]
    fn waybar_gets_one_line_with_a_class() {
        let line = with_view(&snapshot(&[("a", Some(99.5))]), waybar);
        let json: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(
            (line.matches('\n').count(), &json["text"], &json["class"]),
            (1, &json!("under 1%"), &json!("low"))
        );
        assert_eq!(json["percentage"], json!(1));
        assert!(json["tooltip"].as_str().expect("text").contains("under 1% left"), "{line}");
        let line = with_view(&snapshot(&[("a", Some(99.7))]), waybar);
        let json: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(json["percentage"], json!(1), "0 is used up");
        let line = with_view(&snapshot(&[("a", Some(80.4))]), waybar);
        assert!(line.contains("\"class\":\"fine\"") && line.contains("20%"), "{line}");
        let none = with_view(&snapshot(&[]), waybar);
        assert!(none.contains("\"class\":\"no-accounts\"") && none.contains("\"percentage\":null"), "{none}");
    }

    #[test]
    fn i3blocks_gets_three_lines() {
        let print = |used| with_view(&snapshot(&[("a", used)]), i3blocks);
        assert_eq!(print(Some(58.0)), "Claude 5-hour 42% left\n42%\n#14995A\n");
        assert_eq!(print(Some(100.0)), "Claude 5-hour 0% left\n0%\n#DC3F45\n");
        assert_eq!(print(None), "error\nerror\n#DC3F45\n");
    }

    #[test]
    fn openmetrics_tells_two_logins_of_one_person_apart() {
        assert_eq!(
            with_view(&snapshot(&[("a", Some(58.0)), ("b", None)]), openmetrics),
            "# TYPE quota_tray_window_remaining_ratio gauge\n\
             # UNIT quota_tray_window_remaining_ratio ratio\n\
             # HELP quota_tray_window_remaining_ratio What is left of a quota window, from 0 to 1.\n\
             quota_tray_window_remaining_ratio{provider=\"claude\",account=\"a.json\",window=\"five_hour\"} 0.42\n\
             # TYPE quota_tray_window_reset_timestamp_seconds gauge\n\
             # UNIT quota_tray_window_reset_timestamp_seconds seconds\n\
             # HELP quota_tray_window_reset_timestamp_seconds When a quota window is given back, in seconds since 1970.\n\
             quota_tray_window_reset_timestamp_seconds{provider=\"claude\",account=\"a.json\",window=\"five_hour\"} 1800007800\n\
             # TYPE quota_tray_account_up gauge\n\
             # HELP quota_tray_account_up Whether the last question was answered well.\n\
             quota_tray_account_up{provider=\"claude\",account=\"a.json\"} 1\n\
             quota_tray_account_up{provider=\"claude\",account=\"b.json\"} 0\n\
             # EOF\n"
        );
        assert!(with_view(&snapshot(&[("a", Some(58.0))]), openmetrics).contains("account=\"a\\\"b@x\""));
    }
}
