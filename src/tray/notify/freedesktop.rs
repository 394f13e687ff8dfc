//! Notifications on Linux and BSD, through the notification server on the session bus.
//!
//! <https://specifications.freedesktop.org/notification-spec/latest/>

use crate::presenter::icon_state::IconContent;
use crate::presenter::messages;
use crate::quota::notification::WindowId;
use crate::text;
use crate::tray::icon::{self, Palette};
use crate::tray::notify::open_notifications::{OpenNotification, OpenNotifications};
use crate::tray::notify::request::{Content, NotificationAction, ShowError};
use futures_lite::StreamExt;
use std::collections::{BTreeSet, HashMap};
use zbus::message::Type;
use zbus::names::OwnedUniqueName;
use zbus::{Connection, MatchRule, Message, MessageStream};
use zbus::{DynamicType, Structure, Variant};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// The size of the picture in pixels. Servers show it at 32 to 64.
const PICTURE_SIZE: u32 = 64;

/// Keys of actions. A click on the notification itself invokes `default`.
const DEFAULT: &str = "default";
const SHOW: &str = "show";
const SNOOZE: &str = "snooze";

/// The notification server, and our notifications that it shows.
#[derive(Default)]
pub struct Server {
    /// `None` while none of our notifications is shown: there are no signals to wait for.
    session: Option<Session>,
}

/// A connection to the server, shared by all notifications and kept while one is shown.
pub struct Session {
    connection: Connection,
    signals: MessageStream,
    /// The unique name of the server that shows them. A new server does not know them, and reuses their ids for other
    /// programs. `None`: none has responded yet.
    owner: Option<OwnedUniqueName>,
    /// What that server supports.
    capabilities: Vec<String>,
    open: OpenNotifications,
}

impl Server {
    /// Connects to the bus if that is necessary, and asks the server what it supports, so that a server that is missing
    /// or hangs is noticed before it gets a notification.
    ///
    /// # Errors
    /// The server's error, or that there is none.
    pub async fn connect(&mut self) -> Result<&mut Session, String> {
        let is_reused = self.session.is_some();
        let result = self.try_connect().await.map(|_| ());
        if is_reused && result.as_ref().is_err_and(|error| !is_error_reply(error)) {
            // The bus of that connection is gone.
            self.session = None;
        }
        self.try_connect().await.map_err(|error| error.to_string())
    }

    async fn try_connect(&mut self) -> zbus::Result<&mut Session> {
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::start().await?,
        };
        let session = self.session.insert(session);
        session.update_server().await?;
        Ok(session)
    }

    /// Closes the notifications that are about no other windows than these.
    ///
    /// # Errors
    /// The server's error.
    pub async fn close(&mut self, windows: &BTreeSet<WindowId>) -> Result<(), String> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let outdated = session.open.take_outdated(windows);
        session.close(&outdated).await.map_err(|error| error.to_string())
    }

    /// Waits until the user chooses an action of one of our notifications.
    pub async fn next_action(&mut self) -> NotificationAction {
        loop {
            // No notification is shown: the connection is closed.
            self.session.take_if(|session| session.open.is_empty());
            let Some(session) = &mut self.session else { return std::future::pending().await };
            let action = match session.signals.next().await {
                Some(Ok(signal)) => session.handle(&signal),
                Some(Err(_)) => None,
                // The connection is lost, so what the server shows is no longer known.
                None => {
                    self.session = None;
                    continue;
                }
            };
            if let Some(action) = action {
                return action;
            }
        }
    }

    /// A description of the server for `doctor`: "dunst 1.9.0 responds".
    ///
    /// # Errors
    /// There is no server.
    pub async fn description() -> Result<String, String> {
        let request = async {
            let connection = Connection::session().await?;
            let response = call(&connection, "GetServerInformation", &()).await?;
            let (name, _, version, _): (String, String, String, String) = response.body().deserialize()?;
            zbus::Result::Ok(format!("{name} {version} responds"))
        };
        request.await.map_err(|error| format!("could not reach the notification server: {error}"))
    }
}

impl Session {
    async fn start() -> zbus::Result<Session> {
        let connection = Connection::session().await?;
        let rule =
            MatchRule::builder().msg_type(Type::Signal).sender(NAME).interface(NAME).path(PATH).build()?;
        let signals = MessageStream::for_match_rule(rule, &connection, None).await?;
        let (owner, capabilities, open) = (None, Vec::new(), OpenNotifications::default());
        Ok(Session { connection, signals, owner, capabilities, open })
    }

    /// Asks the server what it supports.
    async fn update_server(&mut self) -> zbus::Result<()> {
        let response = call(&self.connection, "GetCapabilities", &()).await?;
        let owner = response.header().sender().map(|sender| sender.to_owned().into());
        if owner != self.owner {
            (self.owner, self.open) = (owner, OpenNotifications::default());
        }
        // A server that lists them in another form gets plain text, which each of them can show.
        self.capabilities = response.body().deserialize().unwrap_or_default();
        Ok(())
    }

