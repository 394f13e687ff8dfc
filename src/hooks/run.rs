//! Calls → processes. A hook that fails, hangs or is missing is logged, and nothing else notices.

use crate::app::hook_call::Call;
use crate::platform::core_dumps;
use crate::platform::paths::expand_home;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// So many run at the same time, ...
const MOST_AT_ONCE: usize = 4;
/// ... and so many may wait for their turn.
const MOST_WAITING: usize = 100;

/// Runs the calls that come, for ever. When this is dropped, the hooks that still run are ended.
pub async fn run(mut calls: mpsc::UnboundedReceiver<Vec<Call>>, home: PathBuf) {
    let mut waiting = VecDeque::new();
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            Some(batch) = calls.recv() => {
                for call in batch {
                    if waiting.len() < MOST_WAITING {
                        waiting.push_back(call);
                    } else {
                        log::warn!("hook {}: left out, since {MOST_WAITING} are waiting", call.kind.key());
                    }
                }
            }
            Some(_) = running.join_next() => {}
            // No more can come; what is under way has been seen to its end.
            else => return std::future::pending().await,
        }
        while running.len() < MOST_AT_ONCE
            && let Some(call) = waiting.pop_front()
        {
            let home = home.clone();
            running.spawn(async move { one(&call, &home).await });
        }
    }
}

async fn one(call: &Call, home: &Path) {
    let (hook, program) = (call.kind.key(), for_the_log(&call.command[0]));
    match carry_out(call, home).await {
        Ok(Some(status)) if status.success() => log::info!("hook {hook}: {program} has run"),
        Ok(Some(status)) => log::warn!("hook {hook}: {program} failed ({status})"),
        Ok(None) => {
            log::warn!("hook {hook}: {program} was ended after {} s", call.time_out.as_secs());
        }
        Err(error) => {
            log::warn!(
                "hook {hook}: could not run {program}: {error} (hint: name a program, not a line for a shell)"
            );
        }
    }
}

/// A whole command line in place of a program may hold a password: its first word has to do.
fn for_the_log(program: &str) -> String {
    match program.split_once(char::is_whitespace) {
        Some((first, _)) => format!("{first} …"),
        None => program.to_owned(),
    }
}

/// How the program ended; `None`: it was ended.
async fn carry_out(call: &Call, home: &Path) -> io::Result<Option<ExitStatus>> {
    let mut command = Command::new(expand_home(Path::new(&call.command[0]), home));
    command
        .args(&call.command[1..])
        .envs(call.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    core_dumps::allow_in(command.as_std_mut());
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(windows)]
    command.creation_flags(windows_sys::Win32::System::Threading::CREATE_NO_WINDOW);
    let mut child = command.spawn()?;
    let input = child.stdin.take();
    let mut group = Group::of(&child);
    let write = async {
        if let Some(mut input) = input {
            // A hook may look at its arguments alone.
            let _ = input.write_all(call.input.as_bytes()).await;
        }
        std::future::pending().await
    };
    // One that starts another and ends need not have read all of it.
    let ended = timeout(call.time_out, async {
        tokio::select! {
            status = child.wait() => status,
            never = write => never,
        }
    });
    let status = match ended.await {
        Ok(status) => Some(status?),
        Err(_) => {
            group.kill().await;
            child.start_kill().or_else(|error| match error.kind() {
                // It has ended by itself meanwhile.
                io::ErrorKind::InvalidInput => Ok(()),
                _ => Err(error),
            })?;
            child.wait().await?;
            None
        }
    };
    group.forget();
    Ok(status)
}

/// A program and all that it has started. Ended when dropped, unless forgotten.
struct Group(Option<u32>);

impl Group {
    fn of(child: &Child) -> Group {
        Group(child.id())
    }

    /// The program has ended: its number may be another's by now.
    fn forget(&mut self) {
        self.0 = None;
    }

    #[cfg(unix)]
    async fn kill(&mut self) {
        self.kill_now();
    }

    #[cfg(unix)]
    fn kill_now(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        let number = self.0.take().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(number) = number {
            // Where there is nobody left, there is nobody to end.
            let _ = kill_process_group(number, Signal::KILL);
        }
    }

    #[cfg(not(unix))]
    async fn kill(&mut self) {
        if let Some(mut killer) = self.killer() {
            let _ = killer.kill_on_drop(false).status().await;
        }
    }

    #[cfg(not(unix))]
    fn kill_now(&mut self) {
        if let Some(mut killer) = self.killer() {
            let _ = killer.spawn();
        }
    }

    /// Windows has no process groups to end; its own tool follows the tree.
    #[cfg(not(unix))]
    fn killer(&mut self) -> Option<Command> {
        let id = self.0.take()?;
        let mut command = Command::new("taskkill");
        command.args(["/T", "/F", "/PID", &id.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(windows)]
        command.creation_flags(windows_sys::Win32::System::Threading::CREATE_NO_WINDOW);
        Some(command)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill_now();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::config::hooks::Kind;
    use std::time::Duration;

    /// Far more than a pipe holds.
    const LARGE: usize = 4 * 1024 * 1024;

    async fn outcome(script: &str, seconds: u64) -> Option<bool> {
        let call = Call {
            kind: Kind::Low,
            command: ["/bin/sh", "-c", script].map(str::to_owned).into(),
            input: "x".repeat(LARGE),
            environment: Vec::new(),
            time_out: Duration::from_secs(seconds),
        };
        carry_out(&call, Path::new("/")).await.expect("started").map(|status| status.success())
    }

    #[tokio::test]
    async fn large_input_is_taken_whole_or_in_part_or_not_at_all() {
        let whole = format!("test $(wc -c) -eq {LARGE}");
        assert_eq!(outcome(&whole, 60).await, Some(true));
        assert_eq!(outcome("head -c 5 > /dev/null", 60).await, Some(true));
        assert_eq!(outcome("exit 0", 60).await, Some(true));
        assert_eq!(outcome("exec <&-; exit 1", 60).await, Some(false));
        assert_eq!(outcome("exec sleep 1000", 1).await, None);
        // The one that it starts keeps the input open and never reads it.
        assert_eq!(outcome("sleep 5 < /dev/stdin & exit 0", 60).await, Some(true));
    }
}
