//! How the system asks a program to end.

use std::process::ExitCode;

/// Waits for Ctrl-C, the end of the session and their kin; the exit code is the customary one.
pub async fn asked_to_end() -> ExitCode {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = kinds.map(signal) else {
            // The system's own way to end a program remains.
            return std::future::pending().await;
        };
        let kind = tokio::select! {
            _ = terminate.recv() => SignalKind::terminate(),
            _ = interrupt.recv() => SignalKind::interrupt(),
            _ = hangup.recv() => SignalKind::hangup(),
        };
        ExitCode::from(128 + kind.as_raw_value() as u8)
    }
    #[cfg(not(unix))]
    match tokio::signal::ctrl_c().await {
        Ok(()) => ExitCode::from(130),
        Err(_) => std::future::pending().await,
    }
}
