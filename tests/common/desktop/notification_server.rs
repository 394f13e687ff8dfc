//! A notification server for tests: `org.freedesktop.Notifications` that records each notification, and can hang,
//! refuse or be absent.
//!
//! <https://specifications.freedesktop.org/notification-spec/latest/>

use std::collections::HashMap;
use std::sync::{Arc, mpsc};

use futures_util::future;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedVariant, Variant, fdo, interface};

use super::super::wait::Watched;
use super::background::Background;
use super::bus::PrivateBus;

const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// What the server does with a call of `Notify`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum NotifyBehavior {
    /// Replies with an id.
    #[default]
    Show,
    /// Never replies, as a notification daemon that is frozen.
    Hang,
    /// Replies with an error.
    Refuse,
}

/// One call of `Notify`, shown or not.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The id that the server gave it, which is that of the one it replaces.
    pub id: u32,
    pub app_name: String,
    /// The name of the icon; may be empty, with the picture in `hints`.
    pub app_icon: String,
    pub summary: String,
    pub body: String,
    /// Pairs of key and label.
    pub actions: Vec<String>,
    /// `urgency` (0 low, 1 normal, 2 critical), `desktop-entry`, `image-data` and others.
    pub hints: HashMap<String, OwnedVariant>,
    /// Milliseconds; -1 leaves it to the server, 0 is for ever.
    pub expire_timeout: i32,
    /// The id of the notification that this one replaces; 0 for a new one.
    pub replaces_id: u32,
    /// What the server did with the call.
    pub behavior: NotifyBehavior,
}

impl Notification {
    /// Whether the summary or the body contains `part`.
    pub fn says(&self, part: &str) -> bool {
        self.summary.contains(part) || self.body.contains(part)
    }

    /// 0 low, 1 normal, 2 critical; `None` if the program did not say.
    pub fn urgency(&self) -> Option<u8> {
        match self.hints.get("urgency").map(|hint| &**hint) {
            Some(Variant::U8(urgency)) => Some(*urgency),
            _ => None,
        }
    }

    /// Width, height and RGBA of the picture in the hints. `None` if there is none.
    pub fn picture(&self) -> Option<(i32, i32, Vec<u8>)> {
        type ImageData = (i32, i32, i32, bool, i32, i32, Vec<u8>);
        let hint = self.hints.get("image-data")?.clone();
        let (width, height, row, has_alpha, bits, channels, data) =
            ImageData::try_from(hint).expect("the specification's signature");
        assert_eq!((row, has_alpha, bits, channels), (width * 4, true, 8, 4));
        Some((width, height, data))
    }
}

/// The notification server of a fixture. It runs from the start, and can be stopped and started again.
pub struct NotificationServer {
    state: Arc<Watched<State>>,
    running: Option<(Connection, Background)>,
}

#[derive(Debug)]
struct State {
    behavior: NotifyBehavior,
    capabilities: Vec<String>,
    notifications: Vec<Notification>,
    closed: Vec<u32>,
    last_id: u32,
}

impl Default for State {
    fn default() -> Self {
        let capabilities = ["actions", "body", "body-markup", "persistence"].map(String::from).into();
        Self {
            behavior: NotifyBehavior::Show,
            capabilities,
            notifications: Vec::new(),
            closed: Vec::new(),
            last_id: 0,
        }
    }
}

impl NotificationServer {
    /// A server on `bus`, ready for calls once this returns.
    pub fn start(bus: &PrivateBus) -> Self {
        let mut server = Self { state: Arc::default(), running: None };
        server.start_again(bus);
        server
    }

    /// Comes back after [`stop`](Self::stop), keeping its record.
    pub fn start_again(&mut self, bus: &PrivateBus) {
        assert!(self.running.is_none(), "the server is running already");
        let (ready, connected) = mpsc::channel();
        let server = Server(Arc::clone(&self.state));
        let client = bus.client();
        let thread = Background::spawn("notification-server", move || async move {
            let connection = client
                .serve_at(PATH, server)
                .name(NOTIFICATIONS)
                .build()
                .await
                .expect("the notification server could not start");
            ready.send(connection).ok();
            future::pending().await
        });
        let connection = connected.recv().expect("no notification server");
        self.running = Some((connection, thread));
    }

