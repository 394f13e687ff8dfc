//! The desktop: the session bus, the tray host, the notification server; and which system this is.

use crate::app::context::Context;
use crate::cli::doctor::finding::{Finding, bad, good};
use crate::engine::state_dir::StateDir;
use crate::presenter::format;
use crate::tray::notify;

/// The program, the system, the desktop.
pub fn versions() -> Finding {
    let desktop =
        ["XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE"].map(|name| std::env::var(name).unwrap_or_default());
    let desktop = match desktop.each_ref().map(String::as_str) {
        ["", ""] => String::new(),
        ["", session] => format!(", {session}"),
        [desktop, ""] => format!(", {desktop}"),
        [desktop, session] => format!(", {desktop} on {session}"),
    };
    let system = system().unwrap_or_else(|| std::env::consts::OS.to_owned());
    good(
        "versions",
        format!("quota-tray {}, {system}, {}{desktop}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH),
    )
}

/// Why no notification is shown now, although all is well. `None`: they are shown.
pub fn held_back(context: &Context) -> Option<Finding> {
    let (now, locale) = (crate::platform::clock::now(), context.locale);
    let alerts = StateDir::new(&context.paths.state_dir).alerts();
    if let Some(until) = alerts.snoozed_until(now) {
        let until = format::clock_time(until, now, locale);
        return Some(good("notifications", format!("snoozed until {until}")));
    }
    let hours = context.settings.quiet.at(locale.wall_time(now).time())?;
    Some(good("notifications", format!("quiet hours until {}", format::time_of_day(hours.to, locale))))
}

/// "Debian GNU/Linux 13 (trixie), kernel 6.12.1". `None`: unknown.
#[cfg(all(unix, not(target_os = "macos")))]
fn system() -> Option<String> {
    let release = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())?;
    let name =
        release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?.trim_matches('"').to_owned();
    match std::fs::read_to_string("/proc/sys/kernel/osrelease") {
        Ok(kernel) => Some(format!("{name}, kernel {}", kernel.trim())),
        Err(_) => Some(name),
    }
}

/// "macOS 15.1". `None`: unknown.
#[cfg(target_os = "macos")]
fn system() -> Option<String> {
    let text = std::fs::read_to_string("/System/Library/CoreServices/SystemVersion.plist").ok()?;
    let after = text.split_once("<key>ProductVersion</key>")?.1;
    let version = after.split_once("<string>")?.1.split_once("</string>")?.0;
    Some(format!("macOS {version}"))
}

#[cfg(windows)]
fn system() -> Option<String> {
    None
}

/// The session bus, the tray host and the notification server.
pub async fn check(notify: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    #[cfg(all(unix, not(target_os = "macos")))]
    {
        use crate::presenter::tray_host::TrayHostStatus;
        let host = crate::tray::backend::status_notifier::session_bus::tray_host_status().await;
        if host == TrayHostStatus::NoSessionBus {
            let remedy = "start quota-tray in a desktop session or with dbus-run-session; `quota-tray status` works \
                          without it";
            findings.push(bad("session bus", "not found; icon and notifications need it", remedy));
            return findings;
        }
        findings.push(good("session bus", "available"));
        findings.push(match host {
            TrayHostStatus::Present => good("tray host", "available"),
            TrayHostStatus::NotResponding => {
                bad("tray host", "not responding", "restart the panel")
            }
            TrayHostStatus::Missing | TrayHostStatus::NoSessionBus => bad(
                "tray host",
                "not found",
                "GNOME needs the AppIndicator extension; a bar without StatusNotifier support needs snixembed",
            ),
        });
    }
    findings.push(match notify::server().await {
        Ok(server) => good("notifications", server),
        Err(error) => bad("notifications", error, "start a notification server, such as dunst or mako"),
    });
    if notify {
        let text = "This is a test notification.";
        findings.push(match notify::send_one("Quota Tray", text).await {
            Ok(()) => good("notifications", "test notification sent; it should be visible"),
            Err(error) => {
                bad("notifications", format!("could not send a test notification: {error}"), "see above")
            }
        });
    }
    findings
}
