//! Who waits for the tray's library. On Linux and BSD it waits without end for a tray host that hangs,
//! so it has a thread of its own; macOS and Windows want it on the main thread.

#[cfg(all(unix, not(target_os = "macos")))]
pub use apart::Shown;
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub use here::Shown;

use super::app::Drawing;
use super::native::{Clicks, Native};

/// Puts up a drawing in place of the last one, or the first.
fn put_up(native: &mut Option<Native>, clicks: &Clicks, drawing: Drawing) {
    if let Some(native) = native {
        return native.draw(drawing);
    }
    match Native::new(clicks, drawing) {
        Ok(new) => *native = Some(new),
        // On Linux the host's watch says what is missing.
        Err(error) => tracing::info!("could not show the icon: {error}"),
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
mod apart {
    use super::{Clicks, Drawing, put_up};
    use std::mem::take;
    use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
    use std::thread;
    use std::time::Duration;

    /// The icon goes at once, or its host hangs.
    const LAST_PATIENCE: Duration = Duration::from_secs(1);

    /// The tray icon, made with the first drawing.
    pub struct Shown {
        clicks: Clicks,
        wishes: Arc<Wishes>,
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
        drawing: Option<Drawing>,
        end: bool,
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
            let none =
                |wish: &mut Wish| !(wish.remove || wish.distrust || wish.end || wish.drawing.is_some());
            take(&mut *self.1.wait_while(self.lock(), none).unwrap_or_else(PoisonError::into_inner))
        }
    }

    impl Shown {
        /// Nothing is shown yet.
        pub fn new(clicks: Clicks) -> Shown {
            Shown { clicks, wishes: Arc::default(), thread: None }
        }

        /// Shows a drawing in place of the last one.
        pub fn draw(&mut self, drawing: Drawing) {
            self.wishes.add(|wish| wish.drawing = Some(drawing));
            if self.thread.is_some() {
                return;
            }
            let (ending, ended) = mpsc::channel();
            let (clicks, wishes) = (self.clicks.clone(), self.wishes.clone());
            let work = move || {
                follow(&clicks, &wishes);
                drop(ending);
            };
            match thread::Builder::new().name("icon".into()).spawn(work) {
                Ok(_) => self.thread = Some(ended),
                Err(error) => tracing::warn!("could not start a thread for the icon: {error}"),
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

        /// Takes the icon away for good. One that hangs ends with the process.
        pub fn close(&mut self) {
            self.wishes.add(|wish| wish.end = true);
            if let Some(thread) = self.thread.take() {
                let _ = thread.recv_timeout(LAST_PATIENCE);
            }
        }
    }

    fn follow(clicks: &Clicks, wishes: &Wishes) {
        let mut native = None;
        loop {
            let Wish { remove, distrust, drawing, end } = wishes.next();
            if remove || end {
                native = None;
            }
            if end {
                return;
            }
            if let Some(native) = native.as_mut().filter(|_| distrust) {
                super::Native::distrust_menu(native);
            }
            if let Some(drawing) = drawing {
                put_up(&mut native, clicks, drawing);
            }
        }
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
mod here {
    use super::{Clicks, Drawing, Native, put_up};

    /// The tray icon, made with the first drawing.
    pub struct Shown {
        clicks: Clicks,
        native: Option<Native>,
    }

    impl Shown {
        /// Nothing is shown yet.
        pub fn new(clicks: Clicks) -> Shown {
            Shown { clicks, native: None }
        }

        /// Shows a drawing in place of the last one.
        pub fn draw(&mut self, drawing: Drawing) {
            put_up(&mut self.native, &self.clicks, drawing);
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
        }

        /// Takes the icon away for good.
        pub fn close(&mut self) {
            self.native = None;
        }
    }
}