    /// Stops: the bus replies to calls that the name has no owner.
    pub fn stop(&mut self) {
        if let Some((connection, _thread)) = self.running.take() {
            futures_lite::future::block_on(async {
                // The name first: the bus may detect a closed socket only after the next server has
                // requested the name. An error means that the bus itself is gone.
                connection.release_name(NOTIFICATIONS).await.ok();
                connection.close().await.ok();
            });
        }
    }

    /// What happens with calls from now on. A call that hangs keeps hanging.
    pub fn set_behavior(&self, behavior: NotifyBehavior) {
        self.state.change(|state| state.behavior = behavior);
    }

    /// Replaces the capabilities, which are `actions`, `body`, `body-markup` and `persistence` at first.
    pub fn set_capabilities(&self, capabilities: &[&str]) {
        self.state
            .change(|state| state.capabilities = capabilities.iter().map(|&name| name.into()).collect());
    }

    /// A user chooses an action, and the server closes the notification, as most do.
    #[track_caller]
    pub fn choose(&self, id: u32, action: &str) {
        self.emit("ActionInvoked", &(id, action));
        self.dismiss(id);
    }

    /// A user dismisses a notification.
    #[track_caller]
    pub fn dismiss(&self, id: u32) {
        const DISMISSED: u32 = 2;
        self.emit("NotificationClosed", &(id, DISMISSED));
    }

    #[track_caller]
    fn emit(&self, signal: &str, body: &(impl serde::Serialize + zbus::DynamicType)) {
        let (connection, _) = self.running.as_ref().expect("the server runs");
        let sent = connection.emit_signal(None::<&str>, PATH, NOTIFICATIONS, signal, body);
        zbus::block_on(sent).expect("sent");
    }

    /// Waits until the program has closed `count` notifications and returns their ids.
    #[track_caller]
    pub fn wait_for_closed(&self, count: usize) -> Vec<u32> {
        self.state.expect(
            |state| (state.closed.len() >= count).then(|| state.closed.clone()),
            |state| format!("fewer than {count} closed: {:?}", state.closed),
        )
    }

    /// Each call of `Notify` so far.
    pub fn all(&self) -> Vec<Notification> {
        self.state.look(|state| state.notifications.clone())
    }

    /// The ids of the notifications that the program closed.
    pub fn closed(&self) -> Vec<u32> {
        self.state.look(|state| state.closed.clone())
    }

    /// Waits for the `count`th notification and returns all there are then.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Notification> {
        self.state.expect(
            |state| (state.notifications.len() >= count).then(|| state.notifications.clone()),
            |state| format!("fewer than {count} notifications: {:#?}", state.notifications),
        )
    }
}

/// The object at `/org/freedesktop/Notifications`.
struct Server(Arc<Watched<State>>);

#[interface(name = "org.freedesktop.Notifications")]
impl Server {
    #[allow(clippy::too_many_arguments, reason = "the specification's signature")]
    async fn notify(
        &self,
        app_name: String,
        replaces_id: u32,
        app_icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedVariant>,
        expire_timeout: i32,
    ) -> fdo::Result<u32> {
        let (behavior, id) = self.0.change(|state| {
            state.last_id += 1;
            let id = if replaces_id == 0 { state.last_id } else { replaces_id };
            state.notifications.push(Notification {
                id,
                app_name,
                app_icon,
                summary,
                body,
                actions,
                hints,
                expire_timeout,
                replaces_id,
                behavior: state.behavior,
            });
            (state.behavior, id)
        });
        match behavior {
            NotifyBehavior::Show => Ok(id),
            NotifyBehavior::Hang => future::pending().await,
            NotifyBehavior::Refuse => Err(fdo::Error::LimitsExceeded("too many notifications".to_owned())),
        }
    }

    async fn close_notification(
        &self,
        id: u32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<()> {
        const CLOSED_BY_CALL: u32 = 3;
        self.0.change(|state| state.closed.push(id));
        Ok(Self::notification_closed(&emitter, id, CLOSED_BY_CALL).await?)
    }

    fn get_capabilities(&self) -> Vec<String> {
        self.0.look(|state| state.capabilities.clone())
    }

    /// Name, vendor, version, version of the specification.
    fn get_server_information(&self) -> (String, String, String, String) {
        ["played", "quota-tray tests", "1", "1.2"].map(String::from).into()
    }

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;
}
