//! Detects that the reader of standard output is gone. `status --watch` would otherwise find out only at its next write,
//! perhaps hours later.

/// Waits until the reader of standard output is gone: the other end of a pipe, or the terminal, is closed. Never returns
/// where that can't be detected, as with a file, and on Windows, where the next write fails.
pub async fn reader_gone() {
    #[cfg(unix)]
    {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let wait = move || {
            wait_for_hangup();
            // The receiver is dropped when the program ends.
            let _ = sender.send(());
        };
        // Without a thread, the next write fails.
        let started = std::thread::Builder::new().name("reader".into()).spawn(wait);
        if started.is_ok() && receiver.await.is_ok() {
            return;
        }
    }
    std::future::pending().await
}

/// `poll` always reports `POLLERR` and `POLLHUP`; no other event is requested, so only these end it.
#[cfg(unix)]
fn wait_for_hangup() {
    use rustix::event::{PollFd, PollFlags, poll};
    let stdout = std::io::stdout();
    loop {
        let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
        match poll(&mut watched, None) {
            Ok(_) if watched[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) => return,
            Err(rustix::io::Errno::INTR) => {}
            // It can't be polled.
            Ok(_) | Err(_) => loop {
                std::thread::park();
            },
        }
    }
}
