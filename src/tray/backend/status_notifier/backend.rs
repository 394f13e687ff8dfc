//! The main thread's handle to the icon, and the service that runs on the background thread.

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

/// Serves the icon.
pub struct TrayService {
    item: Arc<SharedItem>,
    requests: watch::Receiver<Request>,
    attempted: watch::Sender<bool>,
    ended: mpsc::Sender<()>,
}

/// Creates the backend, which shows nothing yet, and the service, which has to be run for it.
pub fn create(on_event: TrayEventHandler) -> (Box<dyn TrayBackend>, TrayService) {
    let (sender, requests) = watch::channel(Request::default());
    let (ending, ended) = mpsc::channel();
    let service = TrayService {
        item: Arc::new(SharedItem::new(on_event)),
        requests,
        attempted: watch::Sender::new(false),
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
        // An error means that the icon is gone, or that it was not removed in time.
        let _ = self.ended.recv_timeout(CLOSE_TIMEOUT);
    }
}

impl TrayService {
    /// Becomes true when the first attempt to register the icon has ended, with or without success.
    pub fn first_attempt(&self) -> watch::Receiver<bool> {
        self.attempted.subscribe()
    }

    /// Serves the icon, and waits for ever once it is closed.
    pub async fn run(self) {
        let TrayService { item, requests, attempted, ended } = self;
        service::run(&item, requests, &attempted).await;
        drop(ended);
        std::future::pending().await
    }
}