    /// Shows a notification in place of those that it replaces.
    ///
    /// # Errors
    /// The server's error, or that there is none any more.
    pub async fn show(&mut self, content: &Content) -> Result<(), ShowError> {
        let has = |name: &str| self.capabilities.iter().any(|capability| capability == name);
        let text = match has("body-markup") {
            true => text::escape_markup(&content.text),
            false => content.text.clone(),
        };
        let actions = if has("actions") { actions(content) } else { Vec::new() };
        let mut replaced = match content.is_account_list {
            true => self.open.account_lists(),
            false => self.open.replaced_by(&content.windows),
        };
        let replaces = replaced.pop().unwrap_or_default();
        // The picture is in the hints: a name would need installed icons.
        let (name, icon, expire_timeout) = ("Quota Tray", "", -1_i32);
        let body = (name, replaces, icon, &content.title, text, actions, hints(content), expire_timeout);
        let response = call(&self.connection, "Notify", &body).await?;
        let id: u32 = response.body().deserialize()?;
        self.open.remove(replaces);
        self.open.insert(id, content.into());
        replaced.iter().for_each(|id| _ = self.open.remove(*id));
        if let Err(error) = self.close(&replaced).await {
            log::info!("could not close a notification: {error}");
        }
        Ok(())
    }

    async fn close(&self, ids: &[u32]) -> zbus::Result<()> {
        // By the unique name: a new server would close the notification of another program that has the same id.
        let Some(owner) = &self.owner else { return Ok(()) };
        for id in ids {
            self.connection.call_method(Some(owner), PATH, Some(NAME), "CloseNotification", id).await?;
        }
        Ok(())
    }

    fn handle(&mut self, signal: &Message) -> Option<NotificationAction> {
        let header = signal.header();
        if header.sender() != self.owner.as_deref() {
            return None;
        }
        match header.member()?.as_str() {
            "NotificationClosed" => {
                let (id, _reason) = signal.body().deserialize::<(u32, u32)>().ok()?;
                self.open.remove(id);
                None
            }
            "ActionInvoked" => {
                let body = signal.body();
                let (id, key) = body.deserialize::<(u32, &str)>().ok()?;
                let notification = self.open.get(id)?;
                match key {
                    DEFAULT | SHOW => notification.provider.map(NotificationAction::Show),
                    SNOOZE => Some(NotificationAction::Snooze),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl From<zbus::Error> for ShowError {
    fn from(error: zbus::Error) -> ShowError {
        match is_error_reply(&error) {
            true => ShowError::NotShown(error.to_string()),
            false => ShowError::Unknown(error.to_string()),
        }
    }
}

/// Whether an error is a reply: of the server, or of the bus where the server has exited.
fn is_error_reply(error: &zbus::Error) -> bool {
    match error {
        // Replies whose name begins with `org.freedesktop.DBus.Error`.
        zbus::Error::FDO(error) => !matches!(**error, zbus::fdo::Error::ZBus(_)),
        zbus::Error::MethodError(..) => true,
        _ => false,
    }
}

impl From<&Content> for OpenNotification {
    fn from(content: &Content) -> OpenNotification {
        let Content { windows, provider, is_account_list, .. } = content;
        OpenNotification { windows: windows.clone(), provider: *provider, is_account_list: *is_account_list }
    }
}

async fn call<B: serde::Serialize + DynamicType>(
    connection: &Connection,
    member: &str,
    body: &B,
) -> zbus::Result<Message> {
    connection.call_method(Some(NAME), PATH, Some(NAME), member, body).await
}

/// The actions as the server takes them: each key is followed by its label.
fn actions(content: &Content) -> Vec<&'static str> {
    let mut actions = Vec::new();
    if content.provider.is_some() {
        // xfce4-notifyd 0.7 also shows a button for the default action if that has a label.
        actions.extend([DEFAULT, "", SHOW, messages::SHOW]);
    }
    if content.can_snooze {
        actions.extend([SNOOZE, messages::SNOOZE]);
    }
    actions
}

fn hints(content: &Content) -> HashMap<&'static str, Variant<'static>> {
    let (normal, critical) = (1_u8, 2_u8);
    HashMap::from([
        ("urgency", Variant::from(if content.is_urgent { critical } else { normal })),
        ("desktop-entry", Variant::from("quota-tray")),
        ("image-data", picture(content.icon)),
    ])
}

/// The picture as in `image-data`: width, height, bytes per row, whether there is an alpha channel, bits per sample,
/// number of channels, pixels.
fn picture(content: IconContent) -> Variant<'static> {
    let picture = icon::tray(content, PICTURE_SIZE, Palette::AnyPanel);
    let (side, channels) = (PICTURE_SIZE as i32, 4_i32);
    Structure::from((side, side, side * channels, true, 8_i32, channels, picture.rgba)).into()
}
