//! Serves the icon on the session bus, on a new connection whenever the bus comes back, for as long as the program
//! runs.

use crate::platform::clock;
use crate::presenter::tray_host::TrayHostStatus;
use crate::tray::backend::TrayEvent;
use crate::tray::backend::status_notifier::calls;
use crate::tray::backend::status_notifier::registration::Registration;
use crate::tray::backend::status_notifier::request::Request;
use crate::tray::backend::status_notifier::signal_count::bus_gone;
use crate::tray::backend::status_notifier::state::{Changes, SharedItem};
use crate::tray::backend::status_notifier::{color_scheme, item, menu, session_bus};
use crate::tray::content::TrayContent;
use futures_lite::StreamExt;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use zbus::fdo::DBusProxy;
use zbus::{Connection, MessageStream};

/// The well-known name of the notification server.
const NOTIFICATION_SERVER: &str = "org.freedesktop.Notifications";

/// The minimum time between two reports of a notification server that has started: one that crashes whenever it gets a
/// notification is started again by the bus for the next one.
const MIN_SERVER_INTERVAL: Duration = Duration::from_secs(60);

/// How long the connection may take to close; it hangs with the bus.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// How long after a call of `Activate` or `ContextMenu` a host may take to open the menu. Plasma 5.27 opens it at once.
const OPENING_TIMEOUT: Duration = Duration::from_millis(400);

/// Why the service of a connection has ended.
enum End {
    /// The icon was removed for good.
    Closed,
    /// The bus is gone.
    BusGone(zbus::Error),
}

/// Serves the icon until it is removed for good. `attempted` is set when the first attempt to register it has ended.
pub async fn run(item: &SharedItem, mut requests: watch::Receiver<Request>, attempted: &watch::Sender<bool>) {
    let mut invalidations = 0;
    loop {
        // Without content there is nothing to show.
        if requests.wait_for(|request| request.content.is_some() || request.close).await.is_err() {
            return;
        }
        match serve(item, &mut requests, &mut invalidations, attempted).await {
            End::Closed => return,
            End::BusGone(error) => log::debug!("session bus: {error}"),
        }
        attempted.send_replace(true);
        item.report(TrayEvent::Host(TrayHostStatus::NoSessionBus));
        tokio::select! {
            () = session_bus::wait() => {}
            closed = requests.wait_for(|request| request.close) => {
                drop(closed);
                return;
            }
        }
    }
}

/// Serves the icon on a new connection.
async fn serve(
    item: &SharedItem,
    requests: &mut watch::Receiver<Request>,
    invalidations: &mut u64,
    attempted: &watch::Sender<bool>,
) -> End {
    let connection = match Connection::session().await {
        Ok(connection) => connection,
        Err(error) => return End::BusGone(error),
    };
    update(item, requests, invalidations);
    // Before the name is requested: a host may call as soon as the icon is registered.
    let calls = MessageStream::from(&connection);
    let registration = Registration {
        connection: &connection,
        name: own_name(&connection).await,
        report: &|status| item.report(TrayEvent::Host(status)),
        updates: requests.clone(),
        attempted,
    };
    let end = tokio::select! {
        result = registration.keep() => match result {
            Ok(never) => match never {},
            Err(error) => End::BusGone(error),
        },
        error = reply_to_calls(&connection, item, calls) => End::BusGone(error),
        end = publish(&connection, item, requests, invalidations) => end,
        error = follow_color_scheme(&connection, item) => End::BusGone(error),
        never = report_activations(item) => match never {},
        error = report_notification_servers(&connection, item) => End::BusGone(error),
    };
    // The icon disappears with its connection.
    let _ = timeout(CLOSE_TIMEOUT, connection.close()).await;
    end
}

/// The name under which the icon is registered: the specification's, or that of the connection where a sandbox does not
/// allow others (Flatpak, Snap).
async fn own_name(connection: &Connection) -> String {
    let name = format!("org.kde.StatusNotifierItem-{}-1", std::process::id());
    match connection.request_name(name.as_str()).await {
        Ok(()) => name,
        Err(error) => {
            log::debug!("could not take the name {name}: {error}");
            connection.unique_name().map(ToString::to_string).unwrap_or(name)
        }
    }
}

