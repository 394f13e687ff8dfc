//! Who waits for the tray's library. On Linux and BSD it waits without end for a tray host that hangs,
//! so it has a thread of its own; macOS and Windows want it on the main thread.

#[cfg(all(unix, not(target_os = "macos")))]
pub use apart::Shown;
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub use here::Shown;

use crate::app::state_machine::TrayContent;
use crate::tray::backend::{Clicks, Native};
use std::time::Duration;
use tokio::sync::watch;

/// How long a panel takes to read the menu of a new icon.
pub const READING: Duration = Duration::from_millis(50);

/// State of the tray icon, for the task that keeps it registered (`tray/registration.rs`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IconPresence {
    /// Which attempt to create the icon this is about; 0 before the first.
    pub attempt: u64,
    /// How far it has come.
    pub phase: Phase,
}

/// How far an attempt to create the icon has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// There is no icon: not yet, not any more, or it could not be created.
    #[default]
    Absent,
    /// The library creates it, and waits for the tray host.
    Creating,
    /// There is an icon.
    Created,
}

impl IconPresence {
    /// Whether the first attempt is over.
    pub fn was_tried(&self) -> bool {
        self.attempt > 0 && self.phase != Phase::Creating
    }
}

/// Reports how the attempts of one thread to create the icon go, until another thread takes its place.
struct Report {
    state: watch::Sender<IconPresence>,
    attempt: u64,
}

impl Report {
    fn new(state: &watch::Sender<IconPresence>) -> Report {
        Report { state: state.clone(), attempt: state.borrow().attempt }
    }

    fn begin(&mut self) {
        let next = self.attempt + 1;
        // Else the number would be that of the thread that has taken over.
        if self.change(IconPresence { attempt: next, phase: Phase::Creating }) {
            self.attempt = next;
        }
    }

    fn set(&self, phase: Phase) {
        self.change(IconPresence { attempt: self.attempt, phase });
    }

    fn change(&self, new: IconPresence) -> bool {
        self.state.send_if_modified(|state| {
            let changes = state.attempt == self.attempt && *state != new;
            if changes {
                *state = new;
            }
            changes
        })
    }
}

