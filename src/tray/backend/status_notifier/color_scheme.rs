//! Whether the desktop prefers dark or light colours, from the settings portal (`color-scheme`).
//!
//! <https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Settings.html>

use crate::tray::backend::status_notifier::signal_count::count;
use tokio::sync::watch;
use zbus::fdo::DBusProxy;
use zbus::message::Type;
use zbus::names::BusName;
use zbus::{Connection, MatchRule, MessageStream, OwnedVariant, Variant};

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const SETTINGS: &str = "org.freedesktop.portal.Settings";
const APPEARANCE: &str = "org.freedesktop.appearance";
const COLOR_SCHEME: &str = "color-scheme";

/// The colours that the desktop prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorScheme {
    /// It has no preference, or there is no portal. Then GNOME's panel is black, and others are light.
    Unknown,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

/// Reports the colour scheme now and after each change; it may be the same as before. Does not start the portal.
/// Returns only when the bus is gone.
///
/// # Errors
/// The bus is gone.
pub async fn follow(connection: &Connection, report: impl Fn(ColorScheme)) -> zbus::Result<()> {
    let bus = DBusProxy::new(connection).await?;
    let owners = bus.receive_name_owner_changed_with_args(&[(0, PORTAL)]).await?;
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(PORTAL)
        .path(PATH)
        .interface(SETTINGS)
        .member("SettingChanged")
        .arg(0, APPEARANCE)
        .build()?;
    let changes = MessageStream::for_match_rule(rule, connection, None).await?;
    let (counter, mut changed) = watch::channel(0);
    let follow = async {
        loop {
            changed.mark_unchanged();
            if bus.name_has_owner(BusName::try_from(PORTAL)?).await? {
                // The value is read, not taken from the signal: two streams don't keep the order of their signals.
                report(read(connection).await.unwrap_or(ColorScheme::Unknown));
            }
            if changed.changed().await.is_err() {
                return Ok(());
            }
        }
    };
    tokio::select! {
        () = count(owners, &counter) => Ok(()),
        () = count(changes, &counter) => Ok(()),
        result = follow => result,
    }
}

/// `None`: the portal has no such setting.
async fn read(connection: &Connection) -> Option<ColorScheme> {
    let setting = (APPEARANCE, COLOR_SCHEME);
    // `ReadOne` is newer (version 2 of the interface, 2023); `Read` returns a variant in a variant.
    let reply = connection.call_method(Some(PORTAL), PATH, Some(SETTINGS), "Read", &setting).await.ok()?;
    let value = reply.body().deserialize::<OwnedVariant>().ok()?;
    Some(color_scheme(&value))
}

fn color_scheme(value: &Variant<'_>) -> ColorScheme {
    match value {
        Variant::Variant(value) => color_scheme(value),
        Variant::U32(1) => ColorScheme::Dark,
        Variant::U32(2) => ColorScheme::Light,
        _ => ColorScheme::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_read_with_and_without_a_variant_around_it() {
        for (value, scheme) in [
            (0, ColorScheme::Unknown),
            (1, ColorScheme::Dark),
            (2, ColorScheme::Light),
            (3, ColorScheme::Unknown),
        ] {
            assert_eq!(color_scheme(&Variant::U32(value)), scheme);
            assert_eq!(color_scheme(&Variant::Variant(Box::new(Variant::U32(value)))), scheme);
        }
        assert_eq!(color_scheme(&Variant::Bool(true)), ColorScheme::Unknown);
    }
}