async fn reply_to_calls(connection: &Connection, item: &SharedItem, mut calls: MessageStream) -> zbus::Error {
    while let Some(message) = calls.next().await {
        let result = match message {
            Ok(message) => calls::handle(connection, item, &message).await,
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            return error;
        }
    }
    bus_gone()
}

/// Applies each new content and emits the signals of what has changed.
async fn publish(
    connection: &Connection,
    item: &SharedItem,
    requests: &mut watch::Receiver<Request>,
    invalidations: &mut u64,
) -> End {
    loop {
        if requests.changed().await.is_err() || requests.borrow().close {
            return End::Closed;
        }
        let Some((changes, content, menu_signal)) = update(item, requests, invalidations) else { continue };
        let result = async {
            // The rows first: an open menu shows them.
            if let Some(signal) = menu_signal {
                menu::emit(connection, &signal).await?;
            }
            item::emit_changes(connection, &changes, &content).await
        };
        if let Err(error) = result.await {
            return End::BusGone(error);
        }
    }
}

/// Reports each activation after which the host has not opened the menu.
async fn report_activations(item: &SharedItem) -> Infallible {
    let mut activations = item.activations.subscribe();
    loop {
        if activations.changed().await.is_err() {
            return std::future::pending().await;
        }
        let mut openings = item.openings.subscribe();
        if timeout(OPENING_TIMEOUT, openings.changed()).await.is_err() {
            item.report(TrayEvent::Activated);
        }
    }
}

/// Reports each notification server that starts: a notification that could not be shown is shown then. The icon's
/// connection is used for it, since notifications have none while none is shown.
async fn report_notification_servers(connection: &Connection, item: &SharedItem) -> zbus::Error {
    let follow = async {
        let bus = DBusProxy::new(connection).await?;
        let mut owners = bus.receive_name_owner_changed_with_args(&[(0, NOTIFICATION_SERVER)]).await?;
        let mut reported: Option<Instant> = None;
        while let Some(change) = owners.next().await {
            let is_too_soon = reported.is_some_and(|at| at.elapsed() < MIN_SERVER_INTERVAL);
            if change.args()?.new_owner().is_some() && !is_too_soon {
                reported = Some(Instant::now());
                item.report(TrayEvent::NotificationServerStarted);
            }
        }
        zbus::Result::Ok(())
    };
    // The signals end with the connection.
    follow.await.err().unwrap_or_else(bus_gone)
}

/// Draws the icon for a dark or a light panel, if the desktop says which it prefers.
async fn follow_color_scheme(connection: &Connection, item: &SharedItem) -> zbus::Error {
    let (changed, mut changes) = watch::channel(());
    let follow = color_scheme::follow(connection, |scheme| {
        if item.lock().set_color_scheme(scheme) {
            changed.send_replace(());
        }
    });
    let emit = async {
        while changes.changed().await.is_ok() {
            if let Err(error) = item::emit_new_icon(connection).await {
                return error;
            }
        }
        std::future::pending().await
    };
    tokio::select! {
        result = follow => {
            // A sandbox may forbid it; the icon keeps its colours for any panel.
            if let Err(error) = result {
                log::debug!("color scheme: {error}");
            }
            std::future::pending().await
        }
        error = emit => error,
    }
}

/// What differs from the previous content, the new content, and the signal of the menu.
type Update = (Changes, TrayContent, Option<menu::MenuSignal>);

/// Takes over the requested content. `None`: there is none.
fn update(
    item: &SharedItem,
    requests: &mut watch::Receiver<Request>,
    invalidations: &mut u64,
) -> Option<Update> {
    let request = requests.borrow_and_update();
    let content = request.content.clone()?;
    let mut state = item.lock();
    if request.invalidations != *invalidations {
        *invalidations = request.invalidations;
        state.menu.invalidate();
    }
    let changes = state.set_content(content.clone(), clock::now());
    let signal = menu::signal(&state.menu, &changes.menu, state.palette);
    Some((changes, content, signal))
}
