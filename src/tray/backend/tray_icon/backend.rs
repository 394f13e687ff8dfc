//! The handle to the tray icon, which is created with the first content.

use crate::tray::backend::tray_icon::clicks::ClickHandler;
use crate::tray::backend::tray_icon::shown_icon::ShownIcon;
use crate::tray::backend::{TrayBackend, TrayEventHandler};
use crate::tray::content::TrayContent;
use tokio::sync::watch;

/// The handle to the icon.
struct TrayIconBackend {
    clicks: ClickHandler,
    icon: Option<ShownIcon>,
    attempted: watch::Sender<bool>,
}

/// The part of the tray that runs on the background thread: nothing, on these platforms.
pub struct TrayService {
    attempted: watch::Receiver<bool>,
}

/// Creates the backend, which shows nothing yet.
pub fn create(on_event: TrayEventHandler) -> (Box<dyn TrayBackend>, TrayService) {
    let (sender, attempted) = watch::channel(false);
    let backend = TrayIconBackend { clicks: ClickHandler::new(on_event), icon: None, attempted: sender };
    (Box::new(backend), TrayService { attempted })
}

impl TrayBackend for TrayIconBackend {
    fn show(&mut self, content: TrayContent) {
        match &mut self.icon {
            Some(icon) => icon.show(content),
            None => match ShownIcon::create(&self.clicks, content) {
                Ok(icon) => self.icon = Some(icon),
                Err(error) => log::warn!("could not show the icon: {error}"),
            },
        }
        self.attempted.send_replace(true);
    }

    fn invalidate_menu(&mut self) {
        if let Some(icon) = &mut self.icon {
            icon.invalidate_menu();
        }
    }

    fn close(&mut self) {
        self.icon = None;
    }
}

impl TrayService {
    /// Becomes true when the first attempt to create the icon has ended, with or without success.
    pub fn first_attempt(&self) -> watch::Receiver<bool> {
        self.attempted.clone()
    }

    /// Never returns.
    pub async fn run(self) {
        std::future::pending().await
    }
}
