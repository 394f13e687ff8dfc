//! The handle of the main thread to the icon, which is served on the runtime's thread.

use crate::tray::backend::status_notifier::request::Request;
use crate::tray::backend::status_notifier::service;
use crate::tray::backend::status_notifier::state::SharedItem;
use crate::tray::backend::{TrayBackend, TrayEventHandler};
use crate::tray::content::TrayContent;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::watch;

/// How long the end of the program waits for the icon to be removed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The handle to the icon.
struct StatusNotifierBackend {
    requests: watch::Sender<Request>,
    /// Closes when the icon is gone.
    ended: mpsc::Receiver<()>,
}

/// Serves the icon. To be run on the runtime.
pub struct TrayService {
    item: Arc<SharedItem>,
    requests: watch::Receiver<Request>,
    registered: watch::Sender<bool>,
    ended: mpsc::Sender<()>,
}

/// Creates the backend, which shows nothing yet, and the service, which does its work.
pub fn create(on_event: TrayEventHandler) -> (Box<dyn TrayBackend>, TrayService) {
    let (sender, requests) = watch::channel(Request::default());
    let (ending, ended) = mpsc::channel();
    let service = TrayService {
        item: Arc::new(SharedItem::new(on_event)),
        requests,
        registered: watch::Sender::new(false),
        ended: ending,
    };
    (Box::new(StatusNotifierBackend { requests: sender, ended }), service)
}

impl TrayBackend for StatusNotifierBackend {
    fn show(&mut self, content: TrayContent) {
        self.requests.send_modify(|request| request.content = Some(content));
    }

    fn invalidate_menu(&mut self) {
        self.requests.send_modify(|request| request.invalidations += 1);
    }

    fn close(&mut self) {
        self.requests.send_modify(|request| request.close = true);
        // It fails when the icon is gone, also because the runtime has ended.
        let _ = self.ended.recv_timeout(CLOSE_TIMEOUT);
    }
}

impl TrayService {
    /// Becomes true when the first attempt to register the icon has ended, with or without success.
    pub fn first_attempt(&self) -> watch::Receiver<bool> {
        self.registered.subscribe()
    }

    /// Serves the icon. Never returns.
    pub async fn run(self) {
        let TrayService { item, requests, registered, ended } = self;
        service::run(&item, requests, &registered).await;
        drop(ended);
        std::future::pending().await
    }
}
