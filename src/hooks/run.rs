//! Runs hooks: calls in, processes out. A hook that fails, hangs or is missing is logged and affects nothing else.

use crate::hooks::call::HookCall;
use crate::hooks::process_group::ProcessGroup;
use crate::platform::core_dumps;
use crate::platform::paths::expand_home;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Hooks that run at the same time.
const MAX_RUNNING: usize = 4;
/// Hooks that wait for others to end; further ones are skipped.
const MAX_WAITING: usize = 100;

/// Runs the hooks that are received, and never returns. Hooks that are running when this is dropped are killed.
pub async fn run(mut calls: mpsc::UnboundedReceiver<Vec<HookCall>>, home: PathBuf) {
    let mut waiting = VecDeque::new();
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            Some(batch) = calls.recv() => {
                for call in batch {
                    if waiting.len() < MAX_WAITING {
                        waiting.push_back(call);
                    } else {
                        log::warn!("hook {}: skipped, since {MAX_WAITING} hooks are waiting", call.event.key());
                    }
                }
            }
            Some(_) = running.join_next() => {}
            // The channel is closed and no hook runs.
            else => return std::future::pending().await,
        }
        while running.len() < MAX_RUNNING
            && let Some(call) = waiting.pop_front()
        {
            let home = home.clone();
            running.spawn(async move { run_and_log(&call, &home).await });
        }
    }
}

async fn run_and_log(call: &HookCall, home: &Path) {
    let (hook, program) = (call.event.key(), loggable(&call.command[0]));
    match run_one(call, home).await {
        Ok(Some(status)) if status.success() => log::info!("hook {hook}: {program} succeeded"),
        Ok(Some(status)) => log::warn!("hook {hook}: {program} failed ({status})"),
        Ok(None) => {
            log::warn!("hook {hook}: {program} timed out after {} s", call.timeout.as_secs());
        }
        Err(error) => {
            log::warn!(
                "hook {hook}: could not run {program}: {error} (hint: give a program and its arguments, not a shell command)"
            );
        }
    }
}

/// The first word only: someone may have put a whole command line, with a password in it, in place of the program.
fn loggable(program: &str) -> String {
    match program.split_once(char::is_whitespace) {
        Some((first, _)) => format!("{first} …"),
        None => program.to_owned(),
    }
}

/// Runs a hook. `None`: it was killed after its timeout.
async fn run_one(call: &HookCall, home: &Path) -> io::Result<Option<ExitStatus>> {
    let mut command = Command::new(expand_home(Path::new(&call.command[0]), home));
    command
        .args(&call.command[1..])
        .envs(call.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    core_dumps::restore_in(command.as_std_mut());
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(windows)]
    command.creation_flags(windows_sys::Win32::System::Threading::CREATE_NO_WINDOW);
    let mut child = command.spawn()?;
    let input = child.stdin.take();
    let mut group = ProcessGroup::of(&child);
    let write = async {
        if let Some(mut input) = input {
            // It fails where the hook ends without reading all of it, which is no error.
            let _ = input.write_all(call.input.as_bytes()).await;
        }
        std::future::pending().await
    };
    // The write need not end before the hook does: another process that the hook has started may keep the pipe open
    // and never read it.
    let finished = timeout(call.timeout, async {
        tokio::select! {
            status = child.wait() => status,
            never = write => never,
        }
    });
    let status = match finished.await {
        Ok(status) => Some(status?),
        Err(_) => {
            group.kill().await;
            child.start_kill().or_else(|error| match error.kind() {
                // It has ended in the meantime.
                io::ErrorKind::InvalidInput => Ok(()),
                _ => Err(error),
            })?;
            child.wait().await?;
            None
        }
    };
    group.release();
    Ok(status)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::config::hooks::HookEvent;
    use std::time::Duration;

    /// Far more than a pipe holds.
    const LARGE: usize = 4 * 1024 * 1024;

    /// Whether a script succeeds. `None`: it times out.
    async fn result_of(script: &str, seconds: u64) -> Option<bool> {
        let call = HookCall {
            event: HookEvent::Low,
            command: ["/bin/sh", "-c", script].map(str::to_owned).into(),
            input: "x".repeat(LARGE),
            environment: Vec::new(),
            timeout: Duration::from_secs(seconds),
        };
        run_one(&call, Path::new("/")).await.expect("started").map(|status| status.success())
    }

    #[tokio::test]
    async fn hook_may_read_all_or_part_or_none_of_a_large_input() {
        let whole = format!("test $(wc -c) -eq {LARGE}");
        assert_eq!(result_of(&whole, 60).await, Some(true));
        assert_eq!(result_of("head -c 5 > /dev/null", 60).await, Some(true));
        assert_eq!(result_of("exit 0", 60).await, Some(true));
        assert_eq!(result_of("exec <&-; exit 1", 60).await, Some(false));
        assert_eq!(result_of("exec sleep 1000", 1).await, None);
        // The process that it starts keeps the input open and never reads it.
        assert_eq!(result_of("sleep 5 < /dev/stdin & exit 0", 60).await, Some(true));
    }
}
