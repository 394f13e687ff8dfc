//! Who waits for the tray's library. On Linux and BSD it waits without end for a tray host that hangs,
//! so it has a thread of its own; macOS and Windows want it on the main thread.

#[cfg(all(unix, not(target_os = "macos")))]
pub use apart::Shown;
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub use here::Shown;

use super::app::Drawing;
use super::native::{Clicks, Native};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// How long a panel takes to read the menu of a new icon.
pub const READING: Duration = Duration::from_millis(50);

/// Puts up a drawing in place of the last one, or the first.
fn put_up(native: &mut Option<Native>, clicks: &Clicks, drawing: Drawing) {
    match native {
        Some(native) => native.draw(drawing),
        None => match Native::put_up(clicks, drawing) {
            Ok(new) => *native = Some(new),
            // On Linux the host's watch says what is missing.
            Err(error) => log::info!("could not show the icon: {error}"),
        },
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
mod apart {
    use super::{Arc, Clicks, Drawing, Duration, Native, Notify, READING, put_up};
    use std::mem::take;
    use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
    use std::thread;

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
        drawing: Option<Drawing>,
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
        /// Nothing is shown yet. `up` is told each time a drawing is, or can't be.
        pub fn new(clicks: Clicks, up: Arc<Notify>) -> Shown {
            Shown { clicks, wishes: Arc::default(), up, thread: None }
        }

        /// Shows a drawing in place of the last one.
        pub fn draw(&mut self, drawing: Drawing) {
            self.wishes.add(|wish| wish.drawing = Some(drawing));
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
        let mut native: Option<Native> = None;
        let mut pictures_of: Option<Drawing> = None;
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
            }
            if wish.end {
                return;
            }
            if let Some(native) = native.as_mut().filter(|_| wish.distrust) {
                native.distrust_menu();
            }
            if let Some(drawing) = wish.drawing {
                let without_pictures = native.is_none().then(|| drawing.clone());
                put_up(&mut native, clicks, drawing);
                up.notify_one();
                pictures_of = without_pictures.filter(|_| native.is_some());
            }
        }
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
mod here {
    use super::{Arc, Clicks, Drawing, Native, Notify, put_up};

    /// The tray icon, made with the first drawing.
    pub struct Shown {
        clicks: Clicks,
        up: Arc<Notify>,
        native: Option<Native>,
    }

    impl Shown {
        /// Nothing is shown yet. `up` is told each time a drawing is, or can't be.
        pub fn new(clicks: Clicks, up: Arc<Notify>) -> Shown {
            Shown { clicks, up, native: None }
        }

        /// Shows a drawing in place of the last one.
        pub fn draw(&mut self, drawing: Drawing) {
            put_up(&mut self.native, &self.clicks, drawing);
            self.up.notify_one();
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
