//! A private desktop: a D-Bus with a tray host and a notification server on it.

mod background;
mod bus;
mod bus_proxy;
mod icon;
mod menu;
mod notification_server;
mod tray_host;
mod watcher;

pub use background::Background;
pub use bus::PrivateBus;
pub use icon::{Icon, Pixmap};
pub use menu::{Menu, MenuItem};
pub use notification_server::{Notification, NotificationServer, NotifyBehavior};
pub use tray_host::TrayHost;
pub use watcher::HostSignal;
