//! A hook's process with everything that it starts, so that a timeout or the end of the tray kills all of it.

#[cfg(not(unix))]
use std::process::Stdio;
use tokio::process::Child;
#[cfg(not(unix))]
use tokio::process::Command;

/// A process and its descendants. Killed on drop, unless [`release`](ProcessGroup::release) was called.
pub struct ProcessGroup(Option<u32>);

impl ProcessGroup {
    /// The group of a child that was started as the leader of a new process group.
    pub fn of(child: &Child) -> ProcessGroup {
        ProcessGroup(child.id())
    }

    /// To be called when the process has ended: the system may reuse its number from then on.
    pub fn release(&mut self) {
        self.0 = None;
    }

    /// Kills the group.
    #[cfg(unix)]
    pub async fn kill(&mut self) {
        self.start_kill();
    }

    #[cfg(unix)]
    fn start_kill(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        let number = self.0.take().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(number) = number {
            // It fails where all processes of the group have ended.
            let _ = kill_process_group(number, Signal::KILL);
        }
    }

    /// Kills the group.
    #[cfg(not(unix))]
    pub async fn kill(&mut self) {
        if let Some(mut taskkill) = self.taskkill() {
            let _ = taskkill.kill_on_drop(false).status().await;
        }
    }

    #[cfg(not(unix))]
    fn start_kill(&mut self) {
        if let Some(mut taskkill) = self.taskkill() {
            let _ = taskkill.spawn();
        }
    }

    /// Windows has no process groups that can be killed; its own tool follows the process tree.
    #[cfg(not(unix))]
    fn taskkill(&mut self) -> Option<Command> {
        let id = self.0.take()?;
        let mut command = Command::new("taskkill");
        command.args(["/T", "/F", "/PID", &id.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(windows)]
        command.creation_flags(windows_sys::Win32::System::Threading::CREATE_NO_WINDOW);
        Some(command)
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.start_kill();
    }
}
