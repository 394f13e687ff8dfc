//! Signals that end the program.

use std::process::ExitCode;

/// Waits for SIGTERM, SIGINT (Ctrl-C) or SIGHUP (the end of the session); on Windows, for Ctrl-C. Returns the
/// customary exit code: 128 + the signal's number.
pub async fn termination() -> ExitCode {
    #[cfg(unix)]
    {
        use tokio::signal::unix::SignalKind;
        let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = kinds.map(listen) else {
            // Without handlers, the signals end the program.
            return std::future::pending().await;
        };
        let kind = tokio::select! {
            () = next(&mut terminate) => SignalKind::terminate(),
            () = next(&mut interrupt) => SignalKind::interrupt(),
            () = next(&mut hangup) => SignalKind::hangup(),
        };
        ExitCode::from(128 + kind.as_raw_value() as u8)
    }
    #[cfg(not(unix))]
    match tokio::signal::ctrl_c().await {
        Ok(()) => ExitCode::from(130),
        Err(_) => std::future::pending().await,
    }
}

/// Handles a signal. `None`: the signal was ignored at startup (`nohup`, background jobs); installing a handler would undo
/// that.
#[cfg(unix)]
fn listen(kind: tokio::signal::unix::SignalKind) -> std::io::Result<Option<tokio::signal::unix::Signal>> {
    if is_ignored(kind.as_raw_value()) { Ok(None) } else { tokio::signal::unix::signal(kind).map(Some) }
}

#[cfg(unix)]
async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: with a null pointer as the new action, the call only writes the current one, to memory of its size; where
    // it succeeds, that is initialised.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
