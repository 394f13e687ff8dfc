//! The icon as tray hosts use it: clicks, status, pictures, texts, colours.

use std::sync::mpsc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use futures_util::future;
use quota_tray::tray::icon;
use zbus::{Variant, fdo, interface};

use super::*;
use crate::common::{Background, HostSignal, Response, claude_usage, poll_until};

#[test]
fn left_button_opens_the_menu_and_the_middle_button_refreshes() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    assert!(fixture.host.icon().item_is_menu);
    assert_eq!(fixture.host.about_to_show(), Ok(false), "what changes is signalled");

    let token = fixture.account(ALICE).access_token().to_owned();
    let before = fixture.server.requests_with(&token).len();
    fixture.host.click_icon("SecondaryActivate").expect("a reply");
    fixture.server.wait_for_requests(&token, before + 1);
    quit(&fixture, program);
}

/// Plasma 5 opens the menu after the call has failed; LXQt, MATE and swaybar open none.
#[test]
fn host_that_opens_no_menu_gets_the_summary_as_a_notification() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    let fails = |method: &str| {
        let error = fixture.host.click_icon(method).expect_err("no such method").to_string();
        assert!(error.contains("UnknownMethod"), "{error}");
    };
    fails("Activate");
    fixture.host.about_to_show().expect("a reply");
    for (number, method) in [(1, "Activate"), (2, "ContextMenu")] {
        fails(method);
        let notifications = fixture.notifications.wait_for(number);
        assert_eq!(notifications.len(), number, "none where the menu was opened: {notifications:#?}");
        assert!(notifications[number - 1].says("42% left"), "{notifications:#?}");
    }
    quit(&fixture, program);
}

/// No timer runs while the menu is closed: its countdown is that of the last refresh, until it is opened.
#[test]
fn menu_that_is_opened_has_the_countdown_of_that_moment() {
    let fixture = Fixture::new().claude(ALICE);
    let account = fixture.account(ALICE);
    fixture.server.respond_with(account.access_token(), {
        let mut resets_at = None;
        move |_| {
            // Soon after the first response, an hour is no longer left.
            let resets_at = resets_at.get_or_insert_with(|| Utc::now() + TimeDelta::seconds(3602));
            let mut usage = claude_usage(&[("five_hour", 58.0)]);
            usage["five_hour"]["resets_at"] = resets_at.to_rfc3339().into();
            Response::from(usage)
        }
    });
    let program = fixture.spawn(&[]);
    let row = |menu: &Menu| {
        let rows = menu.labels().into_iter().map(str::to_owned);
        rows.into_iter().find(|row| row.contains("resets in")).unwrap_or_default()
    };
    let first = row(&fixture.host.menu_until(showing("42% left")));
    let signals = fixture.host.signals().len();
    // Two seconds, or a minute on a machine that took longer than that for the first menu.
    let is_other = poll_until(Duration::from_secs(90), || {
        fixture.host.about_to_show().expect("a reply");
        row(&fixture.host.menu()) != first
    });
    assert!(is_other && first.contains("resets in"), "still {first}");
    let of_menu = |signal: &&HostSignal| !matches!(signal, HostSignal::Icon(_));
    let signals: Vec<_> = fixture.host.signals()[signals..].iter().filter(of_menu).cloned().collect();
    assert!(
        !signals.is_empty()
            && signals.iter().all(|signal| matches!(signal, HostSignal::ItemsPropertiesUpdated { .. })),
        "the menu stays open: {signals:#?}"
    );
    quit(&fixture, program);
}

#[test]
fn icon_asks_for_attention_while_a_window_is_low_unless_that_is_switched_off() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    assert_eq!(fixture.host.icon().status, "Active");
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 91.0)]);
    refresh(&fixture, "9% left");
    fixture.host.icon_until(|icon| icon.status == "NeedsAttention");
    for signal in ["NewStatus", "NewAttentionIcon"] {
        assert!(fixture.host.signals().contains(&HostSignal::Icon(signal.into())), "{signal}");
    }
    fixture.set_config("attention = false");
    fixture.host.icon_until(|icon| icon.status == "Active");
    quit(&fixture, program);
}

#[test]
fn account_that_needs_its_owner_asks_for_attention() {
    let fixture = Fixture::new().claude(ALICE);
    std::fs::write(fixture.account(ALICE).file(), "{").expect("written");
    let program = fixture.spawn(&[]);
    fixture.host.icon_until(|icon| icon.status == "NeedsAttention");
    quit(&fixture, program);
}

#[test]
fn icon_without_accounts_is_passive_only_where_that_is_switched_on() {
    let fixture = Fixture::new();
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("No account is connected"));
    assert_eq!(fixture.host.icon().status, "Active");
    fixture.set_config("passive_without_accounts = true");
    fixture.host.icon_until(|icon| icon.status == "Passive");
    quit(&fixture, program);
}

#[test]
fn icon_is_offered_in_each_size() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    let icon = fixture.host.icon_until(|icon| icon.tooltip.text.contains("42%"));
    let sizes: Vec<_> = icon.pixmaps.iter().map(|pixmap| (pixmap.width, pixmap.height)).collect();
    assert_eq!(sizes, icon::SIZES.map(|size| (size as i32, size as i32)));
    quit(&fixture, program);
}

#[test]
fn texts_are_the_same_with_and_without_markup() {
    let email = "<b>bob&co_@example.com";
    let fixture = Fixture::new().config("show_title = true\nicon.shows = \"claude\"").claude(email);
    fixture.claude_used(&fixture.account(email), &[("five_hour", 99.5)]);
    let program = fixture.spawn(&[]);
    let icon = fixture.host.icon_until(|icon| icon.tooltip.text.contains("under 1%"));
    for text in [&icon.title, &icon.label, &icon.tooltip.title, &icon.tooltip.text] {
        assert!(!text.is_empty() && !text.contains(['<', '>', '&']), "{icon:#?}");
    }
    assert_eq!(icon.label, "under 1%");
    quit(&fixture, program);
}

/// The settings portal of a desktop with this color scheme.
struct Portal(u32);

#[interface(name = "org.freedesktop.portal.Settings")]
impl Portal {
    fn read(&self, namespace: &str, key: &str) -> fdo::Result<zbus::OwnedVariant> {
        match (namespace, key) {
            ("org.freedesktop.appearance", "color-scheme") => {
                // The method wraps the value once more.
                Variant::Variant(Box::new(Variant::U32(self.0)))
                    .try_into_owned()
                    .map_err(|error| fdo::Error::Failed(error.to_string()))
            }
            _ => Err(fdo::Error::UnknownProperty(key.to_owned())),
        }
    }
}

#[test]
fn icon_follows_the_color_scheme_of_the_desktop() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    let mut pictures = vec![fixture.host.icon().pixmaps];
    for scheme in [1, 2] {
        let (ready, started) = mpsc::channel();
        let client = fixture.bus.client();
        let portal = Background::spawn("portal", move || async move {
            let connection = client
                .serve_at("/org/freedesktop/portal/desktop", Portal(scheme))
                .name("org.freedesktop.portal.Desktop")
                .build()
                .await;
            ready.send(connection.expect("the portal could not start")).ok();
            future::pending().await
        });
        let connection = started.recv().expect("no portal");
        let icon = fixture.host.icon_until(|icon| !pictures.contains(&icon.pixmaps));
        pictures.push(icon.pixmaps);
        futures_lite::future::block_on(connection.close()).ok();
        drop(portal);
    }
    quit(&fixture, program);
}
