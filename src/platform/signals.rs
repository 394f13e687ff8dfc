//! How the system asks a program to end.

use std::process::ExitCode;

/// Waits for Ctrl-C, the end of the session and their kin; the exit code is the customary one.
pub async fn asked_to_end() -> ExitCode {
    #[cfg(unix)]
    {
        use tokio::signal::unix::SignalKind;
        let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = kinds.map(heard) else {
            // The system's own way to end a program remains.
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
fn heard(kind: tokio::signal::unix::SignalKind) -> std::io::Result<Option<tokio::signal::unix::Signal>> {
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
    // SAFETY: without a new action it only writes the present one, to where there is room for it; where it has, that is
    // initialised.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
