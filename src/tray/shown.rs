//! Who waits for the tray's library. On Linux and BSD it waits without end for a tray host that hangs,
//! so it has a thread of its own; macOS and Windows want it on the main thread.

#[cfg(all(unix, not(target_os = "macos")))]
pub use apart::Shown;
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub use here::Shown;

use super::app::Drawing;
use super::native::{Clicks, Native, Prepared};
use std::mem::take;
use std::sync::Arc;
use tokio::sync::Notify;

/// How far the icon is.
#[derive(Default)]
enum Stage {
    #[default]
    Nothing,
    Prepared(Box<Prepared>),
    Up(Box<Native>),
}

impl Stage {
    /// Puts up a drawing in place of the last one, or the first.
    fn put_up(&mut self, clicks: &Clicks, drawing: Drawing) {
        let prepared = match take(self) {
            Stage::Up(mut native) => {
                native.draw(drawing);
                *self = Stage::Up(native);
                return;
            }
            Stage::Prepared(prepared) if prepared.shows(&drawing) => *prepared,
            Stage::Prepared(_) | Stage::Nothing => Prepared::new(clicks, drawing),
        };
        match prepared.put_up() {
            Ok(native) => *self = Stage::Up(Box::new(native)),
            // On Linux the host's watch says what is missing.
            Err(error) => log::info!("could not show the icon: {error}"),
        }
    }

    /// Makes what is likely to be put up soon.
    fn prepare(&mut self, clicks: &Clicks, drawing: Drawing) {
        if !matches!(self, Stage::Up(_)) {
            *self = Stage::Prepared(Box::new(Prepared::new(clicks, drawing)));
        }
    }

    fn distrust_menu(&mut self) {
        if let Stage::Up(native) = self {
            native.distrust_menu();
        }
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
mod apart {
    use super::{Arc, Clicks, Drawing, Notify, Stage, take};
    use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
    use std::thread;
    use std::time::Duration;

    /// The icon goes at once, or its host hangs.
    const LAST_PATIENCE: Duration = Duration::from_secs(1);

    /// The tray icon, made with the first drawing.
    pub struct Shown {
        clicks: Clicks,
        wishes: Arc<Wishes>,
        up: Arc<Notify>,
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
        prepare: Option<Drawing>,
        drawing: Option<Drawing>,
        end: bool,
    }

    impl Wish {
        fn is_any(&self) -> bool {
            self.remove || self.distrust || self.end || self.drawing.is_some() || self.prepare.is_some()
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
    }

    impl Shown {
        /// Nothing is shown yet. `up` is told when something is, or nothing can be.
        pub fn new(clicks: Clicks, up: Arc<Notify>) -> Shown {
            Shown { clicks, wishes: Arc::default(), up, thread: None }
        }

        /// Shows a drawing in place of the last one.
        pub fn draw(&mut self, drawing: Drawing) {
            self.wishes.add(|wish| wish.drawing = Some(drawing));
            self.start();
        }

        /// Gets ready to show this, while it is found out whether there is a tray host.
        pub fn prepare(&mut self, drawing: Drawing) {
            self.wishes.add(|wish| wish.prepare = Some(drawing));
            self.start();
        }

        fn start(&mut self) {
            if self.thread.is_some() {
                return;
            }
            let (ending, ended) = mpsc::channel();
            let (clicks, wishes, up) = (self.clicks.clone(), self.wishes.clone(), self.up.clone());
            let work = move || {
                follow(&clicks, &wishes, &up);
                drop(ending);
            };
            match thread::Builder::new().name("icon".into()).spawn(work) {
                Ok(_) => self.thread = Some(ended),
                Err(error) => log::warn!("could not start a thread for the icon: {error}"),
            }
        }

        /// There is no icon to wait for.
        pub fn none(&self) {
            self.up.notify_one();
        }

        /// The platform has changed an item by itself: the next drawing is put up whole.
        pub fn distrust_menu(&mut self) {
            self.wishes.add(|wish| wish.distrust = true);
        }

        /// Takes the icon away; the next drawing brings it back.
        pub fn remove(&mut self) {
            self.wishes.add(|wish| *wish = Wish { remove: true, end: wish.end, ..Wish::default() });
        }

        /// Takes the icon away for good. One that hangs ends with the process.
        pub fn close(&mut self) {
            self.wishes.add(|wish| wish.end = true);
            if let Some(thread) = self.thread.take() {
                let _ = thread.recv_timeout(LAST_PATIENCE);
            }
        }
    }

    fn follow(clicks: &Clicks, wishes: &Wishes, up: &Notify) {
        let mut stage = Stage::default();
        loop {
            let Wish { remove, distrust, prepare, drawing, end } = wishes.next();
            if remove || end {
                stage = Stage::Nothing;
            }
            if end {
                return;
            }
            if distrust {
                stage.distrust_menu();
            }
            if let Some(drawing) = drawing {
                stage.put_up(clicks, drawing);
                up.notify_one();
            } else if let Some(drawing) = prepare {
                stage.prepare(clicks, drawing);
            }
        }
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
mod here {
    use super::{Arc, Clicks, Drawing, Notify, Stage};

    /// The tray icon, made with the first drawing.
    pub struct Shown {
        clicks: Clicks,
        up: Arc<Notify>,
        stage: Stage,
    }

    impl Shown {
        /// Nothing is shown yet. `up` is told when something is, or nothing can be.
        pub fn new(clicks: Clicks, up: Arc<Notify>) -> Shown {
            Shown { clicks, up, stage: Stage::Nothing }
        }

        /// Shows a drawing in place of the last one.
        pub fn draw(&mut self, drawing: Drawing) {
            self.stage.put_up(&self.clicks, drawing);
            self.up.notify_one();
        }

        /// Gets ready to show this.
        pub fn prepare(&mut self, drawing: Drawing) {
            self.stage.prepare(&self.clicks, drawing);
        }

        /// There is no icon to wait for.
        pub fn none(&self) {
            self.up.notify_one();
        }

        /// The platform has changed an item by itself: the next drawing is put up whole.
        pub fn distrust_menu(&mut self) {
            self.stage.distrust_menu();
        }

        /// Takes the icon away; the next drawing brings it back.
        pub fn remove(&mut self) {
            self.stage = Stage::Nothing;
        }

        /// Takes the icon away for good.
        pub fn close(&mut self) {
            self.stage = Stage::Nothing;
        }
    }
}
