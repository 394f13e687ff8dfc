//! The tray icon on Linux and BSD: on its own thread, which may block for as long as a tray host hangs.

use crate::tray::backend::{ClickHandler, TrayBackend};
use crate::tray::content::TrayContent;
use crate::tray::handle::presence::{IconPresence, MENU_READ_TIME, Phase, PresenceReporter};
use crate::tray::handle::show::show;
use std::mem::take;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;
use tokio::sync::watch;

/// How long the end of the program waits for the icon to be removed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The tray icon, created with the first content.
pub struct TrayHandle {
    clicks: ClickHandler,
    mailbox: Arc<Mailbox>,
    presence: watch::Sender<IconPresence>,
    /// Closes when the thread ends. `None`: there is no thread yet.
    thread: Option<mpsc::Receiver<()>>,
}

/// What the handle has requested and the thread has not done yet. Newer requests are merged into older ones, so that
/// it stays small however long the thread is blocked.
#[derive(Default)]
struct Mailbox {
    requests: Mutex<Requests>,
    added: Condvar,
}

#[derive(Default)]
struct Requests {
    remove: bool,
    invalidate_menu: bool,
    show: Option<TrayContent>,
    end: bool,
}

impl Requests {
    fn is_empty(&mut self) -> bool {
        !(self.remove || self.invalidate_menu || self.end || self.show.is_some())
    }
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, change: impl FnOnce(&mut Requests)) {
        change(&mut self.lock());
        self.added.notify_one();
    }

    /// Waits for requests.
    fn take(&self) -> Requests {
        let waited = self.added.wait_while(self.lock(), Requests::is_empty);
        take(&mut *waited.unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for requests for at most `time`; returns empty ones if there are none by then.
    fn take_within(&self, time: Duration) -> Requests {
        let waited = self.added.wait_timeout_while(self.lock(), time, Requests::is_empty);
        take(&mut *waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

impl TrayHandle {
    /// Shows nothing yet. `presence` changes when the icon is created, can't be created, or is removed.
    pub fn new(clicks: ClickHandler, presence: watch::Sender<IconPresence>) -> TrayHandle {
        TrayHandle { clicks, mailbox: Arc::default(), presence, thread: None }
    }

    /// Replaces the content on display.
    pub fn show(&mut self, content: TrayContent) {
        self.mailbox.add(|requests| requests.show = Some(content));
        if self.thread.is_some() {
            return;
        }
        let (ending, ended) = mpsc::channel();
        let (clicks, mailbox) = (self.clicks.clone(), self.mailbox.clone());
        let presence = PresenceReporter::new(&self.presence);
        let work = move || {
            run(&clicks, &mailbox, presence);
            drop(ending);
        };
        match thread::Builder::new().name("icon".into()).spawn(work) {
            Ok(_) => self.thread = Some(ended),
            Err(error) => log::warn!("could not start a thread for the icon: {error}"),
        }
    }

    /// To be called when the platform has changed an item by itself: the next content is applied in full.
    pub fn invalidate_menu(&mut self) {
        self.mailbox.add(|requests| requests.invalidate_menu = true);
    }

    /// Removes the icon; the next content creates it again.
    pub fn remove(&mut self) {
        self.mailbox
            .add(|requests| *requests = Requests { remove: true, end: requests.end, ..Requests::default() });
    }

    /// Removes the icon and abandons its thread, which may be blocked in a call that never returns. The next content
    /// creates another icon on another thread.
    pub fn restart(&mut self) {
        self.mailbox.add(|requests| requests.end = true);
        (self.mailbox, self.thread) = (Arc::default(), None);
        self.presence.send_modify(|presence| {
            *presence = IconPresence { attempt: presence.attempt + 1, phase: Phase::Absent };
        });
    }

    /// Removes the icon for good. A thread that is blocked ends with the process.
    pub fn close(&mut self) {
        self.mailbox.add(|requests| requests.end = true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.recv_timeout(CLOSE_TIMEOUT);
        }
    }
}

/// Carries out requests until the end is requested.
fn run(clicks: &ClickHandler, mailbox: &Mailbox, mut presence: PresenceReporter) {
    let mut backend: Option<TrayBackend> = None;
    // A new icon's menu has no row icons: the same content is shown again once the panel has read the menu.
    let mut shown_without_icons: Option<TrayContent> = None;
    loop {
        let mut requests = match shown_without_icons {
            None => mailbox.take(),
            Some(_) => mailbox.take_within(MENU_READ_TIME),
        };
        if let Some(content) = shown_without_icons.take().filter(|_| !requests.remove) {
            requests.show.get_or_insert(content);
        }
        if requests.remove || requests.end {
            backend = None;
            presence.set_phase(Phase::Absent);
        }
        if requests.end {
            return;
        }
        if let Some(backend) = backend.as_mut().filter(|_| requests.invalidate_menu) {
            backend.invalidate_menu();
        }
        if let Some(content) = requests.show {
            let for_new_icon = backend.is_none().then(|| content.clone());
            show(&mut backend, clicks, content, &mut presence);
            shown_without_icons = for_new_icon.filter(|_| backend.is_some());
        }
    }
}