/// Shows a drawing in place of the last one, or creates the icon with it.
fn put_up(native: &mut Option<Native>, clicks: &Clicks, drawing: TrayContent, report: &mut Report) {
    match native {
        Some(native) => native.draw(drawing),
        None => {
            report.begin();
            match Native::put_up(clicks, drawing) {
                Ok(new) => {
                    *native = Some(new);
                    report.set(Phase::Created);
                }
                Err(error) => {
                    // On Linux the host's watch says what is missing.
                    log::info!("could not show the icon: {error}");
                    report.set(Phase::Absent);
                }
            }
        }
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
mod apart {
    use crate::tray::handle::{
        Clicks, Duration, IconPresence, Native, Phase, READING, Report, TrayContent, put_up, watch,
    };
    use std::mem::take;
    use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
    use std::thread;

    /// The icon goes at once, or its host hangs.
    const LAST_PATIENCE: Duration = Duration::from_secs(1);

    /// The tray icon, made with the first drawing.
    pub struct Shown {
        clicks: Clicks,
        wishes: Arc<Wishes>,
        state: watch::Sender<IconPresence>,
        /// Closes when the thread ends. `None`: it was not needed yet.
        thread: Option<mpsc::Receiver<()>>,
    }

    #[derive(Default)]
    struct Wishes(Mutex<Wish>, Condvar);

    /// What has not been done yet. However long that takes, there is no more of it than this.
    #[derive(Default)]
    struct Wish {
        remove: bool,
        distrust: bool,
        drawing: Option<TrayContent>,
        end: bool,
    }

    impl Wish {
        fn is_any(&self) -> bool {
            self.remove || self.distrust || self.end || self.drawing.is_some()
        }
    }

    impl Wishes {
        fn lock(&self) -> MutexGuard<'_, Wish> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        fn add(&self, change: impl FnOnce(&mut Wish)) {
            change(&mut self.lock());
            self.1.notify_one();
        }

        fn next(&self) -> Wish {
            let none = |wish: &mut Wish| !wish.is_any();
            take(&mut *self.1.wait_while(self.lock(), none).unwrap_or_else(PoisonError::into_inner))
        }

        /// None of it, if there is none until then.
        fn next_within(&self, time: Duration) -> Wish {
            let none = |wish: &mut Wish| !wish.is_any();
            let waited = self.1.wait_timeout_while(self.lock(), time, none);
            take(&mut *waited.unwrap_or_else(PoisonError::into_inner).0)
        }
    }

    impl Shown {
        /// Nothing is shown yet. `state` is changed when the icon is created, or can't be, or goes.
        pub fn new(clicks: Clicks, state: watch::Sender<IconPresence>) -> Shown {
            Shown { clicks, wishes: Arc::default(), state, thread: None }
        }

        /// Shows a drawing in place of the last one.
        pub fn draw(&mut self, drawing: TrayContent) {
            self.wishes.add(|wish| wish.drawing = Some(drawing));
            if self.thread.is_some() {
                return;
            }
            let (ending, ended) = mpsc::channel();
            let (clicks, wishes) = (self.clicks.clone(), self.wishes.clone());
            let report = Report::new(&self.state);
            let work = move || {
                follow(&clicks, &wishes, report);
                drop(ending);
            };
            match thread::Builder::new().name("icon".into()).spawn(work) {
                Ok(_) => self.thread = Some(ended),
                Err(error) => log::warn!("could not start a thread for the icon: {error}"),
            }
        }

        /// The platform has changed an item by itself: the next drawing is put up whole.
        pub fn distrust_menu(&mut self) {
            self.wishes.add(|wish| wish.distrust = true);
        }

        /// Takes the icon away; the next drawing brings it back.
        pub fn remove(&mut self) {
            self.wishes.add(|wish| *wish = Wish { remove: true, end: wish.end, ..Wish::default() });
        }

        /// Takes the icon away together with its thread, which may wait for a call that is never answered. The
        /// next drawing creates another icon on another thread.
        pub fn restart(&mut self) {
            self.wishes.add(|wish| wish.end = true);
            (self.wishes, self.thread) = (Arc::default(), None);
            self.state.send_modify(|state| {
                *state = IconPresence { attempt: state.attempt + 1, phase: Phase::Absent };
            });
        }

        /// Takes the icon away for good. One that hangs ends with the process.
        pub fn close(&mut self) {
            self.wishes.add(|wish| wish.end = true);
            if let Some(thread) = self.thread.take() {
                let _ = thread.recv_timeout(LAST_PATIENCE);
            }
        }
    }

    fn follow(clicks: &Clicks, wishes: &Wishes, mut report: Report) {
        let mut native: Option<Native> = None;
        let mut pictures_of: Option<TrayContent> = None;
        loop {
            let mut wish = match pictures_of {
                None => wishes.next(),
                Some(_) => wishes.next_within(READING),
            };
            if let Some(drawing) = pictures_of.take().filter(|_| !wish.remove) {
                wish.drawing.get_or_insert(drawing);
            }
            if wish.remove || wish.end {
                native = None;
                report.set(Phase::Absent);
            }
            if wish.end {
                return;
            }
            if let Some(native) = native.as_mut().filter(|_| wish.distrust) {
                native.distrust_menu();
            }
            if let Some(drawing) = wish.drawing {
                let without_pictures = native.is_none().then(|| drawing.clone());
                put_up(&mut native, clicks, drawing, &mut report);
                pictures_of = without_pictures.filter(|_| native.is_some());
            }
        }
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
mod here {
    use crate::tray::handle::{Clicks, IconPresence, Native, Phase, Report, TrayContent, put_up, watch};

    /// The tray icon, made with the first drawing.
    pub struct Shown {
        clicks: Clicks,
        report: Report,
        native: Option<Native>,
    }

    impl Shown {
        /// Nothing is shown yet. `state` is changed when the icon is created, or can't be, or goes.
        pub fn new(clicks: Clicks, state: watch::Sender<IconPresence>) -> Shown {
            Shown { clicks, report: Report::new(&state), native: None }
        }

        /// Shows a drawing in place of the last one.
        pub fn draw(&mut self, drawing: TrayContent) {
            put_up(&mut self.native, &self.clicks, drawing, &mut self.report);
        }

        /// The platform has changed an item by itself: the next drawing is put up whole.
        pub fn distrust_menu(&mut self) {
            if let Some(native) = &mut self.native {
                native.distrust_menu();
            }
        }

        /// Takes the icon away; the next drawing brings it back.
        pub fn remove(&mut self) {
            self.native = None;
            self.report.set(Phase::Absent);
        }

        /// The same: no thread waits for the icon here.
        pub fn restart(&mut self) {
            self.remove();
        }

        /// Takes the icon away for good.
        pub fn close(&mut self) {
            self.native = None;
        }
    }
}
